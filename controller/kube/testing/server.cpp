#include "controller/kube/testing/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "crds/base/check.hpp"

namespace slipway::kube::fake {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Session = std::unique_ptr<SSL, decltype(&SSL_free)>;

X509* read_certificate(const std::string& pem) {
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* const certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

Context make_context(const ServerTls& tls) {
  Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  X509* const certificate = read_certificate(tls.server.certificate);
  BIO* const bio = BIO_new_mem_buf(tls.server.key.data(), static_cast<int>(tls.server.key.size()));
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_certificate(context.get(), certificate);
  SSL_CTX_use_PrivateKey(context.get(), key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!tls.client_authority.empty()) {
    X509* const authority = read_certificate(tls.client_authority);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  return context;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

class Connection : public ServerConnection {
 public:
  Connection(int socket, SSL* session) : socket_(socket), session_(session) {}

  bool write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto sent = session_ != nullptr
                            ? SSL_write(session_, bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  std::optional<ReceivedRequest> read_request() override {
    std::size_t head_end = 0;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!read_more()) return std::nullopt;
    ReceivedRequest request = parse_head(buffer_.substr(0, head_end + 2));
    buffer_.erase(0, head_end + 4);
    const auto length = request.headers.find("content-length");
    const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (buffer_.size() < size)
      if (!read_more()) return std::nullopt;
    request.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return request;
  }

  std::string client_name() const override {
    X509* const certificate = session_ != nullptr ? SSL_get0_peer_certificate(session_) : nullptr;
    if (certificate == nullptr) return {};
    std::string name(256, '\0');
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name.data(), static_cast<int>(name.size()));
    name.resize(static_cast<std::size_t>(std::max(size, 0)));
    return name;
  }

 private:
  bool read_more() {
    char piece[4096];
    const auto got = session_ != nullptr ? SSL_read(session_, piece, sizeof piece)
                                         : ::recv(socket_, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  static ReceivedRequest parse_head(const std::string& head) {
    ReceivedRequest request;
    std::istringstream in(head);
    std::string line;
    std::getline(in, line);
    std::istringstream(line) >> request.method >> request.target;
    while (std::getline(in, line)) {
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) continue;
      std::string value = line.substr(colon + 1);
      value.erase(0, value.find_first_not_of(' '));
      while (value.ends_with('\r')) value.pop_back();
      request.headers[lower(line.substr(0, colon))] = value;
    }
    return request;
  }

  const int socket_;
  SSL* const session_;
  std::string buffer_;
};

}  // namespace

struct TestServer::Accepted {
  int socket = -1;
  std::thread thread;
};

TestServer::TestServer(std::optional<ServerTls> tls, Serve serve)
    : tls_(std::move(tls)), serve_(std::move(serve)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  SLIPWAY_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    ::listen(listener_, 64) == 0,
                "the loopback has a free port");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_all(); });
}

TestServer::~TestServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (auto& one : accepted_) ::shutdown(one->socket, SHUT_RDWR);
  }
  for (auto& one : accepted_) {
    one->thread.join();
    ::close(one->socket);
  }
}

void TestServer::accept_all() {
  while (true) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    accepted_.push_back(std::make_unique<Accepted>());
    Accepted& one = *accepted_.back();
    one.socket = socket;
    one.thread = std::thread([this, &one, index = connections_++] { serve_one(one, index); });
  }
}

void TestServer::serve_one(Accepted& accepted, int index) {
  if (!tls_) {
    Connection connection(accepted.socket, nullptr);
    serve_(connection, index);
  } else {
    const Context context = make_context(*tls_);
    const Session session(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(session.get(), accepted.socket);
    if (SSL_accept(session.get()) == 1) {
      Connection connection(accepted.socket, session.get());
      serve_(connection, index);
      SSL_shutdown(session.get());
    }
    ERR_clear_error();
  }
  ::shutdown(accepted.socket, SHUT_RDWR);
}

std::string answer(int status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Text\r\nContent-Type: application/json\r\n" +
         std::string(headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

std::string chunked_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string chunk(std::string_view data) {
  std::ostringstream out;
  out << std::hex << data.size() << "\r\n" << data << "\r\n";
  return out.str();
}

}  // namespace slipway::kube::fake
