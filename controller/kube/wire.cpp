#include "controller/kube/wire.hpp"

#include <exception>

#include "controller/kube/in_flight_limit.hpp"

namespace slipway::kube {
namespace {

using std::chrono::steady_clock;

Duration steady_now() {
  return std::chrono::floor<Duration>(steady_clock::now().time_since_epoch());
}

class WireTransport : public Transport {
 public:
  WireTransport(const TransportOptions& options, std::unique_ptr<SecretFiles> secrets,
                std::unique_ptr<Wire> wire)
      : secrets_(std::move(secrets)),
        wire_(std::move(wire)),
        clock_(options.clock ? options.clock : &steady_now),
        gate_(options.connections, options.on_limit) {}

  Result<HttpResponse> send(const HttpRequest& request, Duration timeout) override {
    const SteadyTime deadline = steady_clock::now() + timeout;
    const auto ticket = gate_.enter(deadline);
    if (!ticket) return fail(Fault::Unavailable, "timed out waiting for a free connection");
    auto response = exchange(request, deadline);
    gate_.leave(*ticket, response ? std::optional(response->status) : std::nullopt, clock_());
    return response;
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
  Result<HttpResponse> exchange(const HttpRequest& request, SteadyTime deadline) try {
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

  // The server may have got a certificate of another authority: the next try has ours as it is now.
  void after_failure(const Secrets& used) { (void)secrets_->changed_since(used); }

  const std::unique_ptr<SecretFiles> secrets_;
  const std::unique_ptr<Wire> wire_;
  const std::function<Duration()> clock_;
  InFlightGate gate_;
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
  return std::make_unique<WireTransport>(options, *std::move(secrets), std::move(wire));
}

}  // namespace slipway::kube
