#include "controller/observe/http_server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>

namespace slipway {
namespace {

std::string ask(std::uint16_t port, const std::string& request) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::socket socket(context);
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  // A server that has read enough may close before we have said all.
  boost::system::error_code error;
  boost::asio::write(socket, boost::asio::buffer(request), error);
  std::string answer;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
  return answer;
}

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = HttpServer::start("127.0.0.1:0", [](std::string_view path) {
      return PageAnswer{path == "/ok" ? 200 : 404, "you asked " + std::string(path)};
    });
    ASSERT_TRUE(started) << started.error().what;
    server_ = std::move(*started);
  }
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersByPath) {
  const std::string ok = ask(server_->port(), "GET /ok?x=1 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(ok.find("HTTP/1.0 200 OK"), 0u) << ok;
  EXPECT_TRUE(ok.ends_with("you asked /ok")) << ok;
  EXPECT_EQ(ask(server_->port(), "GET /no HTTP/1.0\r\n\r\n").find("HTTP/1.0 404"), 0u);
}

TEST_F(HttpServerTest, KeepsConnections) {
  const std::string two =
      ask(server_->port(),
          "GET /ok HTTP/1.1\r\nHost: a\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\nConnection: "
          "close\r\n\r\n");
  EXPECT_NE(two.find("you asked /ok", two.find("you asked /ok") + 1), std::string::npos) << two;
}

TEST_F(HttpServerTest, RefusesWhatIsNoGet_AndSurvivesNonsense) {
  EXPECT_EQ(
      ask(server_->port(), "POST /ok HTTP/1.0\r\nContent-Length: 0\r\n\r\n").find("HTTP/1.0 405"),
      0u);
  EXPECT_EQ(ask(server_->port(), "\x16\x03\x01 nonsense\r\n\r\n"), "");
  EXPECT_EQ(ask(server_->port(), "GET /ok HTTP/1.0\r\nA: " + std::string(100000, 'x')), "");
  EXPECT_EQ(ask(server_->port(), "GET /ok HTTP/1.0\r\n\r\n").find("HTTP/1.0 200"), 0u);
}

TEST(HttpServer, RefusesAnAddressThatCannotBe) {
  const Answerer none = [](std::string_view) { return PageAnswer{}; };
  for (const char* address : {"", "8081", "localhost:80x", "1.2.3:99999", "::1:a"}) {
    EXPECT_FALSE(HttpServer::start(address, none)) << address;
  }
  const auto first = HttpServer::start("127.0.0.1:0", none);
  ASSERT_TRUE(first);
  const auto second = HttpServer::start("127.0.0.1:" + std::to_string((*first)->port()), none);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("cannot listen"), std::string::npos);
}

}  // namespace
}  // namespace slipway
