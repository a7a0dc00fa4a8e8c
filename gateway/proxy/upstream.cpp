#include "gateway/proxy/upstream.hpp"

#include <algorithm>
#include <cerrno>

#include "gateway/proxy/address.hpp"

namespace slipway::gateway {

Upstream::Upstream(EventLoop& loop, std::string address) : loop_(loop), name_(std::move(address)) {
  if (const auto parsed = parse_address(name_)) {
    address_ = parsed->storage;
    size_ = parsed->size;
  }
}

std::unique_ptr<Socket> Upstream::take_idle() {
  if (idle_.empty()) return nullptr;
  // The one that was used last is the one least likely to be timed out.
  std::unique_ptr<Socket> socket = std::move(idle_.back());
  idle_.pop_back();
  socket->set_owner(nullptr);
  return socket;
}

Upstream::~Upstream() {
  for (auto& socket : idle_) {
    socket->set_owner(nullptr);
    loop_.dispose(std::move(socket));
  }
}

Upstream::Begun Upstream::connect() {
  if (size_ == 0) return {};
  errno = 0;
  Begun begun{Socket::connect(loop_, reinterpret_cast<const sockaddr*>(&address_), size_), false};
  begun.exhausted = !begun.socket && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS);
  return begun;
}

void Upstream::keep(std::unique_ptr<Socket> socket) {
  // Whatever more it has to say belongs to no request.
  if (socket->hung_up() || socket->may_read() || idle_.size() >= kMostIdle) {
    loop_.dispose(std::move(socket));
    return;
  }
  socket->set_owner(this);
  idle_.push_back(std::move(socket));
}

void Upstream::on_socket(Socket& socket, Ready ready) {
  if (!ready.readable) return;
  const auto at = std::ranges::find(idle_, &socket, &std::unique_ptr<Socket>::get);
  if (at == idle_.end()) return;
  loop_.dispose(std::move(*at));
  idle_.erase(at);
}

}  // namespace slipway::gateway
