#include "runtime-images/agent/fetch/progress.hpp"

#include <cmath>

#include "crds/base/json.hpp"

namespace slipway::agent {
namespace {

constexpr Duration kEvery{1000};

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

}  // namespace

std::optional<std::string> Progress::at(Time now, std::int64_t bytes,
                                        std::optional<std::int64_t> total) {
  if (now - printed_ < kEvery) return std::nullopt;
  const double lately = static_cast<double>(bytes - printed_bytes_) / seconds(now - printed_);
  const double overall = static_cast<double>(bytes) / seconds(now - start_);
  printed_ = now;
  printed_bytes_ = bytes;
  Json line{{"event", "progress"}, {"bytes", bytes}};
  if (total) line["total"] = *total;
  line["megabytesPerSecond"] = std::round(lately / 1e5) / 10;
  if (total && overall > 0)
    line["etaSeconds"] = std::llround(static_cast<double>(*total - bytes) / overall);
  return line.dump();
}

}  // namespace slipway::agent
