// Asio's coroutines as the agent uses them: one io_context, one thread, errors as values.
#pragma once

// Boost 1.74's awaitable.hpp uses std::exchange without including it.
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace slipway::agent {

namespace asio = boost::asio;
using boost::system::error_code;
// Arguments of a coroutine that is awaited are named variables, never `{...}`: GCC 12 destroys such
// a temporary twice. And no `co_await` on the right of && or ||: it is evaluated whatever the left
// says.
template <class T = void>
using Awaitable = asio::awaitable<T>;

// The token of an operation that ends in `error` instead of an exception.
inline auto into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

}  // namespace slipway::agent
