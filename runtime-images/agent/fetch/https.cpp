#include "runtime-images/agent/fetch/https.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "runtime-images/agent/http/head.hpp"

namespace slipway::agent {
namespace {

constexpr int kMaxRedirects = 5;
constexpr std::size_t kReceive = std::size_t{64} * 1024;

std::string host_header(const ModelUri& uri) {
  const std::string host =
      uri.host.find(':') == std::string::npos ? uri.host : "[" + uri.host + "]";
  return uri.port == "443" ? host : host + ":" + uri.port;
}

std::string render(const GetRequest& request) {
  std::string text = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: slipway-agent\r\nAccept: */*\r\n"
      "Accept-Encoding: identity\r\nConnection: close\r\n",
      request.uri.target, host_header(request.uri));
  if (!request.authorization.empty())
    text += fmt::format("Authorization: {}\r\n", request.authorization);
  if (request.from > 0) {
    text += fmt::format("Range: bytes={}-\r\n", request.from);
    if (!request.validator.empty()) text += fmt::format("If-Range: {}\r\n", request.validator);
  }
  return text + "\r\n";
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

tl::unexpected<AgentReport> refused(const ModelUri& uri, int status) {
  const std::string who = fmt::format("https://{}{}", host_header(uri), printable(uri.target));
  if (status == 401 || status == 403)
    return refuse(
        "Unauthorized",
        fmt::format("{} answered {}: the credential is missing or not accepted", who, status));
  if (status == 404 || status == 410)
    return refuse("NotFound", fmt::format("{} answered {}", who, status));
  return refuse("Unreachable", fmt::format("{} answered {}", who, status));
}

std::string validator_of(const http::Fields& fields) {
  const auto etag = fields.find("etag");
  if (etag && etag->starts_with('"')) return std::string(*etag);
  return std::string(fields.find("last-modified").value_or(""));
}

struct ContentRange {
  std::int64_t from = 0;
  std::optional<std::int64_t> total;
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "bytes 100-199/200" or "bytes 100-199/*".
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const auto dash = text.find('-');
  const auto slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == std::string_view::npos || slash == std::string_view::npos)
    return std::nullopt;
  const auto from = number(text.substr(kUnit.size(), dash - kUnit.size()));
  if (!from) return std::nullopt;
  return ContentRange{*from, number(text.substr(slash + 1))};
}

}  // namespace

// One request and the head of its answer.
struct HttpsResponse::Hop {
  HttpsResponse response;
  std::string location;  // of a redirect
};

Outcome<HttpsResponse::Hop> HttpsResponse::hop(const GetRequest& request,
                                               const TlsOptions& options) {
  auto stream = TlsStream::connect(request.uri.host, request.uri.port, options);
  if (!stream) return tl::unexpected(stream.error());
  if (auto sent = stream->write(render(request)); !sent) return tl::unexpected(sent.error());
  HttpsResponse response(std::move(*stream));
  std::vector<char> buffer(kReceive);
  for (;;) {
    auto got = response.stream_.read(buffer);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0)
      return refuse("Unreachable", fmt::format("{} closed without an answer", request.uri.host));
    response.received_.append(buffer.data(), *got);
    const auto parsed = http::parse_response(response.received_);
    if (!parsed)
      return refuse("Unreachable", fmt::format("{} does not speak HTTP/1.1: {}", request.uri.host,
                                               parsed.error().why));
    if (!*parsed) continue;
    const http::ResponseHead& head = **parsed;
    if (head.status < 200) {
      response.received_.erase(0, head.size);
      continue;
    }
    response.status_ = head.status;
    response.left_ = head.content_length;
    response.chunked_ = head.chunked;
    response.validator_ = validator_of(head.fields);
    if (head.status == 200 && head.content_length)
      response.total_ = static_cast<std::int64_t>(*head.content_length);
    if (head.status == 206) {
      const auto range = parse_content_range(head.fields.find("content-range").value_or(""));
      if (!range) return refuse("Unreachable", "the server answers 206 without a Content-Range");
      response.from_ = range->from;
      response.total_ = range->total;
    }
    std::string location(head.fields.find("location").value_or(""));
    response.received_.erase(0, head.size);
    return Hop{std::move(response), std::move(location)};
  }
}

Outcome<HttpsResponse> HttpsResponse::get(GetRequest request, const TlsOptions& options) {
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    auto answer = hop(request, options);
    if (!answer) return tl::unexpected(answer.error());
    const int status = answer->response.status_;
    if (!is_redirect(status)) {
      if (status == 200 || status == 206 || (status == 416 && request.from > 0))
        return std::move(answer->response);
      return refused(request.uri, status);
    }
    auto next = resolve_redirect(request.uri, answer->location);
    if (!next) return tl::unexpected(next.error());
    if (!next->same_origin(request.uri)) request.authorization.clear();
    request.uri = std::move(*next);
  }
  return refuse("Unreachable", fmt::format("more than {} redirects, the last to {}", kMaxRedirects,
                                           request.uri.host));
}

Outcome<std::size_t> HttpsResponse::receive(std::span<char> into) {
  if (received_.empty()) return stream_.read(into);
  const std::size_t part = std::min(into.size(), received_.size());
  std::memcpy(into.data(), received_.data(), part);
  received_.erase(0, part);
  return part;
}

Outcome<std::size_t> HttpsResponse::read_chunked(std::span<char> into) {
  while (decoded_.empty() && !decoder_.done()) {
    auto got = receive(into);
    if (!got) return got;
    if (*got == 0) return refuse("Truncated", "the server closed in the middle of the file");
    decoder_.feed({into.data(), *got}, decoded_);
    if (decoder_.failed()) return refuse("Unreachable", "the server sends a malformed chunk");
  }
  const std::size_t part = std::min(into.size(), decoded_.size());
  std::memcpy(into.data(), decoded_.data(), part);
  decoded_.erase(0, part);
  return part;
}

Outcome<std::size_t> HttpsResponse::read(std::span<char> into) {
  if (chunked_) return read_chunked(into);
  if (!left_) return receive(into);
  if (*left_ == 0) return std::size_t{0};
  into = into.subspan(0, static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), *left_)));
  auto got = receive(into);
  if (!got) return got;
  if (*got == 0)
    return refuse("Truncated", fmt::format("the server closed {} bytes early", *left_));
  *left_ -= *got;
  return got;
}

}  // namespace slipway::agent
