#include "controller/sim/trace.hpp"

#include <fmt/format.h>

namespace slipway::sim {
namespace {

constexpr std::size_t kMaxLines = 200'000;

}  // namespace

void Trace::add(const std::string& who, const std::string& what) {
  if (!on_) return;
  lines_.push_back(
      fmt::format("{:>11.3f}s {:<12} {}", static_cast<double>(now_.count()) / 1000.0, who, what));
  if (lines_.size() > kMaxLines) lines_.pop_front();
}

std::string Trace::tail(std::size_t count) const {
  std::string text;
  for (std::size_t i = lines_.size() > count ? lines_.size() - count : 0; i < lines_.size(); ++i)
    text.append(lines_[i]).append("\n");
  return text;
}

}  // namespace slipway::sim
