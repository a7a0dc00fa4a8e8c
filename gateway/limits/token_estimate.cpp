#include "gateway/limits/token_estimate.hpp"

#include <algorithm>
#include <cmath>

namespace slipway::gateway {

namespace {

constexpr double kStep = 0.05;  // weight of the newest request
constexpr double kQuantile = 0.75;
constexpr double kQuantileStep = 0.1;  // of the estimate, for each answer

}  // namespace

Usage TokenEstimate::before(std::size_t prompt_bytes,
                            std::optional<std::uint32_t> max_tokens) const {
  const double prompt = std::ceil(static_cast<double>(prompt_bytes) / bytes_per_token_);
  const auto usual = static_cast<std::uint32_t>(std::ceil(answer_p75_));
  return {static_cast<std::uint32_t>(std::min<double>(prompt, UINT32_MAX)),
          std::min(max_tokens.value_or(usual), usual)};
}

void TokenEstimate::learn(std::size_t prompt_bytes, const Usage& used) {
  if (used.prompt > 0 && prompt_bytes > 0) {
    // A tokenizer makes 1 to 16 bytes a token; anything else is no text.
    const double seen = static_cast<double>(prompt_bytes) / used.prompt;
    bytes_per_token_ += kStep * (std::clamp(seen, 1.0, 16.0) - bytes_per_token_);
  }
  // Steps that cancel out where three of four answers are below (stochastic approximation of a
  // quantile; Robbins and Monro, 1951).
  const double step = kQuantileStep * std::max(1.0, answer_p75_);
  answer_p75_ += used.answer > answer_p75_ ? step * kQuantile : -step * (1 - kQuantile);
  answer_p75_ = std::max(1.0, answer_p75_);
}

Usage used_when_aborted(const Usage& reserved, std::uint32_t chunks) {
  return {reserved.prompt, chunks};
}

}  // namespace slipway::gateway
