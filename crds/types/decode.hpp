// JSON bytes -> a described type, over simdjson on demand: one forward pass, no tree, members that
// the type does not name are skipped without being looked at. null means absent.
// A leaf type of its own (a hash of a subtree, say) gives
//   Result<void> decode_value(simdjson::ondemand::value&, T&)
// in the namespace of T. Threading: a parser serves one call at a time; nothing else is shared.
// Decoded values own their strings, so the bytes may go as soon as the call returns.
#pragma once

#include <simdjson.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "crds/base/result.hpp"
#include "crds/types/fields.hpp"

namespace slipway {

// A leaf type with its own reader. (A template, so that readers declared later are found.)
template <class T>
concept HasDecodeValue = requires(simdjson::ondemand::value& value, T& out) {
  { decode_value(value, out) } -> std::same_as<Result<void>>;
};

namespace detail {

using Value = simdjson::ondemand::value;

// Where and why decoding stopped. Filled while unwinding, so success pays nothing for it.
struct DecodeFailure {
  std::string path;
  std::string what;
  Fault fault = Fault::Malformed;

  void inside(std::string_view segment);
  Error to_error() &&;
};

// Each returns false after having said why in `failure`.
bool mismatch(DecodeFailure& failure, Value& value, const char* expected,
              simdjson::error_code error);
bool broken(DecodeFailure& failure, simdjson::error_code error);
bool read(DecodeFailure& failure, Value& value, std::string& out);
bool read(DecodeFailure& failure, Value& value, bool& out);
bool read(DecodeFailure& failure, Value& value, double& out);
bool read(DecodeFailure& failure, Value& value, std::int64_t& out);
// A string, or the text of a whole number.
bool read_int_or_string(DecodeFailure& failure, Value& value, std::string& out);
bool out_of_range(DecodeFailure& failure, std::int64_t value);
// The key without its quotes; `scratch` holds it where it had to be unescaped.
bool key_of(DecodeFailure& failure, simdjson::ondemand::field& field, std::string_view& key);

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

template <bool kIntOrString, class T>
bool read_any(DecodeFailure& failure, Value& value, T& out);

template <Described T>
bool read_members(DecodeFailure& failure, simdjson::ondemand::object object, T& out) {
  for (auto item : object) {
    simdjson::ondemand::field field;
    if (auto error = std::move(item).get(field)) return broken(failure, error);
    std::string_view key;
    if (!key_of(failure, field, key)) return false;
    bool found = false, good = true;
    T::fields([&]<std::size_t kSize, class Member, class... Attributes>(
                  const char(&name)[kSize], Member member, const Attributes&...) {
      if (found || key != std::string_view(name, kSize - 1)) return;
      found = true;
      bool null = false;
      if (auto error = field.value().is_null().get(null)) {
        good = broken(failure, error);
      } else if (!null) {
        constexpr bool kIntOrString = attr::kHas<attr::IntOrString, Attributes...>;
        good = read_any<kIntOrString>(failure, field.value(), out.*member);
      }
      if (!good) failure.inside(std::string_view(name, kSize - 1));
    });
    if (!good) return false;
  }
  return true;
}

template <bool kIntOrString, class T>
bool read_elements(DecodeFailure& failure, Value& value, std::vector<T>& out) {
  out.clear();
  simdjson::ondemand::array array;
  if (auto error = value.get_array().get(array)) {
    return mismatch(failure, value, "an array", error);
  }
  for (auto item : array) {
    Value element;
    if (auto error = std::move(item).get(element)) return broken(failure, error);
    if (!read_any<kIntOrString>(failure, element, out.emplace_back())) {
      failure.inside("[" + std::to_string(out.size() - 1) + "]");
      return false;
    }
  }
  return true;
}

template <bool kIntOrString, class T>
bool read_entries(DecodeFailure& failure, Value& value, std::map<std::string, T>& out) {
  out.clear();
  simdjson::ondemand::object object;
  if (auto error = value.get_object().get(object)) {
    return mismatch(failure, value, "an object", error);
  }
  for (auto item : object) {
    simdjson::ondemand::field field;
    if (auto error = std::move(item).get(field)) return broken(failure, error);
    std::string_view key;
    if (!key_of(failure, field, key)) return false;
    // The API server writes keys in order, so the end is nearly always the right hint.
    const auto entry = out.emplace_hint(out.end(), key, T{});
    if (!read_any<kIntOrString>(failure, field.value(), entry->second)) {
      failure.inside(entry->first);
      return false;
    }
  }
  return true;
}

template <bool kIntOrString, class T>
bool read_any(DecodeFailure& failure, Value& value, T& out) {
  if constexpr (HasDecodeValue<T>) {
    Result<void> done = decode_value(value, out);
    if (done) return true;
    failure.what = std::move(done.error().what);
    failure.fault = done.error().fault;
    return false;
  } else if constexpr (IsOptional<T>::value) {
    return read_any<kIntOrString>(failure, value, out.emplace());
  } else if constexpr (IsVector<T>::value) {
    return read_elements<kIntOrString>(failure, value, out);
  } else if constexpr (IsMap<T>::value) {
    return read_entries<kIntOrString>(failure, value, out);
  } else if constexpr (Described<T>) {
    simdjson::ondemand::object object;
    if (auto error = value.get_object().get(object)) {
      return mismatch(failure, value, "an object", error);
    }
    return read_members(failure, object, out);
  } else if constexpr (std::is_same_v<T, std::string> && kIntOrString) {
    return read_int_or_string(failure, value, out);
  } else if constexpr (std::is_same_v<T, int>) {
    std::int64_t wide = 0;
    if (!read(failure, value, wide)) return false;
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
      return out_of_range(failure, wide);
    }
    out = static_cast<int>(wide);
    return true;
  } else {
    return read(failure, value, out);
  }
}

// The whole document as an object; the error says where and why not.
Result<simdjson::ondemand::object> open_document(simdjson::ondemand::document& document);
Result<void> close_document(simdjson::ondemand::document& document);

}  // namespace detail

// Decodes an object that the caller has reached in a larger document (a watch event, a list).
template <Described T>
Result<void> decode_from(simdjson::ondemand::object object, T& out) {
  detail::DecodeFailure failure;
  if (detail::read_members(failure, object, out)) return {};
  return tl::unexpected<Error>(std::move(failure).to_error());
}

template <Described T>
Result<void> decode_from(simdjson::ondemand::value& value, T& out) {
  detail::DecodeFailure failure;
  if (detail::read_any<false>(failure, value, out)) return {};
  return tl::unexpected<Error>(std::move(failure).to_error());
}

// For hot paths: the caller keeps the parser and has padded the bytes.
template <Described T>
Result<T> decode(simdjson::ondemand::parser& parser, simdjson::padded_string_view json) {
  simdjson::ondemand::document document;
  if (auto error = parser.iterate(json).get(document)) {
    return fail(Fault::Malformed, std::string("not JSON: ") + simdjson::error_message(error));
  }
  auto object = detail::open_document(document);
  if (!object) return tl::unexpected<Error>(std::move(object).error());
  T out;
  SLIPWAY_TRY(decode_from(*object, out));
  SLIPWAY_TRY(detail::close_document(document));
  return out;
}

// Copies the bytes into a padded buffer first; for everything that is not hot.
template <Described T>
Result<T> decode(std::string_view json) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(json);
  return decode<T>(parser, padded);
}

}  // namespace slipway
