// What the heads of HTTP/1.1 messages say (RFC 9110, RFC 9112), as views into the buffer that they
// were parsed from: the buffer must neither move nor change while a head is in use. A head object
// is meant to be used again for the next message, so that its list of fields is allocated once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace slipway::http {

// Why a message is not accepted. After a refusal the connection must be closed: where the next
// message begins is not known.
struct Refusal {
  int status = 400;         // to answer the client with; 502 where the upstream is at fault
  const char* reason = "";  // static, lower case, no full stop

  friend bool operator==(const Refusal& a, const Refusal& b) {
    return a.status == b.status && std::string_view(a.reason) == b.reason;
  }
};

template <class T = void>
using Parsed = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(int status, const char* reason) {
  return tl::unexpected<Refusal>(Refusal{status, reason});
}

struct HeadLimits {
  std::size_t head_bytes = 32u << 10;    // with the final empty line
  std::size_t target_bytes = 8u << 10;   // of a request target; beyond: 414
  std::size_t fields = 100;              // beyond: 431
  std::uint64_t body_bytes = 32u << 20;  // of a declared Content-Length; beyond: 413
};

enum class Version : std::uint8_t { Http10, Http11 };

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };

// The fields that this layer itself acts upon.
enum class FieldName : std::uint8_t {
  Other,
  Connection,
  ContentLength,
  Expect,
  Host,
  KeepAlive,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade
};

FieldName field_name_of(std::string_view name);

// Whether a field is for the next hop only, whatever Connection says (RFC 9110 7.6.1). Expect is
// not among them: who answers it decides.
bool is_hop_by_hop(FieldName name);

struct Field {
  std::string_view name;   // as it came
  std::string_view value;  // without whitespace around it; may hold obs-text (bytes above 0x7f)
  FieldName known = FieldName::Other;
};

// How the end of a message's body is found (RFC 9112 section 6.3).
struct Body {
  enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };
  Framing framing = Framing::None;
  std::uint64_t length = 0;  // bytes; of Framing::Length only

  friend bool operator==(const Body&, const Body&) = default;
};

struct RequestHead {
  Method method = Method::Other;
  Version version = Version::Http11;
  std::string_view method_name;  // as it came; case counts
  std::string_view path;         // still percent-encoded, begins with '/'; "*" of `OPTIONS *`
  std::string_view query;        // behind the '?', still encoded
  std::string_view host;         // of an absolute target, or else the field Host; empty in 1.0 only
  std::string_view upgrade;      // what the client would change to; empty when it does not ask
  Body body;
  bool keep_alive = true;                // what the client wants, by version and Connection
  bool expects_continue = false;         // waits for 100 before it sends the body
  bool connection_names_fields = false;  // Connection lists fields that must not be passed on
  std::vector<Field> fields;
};

struct ResponseHead {
  int status = 0;  // 100..599
  Version version = Version::Http11;
  std::string_view reason;  // may be empty
  Body body;
  bool keep_alive = true;  // false, too, when the body lasts until the connection is closed
  bool connection_names_fields = false;
  std::vector<Field> fields;
};

// The value of the first field of that name; nullptr when there is none.
const Field* find_field(const std::vector<Field>& fields, std::string_view name);

}  // namespace slipway::http
