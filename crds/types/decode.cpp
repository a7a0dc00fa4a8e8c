#include "crds/types/decode.hpp"

namespace slipway::detail {
namespace {

using simdjson::ondemand::json_type;

const char* name_of(json_type type) {
  switch (type) {
    case json_type::array:
      return "an array";
    case json_type::object:
      return "an object";
    case json_type::number:
      return "a number";
    case json_type::string:
      return "a string";
    case json_type::boolean:
      return "a boolean";
    case json_type::null:
      return "null";
  }
  return "something else";
}

bool is_about_the_type(simdjson::error_code error) {
  return error == simdjson::INCORRECT_TYPE || error == simdjson::NUMBER_ERROR ||
         error == simdjson::NUMBER_OUT_OF_RANGE;
}

}  // namespace

void DecodeFailure::inside(std::string_view segment) {
  if (!path.empty() && path.front() != '[') path.insert(0, ".");
  path.insert(0, segment);
}

Error DecodeFailure::to_error() && {
  if (!path.empty()) what.insert(0, path + ": ");
  return Error{fault, std::move(what), std::nullopt};
}

bool broken(DecodeFailure& failure, simdjson::error_code error) {
  failure.what = std::string("not JSON: ") + simdjson::error_message(error);
  return false;
}

bool mismatch(DecodeFailure& failure, Value& value, const char* expected,
              simdjson::error_code error) {
  json_type type;
  if (!is_about_the_type(error) || value.type().get(type)) return broken(failure, error);
  failure.what = std::string("expected ") + expected + ", got " + name_of(type);
  return false;
}

bool out_of_range(DecodeFailure& failure, std::int64_t value) {
  failure.what = "expected an integer of 32 bits, got " + std::to_string(value);
  return false;
}

bool read(DecodeFailure& failure, Value& value, std::string& out) {
  std::string_view text;
  if (auto error = value.get_string().get(text)) {
    return mismatch(failure, value, "a string", error);
  }
  out.assign(text);
  return true;
}

bool read(DecodeFailure& failure, Value& value, bool& out) {
  const auto error = value.get_bool().get(out);
  return !error || mismatch(failure, value, "a boolean", error);
}

bool read(DecodeFailure& failure, Value& value, double& out) {
  const auto error = value.get_double().get(out);
  return !error || mismatch(failure, value, "a number", error);
}

bool read(DecodeFailure& failure, Value& value, std::int64_t& out) {
  const auto error = value.get_int64().get(out);
  if (!error) return true;
  json_type type;
  if (is_about_the_type(error) && !value.type().get(type) && type == json_type::number) {
    failure.what = "expected an integer of 64 bits, got another number";
    return false;
  }
  return mismatch(failure, value, "an integer", error);
}

bool read_int_or_string(DecodeFailure& failure, Value& value, std::string& out) {
  json_type type;
  if (auto error = value.type().get(type)) return broken(failure, error);
  if (type != json_type::number) return read(failure, value, out);
  std::int64_t number = 0;
  if (!read(failure, value, number)) return false;
  out = std::to_string(number);
  return true;
}

bool key_of(DecodeFailure& failure, simdjson::ondemand::field& field, std::string_view& key) {
  // Strings are known to be closed (the parser's first stage), so the quote is always found.
  const char* const begin = field.key().raw();
  const char* end = begin;
  while (*end != '"' && *end != '\\') ++end;
  if (*end == '"') {
    key = std::string_view(begin, static_cast<std::size_t>(end - begin));
    return true;
  }
  const auto error = field.unescaped_key().get(key);
  return !error || broken(failure, error);
}

Result<simdjson::ondemand::object> open_document(simdjson::ondemand::document& document) {
  simdjson::ondemand::object object;
  json_type type;
  if (auto error = document.type().get(type)) {
    return fail(Fault::Malformed, std::string("not JSON: ") + simdjson::error_message(error));
  }
  if (type != json_type::object) {
    return fail(Fault::Malformed, std::string("expected an object, got ") + name_of(type));
  }
  if (auto error = document.get_object().get(object)) {
    return fail(Fault::Malformed, std::string("not JSON: ") + simdjson::error_message(error));
  }
  return object;
}

Result<void> close_document(simdjson::ondemand::document& document) {
  const char* rest = nullptr;
  if (!document.current_location().get(rest)) {
    return fail(Fault::Malformed, "not JSON: something follows the object");
  }
  return {};
}

}  // namespace slipway::detail
