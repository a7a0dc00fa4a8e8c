#include "crds/base/time.hpp"

#include <date/date.h>

#include <sstream>

namespace slipway {

std::string to_rfc3339(Time time) {
  return date::format("%FT%TZ", std::chrono::floor<std::chrono::seconds>(time));
}

std::string to_rfc3339_micro(Time time) {
  return date::format("%FT%TZ", std::chrono::time_point_cast<std::chrono::microseconds>(time));
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  for (const char* format : {"%FT%TZ", "%FT%T%Ez"}) {
    std::istringstream in{std::string(text)};
    std::chrono::sys_time<std::chrono::nanoseconds> time;
    in >> date::parse(format, time);
    if (!in.fail() && in.peek() == std::istringstream::traits_type::eof())
      return std::chrono::floor<Duration>(time);
  }
  return std::nullopt;
}

}  // namespace slipway
