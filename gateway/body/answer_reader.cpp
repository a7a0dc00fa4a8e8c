#include "gateway/body/answer_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

#include "gateway/body/byte_search.hpp"

namespace slipway::body {

void Usage::update(const Usage& later) {
  const auto replace = [](auto& mine, const auto& theirs) {
    if (theirs) mine = theirs;
  };
  replace(prompt_tokens, later.prompt_tokens);
  replace(completion_tokens, later.completion_tokens);
  replace(total_tokens, later.total_tokens);
  replace(cached_tokens, later.cached_tokens);
}

AnswerReader::Place AnswerReader::inside(Place place, std::string_view key) {
  struct Known {
    std::string_view key;
    Place is;
  };
  static constexpr Known kInRoot[] = {
      {"choices", Place::Choices}, {"usage", Place::Usage},       {"type", Place::Type},
      {"object", Place::Type},     {"error", Place::Failure},     {"delta", Place::Delta},
      {"message", Place::Message}, {"response", Place::Response}, {"stop_reason", Place::Reason}};
  static constexpr Known kInChoice[] = {{"finish_reason", Place::Reason}};
  static constexpr Known kInDelta[] = {{"stop_reason", Place::Reason}};
  static constexpr Known kInMessage[] = {{"usage", Place::Usage}};
  static constexpr Known kInResponse[] = {{"usage", Place::Usage}, {"error", Place::Failure}};
  static constexpr Known kInUsage[] = {
      {"prompt_tokens", Place::Prompt},         {"completion_tokens", Place::Completion},
      {"total_tokens", Place::Total},           {"prompt_tokens_details", Place::Details},
      {"input_tokens", Place::Prompt},          {"output_tokens", Place::Completion},
      {"input_tokens_details", Place::Details}, {"cache_read_input_tokens", Place::Cached}};
  static constexpr Known kInDetails[] = {{"cached_tokens", Place::Cached}};

  const auto among = [key](std::span<const Known> known) {
    const auto found = std::ranges::find(known, key, &Known::key);
    return found == known.end() ? Place::None : found->is;
  };
  switch (place) {
    case Place::Root:
      return among(kInRoot);
    case Place::Choice:
      return among(kInChoice);
    case Place::Delta:
      return among(kInDelta);
    case Place::Message:
      return among(kInMessage);
    case Place::Response:
      return among(kInResponse);
    case Place::Usage:
      return among(kInUsage);
    case Place::Details:
      return among(kInDetails);
    default:
      return Place::None;
  }
}

void AnswerReader::feed(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (state_ == State::Key || state_ == State::Text) {
      at = take_text(bytes, at);
      continue;
    }
    if (state_ == State::Between && !watching()) at = find_nesting(bytes, at);
    if (at < bytes.size()) take(bytes[at++]);
  }
}

// Up to the end of the string or to what follows a backslash.
std::size_t AnswerReader::take_text(std::string_view bytes, std::size_t at) {
  const std::size_t end = find_quote(bytes, at);
  const bool key = state_ == State::Key;
  if (key || next_ == Place::Type) keep(bytes.substr(at, end - at));
  if (end == bytes.size()) return end;
  if (bytes[end] == '\\') {
    state_ = key ? State::KeyEscape : State::TextEscape;
    escaped_word_ = true;
    return end + 1;
  }
  state_ = State::Between;
  if (!watching()) return end + 1;
  if (key) {
    const bool plain = !escaped_word_ && !word_too_long_;
    next_ = plain ? inside(places_[depth_], word()) : Place::None;
    expects_key_ = false;
  } else {
    end_text();
  }
  return end + 1;
}

void AnswerReader::take(char c) {
  if (state_ == State::KeyEscape || state_ == State::TextEscape) {
    state_ = state_ == State::KeyEscape ? State::Key : State::Text;
    return;
  }
  if (state_ == State::Scalar) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '+' ||
        c == 'E')
      return keep({&c, 1});
    end_scalar();
  }
  switch (c) {
    case '"':
      state_ = expects_key_ && watching() ? State::Key : State::Text;
      word_size_ = 0;
      word_too_long_ = escaped_word_ = false;
      return;
    case '{':
    case '[':
      return open(c);
    case '}':
    case ']':
      return close();
    case ',':
      // Only objects have places inside; of an array, Choices has one for all of its elements.
      expects_key_ = places_[depth_] != Place::Choices;
      next_ = expects_key_ ? Place::None : Place::Choice;
      return;
    case ':':
    case ' ':
    case '\t':
    case '\n':
    case '\r':
      return;
    default:
      begin_scalar(c);
  }
}

void AnswerReader::open(char bracket) {
  Place place = watching() ? next_ : Place::None;
  const bool array = bracket == '[';
  if (place == Place::Failure) facts_.failed = true;
  if (place == Place::Choices && array) facts_.no_choices = true;
  if (place == Place::Choice) facts_.no_choices = false;
  if (place == Place::Usage && !array) facts_.has_usage = true;
  // What should be an object and is an array, or the reverse, means nothing; nor does a scalar's.
  if (array != (place == Place::Choices) || place > Place::Details) place = Place::None;
  if (depth_ < std::numeric_limits<std::uint32_t>::max()) ++depth_;
  if (depth_ <= kMostDepth) places_[depth_] = place;
  expects_key_ = !array;
  next_ = place == Place::Choices ? Place::Choice : Place::None;
}

void AnswerReader::close() {
  if (depth_ > 0) --depth_;
  expects_key_ = false;
  next_ = Place::None;  // outside of everything, too: only the first value is the answer
}

void AnswerReader::begin_scalar(char c) {
  if (next_ == Place::Choice) facts_.no_choices = false;
  if (next_ < Place::Prompt) return;
  state_ = State::Scalar;
  word_size_ = 0;
  word_too_long_ = false;
  keep({&c, 1});
}

void AnswerReader::end_scalar() {
  state_ = State::Between;
  switch (next_) {
    case Place::Prompt:
      return take_number(facts_.usage.prompt_tokens);
    case Place::Completion:
      return take_number(facts_.usage.completion_tokens);
    case Place::Total:
      return take_number(facts_.usage.total_tokens);
    case Place::Cached:
      return take_number(facts_.usage.cached_tokens);
    case Place::Failure:
      facts_.failed |= word() != "null" && word() != "false";
      return;
    default:
      return;
  }
}

void AnswerReader::end_text() {
  if (next_ == Place::Reason) facts_.finished = true;
  if (next_ == Place::Failure) facts_.failed = true;
  if (next_ == Place::Choice) facts_.no_choices = false;
  if (next_ != Place::Type || escaped_word_ || word_too_long_) return;
  facts_.finished |= word() == "response.completed" || word() == "message_stop";
  facts_.failed |= word() == "error" || word() == "response.failed";
}

void AnswerReader::keep(std::string_view part) {
  if (part.size() > kLongestWord - word_size_) {
    word_too_long_ = true;
    part = part.substr(0, kLongestWord - word_size_);
  }
  for (std::size_t i = 0; i < part.size(); ++i) word_[word_size_ + i] = part[i];
  word_size_ = static_cast<std::uint8_t>(word_size_ + part.size());
}

void AnswerReader::take_number(std::optional<std::uint64_t>& to) const {
  std::uint64_t number = 0;
  const char* const end = word_.data() + word_size_;
  const auto read = std::from_chars(word_.data(), end, number);
  if (!word_too_long_ && read.ec == std::errc() && read.ptr == end) to = number;
}

}  // namespace slipway::body
