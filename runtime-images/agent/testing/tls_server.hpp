// A scripted HTTPS server for the tests of `fetch`: one thread, one connection at a time, on the
// loopback, with a certificate made for this run. What it does with each request is the test's.
#pragma once

#include <openssl/types.h>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace slipway::agent::testing {

// The server's side of one connection.
class Peer {
 public:
  explicit Peer(SSL* ssl, int socket) : ssl_(ssl), socket_(socket) {}
  void send(std::string_view bytes);
  // Ends the connection so that the other side sees a reset and not an end.
  void reset();
  bool was_reset() const { return reset_; }

 private:
  SSL* ssl_;
  int socket_;
  bool reset_ = false;
};

class TlsServer {
 public:
  // Gets the head of a request as text.
  using Script = std::function<void(const std::string& head, Peer& peer)>;

  // `names` go into the certificate, as OpenSSL writes them.
  explicit TlsServer(Script script, const char* names = "DNS:localhost,IP:127.0.0.1");
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  int port() const { return port_; }
  // "https://HOST:PORT/PATH"; both usual names of the loopback are right.
  std::string url(const std::string& path, const std::string& host = "127.0.0.1") const;
  // File with the authority to trust.
  const std::string& ca_file() const { return ca_file_; }
  std::vector<std::string> heads() const;

 private:
  void serve();
  void talk(int socket);

  Script script_;
  SSL_CTX* context_;
  int listener_ = -1;
  int port_ = 0;
  std::string ca_file_;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::jthread thread_;
};

// The value of a header field in a head, or "".
std::string field(const std::string& head, const std::string& name);

}  // namespace slipway::agent::testing
