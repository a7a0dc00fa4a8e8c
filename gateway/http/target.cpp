#include "gateway/http/target.hpp"

#include "gateway/http/characters.hpp"

namespace slipway::http {
namespace {

constexpr int kBad = 400;

int hex_value(char c) {
  return is(kDigit, c) ? c - '0' : lower(c) - 'a' + 10;
}

// The byte that the escape at `at` stands for; -1: there is no complete escape.
int escaped_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  if (!is(kHexDigit, text[at + 1]) || !is(kHexDigit, text[at + 2])) return -1;
  return hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]);
}

Parsed<> decode(std::string_view path, std::string& out) {
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '%') {
      out.push_back(path[at]);
      continue;
    }
    const int byte = escaped_byte(path, at);
    if (byte < 0) return refuse(kBad, "a broken escape in the path");
    if (byte == '/' || byte == '\\') return refuse(kBad, "an escaped slash in the path");
    if (byte < ' ' || byte == 0x7f) return refuse(kBad, "an escaped control character in the path");
    const auto then = [&](std::size_t i) { return i < path.size() && is(kHexDigit, path[i]); };
    if (byte == '%' && then(at + 3) && then(at + 4))
      return refuse(kBad, "an escape of an escape in the path");
    out.push_back(static_cast<char>(byte));
    at += 2;
  }
  return {};
}

bool is_dot_segment(std::string_view segment) {
  const std::string_view name = segment.substr(0, segment.find(';'));
  return name == "." || name == "..";
}

bool has_dot_segment(std::string_view path) {
  std::size_t at = 0;
  while ((at = path.find("/.", at)) != std::string_view::npos) {
    ++at;
    if (is_dot_segment(path.substr(at, path.find('/', at) - at))) return true;
  }
  return false;
}

// The scheme's length with "://"; 0: neither of ours. Schemes are compared without case.
std::size_t scheme_size(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (same_name(text.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

}  // namespace

bool is_host(std::string_view text) {
  const bool literal = text.starts_with('[');  // of an IPv6 address
  const std::size_t end = literal ? text.find(']') : 0;
  if (end == std::string_view::npos) return false;
  const std::size_t colon = text.find(':', end);
  const std::string_view name = text.substr(0, colon);
  const std::string_view port = text.substr(name.size());
  if (literal ? name.size() != end + 1 : name.find_first_of("[]") != std::string_view::npos)
    return false;
  return !name.empty() && skip(kHost, name, 0) == name.size() &&
         skip(kDigit, port, port.empty() ? 0 : 1) == port.size();
}

Parsed<Target> split_target(std::string_view text, Method method) {
  Target target;
  if (text == "*") {
    if (method != Method::Options) return refuse(kBad, "a target without a path");
    target.path = text;
    return target;
  }
  if (const std::size_t scheme = scheme_size(text); scheme > 0) {
    text.remove_prefix(scheme);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    target.authority = text.substr(0, end);
    if (!is_host(target.authority)) return refuse(kBad, "an invalid host in the target");
    text.remove_prefix(end);
    // RFC 9112 3.2.1: an empty path is sent as "/".
    if (text.empty() || text.front() == '?') {
      target.path = "/";
      target.query = text.substr(text.empty() ? 0 : 1);
      return target;
    }
  }
  if (text.empty() || text.front() != '/') return refuse(kBad, "a target without a path");
  const std::size_t question = text.find('?');
  target.path = text.substr(0, question);
  if (question != std::string_view::npos) target.query = text.substr(question + 1);
  return target;
}

Parsed<std::string_view> normalise_path(std::string_view path, std::string& scratch) {
  if (path.find('\\') != std::string_view::npos) return refuse(kBad, "a backslash in the path");
  std::string_view normal = path;
  if (path.find('%') != std::string_view::npos) {
    scratch.clear();
    if (const auto decoded = decode(path, scratch); !decoded)
      return tl::unexpected(decoded.error());
    normal = scratch;
  }
  if (has_dot_segment(normal)) return refuse(kBad, "a dot segment in the path");
  return normal;
}

}  // namespace slipway::http
