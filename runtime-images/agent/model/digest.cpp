#include "runtime-images/agent/model/digest.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "crds/base/check.hpp"

namespace slipway::agent {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  restart();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::restart() {
  SLIPWAY_CHECK(EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1,
                "SHA-256 is built into OpenSSL");
}

void Sha256::update(std::span<const char> bytes) {
  SLIPWAY_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1,
                "hashing memory does not fail");
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned int length = 0;
  SLIPWAY_CHECK(EVP_DigestFinal_ex(context_->evp, raw.data(), &length) == 1,
                "an initialised hash can be finished");
  std::string text = "sha256:";
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", raw[i]);
  restart();
  return text;
}

Outcome<std::string> hash_file(const std::string& path, std::int64_t& size) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return refuse("NotFound", fmt::format("{}: {}", path, std::strerror(errno)));
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  size = 0;
  ssize_t got = 0;
  while ((got = ::read(file, buffer.data(), buffer.size())) > 0) {
    hash.update({buffer.data(), static_cast<std::size_t>(got)});
    size += got;
  }
  const int why = errno;
  ::close(file);
  if (got < 0)
    return refuse("Internal", fmt::format("reading {} failed after {} bytes: {}", path, size,
                                          std::strerror(why)));
  return hash.finish();
}

}  // namespace slipway::agent
