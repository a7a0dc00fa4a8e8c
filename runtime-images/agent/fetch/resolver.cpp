#include "runtime-images/agent/fetch/resolver.hpp"

#include <ares.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/select.h>

#include <algorithm>

#include "runtime-images/agent/clock.hpp"

namespace slipway::agent {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct Answer {
  bool done = false;
  int status = ARES_SUCCESS;
  std::vector<address> addresses;
};

void collect(const ares_addrinfo* found, std::vector<address>& into) {
  for (const ares_addrinfo_node* node = found->nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family == AF_INET) {
      const auto* in4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
      into.push_back(address_v4(ntohl(in4->sin_addr.s_addr)));
    } else if (node->ai_family == AF_INET6) {
      const auto* in6 = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
      address_v6::bytes_type bytes;
      std::ranges::copy(in6->sin6_addr.s6_addr, bytes.begin());
      into.push_back(address_v6(bytes, in6->sin6_scope_id));
    }
  }
}

void on_answer(void* data, int status, int /*timeouts*/, ares_addrinfo* found) {
  auto& answer = *static_cast<Answer*>(data);
  answer.done = true;
  answer.status = status;
  if (found == nullptr) return;
  collect(found, answer.addresses);
  ares_freeaddrinfo(found);
}

// Moves the query's sockets until it is answered or `deadline` has passed.
void drive(ares_channel channel, const Answer& answer, Time deadline) {
  while (!answer.done) {
    const auto left = deadline - steady_now();
    if (left <= Duration::zero()) return ares_cancel(channel);
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    const int sockets = ares_fds(channel, &readable, &writable);
    timeval most{left.count() / 1000, (left.count() % 1000) * 1000};
    timeval asked{};
    timeval* wait = ares_timeout(channel, &most, &asked);
    ::select(sockets, &readable, &writable, nullptr, wait);
    ares_process(channel, &readable, &writable);
  }
}

}  // namespace

Outcome<std::vector<address>> resolve(const std::string& host, Duration timeout) {
  boost::system::error_code not_literal;
  if (const address literal = boost::asio::ip::make_address(host, not_literal); !not_literal)
    return std::vector<address>{literal};
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
    return refuse("Internal", "c-ares cannot be initialised");
  ares_options options{};
  options.timeout = 2000;  // per try, in milliseconds
  options.tries = 3;
  ares_channel channel = nullptr;
  const int started = ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (started != ARES_SUCCESS)
    return refuse("Internal", fmt::format("c-ares cannot start: {}", ares_strerror(started)));
  Answer answer;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, on_answer, &answer);
  drive(channel, answer, steady_now() + timeout);
  ares_destroy(channel);
  ares_library_cleanup();
  if (answer.addresses.empty())
    return refuse("Unreachable", fmt::format("the name {} cannot be resolved: {}", host,
                                             ares_strerror(answer.status)));
  return std::move(answer.addresses);
}

}  // namespace slipway::agent
