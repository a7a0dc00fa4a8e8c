// One caller's connection to the public port: reads requests, answers what is the agent's own, and
// gives the rest to an `Exchange`. Owns itself while its coroutine runs.
#pragma once

#include <memory>
#include <string>

#include "runtime-images/agent/run/client.hpp"
#include "runtime-images/agent/run/front.hpp"
#include "runtime-images/agent/run/request_rules.hpp"

namespace slipway::agent {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Front& front, asio::ip::tcp::socket socket);

  void start();
  // Closes the connection when it is slower than it may be.
  void check(Time now);
  void close();

 private:
  Awaitable<> serve();
  Awaitable<bool> read_head(std::string& text);
  // Whether the connection goes on.
  Awaitable<bool> answer(const http::RequestHead& head);
  Awaitable<bool> answer_own(Route where, const http::RequestHead& head);
  Awaitable<bool> refuse_request(const http::RequestHead& head, Route where);
  Awaitable<std::string> metrics_page();
  std::string request_id(const http::RequestHead& head);

  Front& front_;
  Client client_;
};

}  // namespace slipway::agent
