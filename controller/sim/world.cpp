#include "controller/sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kQuiet = minutes(30);
// Longer than any back-off and drift pause, so that what is stuck for good is told from what waits.
constexpr Duration kPatience = std::chrono::hours(12);
constexpr int kMaxSteps = 60'000;

const Settings kSettings{"localhost/slipway:dev"};

}  // namespace

World::World(std::uint64_t seed, const Faults& faults, bool trace)
    : faults_(faults),
      random_(seed),
      trace_(trace),
      server_([this] { return kEpoch + now_; }),
      invariants_(server_),
      stand_ins_(server_, random_),
      users_(server_, random_),
      client_(server_, random_, trace_, faults_) {
  trace_.set_time(now_);
  server_.observe([this](const Effect& effect) { invariants_.on_effect(effect); });
  client_.set_on_remove([this](const kube::RemoveRequest& r) { invariants_.on_remove(r); },
                        [this](const kube::RemoveRequest& r) { invariants_.on_removed(r); });
  client_.set_meanwhile([this] { meanwhile(); });
  stand_ins_.set_restless(faults.users > 0);
  users_.prepare();
  start_controller();
}

void World::start_controller() {
  links_.clear();
  invariants_.on_restart();
  controller_ =
      std::make_unique<Controller>(kSettings, client_, leader_, [this] { return random_.unit(); });
  client_.revive();
  mutant_memory_.assign(kAllWatched.size(), {});
  for (const Watched kind : kAllWatched) {
    links_.push_back(std::make_unique<WatchLink>(
        kind, server_, random_, trace_, faults_,
        [this](Watched of, const kube::WatchEvent& event) { on_event(of, event); }));
  }
  for (const auto& link : links_) link->start(now_);
}

void World::restart() {
  trace_.add("CRASH", "the controller is restarted");
  start_controller();
}

void World::stall(Watched kind, Duration time) {
  links_[static_cast<std::size_t>(kind)]->stall(now_ + time);
}

void World::pass(Duration time) {
  now_ += time;
  trace_.set_time(now_);
}

void World::on_event(Watched kind, const kube::WatchEvent& event) {
  invariants_.on_watch_event(kind, event);
  const auto* seen = std::get_if<kube::Seen>(&event);
  if (faults_.mutant == Mutant::MissesChanges && seen != nullptr &&
      seen->change == kube::Change::Modified && random_.chance(0.2))
    return;
  if (faults_.mutant == Mutant::ClearsOnRelist) {
    if (std::holds_alternative<kube::SetBegin>(event)) clear_as_mutant(kind);
    if (seen != nullptr) {
      const Json object = Json::parse(seen->object);
      auto& memory = mutant_memory_[static_cast<std::size_t>(kind)];
      const Json& metadata = object.at("metadata");
      memory[metadata.value("namespace", "") + "/" + metadata.at("name").get<std::string>()] =
          std::string(seen->object);
    }
  }
  const std::optional<Error> error = controller_->on_watch_event(kind, event, now());
  if (error && failure_.empty()) failure_ = "undecodable: " + error->what;
}

void World::clear_as_mutant(Watched kind) {
  for (auto& [name, object] : mutant_memory_[static_cast<std::size_t>(kind)]) {
    object.append(kube::kJsonPadding, ' ');
    const std::string_view text(object.data(), object.size() - kube::kJsonPadding);
    (void)controller_->on_watch_event(kind, kube::Seen{kube::Change::Deleted, text}, now());
  }
  mutant_memory_[static_cast<std::size_t>(kind)].clear();
}

bool World::deliver() {
  const std::size_t start = random_.below(links_.size());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[(start + i) % links_.size()]->step(now_)) return true;
  }
  return false;
}

bool World::process() {
  const std::optional<Key> key = controller_->take(now());
  if (!key) return false;
  invariants_.before_decision();
  trace_.add("reconcile", to_string(*key));
  ++depth_;
  const Report report = controller_->process(*key, now());
  --depth_;
  if (report.failure && trace_.on())
    trace_.add("reconcile", fmt::format("fails: {}, again in {} ms", report.failure->error.what,
                                        report.next_try.value_or(Duration{}).count()));
  return true;
}

bool World::act(Actor actor) {
  const auto said = [&](const char* who, const std::string& what) {
    if (!what.empty()) trace_.add(who, what);
    return !what.empty();
  };
  switch (actor) {
    case Actor::Watches:
      return deliver();
    case Actor::Controller:
      return process();
    case Actor::Deployments:
      return said("cluster", stand_ins_.deployment_step());
    case Actor::Pods:
      return said("cluster", stand_ins_.pod_step());
    case Actor::Autoscalers:
      return said("cluster", stand_ins_.autoscaler_step());
    case Actor::Garbage:
      return said("cluster", stand_ins_.garbage_step());
  }
  return false;
}

void World::mischief() {
  if (random_.chance(faults_.users)) {
    const std::string what = users_.act();
    if (!what.empty()) trace_.add("user", what);
  }
  if (random_.chance(faults_.watch)) {
    if (random_.chance(0.1)) {
      trace_.add("server", "compacts");
      server_.compact();
    } else {
      links_[random_.below(links_.size())]->disturb(now_);
    }
  }
  if (random_.chance(faults_.crash / 10)) restart();
}

// While a write is under way the rest of the world goes on.
void World::meanwhile() {
  for (int i = random_.between(1, 3); i > 0; --i) {
    if (random_.chance(faults_.users)) {
      const std::string what = users_.act();
      if (!what.empty()) trace_.add("user", what);
    }
    const std::array others = {Actor::Watches, Actor::Deployments, Actor::Pods, Actor::Garbage};
    (void)act(others[random_.below(others.size())]);
  }
}

void World::step() {
  if (client_.dead()) restart();
  pass(milliseconds(random_.between(1, 4)));  // nothing is done in no time
  if (faults_.users > 0 || faults_.watch > 0 || faults_.crash > 0) {
    mischief();
    pass(milliseconds(random_.below(20)));
    if (random_.chance(0.02)) pass(seconds(random_.between(1, 60)));
  }
  // Watches and controller are busier than the rest.
  static constexpr std::array kOrder = {
      Actor::Watches,    Actor::Watches,     Actor::Watches,     Actor::Watches, Actor::Controller,
      Actor::Controller, Actor::Deployments, Actor::Deployments, Actor::Pods,    Actor::Pods,
      Actor::Pods,       Actor::Autoscalers, Actor::Garbage};
  const std::size_t start = random_.below(kOrder.size());
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    if (act(kOrder[(start + i * 5) % kOrder.size()])) return;
  }
  jump(minutes(5));
}

void World::jump(Duration limit) {
  Duration next = now_ + limit;
  if (const std::optional<Duration> due = controller_->next_due(now())) next = std::min(next, *due);
  for (const auto& link : links_) {
    if (const std::optional<Duration> due = link->next_due()) next = std::min(next, *due);
  }
  pass(std::max(next - now_, Duration(1)));
}

void World::run(int count) {
  for (int i = 0; i < count && !failed(); ++i) step();
}

void World::calm() {
  trace_.add("world", "no more faults");
  const Mutant mutant = faults_.mutant;
  faults_ = kNoFaults;
  faults_.mutant = mutant;
  stand_ins_.set_restless(false);
  for (const auto& link : links_) link->stall(now_);
  settle();
  // What lost its label is out of the controller's sight for good if nothing asks for it any more.
  users_.remove_unlabelled();
  settle();
}

void World::settle() {
  const Duration started = now_;
  std::uint64_t version = server_.version();
  Duration changed = now_;
  for (int i = 0; !failed(); ++i) {
    // More than once: a deletion that is finished late leaves orphans behind.
    if (i % 50 == 0) users_.settle();
    step();
    if (server_.version() != version) {
      version = server_.version();
      changed = now_;
    }
    if (now_ - changed > kQuiet) return;
    if (i > kMaxSteps || now_ - started > kPatience) failure_ = "it never comes to rest";
  }
}

void World::rest(Duration time) {
  const Duration end = now_ + time;
  int steps = 0;
  while (now_ < end && !failed()) {
    step();
    if (++steps > kMaxSteps) failure_ = "it never comes to rest";
  }
}

bool World::ready(const ObjectRef& service) const {
  const Json* object = server_.find(service);
  if (object == nullptr) return false;
  const Json* status = find_at(*object, {"status", "conditions", "[type=\"Ready\"]", "status"});
  return status != nullptr && *status == "True";
}

std::string World::failure() const {
  return invariants_.broken().empty() ? failure_ : invariants_.broken().front();
}

}  // namespace slipway::sim
