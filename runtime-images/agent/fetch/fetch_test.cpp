#include "runtime-images/agent/fetch/fetch.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "crds/base/json.hpp"
#include "runtime-images/agent/fetch/credentials.hpp"
#include "runtime-images/agent/fetch/install.hpp"
#include "runtime-images/agent/fetch/progress.hpp"
#include "runtime-images/agent/fetch/resolver.hpp"
#include "runtime-images/agent/model/digest.hpp"
#include "runtime-images/agent/model/manifest.hpp"
#include "runtime-images/agent/testing/tls_server.hpp"

namespace slipway::agent {
namespace {

namespace fs = std::filesystem;
using testing::field;
using testing::Peer;
using testing::TlsServer;

constexpr const char* kTiny = "runtime-images/model/tiny.gguf";

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string digest_of(std::string_view content) {
  Sha256 hash;
  hash.update({content.data(), content.size()});
  return hash.finish();
}

std::string sized(std::string_view status, std::string_view more, std::size_t size) {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n", status, more, size);
}

class Fetch : public ::testing::Test {
 protected:
  Fetch() {
    char name[] = "/tmp/slipway-fetch-XXXXXX";
    dir_ = ::mkdtemp(name);
    options_.to = dir_;
    options_.download.first_pause = Duration{1};
    options_.download.longest_pause = Duration{1};
    options_.download.tries = 3;
  }
  ~Fetch() override { fs::remove_all(dir_); }

  Outcome<AgentReport> fetch_from(const TlsServer& server, const std::string& path) {
    options_.uri = server.url(path);
    options_.download.tls.ca_file = server.ca_file();
    return fetch(options_, [this](const std::string& line) { printed_.push_back(line); });
  }
  bool nothing_left() const { return fs::is_empty(dir_); }

  std::string dir_;
  FetchOptions options_;
  std::vector<std::string> printed_;
  const std::string tiny_ = slurp(kTiny);
  const std::string digest_ = digest_of(tiny_);
};

TEST_F(Fetch, BringsAVerifiedModel) {
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send(sized("200 OK", "", tiny_.size()) + tiny_);
  });
  options_.digest = digest_;
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->reason, "Verified");
  EXPECT_EQ(report->digest, digest_);
  EXPECT_EQ(report->size_bytes, 1'459'008);
  EXPECT_EQ(report->architecture, "llama");
  EXPECT_EQ(slurp(dir_ + "/model.gguf"), tiny_);
  EXPECT_EQ(load_verified(dir_)->digest, digest_);
}

TEST_F(Fetch, DoesNotFetchTwice) {
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send(sized("200 OK", "", tiny_.size()) + tiny_);
  });
  ASSERT_TRUE(fetch_from(server, "/tiny.gguf"));
  ASSERT_TRUE(fetch_from(server, "/tiny.gguf"));
  EXPECT_EQ(server.heads().size(), 1U);
  fs::resize_file(dir_ + "/model.gguf", 10);
  ASSERT_TRUE(fetch_from(server, "/tiny.gguf"));
  EXPECT_EQ(server.heads().size(), 2U) << "a file of another size is not the one verified";
}

TEST_F(Fetch, RefusesAFlippedByte) {
  std::string flipped = tiny_;
  flipped[flipped.size() / 2] ^= 1;
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send(sized("200 OK", "", flipped.size()) + flipped);
  });
  options_.digest = digest_;
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, "DigestMismatch");
  EXPECT_EQ(report.error().file, "tiny.gguf");
  EXPECT_EQ(report.error().expected, digest_);
  EXPECT_EQ(report.error().actual, digest_of(flipped));
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, ResumesAfterAReset) {
  const std::size_t half = tiny_.size() / 2;
  const TlsServer server([&](const std::string& head, Peer& peer) {
    const std::string range = field(head, "Range");
    if (range.empty()) {
      peer.send(sized("200 OK", "ETag: \"v1\"\r\n", tiny_.size()) + tiny_.substr(0, half));
      return peer.reset();
    }
    const auto from = static_cast<std::size_t>(std::stoul(range.substr(6)));
    peer.send(sized("206 Partial Content",
                    fmt::format("ETag: \"v1\"\r\nContent-Range: bytes {}-{}/{}\r\n", from,
                                tiny_.size() - 1, tiny_.size()),
                    tiny_.size() - from) +
              tiny_.substr(from));
  });
  options_.digest = digest_;
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_TRUE(report) << report.error().message;
  // Where the reset overtook everything, there was nothing to resume: then it began anew.
  for (const std::string& head : server.heads())
    if (!field(head, "Range").empty()) {
      EXPECT_EQ(field(head, "If-Range"), "\"v1\"");
    }
}

TEST_F(Fetch, BeginsAnewWhereTheServerHasNoRanges) {
  int requests = 0;
  const TlsServer server([&](const std::string&, Peer& peer) {
    const bool first = ++requests == 1;
    peer.send(sized("200 OK", "ETag: \"v1\"\r\n", tiny_.size()) +
              tiny_.substr(0, first ? 300'000 : tiny_.size()));
  });
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(server.heads().size(), 2U);
  EXPECT_EQ(field(server.heads()[1], "Range"), "bytes=300000-");
  EXPECT_EQ(report->digest, digest_);
}

// The content changed between two attempts: If-Range makes the server send all of the new one.
TEST_F(Fetch, NeverMixesTwoContents) {
  const std::string old(400'000, 'o');
  int requests = 0;
  const TlsServer server([&](const std::string&, Peer& peer) {
    if (++requests == 1)
      peer.send(sized("200 OK", "ETag: \"old\"\r\n", tiny_.size()) + old);
    else
      peer.send(sized("200 OK", "ETag: \"new\"\r\n", tiny_.size()) + tiny_);
  });
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->digest, digest_);
}

TEST_F(Fetch, TellsHowFarATruncatedDownloadCame) {
  const TlsServer server(
      [&](const std::string&, Peer& peer) { peer.send(sized("200 OK", "", 1000) + "0123456789"); });
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, "Truncated");
  EXPECT_NE(report.error().message.find("10 of 1000 bytes"), std::string::npos)
      << report.error().message;
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, ReadsChunks) {
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < tiny_.size(); at += 100'000) {
      const std::string part = tiny_.substr(at, 100'000);
      peer.send(fmt::format("{:x}\r\n{}\r\n", part.size(), part));
    }
    peer.send("0\r\n\r\n");
  });
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->digest, digest_);
}

TEST_F(Fetch, KeepsTheTokenFromOtherHosts) {
  fs::create_directory(dir_ + "/secret");
  std::ofstream(dir_ + "/secret/token") << "s3cret\n";
  options_.token_dir = dir_ + "/secret";
  options_.to = dir_ + "/models";
  fs::create_directory(options_.to);
  const TlsServer* self = nullptr;
  const TlsServer server([&](const std::string& head, Peer& peer) {
    if (head.starts_with("GET /start "))
      peer.send(sized("302 Found", "Location: /same\r\n", 0));
    else if (head.starts_with("GET /same "))
      peer.send(sized("302 Found", "Location: " + self->url("/other", "localhost") + "\r\n", 0));
    else
      peer.send(sized("200 OK", "", tiny_.size()) + tiny_);
  });
  self = &server;
  const auto report = fetch_from(server, "/start");
  ASSERT_TRUE(report) << report.error().message;
  const auto heads = server.heads();
  ASSERT_EQ(heads.size(), 3U);
  EXPECT_EQ(field(heads[0], "Authorization"), "Bearer s3cret");
  EXPECT_EQ(field(heads[1], "Authorization"), "Bearer s3cret");
  EXPECT_EQ(field(heads[2], "Authorization"), "");
}

TEST_F(Fetch, FollowsNoEndlessRedirect) {
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send(sized("302 Found", "Location: /again\r\n", 0));
  });
  options_.download.tries = 1;
  const auto report = fetch_from(server, "/start");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, "Unreachable");
  EXPECT_EQ(server.heads().size(), 6U);
}

TEST_F(Fetch, NeverLeavesHttps) {
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send(sized("302 Found", "Location: http://127.0.0.1/x\r\n", 0));
  });
  options_.download.tries = 1;
  const auto report = fetch_from(server, "/start");
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("not https"), std::string::npos);
}

struct StatusCase {
  const char* status;
  const char* reason;
  std::size_t requests;
};
class FetchStatus : public Fetch, public ::testing::WithParamInterface<StatusCase> {};
TEST_P(FetchStatus, HasItsReason) {
  const TlsServer server(
      [&](const std::string&, Peer& peer) { peer.send(sized(GetParam().status, "", 0)); });
  const auto report = fetch_from(server, "/tiny.gguf?signature=secret");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, GetParam().reason);
  EXPECT_EQ(server.heads().size(), GetParam().requests);
  EXPECT_EQ(to_line(report.error()).find("secret"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(Table, FetchStatus,
                         ::testing::Values(StatusCase{"404 Not Found", "NotFound", 1},
                                           StatusCase{"401 Unauthorized", "Unauthorized", 1},
                                           StatusCase{"403 Forbidden", "Unauthorized", 1},
                                           StatusCase{"503 Busy", "Unreachable", 3}));

TEST_F(Fetch, TrustsNobodyUnknown) {
  const TlsServer server([](const std::string&, Peer&) {});
  const TlsServer other([](const std::string&, Peer&) {});
  options_.uri = server.url("/tiny.gguf");
  options_.download.tls.ca_file = other.ca_file();
  const auto report = fetch(options_, [](const std::string&) {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, "TlsUntrusted");
  EXPECT_TRUE(server.heads().empty());
}

TEST_F(Fetch, ChecksTheHostsName) {
  const TlsServer server([](const std::string&, Peer&) {}, "DNS:elsewhere.test");
  for (const char* host : {"127.0.0.1", "localhost"}) {
    options_.uri = server.url("/tiny.gguf", host);
    options_.download.tls.ca_file = server.ca_file();
    const auto report = fetch(options_, [](const std::string&) {});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason, "TlsUntrusted");
    EXPECT_NE(report.error().message.find("mismatch"), std::string::npos) << report.error().message;
  }
  EXPECT_TRUE(server.heads().empty());
}

TEST_F(Fetch, LooksAtTheFormat) {
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send(sized("200 OK", "", 5000) + tiny_.substr(0, 5000));
  });
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, "FormatRejected");
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, SaysWhenTheDiskIsTooSmall) {
  const TlsServer server([&](const std::string&, Peer& peer) {
    peer.send(sized("200 OK", "", std::size_t{1} << 60));
  });
  const auto report = fetch_from(server, "/tiny.gguf");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, "DiskFull");
  EXPECT_NE(report.error().message.find("1152921504606846976 bytes"), std::string::npos);
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, LinksFilesAndClaims) {
  options_.uri = "file://" + fs::absolute(kTiny).string();
  options_.digest = digest_;
  const auto report = fetch(options_, [](const std::string&) {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(fs::read_symlink(dir_ + "/model.gguf"), fs::absolute(kTiny));

  options_.uri = "pvc://claim/tiny.gguf";
  options_.source_dir = fs::absolute("runtime-images/model").string();
  ASSERT_TRUE(fetch(options_, [](const std::string&) {}));
  EXPECT_EQ(slurp(dir_ + "/model.gguf"), tiny_);

  options_.uri = "pvc://claim/none.gguf";
  const auto missing = fetch(options_, [](const std::string&) {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, "NotFound");
}

TEST_F(Fetch, LetsNoLinkLeadOutOfAClaim) {
  fs::create_directory(dir_ + "/claim");
  fs::create_symlink(fs::absolute(kTiny), dir_ + "/claim/tiny.gguf");
  options_.uri = "pvc://claim/tiny.gguf";
  options_.source_dir = dir_ + "/claim";
  const auto report = fetch(options_, [](const std::string&) {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, "NotFound");
}

TEST(Install, CopiesTheRunningProgram) {
  char name[] = "/tmp/slipway-install-XXXXXX";
  const std::string dir = ::mkdtemp(name);
  ASSERT_TRUE(install_self(dir));
  EXPECT_EQ(fs::file_size(dir + "/slipway-agent"), fs::file_size("/proc/self/exe"));
  EXPECT_EQ(fs::status(dir + "/slipway-agent").permissions(), fs::perms(0755));
  fs::remove_all(dir);
  EXPECT_FALSE(install_self(dir));
}

TEST(Credential, IsOneLine) {
  char name[] = "/tmp/slipway-secret-XXXXXX";
  const std::string dir = ::mkdtemp(name);
  EXPECT_EQ(read_credential("").value(), "");
  EXPECT_FALSE(read_credential(dir));
  std::ofstream(dir + "/username") << "ann";
  std::ofstream(dir + "/password") << "b";
  EXPECT_EQ(read_credential(dir).value(), "Basic YW5uOmI=");
  std::ofstream(dir + "/token") << "a\r\nX-Evil: b";
  EXPECT_FALSE(read_credential(dir));
  fs::remove_all(dir);
}

TEST(Progress, PrintsOnceASecond) {
  const Time start{};
  Progress progress(start);
  EXPECT_FALSE(progress.at(start + Duration{999}, 10, 100));
  const auto line = progress.at(start + Duration{1000}, 50'000'000, 200'000'000);
  ASSERT_TRUE(line);
  const Json json = Json::parse(*line);
  EXPECT_EQ(json["bytes"], 50'000'000);
  EXPECT_EQ(json["megabytesPerSecond"], 50.0);
  EXPECT_EQ(json["etaSeconds"], 3);
  EXPECT_FALSE(progress.at(start + Duration{1500}, 60'000'000, 200'000'000));
}

TEST(Resolver, KnowsAddressesAndTheHostsFile) {
  EXPECT_EQ(resolve("127.0.0.1", Duration{1000})->front().to_string(), "127.0.0.1");
  const auto local = resolve("localhost", Duration{5000});
  ASSERT_TRUE(local) << local.error().message;
  EXPECT_TRUE(local->front().is_loopback());
}

}  // namespace
}  // namespace slipway::agent
