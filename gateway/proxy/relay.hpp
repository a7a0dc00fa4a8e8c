// An engine's answer on its way to a client: finds its head and its end in the bytes as they come,
// and says what to write. No sockets: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "gateway/http/chunked.hpp"
#include "gateway/http/response_head.hpp"
#include "gateway/http/write_head.hpp"

namespace slipway::gateway {

class Relay {
 public:
  // For the next answer: to a request of this method, by a client of this version.
  void begin(http::Method method, http::Version version);

  struct Piece {
    std::string_view head;  // of the answer; lives until the next call
    std::string_view body;  // part of the bytes that were given, or lives as long as `head`
  };
  // `added` is put into the answer's head, `keep_alive` said in it. After an error the engine's
  // connection is of no use any more.
  tl::expected<Piece, http::Refusal> take(std::string_view bytes,
                                          std::span<const http::AddedField> added, bool keep_alive);
  // The engine has closed its connection: whether that ends the answer as it should.
  bool may_end_by_close() const;

  bool has_head() const { return has_head_; }
  bool ended() const { return ended_; }
  int status() const { return head_.status; }
  // Whether the client can only tell the end of the answer by the connection's.
  bool closes_client() const { return closes_client_; }
  // Whether the engine will answer further requests on its connection.
  bool engine_keeps_alive() const { return head_.keep_alive && !overrun_; }
  std::uint64_t body_bytes() const { return body_bytes_; }

 private:
  tl::expected<std::size_t, http::Refusal> find_head(std::string_view bytes);
  tl::expected<std::string_view, http::Refusal> take_body(std::string_view bytes);
  void write_head(std::span<const http::AddedField> added, bool keep_alive);

  http::Method method_ = http::Method::Get;
  http::Version version_ = http::Version::Http11;
  http::ResponseHead head_;
  bool has_head_ = false, ended_ = false, closes_client_ = false, overrun_ = false;
  std::uint64_t left_ = 0, body_bytes_ = 0;
  http::ChunkedDecoder chunks_;
  std::string partial_;  // of a head that came in pieces
  std::string written_;  // the head for the client, and a payload without its chunks
};

}  // namespace slipway::gateway
