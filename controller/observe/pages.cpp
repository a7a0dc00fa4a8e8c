#include "controller/observe/pages.hpp"

#include <chrono>

namespace slipway {
namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string_view resource_of(Watched kind) {
  return target_of(kind).resource.plural;
}

void write_watches(MetricsText& text, const HealthOf& health) {
  text.family("slipway_watch_age_seconds", "gauge",
              "Since the API server last said anything on this watch.");
  for (const Watched kind : kAllWatched) {
    const auto age = health(kind).since_byte;
    if (age)
      text.sample("slipway_watch_age_seconds", {{"resource", resource_of(kind)}}, seconds(*age));
  }
  text.family("slipway_watch_synced", "gauge", "1 once the watch has delivered a complete set.");
  for (const Watched kind : kAllWatched) {
    text.sample("slipway_watch_synced", {{"resource", resource_of(kind)}}, health(kind).synced);
  }
  text.family("slipway_watch_events_total", "counter", "Objects received.");
  for (const Watched kind : kAllWatched) {
    text.sample("slipway_watch_events_total", {{"resource", resource_of(kind)}},
                static_cast<double>(health(kind).events));
  }
  text.family("slipway_watch_troubles_total", "counter", "Watches that broke or were refused.");
  for (const Watched kind : kAllWatched) {
    text.sample("slipway_watch_troubles_total", {{"resource", resource_of(kind)}},
                static_cast<double>(health(kind).troubles));
  }
}

void write_controller(MetricsText& text, const Controller& controller, const Clock& clock) {
  text.family("slipway_queue_depth", "gauge", "Keys that are due and not yet being worked on.");
  text.sample("slipway_queue_depth", "", static_cast<double>(controller.queue_depth(clock.now())));
  text.family("slipway_cached_objects", "gauge", "Objects held in memory.");
  for (const Watched kind : kAllWatched) {
    text.sample("slipway_cached_objects", {{"resource", resource_of(kind)}},
                static_cast<double>(controller.cache().count(kind)));
  }
}

void write_leadership(MetricsText& text, const Leadership& leadership, const Clock& clock) {
  text.family("slipway_leader", "gauge", "1 while this replica may write.");
  text.sample("slipway_leader", "", leadership.may_write(clock.now().monotonic) ? 1 : 0);
  text.family("slipway_leader_epoch", "gauge", "The last term of this replica; 0: none yet.");
  text.sample("slipway_leader_epoch", "", static_cast<double>(leadership.epoch()));
}

std::string waiting_for(const HealthOf& health) {
  std::string text;
  for (const Watched kind : kAllWatched) {
    const kube::WatchHealth watch = health(kind);
    if (watch.synced) continue;
    text.append("not in sync: ").append(resource_of(kind));
    if (!watch.last_trouble.empty()) text.append(": ").append(watch.last_trouble);
    text += "\n";
  }
  return text;
}

}  // namespace

void ControllerMetrics::processed(const Report& report, Duration took) {
  reconcile_duration.observe(seconds(took));
  reconciles.add({{"kind", report.key.kind == ReconcileKind::ModelVersion ? "ModelVersion"
                                                                          : "InferenceService"},
                  {"result", !report.failure           ? "done"
                             : report.failure->lasting ? "refused"
                                                       : "failed"}});
}

ShellEvents told(ControllerMetrics& metrics, Log& log) {
  return {[&](const Report& report, Duration took) {
            metrics.processed(report, took);
            log.processed(report, took);
          },
          [&](Watched kind, const Error& error) { log.watch_trouble(kind, error); },
          [&](Watched kind, const Error& error) {
            metrics.undecodable.add({{"resource", resource_of(kind)}});
            log.undecodable(kind, error);
          },
          [&](Watched kind, const AuditFinding& finding) {
            metrics.audit_differences.add({{"kind", target_of(kind).resource.kind}},
                                          static_cast<double>(finding.differences));
          }};
}

PageAnswer page(std::string_view path, const Controller& controller, const Leadership& leadership,
                const HealthOf& health, const ControllerMetrics& metrics, const Clock& clock) {
  if (path == "/healthz") return {200, "ok\n"};
  if (path == "/readyz") {
    if (controller.synced()) return {200, "ok\n"};
    return {503, waiting_for(health)};
  }
  if (path != "/metrics") return {404, "no such page; try /metrics, /healthz or /readyz\n"};
  MetricsText text;
  metrics.api_requests.write(text);
  metrics.in_flight_limit.write(text);
  metrics.reconciles.write(text);
  metrics.reconcile_duration.write(text);
  metrics.undecodable.write(text);
  metrics.audit_differences.write(text);
  write_controller(text, controller, clock);
  write_leadership(text, leadership, clock);
  write_watches(text, health);
  write_process(text);
  return {200, text.take(), "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace slipway
