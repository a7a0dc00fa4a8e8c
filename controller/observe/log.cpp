#include "controller/observe/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <utility>

namespace slipway {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, "; "));
}

// Bytes that are no UTF-8 (of an error text, say) become the replacement character.
std::string dumped(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Log::Log(LogFormat format) : Log(format, std::make_shared<spdlog::sinks::stdout_sink_mt>()) {}

Log::Log(LogFormat format, std::shared_ptr<spdlog::sinks::sink> sink)
    : format_(format), logger_(std::make_unique<spdlog::logger>("slipway", std::move(sink))) {
  logger_->set_pattern(format == LogFormat::JsonLines
                           ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                           : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                       spdlog::pattern_time_type::utc);
  logger_->flush_on(spdlog::level::info);
}

Log::~Log() = default;

void Log::line(Level level, std::string_view message, Json facts) {
  std::string text;
  if (format_ == LogFormat::JsonLines) {
    Json all{{"message", message}};
    all.update(facts);
    text = dumped(all);
    text = text.substr(1, text.size() - 2);  // the pattern has the braces
  } else {
    text = message;
    for (const auto& [name, value] : facts.items()) {
      text += fmt::format(" {}={}", name, dumped(value));
    }
  }
  logger_->log(level == Level::Info      ? spdlog::level::info
               : level == Level::Warning ? spdlog::level::warn
                                         : spdlog::level::err,
               "{}", text);
}

void Log::info(std::string_view message) {
  line(Level::Info, message, Json::object());
}
void Log::error(std::string_view message) {
  line(Level::Error, message, Json::object());
}

// A failure that repeats itself was already told.
void Log::processed(const Report& report, Duration took) {
  // Somebody else wrote a moment earlier: the next try reads that first.
  const bool lost_a_race = report.failure && report.failure->error.fault == Fault::Overtaken;
  const bool failed = report.failure && !report.repeated && !lost_a_race;
  if (report.sent.empty() && !failed) return;
  Json facts{{"object", to_string(report.key)}};
  if (!report.sent.empty()) facts["decision"] = joined(report.sent);
  if (failed) {
    facts["failed"] = describe(report.failure->action);
    facts["reason"] = report.failure->error.what;
    if (report.next_try) facts["retryMs"] = report.next_try->count();
  }
  facts["durationMs"] = took.count();
  line(failed ? Level::Warning : Level::Info, failed ? "not done" : "reconciled", std::move(facts));
}

void Log::watch_trouble(Watched kind, const Error& error) {
  line(Level::Warning, "watch disturbed",
       {{"resource", target_of(kind).resource.plural}, {"reason", error.what}});
}

void Log::leadership(const LeaseNews& news) {
  if (news.leads) return line(Level::Info, "leading", {{"epoch", news.epoch}});
  line(Level::Info, "standing by", {{"leader", news.holder}});
}

void Log::undecodable(Watched kind, const Error& error) {
  line(Level::Error, "object cannot be read",
       {{"resource", target_of(kind).resource.plural}, {"reason", error.what}});
}

}  // namespace slipway
