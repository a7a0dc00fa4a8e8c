#include "controller/kube/wire.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>

namespace slipway::kube {
namespace {

using std::chrono::steady_clock;

// Bounds the calls in flight.
class Gate {
 public:
  explicit Gate(int places) : free_(places) {}

  bool enter(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    if (!left_.wait_until(lock, deadline, [&] { return free_ > 0; })) return false;
    --free_;
    return true;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    ++free_;
    left_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  int free_;
};

class WireTransport : public Transport {
 public:
  WireTransport(int connections, std::unique_ptr<SecretFiles> secrets, std::unique_ptr<Wire> wire)
      : secrets_(std::move(secrets)), wire_(std::move(wire)), gate_(connections) {}

  Result<HttpResponse> send(const HttpRequest& request, Duration timeout) override try {
    const SteadyTime deadline = steady_clock::now() + timeout;
    if (!gate_.enter(deadline))
      return fail(Fault::Unavailable, "timed out waiting for a free connection");
    const std::unique_ptr<Gate, void (*)(Gate*)> place(&gate_, [](Gate* gate) { gate->leave(); });

    const auto used = secrets_->current();
    auto response = wire_->send(request, used, deadline);
    // A refused token: nothing was carried out, whatever the request was.
    if (response && response->status == 401 && secrets_->changed_since(*used))
      response = wire_->send(request, secrets_->current(), deadline);
    if (!response) after_failure(*used);
    return response;
  } catch (const std::exception& error) {
    return fail(Fault::Unavailable, error.what());
  }

  Result<> stream(const HttpRequest& request, std::stop_token stop, Duration idle_limit,
                  const OnBytes& on_bytes) override try {
    if (stop.stop_requested()) return {};
    const auto used = secrets_->current();
    auto ended = wire_->stream(request, used, stop, idle_limit, on_bytes);
    const bool refused = !ended && ended.error().fault == Fault::Forbidden;
    if (refused && !stop.stop_requested() && secrets_->changed_since(*used))
      ended = wire_->stream(request, secrets_->current(), stop, idle_limit, on_bytes);
    if (stop.stop_requested()) return {};
    if (!ended) after_failure(*used);
    return ended;
  } catch (const std::exception& error) {
    return fail(Fault::Unavailable, error.what());
  }

 private:
  // The server may have got a certificate of another authority: the next try has ours as it is now.
  void after_failure(const Secrets& used) { (void)secrets_->changed_since(used); }

  const std::unique_ptr<SecretFiles> secrets_;
  const std::unique_ptr<Wire> wire_;
  Gate gate_;
};

}  // namespace

tl::unexpected<Error> not_permitted() {
  return fail(Fault::Unavailable, "not sent: this replica may not write now");
}

Result<std::unique_ptr<Transport>> make_transport(const Credentials& credentials,
                                                  const TransportOptions& options,
                                                  std::unique_ptr<Wire> wire) {
  auto secrets = SecretFiles::open(credentials, options.clock);
  if (!secrets) return tl::unexpected(secrets.error());
  SLIPWAY_TRY(wire->check(*(*secrets)->current()));
  return std::make_unique<WireTransport>(options.connections, *std::move(secrets), std::move(wire));
}

}  // namespace slipway::kube
