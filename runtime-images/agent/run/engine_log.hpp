// What an engine prints, read along: its last lines for the report, and whether it found the device
// it was given. Pure; one per output stream.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace slipway::agent {

class EngineLog {
 public:
  void feed(std::string_view bytes);
  // The last line with text in it, whole or not.
  std::string last_line() const;

  bool found_cuda_device() const { return found_cuda_; }
  // The line that says that the device cannot be used; empty when there is none.
  const std::string& cuda_failure() const { return cuda_failure_; }

 private:
  void take_line(std::string_view line);

  std::string unfinished_;
  std::string last_;
  bool found_cuda_ = false;
  std::string cuda_failure_;
};

}  // namespace slipway::agent
