#include "gateway/proxy/reactor.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "gateway/picking/outlier.hpp"
#include "gateway/proxy/client_connection.hpp"

namespace slipway::gateway {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr std::chrono::milliseconds kPublishing{500};  // of counters
constexpr std::size_t kLogPiece = std::size_t{64} * 1024;
// Few, so that reactors that share a socket share what comes.
constexpr int kAcceptsAtOnce = 4;

}  // namespace

class Reactor::Acceptor final : public Watcher {
 public:
  Acceptor(Reactor& reactor, int listening, const Certificate* certificate, Door door)
      : reactor_(reactor), listening_(::dup(listening)), certificate_(certificate), door_(door) {}
  ~Acceptor() override { ::close(listening_); }

  // Others have copies of the descriptor, so closing this one does not end the watching.
  void unwatch() {
    if (watching_) reactor_.loop().unwatch(listening_);
    watching_ = false;
  }

  bool watch() {
    if (!watching_) watching_ = listening_ >= 0 && reactor_.loop().watch_level(listening_, *this);
    return watching_;
  }
  // Who has been let in by the kernel already is not turned away.
  void take_all() {
    while (take_one()) {
    }
  }

 private:
  void on_ready(Ready) override {
    for (int i = 0; i < kAcceptsAtOnce && take_one(); ++i) {
    }
  }
  bool take_one() {
    const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) reactor_.take(fd, certificate_, door_);
    // Without descriptors the loop would be told again and again: until the next tick, then.
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) unwatch();
    return fd >= 0;
  }

  Reactor& reactor_;
  int listening_;
  const Certificate* certificate_;
  bool watching_ = false;
  Door door_;
};

Result<std::unique_ptr<Reactor>> Reactor::make(const Shared& shared,
                                               std::shared_ptr<const Snapshot> snapshot) {
  auto loop = EventLoop::make();
  if (!loop) return tl::unexpected<Error>(std::move(loop).error());
  std::unique_ptr<Reactor> reactor(new Reactor(shared, std::move(*loop)));
  reactor->routes_ = std::make_shared<const Routes>(*reactor->loop_, reactor->counters_,
                                                    std::move(snapshot), nullptr);
  reactor->loop_->on_tick(kTick, [own = reactor.get()] { own->tick(); });
  return reactor;
}

Reactor::Reactor(const Shared& shared, std::unique_ptr<EventLoop> loop)
    : shared_(shared), loop_(std::move(loop)), keys_(shared.pepper) {}

Reactor::~Reactor() {
  flush_log();
}

bool Reactor::accept_from(int listening, const Certificate* certificate, Door door) {
  acceptors_.push_back(std::make_unique<Acceptor>(*this, listening, certificate, door));
  return acceptors_.back()->watch();
}

void Reactor::run() {
  loop_->run();
}

void Reactor::take(int fd, const Certificate* certificate, Door door) {
  const auto tls = certificate == nullptr ? nullptr : certificate->current();
  std::unique_ptr<Socket> socket = Socket::make(*loop_, fd, tls.get());
  if (!socket) return;
  ++counters_.accepted;
  ++counters_.connections;
  connections_.push_back(
      std::make_unique<ClientConnection>(*this, std::move(socket), door, connections_.size()));
}

void Reactor::remove(ClientConnection& connection) {
  --counters_.connections;
  const std::size_t slot = connection.slot();
  std::swap(connections_[slot], connections_.back());
  connections_[slot]->set_slot(slot);
  loop_->dispose(std::move(connections_.back()));
  connections_.pop_back();
}

void Reactor::serve(std::shared_ptr<const Snapshot> snapshot) {
  loop_->post([this, snapshot = std::move(snapshot)] {
    routes_ = std::make_shared<const Routes>(*loop_, counters_, snapshot, routes_.get());
  });
}

void Reactor::drain(std::chrono::milliseconds delay, std::chrono::milliseconds grace) {
  loop_->post([this, delay, grace] {
    draining_ = true;
    accept_until_ = loop_->now() + delay;
    serve_until_ = accept_until_ + grace;
  });
}

void Reactor::stop_accepting() {
  for (auto& acceptor : acceptors_) {
    acceptor->take_all();
    acceptor->unwatch();
    loop_->dispose(std::move(acceptor));
  }
  acceptors_.clear();
}

GatewayCounters Reactor::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void Reactor::tick() {
  if (loop_->now() >= accept_until_) stop_accepting();
  // Backwards: a connection that ends here swaps places with the last one, which was looked at.
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->on_tick(loop_->now());
  for (const auto& acceptor : acceptors_) acceptor->watch();
  flush_log();
  if (loop_->now() >= window_ends_) {
    routes_->close_window(loop_->now());
    window_ends_ = loop_->now() + kRateWindow;
  }
  if (loop_->now() >= publish_at_) {
    publish_at_ = loop_->now() + kPublishing;
    const std::lock_guard lock(mutex_);
    published_ = counters_;
  }
  const bool idle = acceptors_.empty() && connections_.empty();
  const bool over = loop_->now() >= serve_until_;
  for (std::size_t i = connections_.size(); over && i-- > 0;) connections_[i]->shut_down();
  if (draining_ && (idle || over)) loop_->stop();
}

void Reactor::log(const RequestRecord& record) {
  append_log_line(log_lines_, record);
  if (log_lines_.size() >= kLogPiece) flush_log();
}

void Reactor::flush_log() {
  if (log_lines_.empty()) return;
  shared_.log.write(std::move(log_lines_));
  log_lines_ = {};
  log_lines_.reserve(kLogPiece + 1024);
}

}  // namespace slipway::gateway
