// What every transport owes its callers, tried against a server on the loopback that the test
// scripts byte by byte. Waiting is done on what the other side did, never on time passing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>
#include <vector>

#include "controller/kube/beast_transport.hpp"
#include "controller/kube/cpprest_transport.hpp"
#include "controller/kube/testing/scratch_folder.hpp"
#include "controller/kube/testing/server.hpp"
#include "controller/kube/transport.hpp"

namespace slipway::kube {
namespace {

using fake::answer;
using fake::chunk;
using fake::chunked_head;
using fake::ScratchFolder;
using fake::ServerConnection;
using fake::TestServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

using Make = Result<std::unique_ptr<Transport>> (*)(const Credentials&, const TransportOptions&);

struct Implementation {
  const char* name;
  Make make;
};

const fake::KeyPair& authority() {
  static const fake::KeyPair pair = fake::make_authority("the cluster");
  return pair;
}

const fake::KeyPair& other_authority() {
  static const fake::KeyPair pair = fake::make_authority("somebody else");
  return pair;
}

fake::ServerTls server_tls(const fake::KeyPair& signer = authority(),
                           const std::string& names = "IP:127.0.0.1,DNS:localhost") {
  return {fake::make_certificate(signer, "server", names), ""};
}

Credentials credentials_for(const TestServer& server) {
  Credentials credentials;
  credentials.endpoint.host = "127.0.0.1";
  credentials.endpoint.port = std::to_string(server.port());
  credentials.ca.text = authority().certificate;
  return credentials;
}

HttpRequest get(const std::string& target) {
  HttpRequest request;
  request.target = target;
  request.repeatable = true;
  return request;
}

class TransportContract : public testing::TestWithParam<Implementation> {
 protected:
  std::unique_ptr<Transport> make(const Credentials& credentials,
                                  const TransportOptions& options = {}) {
    auto made = GetParam().make(credentials, options);
    EXPECT_TRUE(made) << made.error().what;
    return made ? *std::move(made) : nullptr;
  }
};

TEST_P(TransportContract, SendsWholeRequestAndReturnsWholeAnswer) {
  std::promise<fake::ReceivedRequest> received;
  const std::string big(300'000, 'x');
  TestServer server(server_tls(), [&](ServerConnection& connection, int) {
    received.set_value(*connection.read_request());
    connection.write(answer(201, big));
    connection.wait_for_close();
  });
  Credentials credentials = credentials_for(server);
  credentials.token.text = "sesame";
  HttpRequest request;
  request.method = "PATCH";
  request.target = "/apis/apps/v1/namespaces/a%20b/deployments/x?force=true&fieldManager=slipway";
  request.content_type = "application/apply-patch+yaml";
  request.body = std::string(100'000, 'y');

  const auto response = make(credentials)->send(request, seconds(10));

  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 201);
  EXPECT_TRUE(response->body == big);
  EXPECT_EQ(response->retry_after, std::nullopt);
  const auto seen = received.get_future().get();
  EXPECT_EQ(seen.method, "PATCH");
  EXPECT_EQ(seen.target, request.target);
  EXPECT_TRUE(seen.body == request.body);
  EXPECT_EQ(seen.headers.at("content-type"), "application/apply-patch+yaml");
  EXPECT_EQ(seen.headers.at("accept"), "application/json");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer sesame");
  EXPECT_EQ(seen.headers.at("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST_P(TransportContract, SpeaksPlainHttpBehindPathPrefix) {
  TestServer server(std::nullopt, [](ServerConnection& connection, int) {
    while (const auto request = connection.read_request())
      connection.write(answer(200, request->target));
  });
  Credentials credentials = credentials_for(server);
  credentials.endpoint.tls = false;
  credentials.endpoint.path = "/prefix";
  const auto response = make(credentials)->send(get("/version?a=b%2Fc"), seconds(10));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "/prefix/version?a=b%2Fc");
}

TEST_P(TransportContract, KeepsConnectionAlive) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    while (connection.read_request()) connection.write(answer(200, "{}"));
  });
  const auto transport = make(credentials_for(server));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(transport->send(get("/"), seconds(10)));
  // cpprest takes a connection back a moment after it has handed over the answer.
  EXPECT_LE(server.connections(), 3);
}

TEST_P(TransportContract, RepeatsOnceOnStaleConnectionWhenThatIsSafe) {
  for (const bool repeatable : {true, false}) {
    std::atomic<int> received = 0;
    std::atomic<bool> cut = false;
    TestServer server(server_tls(), [&](ServerConnection& connection, int) {
      for (int i = 0; connection.read_request(); ++i) {
        ++received;
        if (i > 0 && !cut.exchange(true)) return;  // closed while a request was under way
        connection.write(answer(200, "{}"));
      }
    });
    const auto transport = make(credentials_for(server));
    HttpRequest request = get("/");
    request.method = "PATCH";
    request.content_type = "application/json";
    request.body = "{}";
    request.repeatable = repeatable;
    int sent = 0;
    int failed = 0;
    for (; !cut && sent < 100; ++sent) {
      const auto response = transport->send(request, seconds(10));
      if (response) continue;
      ++failed;
      EXPECT_EQ(response.error().fault, Fault::Unavailable);
    }
    EXPECT_TRUE(cut) << "no connection was used twice";
    EXPECT_EQ(failed, repeatable ? 0 : 1);
    EXPECT_EQ(received, repeatable ? sent + 1 : sent);
  }
}

TEST_P(TransportContract, SendsNothingWithoutAPermit) {
  std::atomic<int> requests = 0;
  TestServer server(server_tls(), [&](ServerConnection& connection, int) {
    while (connection.read_request()) {
      ++requests;
      connection.write(answer(200, "{}"));
    }
  });
  const auto transport = make(credentials_for(server));
  for (const bool permitted : {false, true, false}) {
    HttpRequest request = get("/");
    request.permit = [&] { return permitted; };
    const auto response = transport->send(request, seconds(10));
    EXPECT_EQ(response.has_value(), permitted);
    if (!permitted) {
      EXPECT_EQ(response.error().fault, Fault::Unavailable);
    }
  }
  EXPECT_EQ(requests, 1) << "with and without a connection that was kept";
}

TEST_P(TransportContract, DoesNotRepeatOnFreshConnection) {
  TestServer server(server_tls(),
                    [](ServerConnection& connection, int) { connection.read_request(); });
  const auto response = make(credentials_for(server))->send(get("/"), seconds(10));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(TransportContract, ReportsAnswerCutShort) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  const auto response = make(credentials_for(server))->send(get("/"), seconds(10));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
}

TEST_P(TransportContract, HandsOverRetryAfter) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    while (connection.read_request()) connection.write(answer(429, "{}", "Retry-After: 7\r\n"));
  });
  const auto response = make(credentials_for(server))->send(get("/"), seconds(10));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->retry_after, Duration(seconds(7)));
}

TEST_P(TransportContract, GivesUpWhenNoAnswerComesInTime) {
  TestServer server(server_tls(),
                    [](ServerConnection& connection, int) { connection.wait_for_close(); });
  const auto start = steady_clock::now();
  const auto response = make(credentials_for(server))->send(get("/"), milliseconds(200));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
  EXPECT_THAT(response.error().what, testing::HasSubstr("timed out"));
  EXPECT_LT(steady_clock::now() - start, seconds(2));
}

TEST_P(TransportContract, GivesUpWhenAnswerNeverEnds) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    connection.wait_for_close();
  });
  const auto response = make(credentials_for(server))->send(get("/"), milliseconds(200));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
}

TEST_P(TransportContract, GivesUpConnectingToServerThatNeverGreets) {
  std::promise<void> done;
  TestServer server(std::nullopt, [&](ServerConnection&, int) { done.get_future().wait(); });
  TransportOptions options;
  options.connect_timeout = milliseconds(200);
  const auto response = make(credentials_for(server), options)->send(get("/"), milliseconds(900));
  done.set_value();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
}

TEST_P(TransportContract, ReportsRefusedConnection) {
  Credentials credentials;
  {
    TestServer server(server_tls(), [](ServerConnection&, int) {});
    credentials = credentials_for(server);
  }
  const auto response = make(credentials)->send(get("/"), seconds(10));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
}

TEST_P(TransportContract, TrustsOnlyTheClustersAuthority) {
  const ScratchFolder scratch;
  const std::string system_roots = scratch.write("roots.pem", other_authority().certificate);
  ::setenv("SSL_CERT_FILE", system_roots.c_str(), 1);
  TestServer server(server_tls(other_authority()), [](ServerConnection& connection, int) {
    while (connection.read_request()) connection.write(answer(200, "{}"));
  });
  const auto transport = make(credentials_for(server));
  const auto response = transport->send(get("/"), seconds(10));
  const auto ended = transport->stream(get("/"), {}, seconds(10), [](std::string_view) {});
  ::unsetenv("SSL_CERT_FILE");
  ASSERT_FALSE(response);
  ASSERT_FALSE(ended);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
  EXPECT_EQ(ended.error().fault, Fault::Unavailable);
}

TEST_P(TransportContract, RefusesCertificateOfAnotherHost) {
  TestServer server(server_tls(authority(), "IP:127.0.0.2,DNS:example.com"),
                    [](ServerConnection& connection, int) {
                      while (connection.read_request()) connection.write(answer(200, "{}"));
                    });
  const auto response = make(credentials_for(server))->send(get("/"), seconds(10));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().fault, Fault::Unavailable);
}

TEST_P(TransportContract, ChecksHostNames) {
  TestServer server(server_tls(authority(), "DNS:localhost"),
                    [](ServerConnection& connection, int) {
                      while (connection.read_request()) connection.write(answer(200, "{}"));
                    });
  Credentials credentials = credentials_for(server);
  credentials.endpoint.host = "localhost";
  const auto response = make(credentials)->send(get("/"), seconds(10));
  EXPECT_TRUE(response) << response.error().what;
}

TEST_P(TransportContract, ShowsClientCertificate) {
  fake::ServerTls tls = server_tls();
  tls.client_authority = authority().certificate;
  TestServer server(tls, [](ServerConnection& connection, int) {
    while (connection.read_request()) connection.write(answer(200, connection.client_name()));
  });
  const auto client = fake::make_certificate(authority(), "slipway-controller", "");
  Credentials credentials = credentials_for(server);
  credentials.certificate.text = client.certificate;
  credentials.key.text = client.key;
  const auto transport = make(credentials);
  const auto response = transport->send(get("/"), seconds(10));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "slipway-controller");
  std::string streamed;
  ASSERT_TRUE(transport->stream(get("/"), {}, seconds(10),
                                [&](std::string_view bytes) { streamed += bytes; }));
  EXPECT_EQ(streamed, "slipway-controller");
}

TEST_P(TransportContract, RefusesBrokenCertificates) {
  TestServer server(server_tls(), [](ServerConnection&, int) {});
  Credentials broken_ca = credentials_for(server);
  broken_ca.ca.text = "not a certificate";
  EXPECT_FALSE(GetParam().make(broken_ca, {}));

  Credentials wrong_key = credentials_for(server);
  wrong_key.certificate.text = fake::make_certificate(authority(), "a", "").certificate;
  wrong_key.key.text = fake::make_certificate(authority(), "b", "").key;
  EXPECT_FALSE(GetParam().make(wrong_key, {}));
}

// Answers 401 to every token but the second one.
void check_token(ServerConnection& connection) {
  while (const auto request = connection.read_request()) {
    const auto token = request->headers.find("authorization");
    const bool good = token != request->headers.end() && token->second == "Bearer second";
    connection.write(good ? answer(200, "welcome") : answer(401, "{}"));
  }
}

TEST_P(TransportContract, ReadsTokenFileAgainWhenRefused) {
  TestServer server(server_tls(),
                    [](ServerConnection& connection, int) { check_token(connection); });
  const ScratchFolder scratch;
  Credentials credentials = credentials_for(server);
  credentials.token.file = scratch.write("token", "first\n");
  TransportOptions options;
  options.clock = [] { return Duration{}; };  // time stands still: only the refusal counts
  const auto transport = make(credentials, options);

  auto response = transport->send(get("/"), seconds(10));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 401);
  scratch.write("token", "second\n");
  std::string streamed;
  const auto ended = transport->stream(get("/"), {}, seconds(10),
                                       [&](std::string_view bytes) { streamed += bytes; });
  EXPECT_TRUE(ended) << ended.error().what;
  EXPECT_EQ(streamed, "welcome");
  response = transport->send(get("/"), seconds(10));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->status, 200);
}

TEST_P(TransportContract, ReadsTokenFileAgainAfterOneMinute) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    while (const auto request = connection.read_request())
      connection.write(answer(200, request->headers.at("authorization")));
  });
  const ScratchFolder scratch;
  Credentials credentials = credentials_for(server);
  credentials.token.file = scratch.write("token", "first");
  std::atomic<int> minute = 0;
  TransportOptions options;
  options.clock = [&] { return Duration(seconds(60 * minute)); };
  const auto transport = make(credentials, options);
  scratch.write("token", "second");
  EXPECT_EQ(transport->send(get("/"), seconds(10))->body, "Bearer first");
  minute = 1;
  EXPECT_EQ(transport->send(get("/"), seconds(10))->body, "Bearer second");
  scratch.write("token", "");  // in the middle of a swap
  minute = 2;
  EXPECT_EQ(transport->send(get("/"), seconds(10))->body, "Bearer second");
}

TEST_P(TransportContract, ReadsAuthorityFileAgainWhenServerIsNotTrusted) {
  TestServer server(server_tls(other_authority()), [](ServerConnection& connection, int) {
    while (connection.read_request()) connection.write(answer(200, "{}"));
  });
  const ScratchFolder scratch;
  TransportOptions options;
  options.clock = [] { return Duration{}; };  // time stands still: only the failure counts
  for (const bool streams : {false, true}) {
    Credentials credentials = credentials_for(server);
    credentials.ca = {"", scratch.write("ca.crt", authority().certificate)};
    const auto transport = make(credentials, options);
    scratch.write("ca.crt", other_authority().certificate);
    if (streams)
      EXPECT_FALSE(transport->stream(get("/"), {}, seconds(10), [](std::string_view) {}));
    else
      EXPECT_FALSE(transport->send(get("/"), seconds(10)));
    const auto response = transport->send(get("/"), seconds(10));
    EXPECT_TRUE(response) << response.error().what;
  }
}

TEST_P(TransportContract, RunsEightRequestsAtOnceAndNoMore) {
  constexpr int kCalls = 24;
  std::barrier all_here(8);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  TestServer server(server_tls(), [&](ServerConnection& connection, int) {
    while (connection.read_request()) {
      const int now = ++inside;
      int before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) {
      }
      all_here.arrive_and_wait();  // nobody is answered before eight have asked
      --inside;
      connection.write(answer(200, "{}"));
    }
  });
  const auto transport = make(credentials_for(server));
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCalls; ++i)
      callers.emplace_back([&] {
        if (transport->send(get("/"), seconds(20))) ++good;
      });
  }
  EXPECT_EQ(good, kCalls);
  EXPECT_EQ(most, 8);
  EXPECT_LT(server.connections(), kCalls);
}

// Answers with `status`, once as many are inside as `together` says.
struct Crowd {
  std::atomic<int> status = 200;
  std::atomic<std::barrier<>*> together = nullptr;
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;

  void serve(ServerConnection& connection) {
    while (connection.read_request()) {
      const int now = ++inside;
      int before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) {
      }
      if (std::barrier<>* barrier = together) barrier->arrive_and_wait();
      --inside;
      connection.write(answer(status, "{}"));
    }
  }
  // How many of so many calls were inside at once, at most.
  int most_of(int calls, int at_once, Transport& transport) {
    std::barrier barrier(at_once);
    together = &barrier;
    most = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < calls; ++i)
        callers.emplace_back([&] { EXPECT_TRUE(transport.send(get("/"), seconds(20))); });
    }
    together = nullptr;
    return most;
  }
};

TEST_P(TransportContract, RunsFewerAtOnceAfter429_AndRecovers) {
  Crowd crowd;
  TestServer server(server_tls(),
                    [&](ServerConnection& connection, int) { crowd.serve(connection); });
  std::atomic<int> second = 0;
  std::vector<int> limits;
  TransportOptions options;
  options.clock = [&] { return Duration(seconds(second)); };
  options.on_limit = [&](int limit) { limits.push_back(limit); };
  const auto transport = make(credentials_for(server), options);
  const auto send = [&] { return transport->send(get("/"), seconds(20)); };

  crowd.status = 429;
  ASSERT_TRUE(send());
  ASSERT_TRUE(send());
  crowd.status = 200;
  EXPECT_EQ(crowd.most_of(8, 2, *transport), 2);
  for (second = 1; second <= 6; ++second) ASSERT_TRUE(send());
  EXPECT_EQ(crowd.most_of(24, 8, *transport), 8);
  EXPECT_THAT(limits, testing::ElementsAre(8, 4, 2, 3, 4, 5, 6, 7, 8));
}

TEST_P(TransportContract, DoesNotCountStreams) {
  Crowd crowd;
  TestServer server(server_tls(),
                    [&](ServerConnection& connection, int) { crowd.serve(connection); });
  std::vector<int> limits;
  TransportOptions options;
  options.on_limit = [&](int limit) { limits.push_back(limit); };
  const auto transport = make(credentials_for(server), options);
  crowd.status = 429;
  EXPECT_FALSE(transport->stream(get("/watch"), {}, seconds(20), [](std::string_view) {}));
  EXPECT_THAT(limits, testing::ElementsAre(8));
}

TEST_P(TransportContract, StreamsBytesAsTheyArrive) {
  std::promise<void> first_arrived;
  std::promise<void> second_arrived;
  TestServer server(server_tls(), [&](ServerConnection& connection, int) {
    connection.read_request();
    connection.write(chunked_head() + chunk("{\"one\":1}\n{\"tw"));
    first_arrived.get_future().wait();
    connection.write(chunk("o\":2}\n"));
    second_arrived.get_future().wait();
    connection.write(chunk(std::string(100'000, 'z')));
    connection.write(fake::kLastChunk);
  });
  const auto transport = make(credentials_for(server));
  std::string all;
  const auto ended = transport->stream(get("/watch"), {}, seconds(10), [&](std::string_view bytes) {
    const std::size_t before = all.size();
    all += bytes;
    if (before < 14 && all.size() >= 14) first_arrived.set_value();
    if (before < 20 && all.size() >= 20) second_arrived.set_value();
  });
  EXPECT_TRUE(ended) << ended.error().what;
  EXPECT_EQ(all.substr(0, 20), "{\"one\":1}\n{\"two\":2}\n");
  EXPECT_EQ(all.size(), 100'020u);
}

TEST_P(TransportContract, StopsStreamWithinOneSecond) {
  // Where the stream hangs when it is told to stop: in the handshake, before the headers, in the
  // body.
  for (const int place : {0, 1, 2}) {
    std::promise<void> hanging;
    std::promise<void> over;
    TestServer server(place == 0 ? std::nullopt : std::optional(server_tls()),
                      [&](ServerConnection& connection, int) {
                        if (place > 0) connection.read_request();
                        if (place == 2) connection.write(chunked_head() + chunk("hello"));
                        hanging.set_value();
                        if (place == 0) return over.get_future().wait();
                        connection.wait_for_close();
                      });
    const auto transport = make(credentials_for(server));
    std::promise<void> body;
    std::stop_source stop;
    auto ended = std::async(std::launch::async, [&] {
      return transport->stream(get("/watch"), stop.get_token(), seconds(300),
                               [&](std::string_view) { body.set_value(); });
    });
    hanging.get_future().wait();
    if (place == 2) body.get_future().wait();
    const auto start = steady_clock::now();
    stop.request_stop();
    const auto result = ended.get();
    EXPECT_LT(steady_clock::now() - start, seconds(1)) << "place " << place;
    EXPECT_TRUE(result) << "place " << place << ": " << result.error().what;
    over.set_value();
  }
}

TEST_P(TransportContract, DoesNotStartStreamThatIsAlreadyStopped) {
  TestServer server(server_tls(),
                    [](ServerConnection& connection, int) { connection.wait_for_close(); });
  std::stop_source stop;
  stop.request_stop();
  const auto ended =
      make(credentials_for(server))->stream(get("/"), stop.get_token(), seconds(300), [](auto) {
        FAIL();
      });
  EXPECT_TRUE(ended);
}

TEST_P(TransportContract, CanBeStoppedByItsOwnBytes) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    connection.read_request();
    connection.write(chunked_head() + chunk("enough"));
    connection.wait_for_close();
  });
  std::stop_source stop;
  const auto ended = make(credentials_for(server))
                         ->stream(get("/"), stop.get_token(), seconds(300),
                                  [&](std::string_view) { stop.request_stop(); });
  EXPECT_TRUE(ended) << ended.error().what;
}

TEST_P(TransportContract, ReportsStreamCutShort) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    connection.read_request();
    connection.write(chunked_head() + chunk("{\"half\":"));
  });
  std::string all;
  const auto ended =
      make(credentials_for(server))->stream(get("/"), {}, seconds(10), [&](std::string_view bytes) {
        all += bytes;
      });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().fault, Fault::Unavailable);
  EXPECT_EQ(all, "{\"half\":");
}

TEST_P(TransportContract, EndsQuietStream) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    connection.read_request();
    connection.write(chunked_head() + chunk("last words"));
    connection.wait_for_close();
  });
  const auto start = steady_clock::now();
  const auto ended =
      make(credentials_for(server))->stream(get("/"), {}, milliseconds(300), [](std::string_view) {
      });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().fault, Fault::Unavailable);
  EXPECT_LT(steady_clock::now() - start, seconds(5));
}

TEST_P(TransportContract, TurnsRefusedStreamIntoItsMeaning) {
  TestServer server(server_tls(), [](ServerConnection& connection, int) {
    while (const auto request = connection.read_request()) {
      if (request->target == "/gone")
        connection.write(
            answer(410, R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})"));
      else
        connection.write(answer(429, "slow down", "Retry-After: 3\r\n"));
    }
  });
  const auto transport = make(credentials_for(server));
  const auto none = [](std::string_view) { FAIL() << "a refusal is not a body"; };
  const auto gone = transport->stream(get("/gone"), {}, seconds(10), none);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().fault, Fault::Expired);
  EXPECT_THAT(gone.error().what, testing::HasSubstr("too old"));
  const auto busy = transport->stream(get("/"), {}, seconds(10), none);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().fault, Fault::Throttled);
  EXPECT_EQ(busy.error().retry_after, Duration(seconds(3)));
}

INSTANTIATE_TEST_SUITE_P(Both, TransportContract,
                         testing::Values(Implementation{"Beast", &make_beast_transport},
                                         Implementation{"Cpprest", &make_cpprest_transport}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace slipway::kube
