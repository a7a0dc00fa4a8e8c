#include "gateway/body/splice.hpp"

#include "crds/base/check.hpp"
#include "gateway/body/text.hpp"

namespace slipway::body {

std::optional<Splice> ask_for_usage(const RequestFacts& facts) {
  if (facts.include_usage.value_or(false)) return std::nullopt;
  if (facts.include_usage_at) return Splice{*facts.include_usage_at, "true"};
  if (facts.options_at && facts.options_empty)
    return Splice{*facts.options_at, R"("include_usage":true)"};
  if (facts.options_at) return Splice{*facts.options_at, R"("include_usage":true,)"};
  if (facts.stream_options_at) return Splice{*facts.stream_options_at, R"({"include_usage":true})"};
  if (facts.empty) return Splice{facts.members_at, R"("stream_options":{"include_usage":true})"};
  return Splice{facts.members_at, R"("stream_options":{"include_usage":true},)"};
}

Splice rename_model(const RequestFacts& facts, std::string_view model, std::string& quoted) {
  SLIPWAY_CHECK(facts.model, "only a name that is there can be replaced");
  quoted.clear();
  append_quoted(quoted, model);
  return {facts.model_at, quoted};
}

std::int64_t growth(const Splice& splice) {
  return static_cast<std::int64_t>(splice.text.size()) -
         static_cast<std::int64_t>(splice.at.length);
}

}  // namespace slipway::body
