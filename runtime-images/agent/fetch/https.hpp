// One GET over HTTPS, redirects followed: at most five, https only, and the credential stays with
// the host it was given for. Blocking, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "runtime-images/agent/fetch/tls_stream.hpp"
#include "runtime-images/agent/http/chunked.hpp"
#include "runtime-images/agent/model/uri.hpp"

namespace slipway::agent {

struct GetRequest {
  ModelUri uri;
  std::string authorization;  // value of the header; empty: none
  std::int64_t from = 0;      // first byte wanted
  std::string validator;      // with `from`: only if the content is still this (If-Range)
};

// An answer whose body is read as it arrives.
class HttpsResponse {
 public:
  // A status that is not 200 or 206 is an error, worded for people; 416 is returned as a status.
  static Outcome<HttpsResponse> get(GetRequest request, const TlsOptions& options);

  int status() const { return status_; }
  // Of the whole content; nullopt when the server does not say.
  std::optional<std::int64_t> total() const { return total_; }
  std::int64_t from() const { return from_; }
  // A strong ETag, else Last-Modified, else empty.
  const std::string& validator() const { return validator_; }

  // Next bytes of the body; 0 at its end. `Truncated` when the connection ends before the body
  // does.
  Outcome<std::size_t> read(std::span<char> into);

 private:
  struct Hop;
  explicit HttpsResponse(TlsStream stream) : stream_(std::move(stream)) {}
  static Outcome<Hop> hop(const GetRequest& request, const TlsOptions& options);
  Outcome<std::size_t> read_chunked(std::span<char> into);
  Outcome<std::size_t> receive(std::span<char> into);

  TlsStream stream_;
  int status_ = 0;
  std::optional<std::int64_t> total_;
  std::int64_t from_ = 0;
  std::string validator_;
  std::optional<std::uint64_t> left_;  // of a body with a length
  bool chunked_ = false;
  http::ChunkDecoder decoder_;
  std::string decoded_;   // chunked: decoded and not yet read
  std::string received_;  // came along with the head
};

}  // namespace slipway::agent
