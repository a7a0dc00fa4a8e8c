// Errors as values. `Result<T>` is what crosses every boundary to the outside world: network,
// files, bytes that somebody else wrote. "Not yet" and "cannot" of a model are conditions in a
// status, not errors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "crds/base/time.hpp"

namespace slipway {

// Why a call to the outside world failed, in the terms that a retry decision needs.
enum class Fault {
  NotFound,
  AlreadyExists,
  Conflict,     // somebody else wrote first, or owns the field
  Overtaken,    // of the conflicts, those that a look at the newest version settles
  Invalid,      // refused for what it says: sending it again is useless
  Forbidden,    // authentication, authorisation, quota
  Expired,      // the asked-for resourceVersion is gone
  Throttled,    // the server asks us to wait
  Unavailable,  // no answer, or an answer that says nothing about the request
  Malformed,    // the bytes are not what the protocol promises
};

const char* to_string(Fault fault);

struct [[nodiscard]] Error {
  Fault fault = Fault::Unavailable;
  std::string what;                     // lower case, no full stop: it will be nested
  std::optional<Duration> retry_after;  // from `Retry-After`, never invented

  Error within(std::string_view context) && {
    what.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }
};

template <class T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Fault fault, std::string what,
                                  std::optional<Duration> retry_after = std::nullopt) {
  return tl::unexpected<Error>(Error{fault, std::move(what), retry_after});
}

}  // namespace slipway

// Leaves the function with the error of `expression`, if it has one.
#define SLIPWAY_TRY(expression)                                                     \
  do {                                                                              \
    if (auto slipway_result = (expression); !slipway_result)                        \
      return ::tl::unexpected<::slipway::Error>(std::move(slipway_result).error()); \
  } while (false)
