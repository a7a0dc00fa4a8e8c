// The log: one line per change, as text or as one JSON object, with the object, what was decided
// and done about it, why not, and how long it took. At rest nothing is printed. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "controller/cache/watched.hpp"
#include "controller/runtime/controller.hpp"
#include "controller/runtime/lease_holder.hpp"
#include "crds/base/json.hpp"
#include "crds/base/result.hpp"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace slipway {

enum class LogFormat { Text, JsonLines };

class Log {
 public:
  explicit Log(LogFormat format);  // to standard output
  Log(LogFormat format, std::shared_ptr<spdlog::sinks::sink> sink);
  ~Log();

  void info(std::string_view message);
  void error(std::string_view message);
  void processed(const Report& report, Duration took);
  void watch_trouble(Watched kind, const Error& error);
  void leadership(const LeaseNews& news);
  void undecodable(Watched kind, const Error& error);

 private:
  enum class Level { Info, Warning, Error };
  // `facts` is an object; as text its values follow the message.
  void line(Level level, std::string_view message, Json facts);

  const LogFormat format_;
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace slipway
