#include "runtime-images/agent/model/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace slipway::agent {
namespace {

constexpr std::size_t kMaxUri = 8192;  // redirect targets with signatures are long

bool is_visible_ascii(char c) {
  return c > ' ' && c < 0x7f;
}

tl::unexpected<AgentReport> bad(std::string_view uri, std::string_view why) {
  return refuse("UnsupportedScheme", fmt::format("cannot use {}: {}", printable(uri), why));
}

// Splits "#sha256=..." off; nothing else may stand in a fragment.
Outcome<std::string> take_fragment(std::string_view whole, std::string_view& rest) {
  const auto hash = rest.find('#');
  if (hash == std::string_view::npos) return std::string();
  const std::string_view fragment = rest.substr(hash + 1);
  rest = rest.substr(0, hash);
  constexpr std::string_view kKey = "sha256=";
  if (!fragment.starts_with(kKey))
    return bad(whole, "the fragment must be #sha256=<64 hex digits>");
  return parse_digest(fmt::format("sha256:{}", fragment.substr(kKey.size())));
}

bool valid_port(std::string_view port) {
  if (port.empty() || port.size() > 5) return false;
  if (!std::ranges::all_of(port, [](unsigned char c) { return std::isdigit(c) != 0; }))
    return false;
  const int value = std::stoi(std::string(port));
  return value > 0 && value < 65536;
}

bool valid_host(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  return std::ranges::all_of(host, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == ':';
  });
}

// Fills host and port from "host", "host:port", "[v6]" or "[v6]:port".
bool set_authority(ModelUri& uri, std::string_view authority) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return false;
    uri.host = authority.substr(1, end - 1);
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return false;
    port = rest.empty() ? rest : rest.substr(1);
    if (!rest.empty() && port.empty()) return false;
  } else {
    const auto colon = authority.find(':');
    uri.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = authority.substr(colon + 1);
      if (port.empty()) return false;
    }
  }
  std::ranges::transform(uri.host, uri.host.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  uri.port = port.empty() ? "443" : std::string(port);
  return valid_host(uri.host) && valid_port(uri.port);
}

Outcome<ModelUri> parse_https(std::string_view whole, std::string_view rest, ModelUri uri) {
  uri.scheme = Scheme::Https;
  const auto slash = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos)
    return bad(whole, "credentials do not belong into a URI; use a secret");
  if (!set_authority(uri, authority)) return bad(whole, "the host or port is not valid");
  uri.target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  if (uri.target.front() == '?') uri.target.insert(0, "/");
  return uri;
}

bool climbs(std::string_view path) {
  std::size_t start = 0;
  while (start <= path.size()) {
    const auto slash = std::min(path.find('/', start), path.size());
    if (path.substr(start, slash - start) == "..") return true;
    start = slash + 1;
  }
  return false;
}

Outcome<ModelUri> parse_pvc(std::string_view whole, std::string_view rest, ModelUri uri) {
  uri.scheme = Scheme::Pvc;
  const auto slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == rest.size())
    return bad(whole, "a volume's model is written pvc://claim/path");
  uri.path = rest.substr(slash + 1);
  if (climbs(uri.path)) return bad(whole, "the path must not contain ..");
  return uri;
}

Outcome<ModelUri> parse_file(std::string_view whole, std::string_view rest, ModelUri uri) {
  uri.scheme = Scheme::File;
  if (!rest.starts_with('/') || rest.size() < 2)
    return bad(whole, "a file is written file:///absolute/path");
  uri.path = rest;
  if (climbs(uri.path)) return bad(whole, "the path must not contain ..");
  return uri;
}

}  // namespace

std::string ModelUri::file_name() const {
  std::string name = scheme == Scheme::Https ? target.substr(0, target.find('?')) : path;
  name = name.substr(name.find_last_of('/') + 1);
  return name.empty() ? "model.gguf" : name;
}

bool ModelUri::same_origin(const ModelUri& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

Outcome<ModelUri> parse_model_uri(std::string_view uri) {
  if (uri.size() > kMaxUri)
    return refuse("UnsupportedScheme",
                  fmt::format("the URI has {} bytes, the limit is {}", uri.size(), kMaxUri));
  if (!std::ranges::all_of(uri, is_visible_ascii))
    return bad(uri.substr(0, 40), "it has spaces or bytes outside ASCII; percent-encode them");
  const auto separator = uri.find("://");
  if (separator == std::string_view::npos) return bad(uri, "it has no scheme");
  const std::string_view scheme = uri.substr(0, separator);
  std::string_view rest = uri.substr(separator + 3);
  ModelUri parsed;
  auto digest = take_fragment(uri, rest);
  if (!digest) return tl::unexpected(digest.error());
  parsed.digest = std::move(*digest);
  if (scheme == "https") return parse_https(uri, rest, std::move(parsed));
  if (scheme == "pvc") return parse_pvc(uri, rest, std::move(parsed));
  if (scheme == "file") return parse_file(uri, rest, std::move(parsed));
  return bad(uri, fmt::format("{}:// is not served; https://, pvc:// and file:// are", scheme));
}

Outcome<std::string> parse_digest(std::string_view digest) {
  constexpr std::string_view kPrefix = "sha256:";
  const std::string_view hex = digest.starts_with(kPrefix) ? digest.substr(kPrefix.size()) : "";
  std::string lowered(kPrefix);
  for (const unsigned char c : hex) lowered.push_back(static_cast<char>(std::tolower(c)));
  const bool all_hex =
      lowered.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string::npos;
  if (hex.size() != 64 || !all_hex)
    return refuse("UnsupportedScheme",
                  "a digest is written sha256:<64 hex digits>, with or without upper case");
  return lowered;
}

Outcome<ModelUri> resolve_redirect(const ModelUri& base, std::string_view location) {
  if (location.empty() || location.size() > kMaxUri ||
      !std::ranges::all_of(location, is_visible_ascii))
    return refuse("Unreachable", "the server redirects to an unusable address");
  location = location.substr(0, location.find('#'));
  if (location.starts_with("//")) return parse_model_uri(fmt::format("https:{}", location));
  if (location.find("://") != std::string_view::npos) {
    if (!location.starts_with("https://"))
      return refuse("Unreachable", fmt::format("the server redirects to {}, which is not https://",
                                               printable(location)));
    return parse_model_uri(location);
  }
  ModelUri next = base;
  const std::string path = base.target.substr(0, base.target.find('?'));
  if (location.starts_with('/'))
    next.target = location;
  else if (location.starts_with('?'))
    next.target = fmt::format("{}{}", path, location);
  else
    next.target = fmt::format("{}{}", path.substr(0, path.find_last_of('/') + 1), location);
  return next;
}

std::string printable(std::string_view uri) {
  const auto query = uri.find('?');
  std::string out(uri.substr(0, std::min(query, std::size_t{300})));
  if (query != std::string_view::npos) out += "?...";
  const auto scheme = out.find("://");
  const auto at = out.find('@');
  if (scheme != std::string::npos && at != std::string::npos)
    out.erase(scheme + 3, at - scheme - 2);
  return out;
}

}  // namespace slipway::agent
