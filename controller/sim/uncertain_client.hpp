// The network between one replica and the simulated API server: writes are refused, slow or late,
// answers are lost, the replica dies at any of them, and others act meanwhile. Asks for the permit
// right before a write leaves, as the transport does. Used by one thread; everything handed in
// must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "controller/kube/api_client.hpp"
#include "controller/sim/faults.hpp"
#include "controller/sim/fencing.hpp"
#include "controller/sim/random.hpp"
#include "controller/sim/sim_api_server.hpp"
#include "controller/sim/trace.hpp"

namespace slipway::sim {

// What happens to a write between the replica and the server.
class Way {
 public:
  virtual ~Way() = default;

  // Right before it is sent: the replica may stand still for a while.
  virtual void hold_up() = 0;
  virtual bool permitted() const = 0;
  // Who sends it now, and when.
  virtual Sent sent(std::string version) const = 0;
  // It is under way: others act, and time may pass.
  virtual void meanwhile() = 0;
  virtual bool reaches_server() const = 0;
  // Whether the server has given it up.
  virtual bool expired(const Sent& sent) const = 0;
  // Carries it out, in the name of its sender.
  virtual void land(const Sent& sent, const std::function<void()>& write) = 0;
  // The same, some time after the sender has died; false: it cannot come later than that.
  virtual bool land_later(const Sent& sent, std::function<void()> write) = 0;
  // Every delete as the replica sent it, and those whose success it heard of.
  virtual void removes(const kube::RemoveRequest& request) = 0;
  virtual void removed(const kube::RemoveRequest& request) = 0;
};

class UncertainClient : public kube::ApiClient {
 public:
  UncertainClient(SimApiServer& server, Random& random, const Voice& voice, const Faults& faults,
                  Way& way)
      : server_(server), random_(random), voice_(voice), faults_(faults), way_(way) {}

  Result<kube::ApplyAnswer> get(const kube::GetRequest& request) override;
  Result<kube::ApplyAnswer> apply(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> apply_status(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> create(const kube::CreateRequest& request) override;
  Result<> remove(const kube::RemoveRequest& request) override;
  Result<kube::ApplyAnswer> patch_finalizers(const kube::FinalizersPatch& request) override;

  // Once the replica has died, nothing that it still does reaches anybody.
  bool dead() const { return dead_; }
  void kill() { dead_ = true; }
  void revive() { dead_ = false; }
  // Every write that was sent, whatever became of it.
  std::uint64_t writes() const { return writes_; }

 private:
  // Carries out `call` under faults; it may be kept for longer than the caller lives. `what` is
  // for the trace.
  template <class Answer>
  Answer send(const std::string& what, std::string version, std::function<Answer()> call);
  template <class Answer>
  Answer arrive(const std::string& what, const Sent& sent, const std::function<Answer()>& call);
  bool may_leave(const std::string& what);
  void others_act();
  bool dies_now(bool after);
  std::optional<Error> refusal();
  // Each is a mutant of the replica.
  void falsify(kube::ApplyRequest& request) const;
  kube::RemoveRequest as_sent(const kube::RemoveRequest& request) const;
  void drop_others(const kube::ApplyRequest& applied);

  SimApiServer& server_;
  Random& random_;
  const Voice& voice_;
  const Faults& faults_;
  Way& way_;
  bool dead_ = false;
  std::uint64_t writes_ = 0;
};

}  // namespace slipway::sim
