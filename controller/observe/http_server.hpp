// A small HTTP server for /metrics, /healthz and /readyz: GET only, answers made by one function,
// one thread, bounded requests and times. Errors of a caller end its connection only.
// `Answerer` runs on the server's thread and must outlive the server; the destructor stops it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "crds/base/result.hpp"

namespace slipway {

struct PageAnswer {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

using Answerer = std::function<PageAnswer(std::string_view path)>;

class HttpServer {
 public:
  // `address` is "0.0.0.0:8081" or "[::]:8081"; port 0 takes a free one.
  static Result<std::unique_ptr<HttpServer>> start(std::string_view address, Answerer answer);
  ~HttpServer();

  std::uint16_t port() const;

 private:
  struct State;  // keeps Boost out of this header
  explicit HttpServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace slipway
