#include "runtime-images/agent/fetch/fetch.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "runtime-images/agent/clock.hpp"
#include "runtime-images/agent/fetch/credentials.hpp"
#include "runtime-images/agent/fetch/install.hpp"
#include "runtime-images/agent/model/digest.hpp"
#include "runtime-images/agent/model/gguf.hpp"
#include "runtime-images/agent/model/manifest.hpp"

namespace slipway::agent {
namespace {

namespace fs = std::filesystem;

// A model that lies somewhere and was hashed there.
struct Candidate {
  std::string path;
  std::string digest;
  std::int64_t size = 0;
};

AgentReport success(const Manifest& manifest) {
  AgentReport report;
  report.reason = "Verified";
  report.digest = manifest.digest;
  report.size_bytes = manifest.size_bytes;
  report.files = 1;
  report.format = manifest.format;
  report.architecture = manifest.architecture;
  report.parameters = manifest.parameters;
  if (manifest.context_length > 0) report.context_length = manifest.context_length;
  return report;
}

Outcome<ModelUri> read_source(const FetchOptions& options) {
  auto uri = parse_model_uri(options.uri);
  if (!uri || options.digest.empty()) return uri;
  auto digest = parse_digest(options.digest);
  if (!digest) return tl::unexpected(digest.error());
  if (!uri->digest.empty() && uri->digest != *digest) {
    auto refused = refuse("DigestMismatch", "the URI's fragment and the digest given differ");
    refused.value().expected = *digest;
    refused.value().actual = uri->digest;
    return refused;
  }
  uri->digest = std::move(*digest);
  return uri;
}

Outcome<> check_digest(const ModelUri& uri, const std::string& actual) {
  if (uri.digest.empty() || uri.digest == actual) return {};
  auto refused =
      refuse("DigestMismatch", fmt::format("{} has digest {}, expected is {}; it was not served",
                                           uri.file_name(), actual, uri.digest));
  refused.value().file = uri.file_name();
  refused.value().expected = uri.digest;
  refused.value().actual = actual;
  return refused;
}

// Where a pvc:// or file:// URI points. What a claim links to outside of itself is not its content.
Outcome<std::string> locate(const ModelUri& uri, const FetchOptions& options) {
  const fs::path path =
      uri.scheme == Scheme::Pvc ? fs::path(options.source_dir) / uri.path : fs::path(uri.path);
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return refuse("NotFound", fmt::format("{}: {}", options.uri, error.message()));
  if (uri.scheme == Scheme::Pvc) {
    const std::string root = fs::canonical(options.source_dir, error).string() + "/";
    if (error || !real.string().starts_with(root))
      return refuse("NotFound", fmt::format("{} leads out of its volume", options.uri));
  }
  if (!fs::is_regular_file(real, error))
    return refuse("NotFound", fmt::format("{} is not a file", options.uri));
  return path.string();
}

Outcome<gguf::Summary> check_format(const ModelUri& uri, const std::string& path) {
  auto summary = gguf::inspect_file(path);
  if (summary) return *summary;
  auto refused = refuse("FormatRejected", fmt::format("{}: {}", uri.file_name(), summary.error()));
  refused.value().file = uri.file_name();
  return refused;
}

Outcome<Manifest> check(const ModelUri& uri, const FetchOptions& options,
                        const Candidate& candidate) {
  if (auto same = check_digest(uri, candidate.digest); !same) return tl::unexpected(same.error());
  auto summary = check_format(uri, candidate.path);
  if (!summary) return tl::unexpected(summary.error());
  return Manifest{printable(options.uri),  candidate.digest,      candidate.size,
                  options.format,          summary->architecture, summary->parameters,
                  summary->context_length, to_rfc3339(wall_now())};
}

Outcome<Manifest> fetch_remote(const ModelUri& uri, const FetchOptions& options,
                               const Print& print) {
  auto file = PartialFile::create(options.to + "/" + kModelFile);
  if (!file) return tl::unexpected(file.error());
  DownloadOptions how = options.download;
  auto credential = read_credential(options.token_dir);
  if (!credential) return tl::unexpected(credential.error());
  how.authorization = std::move(*credential);
  how.verified_later = !uri.digest.empty();
  auto digest = download(uri, how, *file, print);
  if (!digest) return tl::unexpected(digest.error());
  auto manifest = check(uri, options, {file->path(), *digest, file->size()});
  if (!manifest) return manifest;
  if (auto kept = file->keep(); !kept) return tl::unexpected(kept.error());
  return manifest;
}

Outcome<Manifest> link_local(const ModelUri& uri, const FetchOptions& options) {
  auto path = locate(uri, options);
  if (!path) return tl::unexpected(path.error());
  Candidate candidate{*path, "", 0};
  auto digest = hash_file(*path, candidate.size);
  if (!digest) return tl::unexpected(digest.error());
  candidate.digest = std::move(*digest);
  auto manifest = check(uri, options, candidate);
  if (!manifest) return manifest;
  std::error_code error;
  fs::create_symlink(*path, options.to + "/" + kModelFile, error);
  if (error) return refuse("Internal", fmt::format("cannot link {}: {}", *path, error.message()));
  return manifest;
}

// What an earlier run of this container left, when it is what is asked for now.
std::optional<Manifest> already_there(const ModelUri& uri, const FetchOptions& options) {
  auto manifest = load_verified(options.to);
  if (!manifest || manifest->source != printable(options.uri)) return std::nullopt;
  if (!uri.digest.empty() && manifest->digest != uri.digest) return std::nullopt;
  return *manifest;
}

}  // namespace

Outcome<AgentReport> fetch(const FetchOptions& options, const Print& print) {
  if (options.format != "gguf")
    return refuse("FormatRejected",
                  fmt::format("format {} is not served; gguf is", options.format));
  auto uri = read_source(options);
  if (!uri) return tl::unexpected(uri.error());
  if (uri->scheme == Scheme::Pvc && options.source_dir.empty())
    return refuse("UnsupportedScheme", "pvc:// needs --source-dir, where the claim is mounted");
  if (!options.install.empty())
    if (auto installed = install_self(options.install); !installed)
      return tl::unexpected(installed.error());
  if (const auto manifest = already_there(*uri, options)) return success(*manifest);

  std::error_code ignored;
  fs::remove(options.to + "/" + kModelFile, ignored);
  fs::remove(options.to + "/" + kManifestFile, ignored);
  auto manifest =
      uri->scheme == Scheme::Https ? fetch_remote(*uri, options, print) : link_local(*uri, options);
  if (!manifest) return tl::unexpected(manifest.error());
  if (auto stored = store(options.to, *manifest); !stored) return tl::unexpected(stored.error());
  return success(*manifest);
}

}  // namespace slipway::agent
