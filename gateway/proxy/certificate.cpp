#include "gateway/proxy/certificate.hpp"

#include <openssl/err.h>

namespace slipway::gateway {
namespace {

Result<std::shared_ptr<SSL_CTX>> make_context(const std::string& chain, const std::string& key) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // Renegotiation would let a client read where we write.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  const auto wrong = [](const std::string& what) {
    ERR_clear_error();
    return fail(Fault::Invalid, what);
  };
  if (SSL_CTX_use_certificate_chain_file(context.get(), chain.c_str()) != 1)
    return wrong(chain + " holds no certificate");
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1)
    return wrong(key + " holds no key for the certificate in " + chain);
  return context;
}

}  // namespace

Result<> Certificate::load() {
  // Taken before reading: a file that changes meanwhile is read again.
  chain_seen_ = identity_of(chain_file_);
  key_seen_ = identity_of(key_file_);
  auto made = make_context(chain_file_, key_file_);
  if (!made) return tl::unexpected<Error>(std::move(made).error());
  const std::lock_guard lock(mutex_);
  current_ = std::move(*made);
  return {};
}

bool Certificate::has_changed() const {
  return identity_of(chain_file_) != chain_seen_ || identity_of(key_file_) != key_seen_;
}

std::shared_ptr<SSL_CTX> Certificate::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace slipway::gateway
