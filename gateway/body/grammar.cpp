#include "gateway/body/grammar.hpp"

namespace slipway::body {
namespace {

constexpr const char* kBehind = "something behind the end of the object";

}  // namespace

const char* Grammar::take(char token) {
  switch (token) {
    case '"':
      return take_string();
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '}':
      return close(true);
    case ']':
      return close(false);
    case ':':
      if (expect_ != Expect::Colon) return done() ? kBehind : "a colon out of place";
      expect_ = Expect::Value;
      return nullptr;
    case ',':
      if (expect_ == Expect::ObjectComma) {
        expect_ = Expect::Key;
      } else if (expect_ == Expect::ArrayComma) {
        expect_ = Expect::Value;
      } else {
        return done() ? kBehind : "a comma out of place";
      }
      return nullptr;
    default:
      return take_scalar();
  }
}

const char* Grammar::open(bool object) {
  if (expect_ == Expect::Root ? !object : !expects_value()) {
    if (done()) return kBehind;
    return expect_ == Expect::Root ? "the text is no object" : "a bracket out of place";
  }
  if (depth_ == kMaxDepth) return "nested too deeply";
  const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
  std::uint64_t& word = is_object_[static_cast<std::size_t>(depth_) / 64];
  word = object ? word | bit : word & ~bit;
  ++depth_;
  expect_ = object ? Expect::FirstKey : Expect::FirstValue;
  return nullptr;
}

const char* Grammar::close(bool object) {
  const bool fits = object ? expect_ == Expect::FirstKey || expect_ == Expect::ObjectComma
                           : expect_ == Expect::FirstValue || expect_ == Expect::ArrayComma;
  if (!fits) return done() ? kBehind : "a closing bracket out of place";
  --depth_;
  after_value();
  return nullptr;
}

const char* Grammar::take_string() {
  if (expects_key()) {
    expect_ = Expect::Colon;
    return nullptr;
  }
  return take_scalar();
}

const char* Grammar::take_scalar() {
  if (!expects_value()) {
    if (done()) return kBehind;
    if (expects_key()) return "a member without a name";
    return expect_ == Expect::Root ? "the text is no object" : "a value out of place";
  }
  after_value();
  return nullptr;
}

void Grammar::after_value() {
  if (depth_ == 0) {
    expect_ = Expect::Nothing;
    return;
  }
  const auto top = static_cast<std::size_t>(depth_ - 1);
  const bool in_object = (is_object_[top / 64] >> (top % 64) & 1) != 0;
  expect_ = in_object ? Expect::ObjectComma : Expect::ArrayComma;
}

}  // namespace slipway::body
