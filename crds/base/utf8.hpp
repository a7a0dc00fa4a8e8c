// Bytes that others wrote, made fit for a log, a status or any other JSON.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

// The beginning of `text`, at most `bytes` long and cut between characters. What is no UTF-8
// becomes the replacement character.
std::string readable(std::string_view text, std::size_t bytes = std::string_view::npos);

}  // namespace slipway
