// Bytes as the object of every kind that we read. Where a full parser finds JSON in them, both
// readers have to agree with it: a decoder that reads on demand with one that reads the document
// written out anew, the fingerprint of the bytes with the fingerprint of the tree.
#include <cstdint>
#include <cstdio>
#include <set>

#include "crds/base/check.hpp"
#include "crds/types/agent_report.hpp"
#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "crds/types/inference_service.hpp"
#include "crds/types/k8s/projection.hpp"
#include "crds/types/k8s/views.hpp"
#include "crds/types/model_version.hpp"
#include "crds/types/serving_runtime.hpp"

namespace slipway {
namespace {

// simdjson gives up deeper than this, and so does the API server.
constexpr int kMaxDepth = 1000;

// What both readers must make the same of. Left out: two members of one name, which the API server
// never sends and for which JSON says nothing; whole numbers beyond 64 bits, which the tree holds
// as rounded ones; the mark of a byte order; NUL, at which the tree's parser ends.
class Comparable {
 public:
  static std::optional<Json> parse(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos)
      return std::nullopt;
    Comparable seen;
    Json tree = Json::parse(
        text,
        [&](int depth, Json::parse_event_t event, Json& value) {
          seen.look(depth, event, value);
          return true;
        },
        false);
    return tree.is_discarded() || !seen.holds_ || !exact(text) ? std::nullopt
                                                               : std::optional(std::move(tree));
  }

 private:
  void look(int depth, Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (depth > kMaxDepth) holds_ = false;
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(value.get<std::string>()).second)
      holds_ = false;
  }
  // No run of digits that is too long to be exact, in a number or elsewhere.
  static bool exact(std::string_view text) {
    constexpr std::size_t kDigits = 18;
    std::size_t run = 0;
    for (const char c : text) {
      run = c >= '0' && c <= '9' ? run + 1 : 0;
      if (run > kDigits) return false;
    }
    return true;
  }

  std::vector<std::set<std::string>> keys_;
  bool holds_ = true;
};

template <class View>
void expect_round_trip(const View& view) {
  const std::string text = encode(view).dump();
  const auto again = decode<View>(text);
  if (!again) std::fprintf(stderr, "%s\n%s\n", again.error().what.c_str(), text.c_str());
  SLIPWAY_CHECK(again, "what was encoded can be decoded");
  SLIPWAY_CHECK(encode(*again).dump() == text, "a value survives its encoding");
}

template <class View>
void try_view(std::string_view text, const std::string* written_anew) {
  const auto view = decode<View>(text);
  if (view)
    expect_round_trip(*view);
  else
    SLIPWAY_CHECK(!view.error().what.empty(), "a refusal says why");
  if (!written_anew) return;
  const auto other = decode<View>(*written_anew);
  SLIPWAY_CHECK(view.has_value() == other.has_value(), "spaces and escapes decide nothing");
  if (view)
    SLIPWAY_CHECK(encode(*view) == encode(*other), "spaces, escapes and places mean nothing");
}

template <class... Views>
void try_views(std::string_view text, const std::string* written_anew) {
  (try_view<Views>(text, written_anew), ...);
}

void try_projections(std::string_view text, const std::optional<Json>& tree) {
  for (const char* kind : {"Deployment", "Service", "HorizontalPodAutoscaler",
                           "PodDisruptionBudget", "NetworkPolicy", "ModelVersion"}) {
    const Shape& shape = *shape_of(kind);
    const auto live = project(shape, text);
    if (!tree || !tree->is_object()) continue;
    if (!live) std::fprintf(stderr, "%s: %s\n", kind, live.error().what.c_str());
    SLIPWAY_CHECK(live, "what is an object in JSON has a fingerprint");
    if (*live != project(shape, *tree)) std::fprintf(stderr, "%s\n", kind);
    SLIPWAY_CHECK(*live == project(shape, *tree), "the bytes and the tree are one object");
  }
}

}  // namespace
}  // namespace slipway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tree = Comparable::parse(text);
  const std::string anew = tree ? tree->dump() : "";
  try_views<InferenceService, ModelVersion, ServingRuntime, ClusterServingRuntime,
            k8s::DeploymentView, k8s::ServiceView, k8s::PlainChildView, k8s::PodView, k8s::NodeView,
            AgentReport>(text, tree ? &anew : nullptr);
  try_projections(text, tree);
  return 0;
}
