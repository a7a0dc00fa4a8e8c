// HTTP/1.1 message heads (RFC 9112), parsed strictly: whatever two readers could understand
// differently is refused, so that nothing can be smuggled past the proxy. Pure; the parsed views
// point into the bytes given and live as long as they do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace slipway::agent::http {

inline constexpr std::size_t kMaxHead = std::size_t{16} * 1024;
inline constexpr std::size_t kMaxFields = 100;
inline constexpr std::size_t kMaxTarget = std::size_t{8} * 1024;

struct Field {
  std::string_view name, value;
};

// ASCII letters compare without case.
bool same_name(std::string_view a, std::string_view b);

struct Fields {
  std::vector<Field> all;
  // The value of the first field of that name; nullopt when there is none.
  std::optional<std::string_view> find(std::string_view name) const;
  // Whether a comma-separated field of that name lists `token`.
  bool lists(std::string_view name, std::string_view token) const;
};

struct RequestHead {
  std::string_view method, target;
  int minor = 1;  // of HTTP/1.x
  Fields fields;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  std::size_t size = 0;  // bytes of the head, its empty line included

  std::string_view path() const { return target.substr(0, target.find('?')); }
};

struct ResponseHead {
  int status = 0;
  int minor = 1;
  Fields fields;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;  // neither length nor chunks: the body ends with the connection
  bool keep_alive = true;
  std::size_t size = 0;

  // Whether a body follows at all, whatever the fields say.
  bool has_body() const { return status >= 200 && status != 204 && status != 304; }
};

// Why a head is refused, with the status that a server answers.
struct HeadError {
  int status = 400;
  std::string why;
};

// nullopt: incomplete, read on. REQUIRES: all bytes of the message so far.
tl::expected<std::optional<RequestHead>, HeadError> parse_request(std::string_view bytes);
tl::expected<std::optional<ResponseHead>, HeadError> parse_response(std::string_view bytes);

}  // namespace slipway::agent::http
