// How a body is edited on its way: a part of it is replaced, the rest is passed on as it came.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/body/request_fields.hpp"

namespace slipway::body {

struct Splice {
  Range at;               // what is left out; its length may be 0
  std::string_view text;  // what comes in its place
};

// The edit that makes an engine report usage at the end of a stream; nullopt when the client has
// asked for it. The text is static. REQUIRES: the scanner has found no error.
std::optional<Splice> ask_for_usage(const RequestFacts& facts);

// The edit that names another model. `quoted` holds the text. REQUIRES: facts.model.
Splice rename_model(const RequestFacts& facts, std::string_view model, std::string& quoted);

// What the edit adds to the length of the body; negative when it takes away.
std::int64_t growth(const Splice& splice);

}  // namespace slipway::body
