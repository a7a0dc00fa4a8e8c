#include "gateway/body/request_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/body/text.hpp"

namespace slipway::body {
namespace {

bool is_null(char first) {
  return first == 'n';
}

}  // namespace

void RequestFields::reset() {
  facts_ = RequestFacts();
  slots_[0] = slots_[1] = Slot();
  seen_ = 0;
  in_options_ = false;
}

RequestFields::Field RequestFields::field_of(int depth, std::string_view key) {
  struct Known {
    std::string_view key;
    Field field;
  };
  static constexpr auto kKnown =
      std::to_array<Known>({{"model", Field::Model},
                            {"messages", Field::Messages},
                            {"stream", Field::Stream},
                            {"stream_options", Field::StreamOptions},
                            {"max_tokens", Field::MaxTokens},
                            {"max_completion_tokens", Field::MaxCompletionTokens},
                            {"max_output_tokens", Field::MaxOutputTokens},
                            {"n", Field::N},
                            {"user", Field::User},
                            {"prompt_cache_key", Field::PromptCacheKey},
                            {"prompt", Field::Prompt},
                            {"input", Field::Input}});
  if (depth == 2) return key == "include_usage" ? Field::IncludeUsage : Field::None;
  const auto* found = std::ranges::find(kKnown, key, &Known::key);
  return found == kKnown.end() ? Field::None : found->field;
}

const char* RequestFields::key(int depth, std::string_view raw) {
  std::string_view key = raw;
  if (raw.find('\\') != std::string_view::npos) {
    scratch_.clear();
    append_unescaped(scratch_, raw);
    key = scratch_;
  }
  (depth == 2 ? facts_.options_empty : facts_.empty) = false;
  const Field field = field_of(depth, key);
  slots_[depth - 1] = {field, 0, 0};
  if (field == Field::None) return nullptr;
  const std::uint32_t bit = std::uint32_t{1} << static_cast<unsigned>(field);
  // Of two, the engine might obey the one that we did not check.
  if ((seen_ & bit) != 0) return "a member that is there twice";
  seen_ |= bit;
  return nullptr;
}

void RequestFields::value_begins(int depth, char first, std::uint64_t offset) {
  Slot& slot = slots_[depth - 1];
  slot.first = first;
  slot.begin = offset;
  if (depth == 1 && slot.field == Field::StreamOptions && first == '{') {
    in_options_ = true;
    facts_.options_empty = true;
    facts_.options_at = Range{offset + 1, 0};
  }
}

bool RequestFields::wants_text(int depth) const {
  const Field field = slot(depth).field;
  return field != Field::None && !is_conversation(depth);
}

bool RequestFields::is_conversation(int depth) const {
  const Field field = slot(depth).field;
  return field == Field::Messages || field == Field::Prompt || field == Field::Input;
}

const char* RequestFields::value_ends(int depth, std::uint64_t end, std::string_view text) {
  const Slot slot = this->slot(depth);
  slots_[depth - 1].field = Field::None;
  const Range at{slot.begin, end - slot.begin};
  switch (slot.field) {
    case Field::None:
      return nullptr;
    case Field::Model:
      facts_.model_at = at;
      return take_string(facts_.model, slot, text, "model is no string of at most 1024 bytes");
    case Field::Stream:
      return take_bool(facts_.stream, text, slot, "stream is neither true nor false");
    case Field::StreamOptions:
      return take_options(at, slot);
    case Field::IncludeUsage:
      facts_.include_usage_at = at;
      return take_bool(facts_.include_usage, text, slot, "include_usage is neither true nor false");
    case Field::MaxTokens:
      return take_count(facts_.max_tokens, text, slot, "max_tokens is no whole number");
    case Field::MaxCompletionTokens:
      return take_count(facts_.max_tokens, text, slot, "max_completion_tokens is no whole number");
    case Field::MaxOutputTokens:
      return take_count(facts_.max_tokens, text, slot, "max_output_tokens is no whole number");
    case Field::N:
      return take_count(facts_.n, text, slot, "n is no whole number");
    case Field::User:
      return take_string(facts_.user, slot, text, "user is no string of at most 1024 bytes");
    case Field::PromptCacheKey:
      return take_string(facts_.prompt_cache_key, slot, text,
                         "prompt_cache_key is no string of at most 1024 bytes");
    case Field::Messages:
      facts_.has_messages = !is_null(slot.first);
      return nullptr;
    case Field::Prompt:
      facts_.has_prompt = !is_null(slot.first);
      return nullptr;
    case Field::Input:
      facts_.has_input = !is_null(slot.first);
      return nullptr;
  }
  return nullptr;
}

const char* RequestFields::take_string(std::optional<std::string>& to, const Slot& slot,
                                       std::string_view text, const char* complaint) {
  if (is_null(slot.first)) return nullptr;
  if (slot.first != '"' || text.size() > kMaxText) return complaint;
  append_unescaped(to.emplace(), text);
  return nullptr;
}

const char* RequestFields::take_bool(std::optional<bool>& to, std::string_view text,
                                     const Slot& slot, const char* complaint) {
  if (is_null(slot.first)) return nullptr;
  if (slot.first == '"' || (text != "true" && text != "false")) return complaint;
  to = text == "true";
  return nullptr;
}

const char* RequestFields::take_count(std::optional<std::uint64_t>& to, std::string_view text,
                                      const Slot& slot, const char* complaint) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
  if (is_null(slot.first)) return nullptr;
  const bool negative = slot.first == '-';
  std::uint64_t count = 0;
  const char* const begin = text.data() + (negative ? 1 : 0);
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(begin, end, count);
  if (slot.first == '"' || text.empty() || read.ec != std::errc() || read.ptr != end ||
      count > kMost)
    return complaint;
  if (!negative) to = std::max(to.value_or(0), count);
  return nullptr;
}

const char* RequestFields::take_options(Range at, const Slot& slot) {
  in_options_ = false;
  facts_.stream_options_at = at;
  if (slot.first != '{' && !is_null(slot.first)) return "stream_options is no object";
  return nullptr;
}

}  // namespace slipway::body
