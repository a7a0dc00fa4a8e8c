// One TLS connection with a deadline on every step: blocking, one thread. The peer's certificate
// and name are verified; there is no way to switch that off.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "crds/base/time.hpp"
#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

struct TlsOptions {
  std::string ca_file;               // the only authorities that count; empty: the system's
  Duration connect_timeout{10'000};  // name, connection and handshake, each
  Duration idle_timeout{30'000};     // without a byte
};

class TlsStream {
 public:
  static Outcome<TlsStream> connect(const std::string& host, const std::string& port,
                                    const TlsOptions& options);
  ~TlsStream();
  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) noexcept;

  Outcome<> write(std::string_view bytes);
  // Waits for at least one byte; 0 at the end. An end without TLS's own farewell is no end but a
  // cut: `Truncated`.
  Outcome<std::size_t> read(std::span<char> into);

 private:
  struct Connection;
  explicit TlsStream(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace slipway::agent
