// The only seam that knows an HTTP library. Two implementations pass the same contract tests:
// Boost.Beast (`make_beast_transport`, the default) and cpprestsdk (`make_cpprest_transport`).
// Thread-safe: any number of threads may call `send` and `stream` at the same time; both block
// their caller. A transport must outlive every call into it. No exception leaves it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "crds/base/result.hpp"
#include "crds/base/time.hpp"

namespace slipway::kube {

struct HttpRequest {
  std::string method = "GET";
  std::string target;        // path and query, already escaped
  std::string content_type;  // empty when there is no body
  std::string body;
  std::string accept = "application/json";  // in which form the answer may come
  // True when sending the request twice does no more than sending it once: it may then be repeated
  // after a kept-alive connection turned out to be closed.
  bool repeatable = false;
  // Asked right before the request leaves, on a connection that is ready for it, and again before
  // a repetition. False: nothing is sent, and the answer is Unavailable. Empty: always.
  std::function<bool()> permit;
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::optional<Duration> retry_after;  // from the header `Retry-After`, in seconds there
};

struct TransportOptions {
  // Of `send`; more calls wait for one, and after a 429 even fewer run at once for a while (see
  // in_flight_limit.hpp). Streams have their own.
  int connections = 8;
  Duration connect_timeout = std::chrono::seconds(10);
  // For the age of secrets and for the growth after a 429; empty: the steady clock.
  std::function<Duration()> clock;
  // Told how many calls may run at once, at the start and whenever that changes; from any thread.
  std::function<void(int)> on_limit;
};

using OnBytes = std::function<void(std::string_view)>;

class Transport {
 public:
  virtual ~Transport() = default;

  // Any answer is a response, whatever its status. An error means that no complete answer came:
  // the request may or may not have been carried out.
  virtual Result<HttpResponse> send(const HttpRequest& request, Duration timeout) = 0;

  // Hands the body of a 2xx answer to `on_bytes` as it arrives, on the caller's thread. Returns
  // when the server ends the body (success), when nothing came for `idle_limit` or the connection
  // broke (Unavailable), within a second after `stop` was requested (success), or with the error
  // that a non-2xx answer stands for (see status.hpp).
  virtual Result<> stream(const HttpRequest& request, std::stop_token stop, Duration idle_limit,
                          const OnBytes& on_bytes) = 0;
};

}  // namespace slipway::kube
