// Texts that others wrote, made fit for a status or an Event.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

// The beginning of `text`, at most `bytes` long, cut between characters of UTF-8: half a character
// could not be sent as JSON.
std::string clipped(std::string_view text, std::size_t bytes = 1000);

// True for one CamelCase word of at most 64 characters: what a condition's reason may be.
bool is_reason(std::string_view text);

}  // namespace slipway
