#include "controller/sim/world.hpp"

#include <algorithm>
#include <array>

#include "controller/sim/texts.hpp"

namespace slipway::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kQuiet = minutes(30);
// Longer than any back-off and drift pause, so that what is stuck for good is told from what waits.
constexpr Duration kPatience = std::chrono::hours(12);
constexpr int kMaxSteps = 60'000;

}  // namespace

World::World(std::uint64_t seed, const Faults& faults, bool trace)
    : faults_(faults),
      random_(seed),
      trace_(trace),
      server_([this] { return kEpoch + now_; }),
      invariants_(server_, faults.even_clocks),
      stand_ins_(server_, random_),
      users_(server_, random_),
      stage_{server_, random_, trace_, faults_, invariants_, now_, skipped_} {
  trace_.set_time(now_);
  server_.observe([this](const Effect& effect) {
    const Json& object = effect.after != nullptr ? *effect.after : *effect.before;
    if (object.at("kind") != "Lease") ++changes_;
    invariants_.on_effect(effect, stage_.lived());
  });
  stand_ins_.set_restless(faults.users > 0);
  users_.prepare();
  Others& others = *this;
  for (int number = 0; number < faults.replicas; ++number)
    replicas_.push_back(std::make_unique<Replica>(number, stage_, others));
  for (const auto& replica : replicas_) replica->start();
}

void World::crash_leader() {
  trace_.add("CRASH", "the leader is restarted");
  if (Replica* one = leader()) one->start();
}

void World::stop_leader() {
  Replica* one = leader();
  if (one == nullptr) return;
  one->stop();
  one->start();
}

void World::starve_leader(Duration time) {
  if (Replica* one = leader()) one->starve(now_ + time);
}

void World::stall(Watched kind, Duration time) {
  for (const auto& replica : replicas_) replica->stall(kind, now_ + time);
}

bool World::say(const char* who, const std::string& what) {
  if (!what.empty()) trace_.add(who, what);
  return !what.empty();
}

// Each replica has its own watches, and its own delays.
bool World::deliver() {
  bool any = false;
  for (const auto& replica : replicas_) {
    if (replicas_.size() == 1 || random_.chance(0.9)) any = replica->deliver() || any;
  }
  return any;
}

bool World::process() {
  const std::size_t start = random_.below(replicas_.size());
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    if (replicas_[(start + i) % replicas_.size()]->process()) return true;
  }
  return false;
}

bool World::act(Actor actor) {
  switch (actor) {
    case Actor::Watches:
      return deliver();
    case Actor::Replicas:
      return process();
    case Actor::Deployments:
      return say("cluster", stand_ins_.deployment_step());
    case Actor::Pods:
      return say("cluster", stand_ins_.pod_step());
    case Actor::Autoscalers:
      return say("cluster", stand_ins_.autoscaler_step());
    case Actor::Garbage:
      return say("cluster", stand_ins_.namespace_step()) ||
             say("cluster", stand_ins_.garbage_step());
  }
  return false;
}

void World::mischief() {
  if (random_.chance(faults_.users)) {
    const bool whole = faults_.namespaces > 0 && random_.chance(faults_.namespaces);
    say("user", whole ? users_.touch_namespace() : users_.act());
  }
  if (random_.chance(faults_.watch)) {
    if (random_.chance(0.1)) {
      trace_.add("server", "compacts");
      server_.compact();
    } else {
      replicas_[random_.below(replicas_.size())]->disturb();
    }
  }
  Replica& one = *replicas_[random_.below(replicas_.size())];
  if (random_.chance(faults_.crash / 10)) {
    trace_.add("CRASH", one.name() + " is restarted");
    one.start();
  }
  if (faults_.replica > 0 && random_.chance(faults_.replica)) trouble(one);
}

void World::trouble(Replica& replica) {
  switch (random_.below(5)) {
    case 0:
      return replica.freeze(now_ + seconds(random_.between(1, 60)));
    case 1:
      return replica.cut_off(now_ + seconds(random_.between(1, 40)));
    case 2:
      return replica.starve(now_ + seconds(random_.between(1, 40)));
    case 3:
      return replica.stall(kAllWatched[random_.below(kAllWatched.size())],
                           now_ + seconds(random_.between(1, 60)));
    default:
      if (replica.dead() || replica.thaws()) return;
      replica.stop();
      replica.start();
  }
}

// While a write is under way the rest of the world goes on.
void World::meanwhile() {
  for (int i = random_.between(1, 3); i > 0; --i) {
    if (random_.chance(faults_.users)) say("user", users_.act());
    const std::array others = {Actor::Watches, Actor::Deployments, Actor::Pods, Actor::Garbage};
    (void)act(others[random_.below(others.size())]);
  }
}

// So does it while somebody waits, and the other replicas with it.
void World::go_on(Duration time) {
  constexpr int kMost = 40;
  const Duration end = now_ + time;
  for (int i = 0; i < kMost && now_ < end && !failed(); ++i) {
    pass(std::min(
        end - now_,
        Duration(1 + random_.below(static_cast<std::size_t>(2 * time.count() / kMost + 1)))));
    if (random_.chance(faults_.users)) say("user", users_.act());
    const std::array others = {Actor::Watches,  Actor::Watches,     Actor::Replicas,
                               Actor::Replicas, Actor::Deployments, Actor::Pods};
    (void)act(others[random_.below(others.size())]);
  }
  if (now_ < end) pass(end - now_);
}

void World::later(Duration when, std::function<void()> what) {
  late_.emplace_back(now_ + when, std::move(what));
}

void World::step() {
  for (const auto& replica : replicas_) {
    if (replica->dead()) {
      trace_.add("CRASH", replica->name() + " starts over");
      replica->start();
    }
  }
  pass(milliseconds(random_.between(1, 4)));  // nothing is done in no time
  if (faults_.users > 0 || faults_.watch > 0 || faults_.crash > 0) {
    mischief();
    pass(milliseconds(random_.below(20)));
    if (random_.chance(0.02)) pass(seconds(random_.between(1, 60)));
  }
  // Watches and replicas are busier than the rest.
  static constexpr std::array kOrder = {
      Actor::Watches,  Actor::Watches,     Actor::Watches,     Actor::Watches, Actor::Replicas,
      Actor::Replicas, Actor::Deployments, Actor::Deployments, Actor::Pods,    Actor::Pods,
      Actor::Pods,     Actor::Autoscalers, Actor::Garbage};
  const std::size_t start = random_.below(kOrder.size());
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    if (act(kOrder[(start + i * 5) % kOrder.size()])) return;
  }
  jump(minutes(5));
}

void World::run(int count) {
  for (int i = 0; i < count && !failed(); ++i) step();
}

void World::calm() {
  trace_.add("world", "no more faults");
  Faults calm;
  calm.mutant = faults_.mutant;
  calm.replicas = faults_.replicas;
  calm.elects = faults_.elects;
  calm.even_clocks = faults_.even_clocks;
  faults_ = calm;
  stand_ins_.set_restless(false);
  for (const auto& replica : replicas_) replica->heal();
  settle();
  // What lost its label is out of the controller's sight for good if nothing asks for it any more.
  users_.remove_unlabelled();
  settle();
}

void World::settle() {
  const Duration started = now_;
  std::uint64_t changes = changes_;
  Duration changed = now_;
  for (int i = 0; !failed(); ++i) {
    // More than once: a deletion that is finished late leaves orphans behind.
    if (i % 50 == 0) users_.settle();
    step();
    if (changes_ != changes) {
      changes = changes_;
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

std::uint64_t World::writes() const {
  std::uint64_t all = 0;
  for (const auto& replica : replicas_) all += replica->writes();
  return all;
}

bool World::ready(const ObjectRef& service) const {
  const Json* object = server_.find(service);
  return object != nullptr &&
         text_at(*object, {"status", "conditions", "[type=\"Ready\"]", "status"}) == "True";
}

std::string World::failure() const {
  if (!invariants_.broken().empty()) return invariants_.broken().front();
  if (!failure_.empty()) return failure_;
  for (const auto& replica : replicas_) {
    if (!replica->failure().empty()) return replica->failure();
  }
  return {};
}

}  // namespace slipway::sim
