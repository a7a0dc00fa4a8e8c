#include "reconcilers/testing/wish.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <set>

namespace slipway::testing {
namespace {

const std::string kDigest = std::string(64, 'a');

// What a pattern of ours matches, long and short.
const std::vector<std::string>& known_texts() {
  static const std::vector<std::string> texts{"a",
                                              "models",
                                              "chat-v7",
                                              "llama-cpp",
                                              "z9",
                                              "a.b-c",
                                              std::string(50, 'v'),
                                              std::string(63, 'n'),
                                              std::string(61, 'n') + "-x",
                                              std::string(64, 'm'),
                                              std::string(100, 'd') + "." + std::string(152, 'e'),
                                              "FOO",
                                              "_",
                                              "PATH",
                                              std::string(253, 'E'),
                                              "/data",
                                              "/d/" + std::string(500, 'p'),
                                              "1g.10gb",
                                              "2g.20gb",
                                              "7g.80gb+me",
                                              "1g.999gb+me.all",
                                              "1g.10gb-gfx",
                                              "8.0",
                                              "30%",
                                              "10m",
                                              "1h30m",
                                              "sha256:" + kDigest,
                                              "",
                                              "Team_1.x"};
  return texts;
}

// Cut to a number of characters, not within one.
std::string cut(std::string text, std::size_t characters) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (begins && count++ == characters) return text.substr(0, i);
  }
  return text;
}

template <class T, std::size_t kSize>
const T& one_of(FuzzInput& input, const std::array<T, kSize>& all) {
  return all[input.below(kSize)];
}

std::string stretched(FuzzInput& input, const std::string& unit, std::size_t max_length) {
  const std::size_t longest = std::min<std::size_t>(max_length, 5000);
  const std::array<std::size_t, 5> lengths{unit.size(), 1, longest / 2, longest - 1, longest};
  const std::size_t length = std::min(longest, one_of(input, lengths));
  std::string text;
  while (text.size() < 4 * length) text += unit;
  return cut(std::move(text), length);
}

void keep_one_source(ModelChoice& model, FuzzInput& input) {
  if (input.below(2) == 1) {
    model.uri.clear();
    model.secret_ref = model.ca_ref = std::nullopt;
    if (model.version.empty()) model.version = "chat-v7";
    return;
  }
  model.version.clear();
  if (model.uri.empty()) model.uri = drawn_uri(input);
}

void keep_gpu_rules(GpuRequest& gpu) {
  gpu.isolation = gpu.isolation.empty() ? "" : "hard";
  if (gpu.profile.empty()) return;
  gpu.count = std::nullopt;
  gpu.memory.clear();
}

void keep_paths_apart(std::vector<PodVolume>& volumes) {
  std::set<std::string> taken;
  std::erase_if(volumes,
                [&](const PodVolume& volume) { return !taken.insert(volume.mount_path).second; });
}

void keep_pod_rules(PodOverride& pod) {
  keep_paths_apart(pod.volumes);
  for (EnvVar& variable : pod.env) {
    if (variable.value_from) variable.value.clear();
    if (variable.value_from && !variable.value_from->field_ref)
      variable.value_from->field_ref = FieldReference{"metadata.name"};
    if (!variable.value_from) continue;
    variable.value_from->secret_key_ref = std::nullopt;
    variable.value_from->config_map_key_ref = std::nullopt;
  }
  for (PodVolume& volume : pod.volumes) {
    const bool given = volume.config_map || volume.secret || volume.persistent_volume_claim;
    if (!given && !volume.empty_dir) volume.empty_dir.emplace();
    if (volume.persistent_volume_claim) volume.config_map = std::nullopt;
    if (volume.persistent_volume_claim || volume.config_map) volume.secret = std::nullopt;
    if (given) volume.empty_dir = std::nullopt;
  }
}

void keep_request_below_limit(std::optional<Resources>& resources) {
  if (!resources) return;
  for (const auto& [name, limit] : resources->limits)
    if (resources->requests.contains(name)) resources->requests[name] = limit;
}

void keep_rules(InferenceServiceSpec& spec, FuzzInput& input) {
  if ((spec.model.uri.empty()) == (spec.model.version.empty())) keep_one_source(spec.model, input);
  if (!spec.model.version.empty()) spec.model.secret_ref = spec.model.ca_ref = std::nullopt;
  if (spec.engine) spec.engine->tensor_parallel = std::nullopt;
  if (spec.gpu) keep_gpu_rules(*spec.gpu);
  if (spec.replicas) {
    spec.replicas->min = std::max(spec.replicas->min, 1);
    if (spec.replicas->max) spec.replicas->max = std::max(spec.replicas->min, *spec.replicas->max);
  }
  if (spec.scaling) spec.scaling->metric = spec.scaling->metric.empty() ? "" : "cpu";
  if (!spec.pod) return;
  keep_pod_rules(*spec.pod);
  keep_request_below_limit(spec.pod->resources);
}

template <Described T>
void redraw(std::optional<T>& part, FuzzInput& input) {
  part = input.below(4) == 0 ? std::nullopt : std::optional(Wish(input).any<T>());
}

}  // namespace

std::string drawn_text(FuzzInput& input, std::size_t max_length) {
  static const std::array<std::string, 10> kUnits{"a",
                                                  "0/1",
                                                  "two\nlines\t\"quoted\" \\",
                                                  "\x01 \xC3\xA9",
                                                  "\xE4\xB8\x96",
                                                  "\xF0\x9F\x9A\xA2",
                                                  "null",
                                                  "{}",
                                                  "  ",
                                                  "18446744073709551616"};
  return stretched(input, one_of(input, kUnits), max_length);
}

std::string drawn_name(FuzzInput& input, std::size_t max_length) {
  static const char* const kName = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
  return drawn_match(input, kName, std::min<std::size_t>(max_length, 253));
}

std::string drawn_quantity(FuzzInput& input) {
  static const std::array<std::string, 14> kQuantities{"1",      "18Gi",  "500m",   "0",    "0.5",
                                                       "1e3",    "1.5Gi", "1536Mi", "100n", "1Ki",
                                                       "1023Ti", "2k",    "20Gi",   ".5"};
  return one_of(input, kQuantities);
}

std::string drawn_uri(FuzzInput& input) {
  static const std::array<std::string, 6> kBegins{"pvc://models/tiny",
                                                  "file:///srv/m",
                                                  "https://h/m",
                                                  "https://host.example:8443/a/b",
                                                  "pvc://" + std::string(253, 'c') + "/m",
                                                  "https://[::1]/m"};
  std::string uri = one_of(input, kBegins);
  const bool https = uri.starts_with("https");
  if (input.below(4) == 3) uri += std::string(https ? 1700 : 1780, 'x');
  if (input.below(4) != 3) uri += ".gguf";
  return https ? uri + "#sha256=" + kDigest : uri;
}

std::string drawn_match(FuzzInput& input, const char* pattern, std::size_t max_length) {
  static std::map<std::string, std::vector<std::string>> known;
  auto [at, is_new] = known.try_emplace(pattern);
  if (is_new) {
    const std::regex form(pattern);
    for (const std::string& text : known_texts())
      if (std::regex_search(text, form)) at->second.push_back(text);
  }
  std::vector<const std::string*> fitting;
  for (const std::string& text : at->second)
    if (text.size() <= max_length) fitting.push_back(&text);
  return fitting.empty() ? "" : *fitting[input.below(fitting.size())];
}

std::string drawn_condition(FuzzInput& input) {
  static const std::array<std::string, 6> kTypes{"Ready",           "Reconciling", "Stalled",
                                                 "UpdateAvailable", "A",           "Zonal"};
  return one_of(input, kTypes);
}

std::string drawn_key(FuzzInput& input, bool of_resources) {
  static const std::array<std::string, 4> kResources{"cpu", "memory", "ephemeral-storage",
                                                     "example.com/fpga"};
  static const std::array<std::string, 4> kKeys{"team", "app", "example.com/tier", "A_b.c"};
  return of_resources ? one_of(input, kResources) : one_of(input, kKeys);
}

InferenceServiceSpec drawn_service_spec(FuzzInput& input) {
  auto spec = Wish(input).any<InferenceServiceSpec>();
  keep_rules(spec, input);
  return spec;
}

ServingRuntimeSpec drawn_runtime_spec(FuzzInput& input) {
  auto spec = Wish(input).any<ServingRuntimeSpec>();
  spec.engine = "llama.cpp";
  keep_request_below_limit(spec.resources);
  PodOverride pod;
  pod.env = std::move(spec.env);
  keep_pod_rules(pod);
  spec.env = std::move(pod.env);
  return spec;
}

void edit(InferenceServiceSpec& spec, FuzzInput& input) {
  switch (input.below(7)) {
    case 0:
      spec.model = Wish(input).any<ModelChoice>();
      break;
    case 1:
      spec.runtime = input.below(2) == 0 ? "" : drawn_name(input, 253);
      break;
    case 2:
      redraw(spec.engine, input);
      break;
    case 3:
      redraw(spec.gpu, input);
      break;
    case 4:
      redraw(spec.replicas, input);
      break;
    case 5:
      redraw(spec.scaling, input);
      break;
    default:
      redraw(spec.pod, input);
  }
  keep_rules(spec, input);
}

}  // namespace slipway::testing
