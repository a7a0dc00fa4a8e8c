// Any bytes as the body of a request. A general JSON parser must agree on whether it is one and on
// the model; where it is cut, and which lexer reads it, must not matter; and the edits that the
// gateway would make must leave a body that says what they mean.
#include <string>
#include <vector>

#include "crds/base/check.hpp"
#include "gateway/body/body_scanner.hpp"
#include "gateway/body/splice.hpp"
#include "gateway/body/testing/reference.hpp"

namespace slipway::body {
namespace {

struct Outcome {
  tl::expected<void, BodyError> result;
  RequestFacts facts;
  std::vector<std::uint64_t> hashes;
};

Outcome scan(std::string_view body, std::size_t piece, const Lexer& lexer) {
  BodyScanner scanner(lexer);
  while (!body.empty()) {
    const std::string part(body.substr(0, piece));
    if (!scanner.push(part)) break;
    body.remove_prefix(part.size());
  }
  const auto result = scanner.finish();
  return {
      result, scanner.facts(), {scanner.prefix_hashes().begin(), scanner.prefix_hashes().end()}};
}

void expect_same(const Outcome& a, const Outcome& b) {
  SLIPWAY_CHECK(a.result.has_value() == b.result.has_value(), "all read the same");
  if (!a.result) {
    SLIPWAY_CHECK(a.result.error() == b.result.error(), "all name the same byte");
    return;
  }
  SLIPWAY_CHECK(a.facts.model == b.facts.model && a.facts.model_at == b.facts.model_at &&
                    a.facts.max_tokens == b.facts.max_tokens && a.hashes == b.hashes,
                "all find the same");
}

void expect_as(const body_reference::Reference& reference, std::string_view body,
               const Outcome& outcome) {
  const bool expected = reference.valid && body_reference::well_typed(reference.value);
  const bool long_text = !outcome.result && body.size() > kMaxText;
  SLIPWAY_CHECK(outcome.result.has_value() == expected || long_text, "parsers agree");
  if (!outcome.result) return;
  const bool has = !body_reference::absent(reference.value, "model");
  SLIPWAY_CHECK(outcome.facts.model.has_value() == has, "parsers agree on the model");
  if (has)
    SLIPWAY_CHECK(*outcome.facts.model == reference.value["model"].get<std::string>(),
                  "parsers agree on the model");
}

void expect_editable(const std::string& body, const RequestFacts& facts) {
  std::string edited = body;
  if (const auto splice = ask_for_usage(facts); splice)
    edited.replace(splice->at.offset, splice->at.length, splice->text);
  SLIPWAY_CHECK(Json::parse(edited)["stream_options"]["include_usage"] == true,
                "usage is asked for");
  if (!facts.model) return;
  edited = body;
  std::string quoted;
  const Splice splice = rename_model(facts, "another\n\"model\"", quoted);
  edited.replace(splice.at.offset, splice.at.length, splice.text);
  SLIPWAY_CHECK(Json::parse(edited)["model"] == "another\n\"model\"", "the model is another");
}

}  // namespace
}  // namespace slipway::body

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::body;
  const std::string body(reinterpret_cast<const char*>(data), size);
  const Outcome whole = scan(body, body.size() + 1, lexers().front());
  for (const Lexer& lexer : lexers()) expect_same(whole, scan(body, 1 + size % 67, lexer));
  expect_same(whole, scan(body, 1, lexers().front()));

  const auto reference = slipway::body_reference::reference_of(body);
  if (reference.doubtful) return 0;
  expect_as(reference, body, whole);
  if (whole.result) expect_editable(body, whole.facts);
  return 0;
}
