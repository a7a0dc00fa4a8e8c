#include "runtime-images/agent/run/engine_log.hpp"

#include <algorithm>

namespace slipway::agent {
namespace {

constexpr std::size_t kMaxLine = 1024;  // of which the beginning is kept

bool has(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

}  // namespace

void EngineLog::feed(std::string_view bytes) {
  for (;;) {
    const auto end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (unfinished_.size() < kMaxLine)
      unfinished_.append(part.substr(0, kMaxLine - unfinished_.size()));
    if (end == std::string_view::npos) return;
    take_line(unfinished_);
    unfinished_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void EngineLog::take_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r") != std::string_view::npos) last_ = line;
  // The words of ggml's CUDA backend and of llama.cpp's loader.
  if (has(line, "using device CUDA")) found_cuda_ = true;
  if (has(line, "ggml_cuda_init: found ") && !has(line, "found 0 ")) found_cuda_ = true;
  if (has(line, "ggml_cuda_init: failed") || has(line, "no usable GPU found") ||
      has(line, "offloaded 0/"))
    cuda_failure_ = line;
}

std::string EngineLog::last_line() const {
  const bool more = unfinished_.find_first_not_of(" \t\r") != std::string::npos;
  return more ? unfinished_ : last_;
}

}  // namespace slipway::agent
