#include "gateway/body/scalar.hpp"

namespace slipway::body {

bool Scalar::take(char c) {
  const bool digit = c >= '0' && c <= '9';
  switch (state_) {
    case State::Start:
      return start(c);
    case State::Word:
      if (*rest_ != c || c == '\0') return false;
      ++rest_;
      return true;
    case State::Minus:
      return digit && go_to(c == '0' ? State::Zero : State::Integer);
    case State::Integer:
      if (digit) return true;
      [[fallthrough]];
    case State::Zero:
      if (c == '.') return go_to(State::Point);
      return (c == 'e' || c == 'E') && go_to(State::ExponentStart);
    case State::Point:
      return digit && go_to(State::Fraction);
    case State::Fraction:
      return digit || ((c == 'e' || c == 'E') && go_to(State::ExponentStart));
    case State::ExponentStart:
      if (c == '+' || c == '-') return go_to(State::ExponentSign);
      [[fallthrough]];
    case State::ExponentSign:
    case State::Exponent:
      return digit && go_to(State::Exponent);
  }
  return false;
}

bool Scalar::start(char c) {
  state_ = State::Word;
  switch (c) {
    case 't':
      rest_ = "rue";
      return true;
    case 'f':
      rest_ = "alse";
      return true;
    case 'n':
      rest_ = "ull";
      return true;
    case '-':
      return go_to(State::Minus);
    case '0':
      return go_to(State::Zero);
    default:
      return c >= '1' && c <= '9' && go_to(State::Integer);
  }
}

}  // namespace slipway::body
