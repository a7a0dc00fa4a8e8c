#include "runtime-images/agent/report.hpp"

#include <algorithm>
#include <fstream>

#include "crds/types/encode.hpp"

namespace slipway::agent {
namespace {

constexpr std::size_t kTerminationLogBytes = 4096;  // of which the kubelet reads the end

std::string dump(const AgentReport& report) {
  // An engine's last line may hold any bytes; the report has to stay JSON.
  return encode(report).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_line(AgentReport report) {
  std::string line = dump(report);
  while (line.size() > kTerminationLogBytes) {
    std::string& longest = *std::max({&report.message, &report.last_line, &report.file},
                                     [](auto* a, auto* b) { return a->size() < b->size(); });
    if (longest.empty()) return line.substr(0, kTerminationLogBytes);
    longest.resize(longest.size() / 2);
    line = dump(report);
  }
  return line;
}

bool write_termination_log(const std::string& path, const AgentReport& report) {
  std::ofstream out(path, std::ios::trunc);
  out << to_line(report);
  out.flush();
  return out.good();
}

}  // namespace slipway::agent
