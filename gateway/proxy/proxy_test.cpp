// A reactor between real sockets of the loopback interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <future>

#include "gateway/proxy/reactor.hpp"
#include "gateway/proxy/testing/loopback.hpp"

namespace slipway::gateway {
namespace {

using ::testing::AllOf;
using testing::always;
using testing::connect_to;
using testing::dead_address;
using ::testing::EndsWith;
using testing::Engine;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::Stream;

const std::string kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

std::string post(std::string_view body, std::string_view fields = "") {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}
const std::string kBody = R"({"model":"prod/chat","messages":[]})";

class Gateway {
 public:
  static constexpr const char* kKey = "sk-testkey1-AAAABBBBCCCCDDDDEEEE";

  explicit Gateway(std::vector<std::string> endpoints, Timeouts timeouts = {},
                   LimitConfig limits = {}, std::size_t body_bytes = 256u << 20) {
    shared_.body_bytes = body_bytes;
    config_.pepper_file = "/pepper";
    std::string mac;
    for (const unsigned char byte : KeyVerifier(shared_.pepper).mac(kKey)) {
      std::array<char, 3> digits{};
      std::snprintf(digits.data(), digits.size(), "%02x", byte);
      mac += digits.data();
    }
    config_.tenants = {{"team-a", {{"testkey1", mac, "", false}}, {"prod/*"}, limits}};
    config_.listeners = {{"127.0.0.1:1", "", ""}};
    config_.timeouts = timeouts;
    config_.models = {{"prod/chat", "chat", "", {}, {{"r1", 100, std::move(endpoints), {}}}, true},
                      {"prod/closed", "", "", {}, {{"r1", 100, {}, {}}}, false}};
    auto reactor = Reactor::make(shared_, snapshot());
    EXPECT_TRUE(reactor);
    reactor_ = std::move(*reactor);
    EXPECT_TRUE(reactor_->accept_from(door_.fd, nullptr));
    thread_ = std::jthread([this] {
      reactor_->run();
      ended_.set_value();
    });
  }
  ~Gateway() {
    if (reactor_) {
      drain();
      thread_.join();
    }
    reactor_.reset();
    writer_.reset();
    ::close(file_);
  }

  Stream connect() const { return connect_to(door_.port); }
  void drain(int grace_ms = 0, int delay_ms = 0) {
    reactor_->drain(std::chrono::milliseconds(delay_ms), std::chrono::milliseconds(grace_ms));
  }
  // All that was logged, after it has ended.
  std::string log() {
    drain();
    thread_.join();
    reactor_.reset();
    writer_.reset();
    std::string text;
    std::array<char, 4096> part;
    ::lseek(file_, 0, SEEK_SET);
    for (ssize_t got = 0; (got = ::read(file_, part.data(), part.size())) > 0;)
      text.append(part.data(), static_cast<std::size_t>(got));
    return text;
  }
  bool has_ended() { return end_.wait_for(std::chrono::seconds(5)) == std::future_status::ready; }
  void serve(std::vector<std::string> endpoints) {
    config_.models[0].revisions[0].endpoints = std::move(endpoints);
    reactor_->serve(snapshot());
  }

 private:
  std::shared_ptr<const Snapshot> snapshot() const {
    const auto compiled = compile(config_);
    EXPECT_TRUE(compiled) << compiled.error().what;
    return compiled->snapshot;
  }

  GatewayConfig config_;
  testing::Listening door_;
  LimitTable limits_;
  const int file_ = ::memfd_create("log", MFD_CLOEXEC);
  std::unique_ptr<LogWriter> writer_ = std::make_unique<LogWriter>(file_);
  Shared shared_{limits_, *writer_, "pepper", [](std::string_view) { return std::nullopt; }, {}};
  std::unique_ptr<Reactor> reactor_;
  std::promise<void> ended_;
  std::future<void> end_ = ended_.get_future();
  std::jthread thread_;
};

TEST(Proxy, KeepsConnectionsOnBothSides) {
  Engine engine(always(kOk));
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(post(kBody)));
    const std::string answer = client.read_message();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nok"));
  }
  EXPECT_EQ(engine.connections(), 1);
}

TEST(Proxy, AnswersPipelinedRequestsInTheirOrder) {
  std::atomic<int> count{0};
  Engine engine([&](Stream& stream) {
    while (!stream.read_message().empty())
      stream.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n" + std::to_string(++count));
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody) + post(kBody) + post(kBody)));
  for (const char* wanted : {"\r\n\r\n1", "\r\n\r\n2", "\r\n\r\n3"})
    EXPECT_THAT(client.read_message(), EndsWith(wanted));
}

TEST(Proxy, TakesARequestByteByByte) {
  Engine engine([](Stream& stream) {
    const std::string request = stream.read_message();
    stream.send("HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(request.size()) +
                "\r\n\r\n" + request);
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  for (const char byte : post(kBody, "x-mine: 7\r\nauthorization: none\r\n"))
    ASSERT_TRUE(client.send({&byte, 1}));
  const std::string seen = client.read_message();
  EXPECT_THAT(seen, HasSubstr("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("x-mine: 7\r\n"));
  EXPECT_THAT(seen, HasSubstr("x-forwarded-for: 127.0.0.1\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("authorization")));
  EXPECT_THAT(seen, EndsWith(kBody));
}

TEST(Proxy, TakesChunksAndWaitsToBeToldToContinue) {
  Engine engine([](Stream& stream) {
    const std::string request = stream.read_message();
    stream.send(request.ends_with("\r\n\r\n" + kBody) ? kOk : "HTTP/1.1 500 x\r\n\r\n");
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(
      client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\nExpect: 100-continue\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  for (const char c : kBody) ASSERT_TRUE(client.send(std::string("1\r\n") + c + "\r\n"));
  ASSERT_TRUE(client.send("0\r\n\r\n"));
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 200 OK"));
}

TEST(Proxy, TakesALargeBodyWhoseModelComesLast) {
  Engine engine([](Stream& stream) {
    const std::string request = stream.read_message();
    stream.send(
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n" +
        std::to_string(request.size() - request.find("\r\n\r\n") - 4).append(8, ' ').substr(0, 8));
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  const std::string body =
      R"({"messages":")" + std::string(5'000'000, 'a') + R"(","mod\u0065l":"chat"})";
  ASSERT_TRUE(client.send(post(body)));
  EXPECT_THAT(client.read_message(), HasSubstr("\r\n\r\n" + std::to_string(body.size())));
}

// Nothing is held back: each event is read before the engine may send the next one.
TEST(Proxy, PassesEventsOnAsTheyCome) {
  std::promise<void> first_read;
  Engine engine([read = first_read.get_future().share()](Stream& stream) {
    stream.read_message();
    stream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n");
    read.wait();
    stream.send("9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    stream.read_message();
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  EXPECT_THAT(client.read_until("data: 1\n\n"), EndsWith("data: 1\n\n"));
  first_read.set_value();
  EXPECT_THAT(client.read_until("0\r\n\r\n"), HasSubstr("data: 2\n\n"));
}

TEST(Proxy, TakesChunksApartForAnOldClient) {
  Engine engine(
      always("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send("POST /v1/chat/completions HTTP/1.0\r\ncontent-length: " +
                          std::to_string(kBody.size()) + "\r\n\r\n" + kBody));
  const std::string answer = client.read_to_the_end();
  EXPECT_THAT(answer, EndsWith("\r\n\r\nabc"));
  EXPECT_THAT(answer, Not(HasSubstr("hunked")));
}

TEST(Proxy, TriesAnotherEndpointBeforeTheFirstByte) {
  Engine engine(always(kOk));
  Engine broken([](Stream& stream) { stream.read_message(); });
  for (const std::string& bad : {dead_address(), broken.address()}) {
    Gateway gateway({bad, engine.address()});
    for (int i = 0; i < 20; ++i) {
      Stream client = gateway.connect();
      ASSERT_TRUE(client.send(post(kBody)));
      EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 200 OK"));
    }
  }
}

TEST(Proxy, SaysThatNobodyAnswers) {
  Gateway gateway({dead_address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  const std::string answer = client.read_message();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 502 Bad Gateway\r\n"));
  EXPECT_THAT(answer, HasSubstr("a replica of prod/chat did not answer"));
  EXPECT_THAT(answer, Not(HasSubstr("127.0.0.1")));
}

// An engine may close a kept connection whenever it likes, also while a request is on its way.
TEST(Proxy, SendsAgainWhatAKeptConnectionDidNotTake) {
  Engine engine([](Stream& stream) {
    stream.read_message();
    stream.send(kOk);
    stream.read_message();  // the next request: dropped with the connection
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(client.send(post(kBody)));
    EXPECT_THAT(client.read_message(), EndsWith("ok")) << i;
  }
}

TEST(Proxy, NeverSendsTwiceOnceAnAnswerHasBegun) {
  std::atomic<int> requests{0};
  const auto die = [&](Stream& stream) {
    stream.read_message();
    ++requests;
    stream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  };
  Engine one(die), two(die);
  Gateway gateway({one.address(), two.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  EXPECT_THAT(client.read_to_the_end(), EndsWith("3\r\nabc\r\n"));
  EXPECT_EQ(requests, 1);
}

TEST(Proxy, LeavesTheEngineWhenTheClientIsGone) {
  std::promise<bool> closed;
  Engine engine([&](Stream& stream) {
    stream.read_message();
    stream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    closed.set_value(stream.is_closed_by_peer());
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  client.read_until("abc");
  client.close();
  EXPECT_TRUE(closed.get_future().get());
}

TEST(Proxy, LeavesTheEngineBeforeItsFirstByteToo) {
  std::promise<void> asked;
  std::promise<bool> closed;
  Engine engine([&](Stream& stream) {
    stream.read_message();
    asked.set_value();
    closed.set_value(stream.is_closed_by_peer());
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  asked.get_future().wait();
  client.abort();
  EXPECT_TRUE(closed.get_future().get());
}

// A client that reads nothing slows its engine down; the gateway does not keep what it cannot pass.
TEST(Proxy, DoesNotReadAheadOfASlowClient) {
  std::promise<std::size_t> taken;
  Engine engine([&](Stream& stream) {
    stream.read_message();
    stream.send("HTTP/1.1 200 OK\r\n\r\n");
    taken.set_value(stream.send_until_full(200u << 20));
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  // What the kernel's buffers of three sockets hold, and no more.
  EXPECT_LT(taken.get_future().get(), 40u << 20);
}

TEST(Proxy, RefusesBeforeTheBodyIsSent) {
  Engine engine(always(kOk));
  Gateway gateway({engine.address()});
  struct Case {
    const char* head;
    const char* status;
  };
  const Case cases[] = {
      {"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer sk-aaaaaaaa-b\r\n"
       "content-length: 1000000\r\n\r\n",
       "HTTP/1.1 401 Unauthorized"},
      {"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\ncontent-length: 99999999\r\n\r\n",
       "HTTP/1.1 413 "},
      {"POST /nowhere HTTP/1.1\r\nHost: g\r\ncontent-length: 1000000\r\n\r\n",
       "HTTP/1.1 404 Not Found"},
      {"GET /v1/chat/completions HTTP/1.1\r\nHost: g\r\n\r\n", "HTTP/1.1 405 "},
      {"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\ncontent-length: 1\r\n"
       "transfer-encoding: chunked\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},
      {"POST /v1/%2e%2e/chat HTTP/1.1\r\nHost: g\r\ncontent-length: 1\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},
      {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"},
  };
  for (const Case& one : cases) {
    Stream client = gateway.connect();
    ASSERT_TRUE(client.send(one.head));
    EXPECT_THAT(client.read_message(), StartsWith(one.status)) << one.head;
  }
  EXPECT_EQ(engine.connections(), 0);
}

// Ten bodies of a megabyte, of which it may keep four at a time; and all again, one by one. The
// engine answers when the others have been refused, so what was kept is kept.
TEST(Proxy, KeepsNoMoreOfBodiesThanItMay) {
  std::promise<void> six_refused;
  Engine engine([wait = six_refused.get_future().share()](Stream& stream) {
    while (!stream.read_message().empty()) {
      wait.wait_for(std::chrono::seconds(5));
      if (!stream.send(kOk)) return;
    }
  });
  Gateway gateway({engine.address()}, {}, {}, 4u << 20);
  const std::string request =
      post(R"({"model":"chat","messages":")" + std::string(1u << 20, 'a') + "\"}");
  std::atomic<int> refused{0}, answered{0};
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 10; ++i) {
      clients.emplace_back([&] {
        Stream client = gateway.connect();
        client.send(request);
        const std::string answer = client.read_message();
        if (answer.ends_with("ok")) ++answered;
        if (answer.starts_with("HTTP/1.1 503") && ++refused == 6) six_refused.set_value();
      });
    }
  }
  EXPECT_GE(refused, 6);
  EXPECT_LE(answered, 4);
  for (int i = 0; i < 5; ++i) {
    Stream client = gateway.connect();
    ASSERT_TRUE(client.send(request));
    EXPECT_THAT(client.read_message(), EndsWith("ok")) << i;
  }
}

TEST(Proxy, GoesOnAfterABodyItDoesNotLike) {
  Engine engine(always(kOk));
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post("{\"model\": }")));
  EXPECT_THAT(client.read_message(), HasSubstr("at byte 10"));
  ASSERT_TRUE(client.send(post("{\"model\": \"no/such\"}")));
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 401"));
  ASSERT_TRUE(client.send(post("{}")));
  EXPECT_THAT(client.read_message(), HasSubstr("the request names no model"));
  ASSERT_TRUE(client.send(post(kBody)));
  EXPECT_THAT(client.read_message(), EndsWith("ok"));
}

const std::string kStreamBody = R"({"model":"prod/chat","stream":true,"messages":[]})";
const std::string kUsageEvent =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n";

std::string chunk(const std::string& text) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
  return size.data() + text + "\r\n";
}

// Asked for on behalf of the client, counted, and not shown to it.
TEST(Proxy, CountsTheTokensOfAStreamWithoutShowingIt) {
  std::promise<std::string> asked;
  Engine engine([&](Stream& stream) {
    asked.set_value(stream.read_message());
    const std::string rest = "data: {\"choices\":[{}]}\n\n" + kUsageEvent + "data: [DONE]\n\n";
    stream.send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        "transfer-encoding: chunked\r\n\r\n" +
        chunk("data: {\"choices\":[{}]}\n\n") + chunk(rest.substr(0, 40)) + chunk(rest.substr(40)) +
        "0\r\n\r\n");
    stream.read_message();
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kStreamBody)));
  const std::string answer = client.read_message();
  EXPECT_THAT(asked.get_future().get(), HasSubstr("\"stream_options\":{\"include_usage\":true}"));
  EXPECT_THAT(answer, Not(HasSubstr("usage")));
  EXPECT_THAT(answer, HasSubstr("data: [DONE]\n\n"));
  client.close();
  EXPECT_THAT(gateway.log(), HasSubstr("\"gen_ai.usage.input_tokens\":7,"
                                       "\"gen_ai.usage.output_tokens\":2"));
}

TEST(Proxy, ShowsUsageToAClientThatAskedForIt) {
  Engine engine([&](Stream& stream) {
    stream.read_message();
    stream.send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        "transfer-encoding: chunked\r\n\r\n" +
        chunk(kUsageEvent) + "0\r\n\r\n");
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(R"({"model":"chat","stream":true,)"
                               R"("stream_options":{"include_usage":true}})")));
  EXPECT_THAT(client.read_message(), HasSubstr(kUsageEvent));
}

TEST(Proxy, HoldsATenantToItsLimits) {
  Engine engine(
      always("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 52\r\n\r\n"
             R"({"usage":{"prompt_tokens":90,"completion_tokens":5}})"));
  LimitConfig limits;
  limits.requests_per_minute = 2;
  limits.tokens_per_minute = 100000;
  Gateway gateway({engine.address()}, {}, limits);
  Stream client = gateway.connect();
  const std::string request =
      post(kBody, "authorization: Bearer " + std::string(Gateway::kKey) + "\r\n");
  ASSERT_TRUE(client.send(request));
  const std::string first = client.read_message();
  EXPECT_THAT(first, HasSubstr("x-ratelimit-limit-requests: 2\r\n"));
  EXPECT_THAT(first, HasSubstr("x-ratelimit-remaining-requests: 1\r\n"));
  ASSERT_TRUE(client.send(request));
  // What the engine reported was paid for, not what had been reserved.
  EXPECT_THAT(client.read_message(), HasSubstr("x-ratelimit-remaining-tokens: 99"));
  ASSERT_TRUE(client.send(request));
  const std::string refused = client.read_message();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  EXPECT_THAT(refused, HasSubstr("retry-after: "));
  EXPECT_THAT(refused, HasSubstr("rate_limit_exceeded"));
}

TEST(Proxy, AsksAnotherEngineWhenOneHasNoRoom) {
  Engine full(always("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nfull"));
  Engine engine(always(kOk));
  {
    Gateway gateway({full.address(), engine.address()});
    for (int i = 0; i < 10; ++i) {
      Stream client = gateway.connect();
      ASSERT_TRUE(client.send(post(kBody)));
      EXPECT_THAT(client.read_message(), EndsWith("ok"));
    }
  }
  // With nobody else, its own words are passed on.
  Gateway gateway({full.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  EXPECT_THAT(client.read_message(), EndsWith("\r\n\r\nfull"));
}

TEST(Proxy, GivesUpWaitingForAFirstByte) {
  Engine engine([](Stream& stream) {
    stream.read_message();
    stream.is_closed_by_peer();
  });
  Timeouts timeouts;
  timeouts.first_byte = 0.1;
  Gateway gateway({engine.address()}, timeouts);
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  const std::string answer = client.read_message();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 504 Gateway Timeout"));
  EXPECT_THAT(answer, HasSubstr("a replica of prod/chat did not answer in time"));
}

// Enough of them that the loop is given way to others several times, and more while that is due.
TEST(Proxy, AnswersHundredsOfPipelinedRequestsAndThenCloses) {
  Engine engine(always(kOk));
  Gateway gateway({engine.address()});
  const std::string one = "GET /v2/health/live HTTP/1.1\r\nHost: g\r\n\r\n";
  std::string many;
  for (int i = 0; i < 400; ++i) many += one;
  for (int round = 0; round < 5; ++round) {
    Stream client = gateway.connect();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(client.send(many));
    ASSERT_TRUE(
        client.send("GET /v2/health/live HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"));
    const std::string all = client.read_to_the_end();
    std::size_t answers = 0;
    for (std::size_t at = 0; (at = all.find("{\"live\":true}", at)) != std::string::npos; ++at)
      ++answers;
    EXPECT_EQ(answers, 1601U);
  }
}

// What a retry took from the budget is given back, also when there is nobody left to ask.
TEST(Proxy, RetriesGoOnAfterRetriesThatFoundNobody) {
  Engine engine(always(kOk));
  Gateway gateway({dead_address(), dead_address()});
  for (int i = 0; i < 30; ++i) {
    Stream client = gateway.connect();
    for (int again = 0; again < 2; ++again) {
      ASSERT_TRUE(client.send(post(kBody)));
      EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 50"));
    }
  }
  gateway.serve({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  EXPECT_THAT(client.read_message(), EndsWith("ok"));
}

// The refusal is read although the body is still being sent: nothing resets the connection.
TEST(Proxy, LetsAClientReadARefusalBeforeItsBodyIsSent) {
  Engine engine(always(kOk));
  Gateway gateway({engine.address()});
  for (int i = 0; i < 10; ++i) {
    Stream client = gateway.connect();
    ASSERT_TRUE(client.send("POST /nowhere HTTP/1.1\r\nHost: g\r\ncontent-length: 900000\r\n\r\n"));
    client.send(std::string(900'000, 'x'));
    EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 404")) << i;
  }
}

TEST(Proxy, DoesNotLetACutAnswerPassForAWholeOne) {
  Engine engine([](Stream& stream) {
    stream.read_message();
    stream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send("POST /v1/chat/completions HTTP/1.0\r\ncontent-length: " +
                          std::to_string(kBody.size()) + "\r\n\r\n" + kBody));
  client.read_to_the_end();
  EXPECT_TRUE(client.was_reset());
}

TEST(Proxy, AnswersThoseItLetInWhileItStops) {
  Engine engine(always(kOk));
  Gateway gateway({engine.address()});
  gateway.drain(60000, 60000);
  Stream client = gateway.connect();
  Stream other = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  EXPECT_THAT(client.read_message(), AllOf(HasSubstr("onnection: close"), EndsWith("ok")));
  // One that says nothing yet is not closed by the ticks that go by.
  for (int i = 0; i < 3; ++i) {
    Stream next = gateway.connect();
    ASSERT_TRUE(next.send(post(kBody)));
    EXPECT_THAT(next.read_to_the_end(), EndsWith("ok"));
  }
  ASSERT_TRUE(other.send(post(kBody)));
  EXPECT_THAT(other.read_message(), EndsWith("ok"));
}

TEST(Proxy, FinishesStreamsWhenItStops) {
  std::promise<void> go_on;
  Engine engine([wait = go_on.get_future().share()](Stream& stream) {
    stream.read_message();
    stream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
    wait.wait();
    stream.send("0\r\n\r\n");
  });
  Gateway gateway({engine.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  client.read_until("abc");
  gateway.drain(60000);
  go_on.set_value();
  EXPECT_THAT(client.read_to_the_end(), EndsWith("0\r\n\r\n"));
  EXPECT_TRUE(gateway.has_ended());
}

TEST(Proxy, ServesANewConfigurationWhileStreamsOfTheOldOneGoOn) {
  std::promise<void> go_on;
  Engine old([wait = go_on.get_future().share()](Stream& stream) {
    stream.read_message();
    stream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nold\r\n");
    wait.wait();
    stream.send("0\r\n\r\n");
  });
  Engine next(always(kOk));
  Gateway gateway({old.address()});
  Stream client = gateway.connect();
  ASSERT_TRUE(client.send(post(kBody)));
  client.read_until("old");
  gateway.serve({next.address()});
  Stream other = gateway.connect();
  ASSERT_TRUE(other.send(post(kBody)));
  EXPECT_THAT(other.read_message(), EndsWith("ok"));
  go_on.set_value();
  EXPECT_THAT(client.read_until("0\r\n\r\n"), EndsWith("0\r\n\r\n"));
}

}  // namespace
}  // namespace slipway::gateway
