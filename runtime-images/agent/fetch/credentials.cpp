#include "runtime-images/agent/fetch/credentials.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fstream>
#include <iterator>
#include <optional>

namespace slipway::agent {
namespace {

constexpr std::size_t kMaxSecret = std::size_t{16} * 1024;

// The file without the line end that editors leave; nullopt when there is none.
std::optional<std::string> read_secret(const std::string& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

}  // namespace

Outcome<std::string> read_credential(const std::string& dir) {
  if (dir.empty()) return std::string();
  std::string value;
  if (const auto token = read_secret(dir + "/token")) {
    value = "Bearer " + *token;
  } else {
    const auto user = read_secret(dir + "/username");
    const auto password = read_secret(dir + "/password");
    if (!user || !password)
      return refuse(
          "Unauthorized",
          fmt::format("the secret in {} has neither token nor username and password", dir));
    value = "Basic " + base64(*user + ":" + *password);
  }
  // It becomes a header line: nothing in it may end that line.
  if (value.size() > kMaxSecret || value.find_first_of("\r\n", 0, 2) != std::string::npos ||
      value.find('\0') != std::string::npos)
    return refuse("Unauthorized", fmt::format("the secret in {} is not one line of text", dir));
  return value;
}

}  // namespace slipway::agent
