#include "runtime-images/agent/model/manifest.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "crds/base/json.hpp"
#include "runtime-images/agent/model/uri.hpp"

namespace slipway::agent {

namespace fs = std::filesystem;

std::string to_json(const Manifest& manifest) {
  return Json{{"source", manifest.source},
              {"digest", manifest.digest},
              {"files", Json::array({{{"name", kModelFile},
                                      {"sizeBytes", manifest.size_bytes},
                                      {"digest", manifest.digest}}})},
              {"sizeBytes", manifest.size_bytes},
              {"format", manifest.format},
              {"architecture", manifest.architecture},
              {"parameters", manifest.parameters},
              {"contextLength", manifest.context_length},
              {"verifiedAt", manifest.verified_at}}
      .dump(2);
}

Outcome<Manifest> parse_manifest(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Manifest manifest;
    manifest.source = json.at("source").get<std::string>();
    manifest.digest = json.at("digest").get<std::string>();
    manifest.size_bytes = json.at("sizeBytes").get<std::int64_t>();
    manifest.format = json.at("format").get<std::string>();
    manifest.architecture = json.at("architecture").get<std::string>();
    manifest.parameters = json.at("parameters").get<std::int64_t>();
    manifest.context_length = json.at("contextLength").get<std::int64_t>();
    manifest.verified_at = json.at("verifiedAt").get<std::string>();
    if (!parse_digest(manifest.digest))
      return refuse("ModelMismatch", "the manifest's digest is not a SHA-256");
    return manifest;
  } catch (const Json::exception& error) {
    return refuse("ModelMismatch", fmt::format("the manifest cannot be read: {}", error.what()));
  }
}

Outcome<Manifest> load_verified(const std::string& dir) {
  std::ifstream in(dir + "/" + kManifestFile);
  if (!in)
    return refuse("ModelMismatch",
                  fmt::format("{}/{} is missing: the model was not verified", dir, kManifestFile));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto manifest = parse_manifest(text);
  if (!manifest) return manifest;
  std::error_code error;
  const auto size = fs::file_size(dir + "/" + kModelFile, error);
  if (error)
    return refuse("ModelMismatch", fmt::format("{}/{}: {}", dir, kModelFile, error.message()));
  if (size != static_cast<std::uintmax_t>(manifest->size_bytes))
    return refuse("ModelMismatch", fmt::format("{}/{} has {} bytes, verified were {}", dir,
                                               kModelFile, size, manifest->size_bytes));
  return manifest;
}

Outcome<> store(const std::string& dir, const Manifest& manifest) {
  const std::string path = dir + "/" + kManifestFile;
  const std::string partial = path + ".partial";
  std::ofstream out(partial, std::ios::trunc);
  out << to_json(manifest) << "\n";
  out.close();
  if (!out) return refuse("DiskFull", fmt::format("cannot write {}", partial));
  if (std::rename(partial.c_str(), path.c_str()) != 0)
    return refuse("Internal", fmt::format("cannot rename {}: {}", partial, std::strerror(errno)));
  return {};
}

}  // namespace slipway::agent
