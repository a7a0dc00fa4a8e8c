#include "controller/observe/log.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>
#include <string>

namespace slipway {
namespace {

class LogTest : public testing::Test {
 protected:
  Log make(LogFormat format) {
    return Log(format, std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
  }
  static Report report() {
    Report report;
    report.key = {ReconcileKind::InferenceService, "ns", "chat"};
    return report;
  }
  static Failure failure() {
    return {SetStatus{{"v1", "K", "ns", "chat"}, "u", {}},
            {"v1", "K", "ns", "chat"},
            {Fault::Unavailable, "it said \"no\"\n\xff", {}},
            false};
  }
  std::ostringstream out_;
};

TEST_F(LogTest, SaysNothing_WhenNothingWasDone) {
  make(LogFormat::JsonLines).processed(report(), Duration(1));
  Report again = report();
  again.failure = failure();
  again.repeated = true;
  make(LogFormat::JsonLines).processed(again, Duration(1));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(LogTest, WritesOneObjectPerLine) {
  Report done = report();
  done.sent = {"apply v1 Service ns/chat", "announce Ready"};
  make(LogFormat::JsonLines).processed(done, Duration(12));
  Report failed = report();
  failed.failure = failure();
  failed.next_try = Duration(5);
  make(LogFormat::JsonLines).processed(failed, Duration(3));

  std::istringstream lines(out_.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  Json first = Json::parse(line);
  EXPECT_EQ(first["object"], "InferenceService ns/chat");
  EXPECT_EQ(first["decision"], "apply v1 Service ns/chat; announce Ready");
  EXPECT_EQ(first["durationMs"], 12);
  EXPECT_EQ(first["level"], "info");
  ASSERT_TRUE(std::getline(lines, line));
  Json second = Json::parse(line);
  EXPECT_EQ(second["level"], "warning");
  EXPECT_EQ(second["reason"], "it said \"no\"\n\xEF\xBF\xBD");
  EXPECT_EQ(second["retryMs"], 5);
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(LogTest, WritesText) {
  make(LogFormat::Text).watch_trouble(Watched::Pod, {Fault::Unavailable, "gone", {}});
  EXPECT_NE(out_.str().find("warning watch disturbed resource=\"pods\" reason=\"gone\"\n"),
            std::string::npos)
      << out_.str();
}

}  // namespace
}  // namespace slipway
