// Reads the JSON body of a request once, as it arrives, without building a tree: checks that it is
// JSON, finds the members that the gateway acts upon, and hashes the conversation. What it keeps
// does not grow with the body (kMaxText of text, a bounded list of hashes). Pure; used by one
// thread, and again for the next body.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "gateway/body/grammar.hpp"
#include "gateway/body/lex.hpp"
#include "gateway/body/prefix_hash.hpp"
#include "gateway/body/request_fields.hpp"
#include "gateway/body/scalar.hpp"

namespace slipway::body {

struct BodyError {
  std::uint64_t offset =
      0;                  // of the byte, or of the value, that is wrong; bytes from the beginning
  const char* what = "";  // static, lower case, no full stop

  friend bool operator==(const BodyError& a, const BodyError& b) {
    return a.offset == b.offset && std::string_view(a.what) == b.what;
  }
};

class BodyScanner {
 public:
  explicit BodyScanner(const Lexer& lexer = lexers().front()) : lexer_(lexer.lex) {}
  BodyScanner(const BodyScanner&) = delete;
  BodyScanner& operator=(const BodyScanner&) = delete;

  // Ready for another body.
  void reset();

  // Takes the next bytes, which need not outlive the call. Where the body is cut into pieces
  // changes nothing; an error may be told some bytes late, at the latest by `finish`. The error
  // stays.
  //
  // Refused: what RFC 8259 does not allow, anything but an object, nesting deeper than kMaxDepth,
  // halves of surrogate pairs, a member of interest that comes twice or has another type. A number
  // may be larger than any type can hold.
  tl::expected<void, BodyError> push(std::string_view bytes);
  // The body is complete. REQUIRES: reset() before the next push.
  tl::expected<void, BodyError> finish();

  // Complete after `finish`; before, what has been found so far.
  const RequestFacts& facts() const { return fields_.facts(); }
  // Of the values of messages, prompt and input as they are written, in their order.
  std::span<const std::uint64_t> prefix_hashes() const { return hash_.hashes(); }

 private:
  bool scan(const char* bytes, std::size_t blocks);
  bool take_block(const TokenBlock& block, const char* bytes, std::uint64_t base);
  bool take_event(char c, std::uint64_t at);
  bool open_string(std::uint64_t at);
  bool close_string(std::uint64_t at);
  bool take_scalar(std::uint64_t mask, unsigned position, const char* bytes, std::uint64_t base);
  bool end_scalar(std::uint64_t at);
  void begin_value(char first, std::uint64_t at);
  bool end_value(std::uint64_t end);
  void keep_until(std::uint64_t end);
  bool fail(std::uint64_t offset, const char* what);
  tl::expected<void, BodyError> outcome() const;

  LexBlocks lexer_;
  LexState lex_;
  Grammar grammar_;
  Scalar scalar_;
  RequestFields fields_;
  PrefixHash hash_;

  std::uint64_t offset_ = 0;         // of the first byte that has not been lexed
  std::array<char, kBlock> tail_{};  // the bytes from there on, less than a block
  std::size_t tail_size_ = 0;
  // The bytes being lexed and their offset: what of a text or conversation lies in them is taken
  // when that ends or they do.
  const char* region_ = nullptr;
  std::uint64_t region_at_ = 0;

  bool in_string_ = false;
  bool in_scalar_ = false;
  bool string_is_key_ = false;
  bool capturing_ = false;
  bool hashing_ = false;
  std::uint64_t capture_from_ = 0;
  std::uint64_t hash_from_ = 0;
  std::uint64_t scalar_at_ = 0;
  std::string captured_;  // at most kMaxText + 1 bytes

  BodyError error_{0, nullptr};
};

}  // namespace slipway::body
