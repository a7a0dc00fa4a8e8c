// The text of JSON strings: from its written form and back. Pure.
#pragma once

#include <string>
#include <string_view>

namespace slipway::body {

// Appends what `raw`, the inside of a JSON string, stands for. Of half a surrogate pair, and of an
// escape that breaks off, comes a replacement character; a lexer has refused them elsewhere.
void append_unescaped(std::string& out, std::string_view raw);

// Appends `text` as a JSON string with its quotes. REQUIRES: `text` is UTF-8.
void append_quoted(std::string& out, std::string_view text);

}  // namespace slipway::body
