// A small HTTP/1.1 server on a free port of the loopback, for contract tests: the test writes the
// bytes of every answer itself, so it can also be a bad server. One thread per connection; the
// destructor closes all connections and joins.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "controller/kube/testing/certificates.hpp"

namespace slipway::kube::fake {

struct ReceivedRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // nullopt when the client or the test closed the connection.
  virtual std::optional<ReceivedRequest> read_request() = 0;
  virtual bool write(std::string_view bytes) = 0;
  // The client certificate's subject name; empty without one.
  virtual std::string client_name() const = 0;
  // Blocks until the client closes its side.
  void wait_for_close() {
    while (read_request()) {
    }
  }
};

struct ServerTls {
  KeyPair server;
  std::string client_authority;  // PEM; when set, a client certificate is asked for
};

class TestServer {
 public:
  // Runs `serve` once per connection (counted from 0); the connection is closed when it returns.
  using Serve = std::function<void(ServerConnection&, int index)>;

  TestServer(std::optional<ServerTls> tls, Serve serve);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  int port() const { return port_; }
  int connections() const { return connections_; }

 private:
  struct Accepted;
  void accept_all();
  void serve_one(Accepted& accepted, int index);

  const std::optional<ServerTls> tls_;
  const Serve serve_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::list<std::unique_ptr<Accepted>> accepted_;
  std::thread thread_;
};

// An answer with a Content-Length; `headers` are whole lines with "\r\n".
std::string answer(int status, std::string_view body, std::string_view headers = {});
// The head of an answer in chunks, one chunk, and the last chunk.
std::string chunked_head();
std::string chunk(std::string_view data);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace slipway::kube::fake
