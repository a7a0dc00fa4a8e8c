// Request targets (RFC 9112 section 3.2) and the form of a path that routes are compared with.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/http/message.hpp"

namespace slipway::http {

struct Target {
  std::string_view path;       // begins with '/', or is "*"
  std::string_view query;      // behind the '?'
  std::string_view authority;  // host and port of an absolute target; else empty
};

// Takes `/path?query`, `http://host/path?query` (also https) and, of OPTIONS, `*` apart. REQUIRES:
// `text` consists of kTarget characters.
Parsed<Target> split_target(std::string_view text, Method method);

// Whether `text` can stand in a Host field: a name or address, not empty, and maybe a port; no user
// information.
bool is_host(std::string_view text);

// The path with its escapes decoded, which is what routes are compared with; upstream gets the path
// as it came. What two parsers could take for different paths is refused: `.` and `..` segments
// (also with parameters, `..;x`), escaped or not; escaped slashes, backslashes, controls and
// percent signs that begin another escape; broken escapes. The result lies in `path` or in
// `scratch`.
Parsed<std::string_view> normalise_path(std::string_view path, std::string& scratch);

}  // namespace slipway::http
