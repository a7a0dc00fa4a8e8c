// What the gateway must know of a request to an engine, gathered member by member: which model it
// names, what it will cost, how its answer comes, and where its text would have to be edited. Used
// by BodyScanner, which finds the members. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::body {

// A part of the body, in bytes from its beginning.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  friend bool operator==(const Range&, const Range&) = default;
};

// `null` counts as absent everywhere, as it does for the engines, and so does a negative number:
// llama.cpp takes -1 for no limit.
struct RequestFacts {
  std::optional<std::string> model;  // unescaped
  Range model_at;                    // the written value, with its quotes
  std::optional<bool> stream;
  // The largest of max_tokens, max_completion_tokens and max_output_tokens; at most 2^63, as `n`.
  std::optional<std::uint64_t> max_tokens;
  std::optional<std::uint64_t> n;
  std::optional<std::string> user;  // unescaped, as the next one
  std::optional<std::string> prompt_cache_key;
  std::optional<bool> include_usage;  // of stream_options
  bool has_messages = false;
  bool has_prompt = false;
  bool has_input = false;
  bool empty = true;  // the body has no members

  Range members_at;                        // behind the body's '{', without length
  std::optional<Range> stream_options_at;  // the written value, also when it is null
  std::optional<Range> options_at;         // behind its '{', without length, if it is an object
  std::optional<Range> include_usage_at;   // the written value
  bool options_empty = false;              // the object has no members
};

// Most bytes of a written string that is kept: a model's or user's name, a cache key.
inline constexpr std::size_t kMaxText = 1024;

class RequestFields {
 public:
  void reset();
  const RequestFacts& facts() const { return facts_; }

  // Objects at these depths have members of interest (1: the body, 2: stream_options).
  bool watches(int depth) const { return depth == 1 || (depth == 2 && in_options_); }

  void body_begins(std::uint64_t offset) { facts_.members_at = {offset + 1, 0}; }
  // Each of these three belongs to a member of an object at that depth, which is watched. The two
  // that return a text refuse the member by it (static text).
  const char* key(int depth, std::string_view raw);
  void value_begins(int depth, char first, std::uint64_t offset);
  // `text`: of a string its inside as written, of a scalar what is written; else empty. Only the
  // beginning of it when it is longer than kMaxText.
  const char* value_ends(int depth, std::uint64_t end, std::string_view text);

  bool wants_text(int depth) const;
  // The value is part of the conversation, whose prefixes are hashed.
  bool is_conversation(int depth) const;
  // Where the value began that ends.
  std::uint64_t value_at(int depth) const { return slot(depth).begin; }

 private:
  enum class Field : std::uint8_t {
    None,
    Model,
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    N,
    User,
    PromptCacheKey,
    Messages,
    Prompt,
    Input,
    IncludeUsage
  };
  struct Slot {  // the member that is being read, one at each depth
    Field field = Field::None;
    char first = 0;
    std::uint64_t begin = 0;
  };

  static Field field_of(int depth, std::string_view key);
  const Slot& slot(int depth) const { return slots_[depth - 1]; }
  const char* take_string(std::optional<std::string>& to, const Slot& slot, std::string_view text,
                          const char* complaint);
  static const char* take_bool(std::optional<bool>& to, std::string_view text, const Slot& slot,
                               const char* complaint);
  const char* take_count(std::optional<std::uint64_t>& to, std::string_view text, const Slot& slot,
                         const char* complaint);
  const char* take_options(Range at, const Slot& slot);

  RequestFacts facts_;
  Slot slots_[2];
  std::uint32_t seen_ = 0;  // a bit for each Field that came
  bool in_options_ = false;
  std::string scratch_;
};

}  // namespace slipway::body
