#include "runtime-images/agent/testing/tls_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "crds/base/check.hpp"

namespace slipway::agent::testing {
namespace {

void add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signs itself: it is its own authority.
X509* make_certificate(EVP_PKEY* key, const char* names) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  add_extension(certificate, NID_subject_alt_name, names);
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate, key, EVP_sha256());
  return certificate;
}

std::string write_pem(X509* certificate) {
  std::string path = "/tmp/slipway-ca-XXXXXX";
  const int file = ::mkstemp(path.data());
  SLIPWAY_CHECK(file >= 0, "tests have a place for files");
  BIO* out = BIO_new_fd(file, BIO_CLOSE);
  PEM_write_bio_X509(out, certificate);
  BIO_free(out);
  return path;
}

}  // namespace

void Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const int put = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (put <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void Peer::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  reset_ = true;
}

TlsServer::TlsServer(Script script, const char* names)
    : script_(std::move(script)), context_(SSL_CTX_new(TLS_server_method())) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = make_certificate(key, names);
  SSL_CTX_use_certificate(context_, certificate);
  SSL_CTX_use_PrivateKey(context_, key);
  ca_file_ = write_pem(certificate);
  X509_free(certificate);
  EVP_PKEY_free(key);

  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  SLIPWAY_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&where), size) == 0 &&
                    ::listen(listener_, 16) == 0 &&
                    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size) == 0,
                "the loopback has free ports");
  port_ = ntohs(where.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

TlsServer::~TlsServer() {
  ::shutdown(listener_, SHUT_RDWR);  // ends accept
  thread_.join();
  ::close(listener_);
  SSL_CTX_free(context_);
  ::unlink(ca_file_.c_str());
}

std::string TlsServer::url(const std::string& path, const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port_) + path;
}

std::vector<std::string> TlsServer::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

void TlsServer::serve() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    talk(socket);
    ::close(socket);
  }
}

void TlsServer::talk(int socket) {
  SSL* ssl = SSL_new(context_);
  SSL_set_fd(ssl, socket);
  std::string head;
  std::array<char, 4096> buffer;
  if (SSL_accept(ssl) == 1) {
    while (head.find("\r\n\r\n") == std::string::npos) {
      const int got = SSL_read(ssl, buffer.data(), buffer.size());
      if (got <= 0) break;
      head.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (head.ends_with("\r\n\r\n")) {
      {
        const std::lock_guard lock(mutex_);
        heads_.push_back(head);
      }
      Peer peer(ssl, socket);
      script_(head, peer);
      if (!peer.was_reset()) SSL_shutdown(ssl);
    }
  }
  SSL_free(ssl);
}

std::string field(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace slipway::agent::testing
