#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "crds/base/json.hpp"
#include "gateway/telemetry/counters.hpp"
#include "gateway/telemetry/log_writer.hpp"

namespace slipway::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RequestRecord record() {
  RequestRecord out;
  out.started = *parse_rfc3339("2026-11-26T10:00:00Z");
  out.seconds = 1.5;
  out.first_byte = 0.02;
  out.status = 200;
  out.bytes_in = 10;
  out.bytes_out = 20;
  out.id = "abc";
  out.method = "POST";
  out.path = "/v1/chat/completions";
  out.model = "prod/chat";
  out.revision = "r1";
  out.endpoint = "10.0.0.1:80";
  out.tenant = "team-a";
  return out;
}

TEST(RequestLog, IsALineOfJson) {
  std::string out;
  append_log_line(out, record());
  EXPECT_EQ(out,
            "{\"time\":\"2026-11-26T10:00:00.000000Z\",\"slipway.request_id\":\"abc\","
            "\"http.request.method\":\"POST\",\"url.path\":\"/v1/chat/completions\","
            "\"http.response.status_code\":200,\"slipway.tenant\":\"team-a\","
            "\"gen_ai.request.model\":\"prod/chat\",\"slipway.revision\":\"r1\","
            "\"server.address\":\"10.0.0.1:80\",\"http.request.body.size\":10,"
            "\"http.response.body.size\":20,\"duration_ms\":1500,\"first_byte_ms\":20}\n");
}

TEST(RequestLog, HoldsWhateverAClientSends) {
  RequestRecord odd = record();
  odd.path = "/\xff\"\\\n\x01\x7f";
  std::string out;
  append_log_line(out, odd);
  EXPECT_EQ(std::ranges::count(out, '\n'), 1);
  EXPECT_EQ(Json::parse(out)["url.path"], "/\xEF\xBF\xBD\"\\\n\x01\x7f");
}

TEST(Counters, CountByRevisionAndClass) {
  GatewayCounters one, two;
  RevisionCounters& revision = one.revisions[{"prod/chat", "r1"}];
  revision.add(record());
  RequestRecord failed = record();
  failed.status = 503;
  failed.first_byte = -1;
  failed.seconds = 200;
  revision.add(failed);
  two.revisions[{"prod/chat", "r1"}].add(record());
  two.in_flight = 3;
  one.add(two);
  const std::string page = to_prometheus(one, 7);
  const std::string labels = "{model=\"prod/chat\",revision=\"r1\"";
  EXPECT_THAT(page, HasSubstr("slipway_gateway_requests_total" + labels + ",code=\"2xx\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("slipway_gateway_requests_total" + labels + ",code=\"5xx\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("code=\"4xx\"")));
  EXPECT_THAT(page, HasSubstr("first_byte_seconds_bucket" + labels + ",le=\"0.01\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("first_byte_seconds_bucket" + labels + ",le=\"0.025\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("request_seconds_bucket" + labels + ",le=\"120\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("request_seconds_bucket" + labels + ",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("request_seconds_sum" + labels + "} 203\n"));
  EXPECT_THAT(page, HasSubstr("slipway_gateway_in_flight 3\n"));
  EXPECT_THAT(page, HasSubstr("slipway_gateway_dropped_log_lines_total 7\n"));
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  std::string read_all(std::size_t count) const {
    std::string out;
    std::array<char, 4096> part;
    while (out.size() < count) {
      const ssize_t got = ::read(ends_[0], part.data(), std::min(part.size(), count - out.size()));
      if (got <= 0) break;
      out.append(part.data(), static_cast<std::size_t>(got));
    }
    return out;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(LogWriter, WritesPiecesInTheirOrder) {
  const Pipe pipe;
  std::string wanted;
  {
    LogWriter writer(pipe.writer());
    for (int i = 0; i < 50; ++i) {
      const std::string line = std::string(100, static_cast<char>('a' + i % 26)) + "\n";
      wanted += line;
      writer.write(line);
    }
  }
  EXPECT_EQ(pipe.read_all(wanted.size()), wanted);
}

TEST(LogWriter, DropsAndCountsWhatAStalledReaderDoesNotTake) {
  const Pipe pipe;
  const std::string piece(100000, 'x');  // more than the pipe holds
  LogWriter writer(pipe.writer());
  for (int i = 0; i < 200; ++i) writer.write(piece + "\n\n");
  EXPECT_GE(writer.dropped_lines(), 2 * (200 - LogWriter::kMostPieces - 1));
  EXPECT_LE(writer.dropped_lines(), 2 * (200 - LogWriter::kMostPieces));
}

}  // namespace
}  // namespace slipway::gateway
