// An engine's answer on its way to a client: finds its head and its end in the bytes as they come,
// reads on the way what it says of tokens, and says what to write. No sockets: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "gateway/body/sse_scanner.hpp"
#include "gateway/http/chunked.hpp"
#include "gateway/http/response_head.hpp"
#include "gateway/http/write_head.hpp"

namespace slipway::gateway {

class Relay {
 public:
  struct Request {
    http::Method method = http::Method::Get;
    http::Version version = http::Version::Http11;  // of the client
    // The client did not ask for the event with nothing but usage that the engine sends: it is
    // taken out, if the answer comes in chunks.
    bool cut_usage = false;
    // Whether anybody wants to know what the answer says of tokens.
    bool read = false;
  };
  // For the next answer.
  void begin(const Request& request);

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
  // What the engine said; nullopt: nothing.
  std::optional<body::Usage> usage() const;
  // Events with data so far, each a token at least; 0: not a stream.
  std::uint64_t events() const { return form_ == Form::Events ? events_.facts().events : 0; }

 private:
  enum class Form : std::uint8_t { Other, Json, Events };

  tl::expected<std::size_t, http::Refusal> find_head(std::string_view bytes);
  tl::expected<std::string_view, http::Refusal> take_body(std::string_view bytes);
  tl::expected<std::string_view, http::Refusal> take_chunks(std::string_view bytes);
  std::string_view take_length(std::string_view bytes);
  void look_at(std::string_view payload);
  void keep(std::string_view payload);
  void write_kept(std::size_t from);
  Form form_of_answer() const;
  void write_head(std::span<const http::AddedField> added, bool keep_alive);

  Request request_;
  Form form_ = Form::Other;
  bool cutting_ = false;
  http::ResponseHead head_;
  bool has_head_ = false, ended_ = false, closes_client_ = false, overrun_ = false;
  std::uint64_t left_ = 0, body_bytes_ = 0;
  http::ChunkedDecoder chunks_;
  std::string partial_;  // of a head that came in pieces
  std::string written_;  // the head for the client, and a payload whose chunks are not passed on
  std::string event_;    // of an event that has not ended, while cutting
  body::SseScanner events_;
  body::AnswerReader answer_;
};

}  // namespace slipway::gateway
