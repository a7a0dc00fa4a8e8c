// Progress of a download as JSON lines, at most one each second. Pure: the time is handed in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crds/base/time.hpp"

namespace slipway::agent {

class Progress {
 public:
  explicit Progress(Time start) : start_(start), printed_(start) {}

  // The line to print now, if it is time for one.
  std::optional<std::string> at(Time now, std::int64_t bytes, std::optional<std::int64_t> total);

 private:
  Time start_, printed_;
  std::int64_t printed_bytes_ = 0;
};

}  // namespace slipway::agent
