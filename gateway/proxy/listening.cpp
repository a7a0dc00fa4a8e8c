#include "gateway/proxy/listening.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/proxy/address.hpp"

namespace slipway::gateway {
namespace {

constexpr int kBacklog = 4096;

Result<int> listen_at(const std::string& text) {
  const auto address = parse_address(text);
  if (!address) return fail(Fault::Invalid, fmt::format("\"{}\" is no numeric address", text));
  const int fd =
      ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 ||
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0 ||
      ::listen(fd, kBacklog) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return fail(Fault::Unavailable, fmt::format("cannot listen at {}: {}", text, why));
  }
  return fd;
}

}  // namespace

Result<Doors> Doors::open(const GatewayConfig& config) {
  Doors doors;
  for (const Listener& listener : config.listeners) SLIPWAY_TRY(doors.add(listener, Door::Clients));
  if (!config.admin_address.empty())
    SLIPWAY_TRY(doors.add({config.admin_address, "", ""}, Door::Admin));
  return doors;
}

Result<> Doors::add(const Listener& listener, Door door) {
  One one;
  one.door = door;
  if (!listener.certificate_file.empty()) {
    one.certificate = std::make_unique<Certificate>(listener.certificate_file, listener.key_file);
    SLIPWAY_TRY(one.certificate->load());
  }
  const auto fd = listen_at(listener.address);
  if (!fd) return tl::unexpected<Error>(fd.error());
  one.fd = *fd;
  doors_.push_back(std::move(one));
  return {};
}

bool Doors::lead_to(Reactor& reactor) const {
  for (const One& one : doors_)
    if (!reactor.accept_from(one.fd, one.certificate.get(), one.door)) return false;
  return true;
}

std::vector<std::string> Doors::renew() {
  std::vector<std::string> complaints;
  for (const One& one : doors_) {
    if (!one.certificate || !one.certificate->has_changed()) continue;
    if (const auto loaded = one.certificate->load(); !loaded)
      complaints.push_back(loaded.error().what);
  }
  return complaints;
}

void Doors::close() {
  for (One& one : doors_) {
    if (one.fd >= 0) ::close(one.fd);
    one.fd = -1;
  }
}

}  // namespace slipway::gateway
