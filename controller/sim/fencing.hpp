// That of several replicas one writes at a time, judged by what the server sees and not by what
// the replicas believe. Used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {

// A replica's write on its way to the server.
struct Sent {
  std::string writer;      // its name in the Lease; empty: a replica that needs none
  std::int64_t epoch = 0;  // the term in which it was sent
  Duration at{};
  std::string version;  // of the object, on which it insists; empty: any
};

// Times are those of the servers' clock.
class Fencing {
 public:
  explicit Fencing(bool even_clocks) : even_clocks_(even_clocks) {}

  // For every change of the Lease; null: it was deleted.
  void on_lease(const Json* after, Duration now);
  // What is wrong with an effect of `sent` that the server sees now; empty: nothing.
  std::string judge(const Effect& effect, const Sent& sent, Duration now);

 private:
  std::string judge_permit(const Effect& effect, const Sent& sent, Duration now) const;
  std::string judge_order(const Effect& effect, const Sent& sent);

  const bool even_clocks_;
  std::string holder_;
  std::map<std::string, Duration> renewed_;     // by holder: when the server saw it last
  std::map<std::string, std::int64_t> epochs_;  // by uid: of the latest term that has written it
};

}  // namespace slipway::sim
