#include "controller/sim/replica.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "controller/kube/client.hpp"

namespace slipway::sim {
namespace {

using std::chrono::seconds;

const Settings kSettings{"localhost/slipway:dev"};

double rate_of(int number, const Stage& stage) {
  if (stage.faults.even_clocks) return 1;
  // The first two are as far apart as they may be.
  const double off = number < 2 ? 1 : stage.random.unit();
  return 1 + (number % 2 == 0 ? -off : off) * kClockDrift;
}

}  // namespace

Replica::Replica(int number, const Stage& stage, Others& others)
    : stage_(stage),
      others_(others),
      name_(1, static_cast<char>('A' + number)),
      voice_(stage.trace, name_),
      rate_(rate_of(number, stage)),
      client_(stage.server, stage.random, voice_, stage.faults, *this) {}

void Replica::start() {
  ++lives_;
  links_.clear();
  knowledge_.forget();
  memory_ = {};
  led_ = false;
  frozen_until_ = {};
  candidate_.reset();
  Leadership* leadership = &sole_leader_;
  if (stage_.faults.elects) {
    candidate_ =
        std::make_unique<Candidate>(stage_, voice_, fmt::format("{}.{}", name_, lives_), rate_);
    candidate_->cut_off(cut_off_until_);
    leadership = candidate_.get();
  }
  controller_ = std::make_unique<Controller>(kSettings, client_, *leadership,
                                             [this] { return stage_.random.unit(); });
  client_.revive();
  for (const Watched kind : kAllWatched) {
    links_.push_back(std::make_unique<WatchLink>(
        target_of(kind), stage_.server, stage_.random, voice_, stage_.faults,
        [this, kind](const kube::WatchEvent& event) { on_event(kind, event); }));
    links_.back()->cut_off(cut_off_until_);
  }
  for (const auto& link : links_) link->start(stage_.now);
  if (candidate_) candidate_->start();
}

void Replica::stop() {
  voice_.add("process", "ends in order");
  if (candidate_) candidate_->stop();
}

void Replica::freeze(Duration until) {
  voice_.add("process", fmt::format("stands still for {} ms", (until - stage_.now).count()));
  frozen_until_ = until;
}

void Replica::cut_off(Duration until) {
  voice_.add("process", "is cut off from the server");
  cut_off_until_ = until;
  for (const auto& link : links_) link->cut_off(until);
  if (candidate_) candidate_->cut_off(until);
}

void Replica::starve(Duration until) {
  if (!candidate_) return;
  voice_.add("process", "cannot reach the Lease");
  candidate_->starve(until);
}

void Replica::heal() {
  frozen_until_ = {};
  cut_off_until_ = {};
  for (const auto& link : links_) link->cut_off({});
  if (!candidate_) return;
  candidate_->cut_off({});
  candidate_->starve({});
}

void Replica::stall(Watched kind, Duration until) {
  links_[index_of(kind)]->stall(until);
}

void Replica::disturb() {
  const std::size_t which = stage_.random.below(links_.size() + (candidate_ ? 1 : 0));
  if (which < links_.size()) return links_[which]->disturb(stage_.now);
  candidate_->disturb();
}

bool Replica::deliver() {
  if (!awake()) return false;
  const std::size_t start = stage_.random.below(links_.size());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[(start + i) % links_.size()]->step(stage_.now)) return true;
  }
  return false;
}

bool Replica::process() {
  if (!awake() || busy_) return false;
  if (stage_.faults.mutant == Mutant::ColdStandby && candidate_) {
    if (!std::exchange(led_, leads()) && led_) forget_as_mutant(Watched::Deployment);
  }
  const std::optional<Key> key = controller_->take(now());
  if (!key) return false;
  knowledge_.before_decision();
  voice_.add("reconcile", to_string(*key));
  busy_ = true;
  const Report report = controller_->process(*key, now());
  busy_ = false;
  if (report.failure && voice_.on())
    voice_.add("reconcile", fmt::format("fails: {}, again in {} ms", report.failure->error.what,
                                        report.next_try.value_or(Duration{}).count()));
  return true;
}

bool Replica::elect() {
  return awake() && candidate_ && candidate_->step();
}

std::optional<Duration> Replica::next_due() const {
  if (dead()) return std::nullopt;
  std::optional<Duration> next = controller_->next_due(now());
  for (const auto& link : links_) next = sooner(next, link->next_due());
  if (next) next = std::max(*next, frozen_until_);
  return next;
}

std::optional<Duration> Replica::next_election() const {
  if (dead() || !candidate_) return std::nullopt;
  const std::optional<Duration> due = candidate_->next_due();
  return due ? std::max(*due, frozen_until_) : due;
}

bool Replica::leads() const {
  return awake() && (!candidate_ || candidate_->may_write(stage_.now));
}

bool Replica::settled() const {
  return awake() && !busy_ && candidate_ && candidate_->settled();
}

std::optional<Duration> Replica::thaws() const {
  return stage_.now < frozen_until_ ? std::optional(frozen_until_) : std::nullopt;
}

void Replica::hold_up() {
  if (!stage_.random.chance(stage_.faults.freeze)) return;
  const Duration time = seconds(stage_.random.between(1, 60));
  freeze(stage_.now + time);
  others_.go_on(time);
}

bool Replica::permitted() const {
  return !candidate_ || candidate_->may_write(stage_.now);
}

Sent Replica::sent(std::string version) const {
  if (!candidate_) return {"", 0, stage_.lived(), std::move(version)};
  return {candidate_->identity(), candidate_->epoch(), stage_.lived(), std::move(version)};
}

void Replica::meanwhile() {
  others_.meanwhile();
  if (!stage_.random.chance(stage_.faults.slow)) return;
  // Some outlive the server's patience.
  const auto longest = static_cast<std::size_t>(kube::kWriteTimeout.count());
  others_.go_on(Duration(stage_.random.below(longest + longest / 4)));
}

bool Replica::reaches_server() const {
  return stage_.now >= cut_off_until_;
}

bool Replica::expired(const Sent& sent) const {
  return stage_.lived() - sent.at >= kube::kWriteTimeout;
}

void Replica::land(const Sent& sent, const std::function<void()>& write) {
  stage_.invariants.carry_out(knowledge_, sent, write);
}

// Without a Lease the next process may already work while this write is under way.
bool Replica::land_later(const Sent& sent, std::function<void()> write) {
  if (!candidate_) return false;
  const auto longest = static_cast<std::size_t>(kube::kWriteTimeout.count());
  others_.later(Duration(stage_.random.below(longest)),
                [this, sent, write = std::move(write), known = knowledge_]() mutable {
                  if (expired(sent)) return;
                  voice_.add("write", "of a process that has died arrives");
                  stage_.invariants.carry_out(known, sent, write);
                });
  return true;
}

void Replica::removes(const kube::RemoveRequest& request) {
  stage_.invariants.on_remove(request);
}

void Replica::removed(const kube::RemoveRequest& request) {
  knowledge_.on_removed(request);
}

void Replica::on_event(Watched kind, const kube::WatchEvent& event) {
  knowledge_.on_watch_event(kind, event);
  const Mutant mutant = stage_.faults.mutant;
  const auto* seen = std::get_if<kube::Seen>(&event);
  if (mutant == Mutant::MissesChanges && seen != nullptr &&
      seen->change == kube::Change::Modified && stage_.random.chance(0.2))
    return;
  if (mutant == Mutant::ClearsOnRelist && std::holds_alternative<kube::SetBegin>(event))
    forget_as_mutant(kind);
  if (seen != nullptr && (mutant == Mutant::ClearsOnRelist || mutant == Mutant::ColdStandby))
    remember_as_mutant(kind, *seen);
  const std::optional<Error> error = controller_->on_watch_event(kind, event, now());
  if (error && failure_.empty()) failure_ = "undecodable: " + error->what;
}

void Replica::remember_as_mutant(Watched kind, const kube::Seen& seen) {
  const Json object = Json::parse(seen.object);
  const Json& metadata = object.at("metadata");
  memory_[index_of(kind)][metadata.value("namespace", "") + "/" +
                          metadata.at("name").get<std::string>()] = std::string(seen.object);
}

void Replica::forget_as_mutant(Watched kind) {
  for (auto& [name, object] : memory_[index_of(kind)]) {
    object.append(kube::kJsonPadding, ' ');
    const std::string_view text(object.data(), object.size() - kube::kJsonPadding);
    (void)controller_->on_watch_event(kind, kube::Seen{kube::Change::Deleted, text}, now());
  }
  memory_[index_of(kind)].clear();
}

}  // namespace slipway::sim
