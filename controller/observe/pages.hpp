// What the controller shows of itself: /metrics, /healthz, /readyz. Reads the controller and its
// shell from the server's thread; all of them must outlive it.
#pragma once

#include <functional>
#include <string_view>

#include "controller/observe/http_server.hpp"
#include "controller/observe/log.hpp"
#include "controller/observe/metrics.hpp"
#include "controller/runtime/clock.hpp"
#include "controller/runtime/controller.hpp"
#include "controller/runtime/shell.hpp"

namespace slipway {

struct ControllerMetrics {
  Counter api_requests{"slipway_api_requests_total",
                       "Calls to the API server other than watches, by outcome."};
  Gauge in_flight_limit{"slipway_api_inflight_limit",
                        "Calls to the API server other than watches that may run at once; fewer "
                        "for a while after it answered 429."};
  Counter reconciles{"slipway_reconciles_total", "Reconciles, by kind and result."};
  Counter undecodable{"slipway_undecodable_objects_total",
                      "Objects that arrived and could not be read."};
  Counter audit_differences{"slipway_audit_differences_total",
                            "Objects that a watch had lost for good, found by an audit."};
  Histogram reconcile_duration{"slipway_reconcile_duration_seconds",
                               "From the look at the cache to the last answer."};

  void processed(const Report& report, Duration took);
};

// Counts and logs what the shell's threads do. Both must outlive the shell.
ShellEvents told(ControllerMetrics& metrics, Log& log);

using HealthOf = std::function<kube::WatchHealth(Watched)>;

// Ready once every watch is in sync, be it the leader or a standby.
PageAnswer page(std::string_view path, const Controller& controller, const Leadership& leadership,
                const HealthOf& health, const ControllerMetrics& metrics, const Clock& clock);

}  // namespace slipway
