#include "controller/runtime/controller.hpp"

#include <algorithm>
#include <utility>

namespace slipway {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(5);
// What the server refused for what it says, it will hardly take a moment later.
constexpr Duration kFirstRefusalRetry = std::chrono::seconds(1);

// What happens to the children of a service comes in bursts, and one look takes in all of it. What
// people ask for is looked at at once.
constexpr Duration kSettling = std::chrono::milliseconds(50);

struct Entry {
  Duration wait;
  Turn turn;
};

Entry entry_of(Watched kind, const Ingested& ingested) {
  switch (kind) {
    case Watched::ServingRuntime:
    case Watched::ClusterServingRuntime:
    case Watched::Node:
      return {{}, Turn::Background};
    default:
      if (ingested.asked == Asked::Nothing) return {kSettling, Turn::Event};
      return {{}, ingested.asked == Asked::Change ? Turn::Edit : Turn::Event};
  }
}

Plan only_reports(Plan plan) {
  std::erase_if(plan.actions, [](const Action& action) {
    return !std::holds_alternative<SetStatus>(action) && !std::holds_alternative<Announce>(action);
  });
  return plan;
}

void merge(Report& report, Outcome& outcome) {
  report.sent.insert(report.sent.end(), outcome.sent.begin(), outcome.sent.end());
}

}  // namespace

Controller::Controller(Settings settings, kube::ApiClient& api, Leadership& leadership,
                       Random random)
    : settings_(std::move(settings)),
      random_(std::move(random)),
      leadership_(leadership),
      executor_(api, cache_, leadership) {}

std::optional<Error> Controller::on_watch_event(Watched kind, const kube::WatchEvent& event,
                                                Moment now) {
  Ingested ingested = cache_.ingest(kind, event);
  if (started_) {
    const Entry entry = entry_of(kind, ingested);
    enqueue(ingested.keys, now.monotonic + entry.wait, entry.turn);
  }
  if (ingested.set_complete) {
    in_sync_[index_of(kind)] = true;
    const bool all = std::ranges::all_of(in_sync_, [](const auto& one) { return one.load(); });
    if (all && !started_.exchange(true))
      enqueue(cache_.all_keys(), now.monotonic, Turn::Background);
  }
  return std::move(ingested.undecodable);
}

bool Controller::synced() const {
  return started_;
}

std::optional<Key> Controller::take(Moment now) {
  if (!leadership_.may_write(now.monotonic)) return std::nullopt;
  return work_.with([&](Work& work) { return work.queue.take(now.monotonic); });
}

std::optional<Duration> Controller::next_due(Moment now) const {
  if (!leadership_.may_write(now.monotonic)) return std::nullopt;
  return work_.with([](const Work& work) { return work.queue.next_due(); });
}

std::size_t Controller::queue_depth(Moment now) const {
  return work_.with([&](const Work& work) { return work.queue.depth(now.monotonic); });
}

void Controller::enqueue(const std::vector<Key>& keys, Duration due, Turn turn) {
  if (keys.empty()) return;
  work_.with([&](Work& work) {
    for (const Key& key : keys) work.queue.add(key, due, turn);
  });
}

std::optional<Controller::Refused> Controller::refused(const Key& key) const {
  return work_.with([&](const Work& work) -> std::optional<Refused> {
    const auto found = work.refused.find(key);
    if (found == work.refused.end()) return std::nullopt;
    return found->second;
  });
}

bool Controller::is_gone(const Key& key) const {
  return key.kind == ReconcileKind::InferenceService
             ? !cache_.inference_service(key.namespace_, key.name)
             : !cache_.model_version(key.namespace_, key.name);
}

// Events do not make a server ready sooner than it said.
bool Controller::put_off(const Key& key, Moment now) {
  return work_.with([&](Work& work) {
    const auto found = work.not_before.find(key);
    if (found == work.not_before.end()) return false;
    if (found->second <= now.monotonic) return work.not_before.erase(found), false;
    work.queue.add(key, found->second);
    work.queue.done(key);
    return true;
  });
}

Report Controller::process(const Key& key, Moment now, const std::stop_token& stop) {
  if (put_off(key, now)) {
    Report report;
    report.key = key;
    return report;
  }
  Outcome known = executor_.clear_doubts(key);
  enqueue(known.affected, now.monotonic + kSettling);
  Report report =
      known.failure ? give_up_for_now(key, std::move(known), now, stop) : look(key, now, stop);
  if (is_gone(key)) executor_.forget(key);
  work_.with([&](Work& work) { work.queue.done(key); });
  return report;
}

Report Controller::look(const Key& key, Moment now, const std::stop_token& stop) {
  const Plan plan = reconcile(key, cache_, settings_, std::nullopt, now.wall);
  Report report;
  report.key = key;
  const auto held_back = refused(key);
  const bool still_asked =
      held_back && std::ranges::find(plan.actions, held_back->action) != plan.actions.end();
  if (still_asked && now.monotonic < held_back->next_try) {
    report = wait_for_refused(key, plan, *held_back, now, stop);
  } else {
    Outcome outcome = executor_.execute(key, plan, now, stop);
    enqueue(outcome.affected, now.monotonic + kSettling);
    if (outcome.failure) {
      report = give_up_for_now(key, std::move(outcome), now, stop);
    } else {
      merge(report, outcome);
      const auto again = sooner(plan.revisit, outcome.revisit);
      if (again) enqueue({key}, now.monotonic + *again);
      work_.with([&](Work& work) {
        work.backoff.forget(key);
        work.refused.erase(key);
        work.last_failure.erase(key);
      });
    }
  }
  return report;
}

Outcome Controller::report(const Key& key, const Refusal& refusal, Moment now,
                           const std::stop_token& stop) {
  const Plan plan = only_reports(reconcile(key, cache_, settings_, refusal, now.wall));
  Outcome outcome = executor_.execute(key, plan, now, stop);
  enqueue(outcome.affected, now.monotonic + kSettling);
  return outcome;
}

Report Controller::give_up_for_now(const Key& key, Outcome outcome, Moment now,
                                   const std::stop_token& stop) {
  Report report;
  report.key = key;
  merge(report, outcome);
  Failure& failure = *outcome.failure;
  const Duration first = failure.lasting ? kFirstRefusalRetry : kFirstRetry;
  Duration wait = work_.with([&](Work& work) { return work.backoff.next(key, first, random_()); });
  if (failure.error.retry_after) {
    wait = std::max(wait, *failure.error.retry_after);
    work_.with([&](Work& work) { work.not_before[key] = now.monotonic + wait; });
  }
  if (failure.lasting) {
    const Refused refused{failure.action, {failure.object, failure.error}, now.monotonic + wait};
    work_.with([&](Work& work) { work.refused.insert_or_assign(key, refused); });
    Outcome said = this->report(key, refused.refusal, now, stop);
    merge(report, said);
  }
  enqueue({key}, now.monotonic + wait);
  report.next_try = wait;
  report.repeated = work_.with([&](Work& work) {
    std::string& last = work.last_failure[key];
    return std::exchange(last, failure.error.what) == failure.error.what;
  });
  report.failure = std::move(outcome.failure);
  return report;
}

// What stands before the refused write is kept up; the refused one waits for its time, unless
// what we ask for has changed.
Report Controller::wait_for_refused(const Key& key, const Plan& plan, const Refused& refused,
                                    Moment now, const std::stop_token& stop) {
  const auto end = std::ranges::find(plan.actions, refused.action);
  const Plan before{{plan.actions.begin(), end}, std::nullopt};
  Outcome outcome = executor_.execute(key, before, now, stop);
  enqueue(outcome.affected, now.monotonic + kSettling);
  if (outcome.failure) return give_up_for_now(key, std::move(outcome), now, stop);
  Report report;
  report.key = key;
  merge(report, outcome);
  Outcome said = this->report(key, refused.refusal, now, stop);
  merge(report, said);
  enqueue({key}, refused.next_try);
  return report;
}

}  // namespace slipway
