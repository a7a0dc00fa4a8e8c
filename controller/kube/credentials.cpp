#include "controller/kube/credentials.hpp"

#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

namespace slipway::kube {
namespace {

namespace fs = std::filesystem;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// It goes into the head of every request, where a line end or a space would be read as something
// else.
bool is_host(std::string_view host, bool bracketed) {
  return !host.empty() && std::ranges::all_of(host, [&](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || (bracketed && c == ':');
  });
}

bool is_path(std::string_view path) {
  return std::ranges::all_of(path,
                             [](char c) { return c > ' ' && c <= '~' && c != '?' && c != '#'; });
}

std::optional<std::string> decode_base64(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> bytes(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // EVP_DecodeBlock counts the bytes that the padding stands for.
  const auto padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  return std::string(bytes.begin(), bytes.begin() + size - padding);
}

// One kubeconfig, with errors that name the file and the field.
class Kubeconfig {
 public:
  Kubeconfig(std::string file, const YAML::Node& root) : file_(std::move(file)), root_(root) {}

  Result<Credentials> credentials() const {
    auto context_name = text(root_, "", "current-context");
    if (!context_name) return tl::unexpected(context_name.error());
    if (context_name->empty()) return wrong("current-context", "is not set");
    const auto context = entry("contexts", *context_name, "context");
    if (!context) return tl::unexpected(context.error());
    const auto cluster = part(*context, "clusters", "cluster");
    if (!cluster) return tl::unexpected(cluster.error());
    const auto user = part(*context, "users", "user");
    if (!user) return tl::unexpected(user.error());

    Credentials credentials;
    SLIPWAY_TRY(take_cluster(*cluster, credentials));
    SLIPWAY_TRY(take_user(*user, credentials));
    SLIPWAY_TRY(take_text(*context, "namespace", credentials.ns));
    return credentials;
  }

 private:
  struct Entry {
    YAML::Node node;
    std::string path;  // "clusters[dev].cluster"
  };

  tl::unexpected<Error> wrong(const std::string& field, const std::string& what) const {
    return fail(Fault::Invalid, "kubeconfig " + file_ + ": " + field + " " + what);
  }

  // Empty when there is no such field.
  Result<std::string> text(const YAML::Node& node, const std::string& path,
                           const char* field) const {
    const YAML::Node value = node.IsMap() ? node[field] : YAML::Node();
    if (!value.IsDefined() || value.IsNull()) return std::string();
    if (!value.IsScalar()) return wrong(path + field, "is not a text");
    return value.Scalar();
  }

  Result<> take_text(const Entry& entry, const char* field, std::string& into) const {
    auto value = text(entry.node, entry.path + ".", field);
    if (!value) return tl::unexpected(value.error());
    into = *std::move(value);
    return {};
  }

  Result<Entry> entry(const char* list, const std::string& name, const char* member) const {
    const YAML::Node entries = root_[list];
    const std::string place = std::string(list) + "[" + name + "]";
    if (entries.IsDefined() && entries.IsSequence()) {
      for (const YAML::Node& one : entries) {
        if (!one.IsMap() || !one["name"] || !one["name"].IsScalar()) continue;
        if (one["name"].Scalar() != name) continue;
        if (!one[member] || !one[member].IsMap()) return wrong(place + "." + member, "is missing");
        return Entry{one[member], place + "." + member};
      }
    }
    return wrong(place, "does not exist");
  }

  // The cluster or user that a context names.
  Result<Entry> part(const Entry& context, const char* list, const char* member) const {
    std::string name;
    SLIPWAY_TRY(take_text(context, member, name));
    if (name.empty()) return wrong(context.path + "." + member, "is not set");
    return entry(list, name, member);
  }

  // `field` is a file, `field`-data the same as base64, which wins (as in kubectl).
  Result<> take_source(const Entry& entry, const std::string& field, Source& into) const {
    std::string data;
    SLIPWAY_TRY(take_text(entry, (field + "-data").c_str(), data));
    if (!data.empty()) {
      auto decoded = decode_base64(data);
      if (!decoded) return wrong(entry.path + "." + field + "-data", "is not base64");
      into.text = *std::move(decoded);
      return {};
    }
    return take_file(entry, field.c_str(), into);
  }

  Result<> take_file(const Entry& entry, const char* field, Source& into) const {
    std::string name;
    SLIPWAY_TRY(take_text(entry, field, name));
    if (name.empty()) return {};
    into.file = (fs::path(file_).parent_path() / name).string();
    if (!std::ifstream(into.file).good())
      return wrong(entry.path + "." + field, "names " + into.file + ", which cannot be read");
    return {};
  }

  Result<> refuse(const Entry& entry, const char* field, const char* why) const {
    const YAML::Node value = entry.node[field];
    if (!value.IsDefined() || value.IsNull()) return {};
    if (value.IsScalar() && (value.Scalar().empty() || value.Scalar() == "false")) return {};
    return wrong(entry.path + "." + field, why);
  }

  Result<> take_cluster(const Entry& cluster, Credentials& into) const {
    std::string server;
    SLIPWAY_TRY(take_text(cluster, "server", server));
    if (server.empty()) return wrong(cluster.path + ".server", "is not set");
    auto endpoint = parse_endpoint(server);
    if (!endpoint) return wrong(cluster.path + ".server", endpoint.error().what);
    into.endpoint = *std::move(endpoint);
    SLIPWAY_TRY(refuse(cluster, "insecure-skip-tls-verify",
                       "is not supported: give the cluster's certificate-authority"));
    SLIPWAY_TRY(refuse(cluster, "proxy-url", "is not supported"));
    SLIPWAY_TRY(take_text(cluster, "tls-server-name", into.server_name));
    SLIPWAY_TRY(take_source(cluster, "certificate-authority", into.ca));
    if (into.endpoint.tls && !into.ca.given())
      return wrong(cluster.path + ".certificate-authority", "is not set: no server can be trusted");
    return {};
  }

  Result<> take_user(const Entry& user, Credentials& into) const {
    for (const char* plugin : {"exec", "auth-provider"})
      SLIPWAY_TRY(refuse(user, plugin,
                         "is a plug-in, which is not supported: use a client certificate or a "
                         "token"));
    SLIPWAY_TRY(refuse(user, "username", "is not supported: use a client certificate or a token"));
    SLIPWAY_TRY(take_source(user, "client-certificate", into.certificate));
    SLIPWAY_TRY(take_source(user, "client-key", into.key));
    if (into.certificate.given() != into.key.given())
      return wrong(user.path, "has only one of client-certificate and client-key");
    SLIPWAY_TRY(take_file(user, "tokenFile", into.token));
    if (into.token.file.empty()) SLIPWAY_TRY(take_text(user, "token", into.token.text));
    return {};
  }

  std::string file_;
  YAML::Node root_;
};

}  // namespace

std::string Endpoint::authority() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  if (url.starts_with("https://")) {
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    endpoint.tls = false;
    url.remove_prefix(7);
  } else {
    return fail(Fault::Invalid, "is not an http(s) address: '" + std::string(url) + "'");
  }
  const std::size_t slash = std::min(url.find('/'), url.size());
  endpoint.path = url.substr(slash);
  while (endpoint.path.ends_with('/')) endpoint.path.pop_back();
  std::string_view authority = url.substr(0, slash);

  const bool bracketed = authority.starts_with('[');
  const std::size_t host_end =
      bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (host_end == std::string_view::npos) return fail(Fault::Invalid, "has no ']' after its host");
  endpoint.host = bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
  authority.remove_prefix(host_end + (bracketed ? 1 : 0));
  if (authority.starts_with(':'))
    endpoint.port = authority.substr(1);
  else if (authority.empty())
    endpoint.port = endpoint.tls ? "443" : "80";

  const bool digits =
      !endpoint.port.empty() && endpoint.port.size() <= 5 &&
      std::ranges::all_of(endpoint.port, [](char c) { return c >= '0' && c <= '9'; });
  if (endpoint.host.empty()) return fail(Fault::Invalid, "has no host");
  if (!is_host(endpoint.host, bracketed)) return fail(Fault::Invalid, "has no valid host");
  if (!digits) return fail(Fault::Invalid, "has no valid port");
  if (!is_path(endpoint.path)) return fail(Fault::Invalid, "has no valid path");
  return endpoint;
}

Result<Credentials> read_kubeconfig(const std::string& file) {
  std::ifstream in(file);
  if (!in) return fail(Fault::Invalid, "kubeconfig " + file + " cannot be read");
  return parse_kubeconfig({std::istreambuf_iterator<char>(in), {}}, file);
}

Result<Credentials> parse_kubeconfig(const std::string& text, const std::string& file) {
  try {
    return Kubeconfig(file, YAML::Load(text)).credentials();
  } catch (const YAML::Exception& error) {
    return fail(Fault::Invalid, "kubeconfig " + file + ": " + error.what());
  }
}

Result<Credentials> read_service_account(std::string_view host, std::string_view port,
                                         const std::string& folder) {
  if (host.empty() || port.empty())
    return fail(
        Fault::Invalid,
        "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  Credentials credentials;
  credentials.endpoint.host = host;
  credentials.endpoint.port = port;
  credentials.ca.file = folder + "/ca.crt";
  credentials.token.file = folder + "/token";
  for (const std::string& file : {credentials.ca.file, credentials.token.file})
    if (!std::ifstream(file).good()) return fail(Fault::Invalid, file + " cannot be read");
  std::ifstream ns(folder + "/namespace");
  std::getline(ns, credentials.ns);
  return credentials;
}

}  // namespace slipway::kube
