#include "gateway/config/config_file.hpp"

#include <fstream>
#include <iterator>

namespace slipway::gateway {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) return fail(Fault::NotFound, "cannot read " + path);
  return text;
}

}  // namespace

Result<std::string> read_pepper(const std::string& path) {
  auto pepper = read_file(path);
  if (pepper && pepper->size() < 16)
    return fail(Fault::Invalid, path + ": a pepper has at least 16 bytes");
  return pepper;
}

bool ConfigFile::has_changed() const {
  const FileIdentity now = identity_of(path_);
  return now.inode != 0 && now != seen_;
}

Result<Compiled> ConfigFile::load() {
  // Taken before reading, and also for a file that is wrong: it is complained about once.
  seen_ = identity_of(path_);
  const auto text = read_file(path_);
  if (!text) return tl::unexpected<Error>(text.error());
  auto config = parse_config(*text);
  if (!config) return tl::unexpected<Error>(std::move(config).error().within(path_));
  auto compiled = compile(*config);
  if (!compiled) return tl::unexpected<Error>(std::move(compiled).error().within(path_));
  if (!config->pepper_file.empty()) {
    auto pepper = read_pepper(config->pepper_file);
    if (!pepper) return tl::unexpected<Error>(std::move(pepper).error());
    pepper_ = std::move(*pepper);
  }
  config_ = std::move(*config);
  // The snapshot has them; with many keys they are most of it.
  config_.tenants = {};
  config_.models = {};
  return compiled;
}

}  // namespace slipway::gateway
