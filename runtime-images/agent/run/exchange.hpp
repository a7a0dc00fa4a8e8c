// One request on its way to the engine and its answer on the way back, passed on as it arrives.
// Lives in the coroutine of its connection; registered with the front while it runs, so that the
// end of the grace period can end it in good order.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>

#include "runtime-images/agent/http/chunked.hpp"
#include "runtime-images/agent/http/openai_error.hpp"
#include "runtime-images/agent/http/sse.hpp"
#include "runtime-images/agent/run/client.hpp"
#include "runtime-images/agent/run/front.hpp"
#include "runtime-images/agent/run/request_log.hpp"

namespace slipway::agent {

class Exchange {
 public:
  // REQUIRES: all outlive the exchange; `head` was taken off `client.received`.
  Exchange(Front& front, Client& client, const http::RequestHead& head, RequestRecord& record);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Whether the connection can take another request.
  Awaitable<bool> run();
  // The grace period is over: a stream ends with an error event, anything else with 503.
  void cut();

 private:
  // How the engine's answer is framed on both sides.
  struct Answer;
  struct Watch;

  Awaitable<bool> refused(http::ApiError error, bool keep_alive);
  Awaitable<bool> forward(std::string body);
  Awaitable<bool> relay(Answer& answer);
  Awaitable<bool> lost(bool begun, const Answer* answer);
  Awaitable<std::optional<http::ResponseHead>> read_head();
  Awaitable<bool> flush(Answer& answer);
  std::string render_request(std::size_t body_size) const;
  void begin_answer(const http::ResponseHead& head, Answer& answer);
  bool take_piece(Answer& answer);
  void add_piece(Answer& answer, std::string_view piece) const;
  void watch_client();
  void client_left();
  http::ApiError why_lost() const;
  double seconds() const;

  Front& front_;
  Client& client_;
  const http::RequestHead& head_;
  RequestRecord& record_;
  boost::asio::local::stream_protocol::socket engine_;
  std::string received_;  // from the engine, not used yet
  std::string head_text_;
  http::UsageScanner usage_;
  std::chrono::steady_clock::time_point begin_;
  std::shared_ptr<Watch> watch_;
  std::size_t counted_ = 0;  // bytes of the front's `buffered` that are ours
  bool keep_alive_;
  bool cut_ = false;
  bool left_ = false;
};

}  // namespace slipway::agent
