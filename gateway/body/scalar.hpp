// The numbers and words of JSON, byte by byte (RFC 8259 sections 3 and 6). Pure.
#pragma once

#include <cstdint>

namespace slipway::body {

class Scalar {
 public:
  // Forgets what came. A fresh one is at the beginning, too.
  void reset() { state_ = State::Start; }
  // Whether the byte can come next. After a false this must be reset.
  bool take(char c);
  // Whether what came may end here.
  bool complete() const {
    return state_ == State::Zero || state_ == State::Integer || state_ == State::Fraction ||
           state_ == State::Exponent || (state_ == State::Word && *rest_ == '\0');
  }

 private:
  enum class State : std::uint8_t {
    Start,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    ExponentStart,
    ExponentSign,
    Exponent,
    Word
  };
  bool start(char c);
  bool go_to(State state) {
    state_ = state;
    return true;
  }

  State state_ = State::Start;
  const char* rest_ = "";  // of the word that has begun
};

}  // namespace slipway::body
