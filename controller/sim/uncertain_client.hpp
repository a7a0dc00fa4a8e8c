// The network between the controller and the simulated API server: writes are refused, answers
// are lost, the controller dies at any of them, and others act meanwhile. Used by one thread;
// everything handed in must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "controller/kube/api_client.hpp"
#include "controller/sim/faults.hpp"
#include "controller/sim/random.hpp"
#include "controller/sim/sim_api_server.hpp"
#include "controller/sim/trace.hpp"

namespace slipway::sim {

class UncertainClient : public kube::ApiClient {
 public:
  UncertainClient(SimApiServer& server, Random& random, Trace& trace, const Faults& faults)
      : server_(server), random_(random), trace_(trace), faults_(faults) {}

  Result<kube::ApplyAnswer> get(const kube::GetRequest& request) override;
  Result<kube::ApplyAnswer> apply(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> apply_status(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> create(const kube::CreateRequest& request) override;
  Result<> remove(const kube::RemoveRequest& request) override;
  Result<kube::ApplyAnswer> patch_finalizers(const kube::FinalizersPatch& request) override;

  // Called before and after a write takes effect, when faults say so.
  void set_meanwhile(std::function<void()> meanwhile) { meanwhile_ = std::move(meanwhile); }
  // They see every delete as the controller sent it, and those whose success it heard of.
  void set_on_remove(std::function<void(const kube::RemoveRequest&)> sent,
                     std::function<void(const kube::RemoveRequest&)> done) {
    on_remove_ = std::move(sent);
    on_removed_ = std::move(done);
  }

  // Once the controller has died, nothing that it still does reaches anybody.
  bool dead() const { return dead_; }
  void kill() { dead_ = true; }
  void revive() { dead_ = false; }
  // Every write that was sent, whatever became of it.
  std::uint64_t writes() const { return writes_; }

 private:
  // Carries out `call` under faults. `what` is for the trace.
  template <class Answer>
  Answer send(const std::string& what, const std::function<Answer()>& call);
  void others_act();
  bool dies_now(bool after);
  std::optional<Error> refusal();
  void falsify(kube::ApplyRequest& request) const;
  void drop_others(const kube::ApplyRequest& applied);

  SimApiServer& server_;
  Random& random_;
  Trace& trace_;
  const Faults& faults_;
  std::function<void()> meanwhile_;
  std::function<void(const kube::RemoveRequest&)> on_remove_, on_removed_;
  bool dead_ = false;
  std::uint64_t writes_ = 0;
};

}  // namespace slipway::sim
