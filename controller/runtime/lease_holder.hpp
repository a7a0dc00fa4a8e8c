// The blocking shell around `LeaseMachine`: watches the Lease, renews it on a thread of its own,
// and tells everybody who asks whether this replica may write. Its client should have a transport
// of its own, so that a renewal never waits behind other writes. Everything handed in must outlive
// the holder; its destructor gives the Lease up, so whoever writes must have stopped before.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "controller/cache/guarded.hpp"
#include "controller/kube/api_client.hpp"
#include "controller/kube/watcher.hpp"
#include "controller/runtime/clock.hpp"
#include "controller/runtime/leadership.hpp"
#include "controller/runtime/lease_calls.hpp"
#include "controller/runtime/lease_machine.hpp"
#include "controller/runtime/wake_up.hpp"

namespace slipway {

struct LeaseOptions {
  std::string ns;
  std::string name = "slipway-controller";
  std::string identity;  // different for every process that ever runs
  LeaseTimes times;
};

struct LeaseNews {
  bool leads = false;
  std::int64_t epoch = 0;
  std::string holder;  // empty: nobody
};

class LeaseHolder : public Leadership {
 public:
  // Called from the holder's threads when somebody else, or nobody, or this replica leads now.
  using OnNews = std::function<void(const LeaseNews&)>;
  // Once for as long as the same trouble lasts.
  using OnTrouble = std::function<void(const Error&)>;

  LeaseHolder(LeaseOptions options, kube::ApiClient& client, kube::Transport& transport,
              const Clock& clock, OnNews on_news, OnTrouble on_trouble);
  ~LeaseHolder() override;

  bool may_write(Duration now) const override;
  std::int64_t epoch() const override;
  void outgrow(std::int64_t epoch) override;

 private:
  void run(const std::stop_token& stop);
  void on_watch(const kube::WatchEvent& event);
  void tell();
  void complain(const Error& error);

  const LeaseOptions options_;
  const LeaseCalls calls_;
  const Clock& clock_;
  const OnNews on_news_;
  const OnTrouble on_trouble_;
  Guarded<LeaseMachine> machine_;
  Guarded<std::optional<LeaseNews>> told_;
  Guarded<std::string> last_trouble_;  // empty when the server has said something good since
  WakeUp wake_;
  LeaseSights sights_;      // of the watch's thread
  std::mt19937_64 random_;  // of the holder's thread
  std::optional<kube::Watcher> watcher_;
  std::jthread thread_;
};

// The host's name and a number that no other process will have.
std::string new_identity();

}  // namespace slipway
