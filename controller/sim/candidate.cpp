#include "controller/sim/candidate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "controller/kube/client.hpp"

namespace slipway::sim {
namespace {

constexpr const char* kNamespace = "slipway-system";
constexpr const char* kName = "slipway-controller";

}  // namespace

Candidate::Candidate(const Stage& stage, const Voice& voice, std::string identity, double rate)
    : stage_(stage),
      voice_(voice),
      identity_(std::move(identity)),
      rate_(rate),
      calls_(kNamespace, kName, stage.server),
      machine_(identity_),
      link_(calls_.target(), stage.server, stage.random, voice, stage.faults,
            [this](const kube::WatchEvent& event) { observe(event); }) {}

Duration Candidate::local(Duration now) const {
  return at_rate(now - stage_.skipped, rate_);
}

bool Candidate::may_write(Duration now) const {
  return machine_.leads(local(now));
}

void Candidate::start() {
  link_.start(stage_.now);
}

void Candidate::cut_off(Duration until) {
  cut_off_until_ = until;
  link_.cut_off(until);
}

void Candidate::observe(const kube::WatchEvent& event) {
  const auto sight = sights_.of(event);
  if (sight && *sight) machine_.observe((*sight)->record, (*sight)->as_of, local(stage_.now));
}

bool Candidate::step() {
  bool acted = false;
  while (link_.step(stage_.now)) acted = true;
  if (gives_up_ && stage_.now >= *gives_up_) {
    gives_up_.reset();
    machine_.answered(fail(Fault::Unavailable, "no answer in time"), local(stage_.now));
    acted = true;
  }
  return call() || acted;
}

bool Candidate::call() {
  const Duration now = local(stage_.now);
  const auto call = machine_.next({kEpoch + stage_.now, now}, stage_.random.unit());
  if (!call) return false;
  const bool unreachable = stage_.now < std::max(cut_off_until_, starved_until_);
  const bool lost = stage_.random.chance(stage_.faults.write / 4);
  if (unreachable || lost) {
    // It may have been carried out all the same.
    const bool arrives = !unreachable && stage_.random.chance(0.5);
    if (arrives) (void)calls_.carry_out(*call, kEpoch + stage_.now);
    voice_.add("lease", arrives ? "the answer is lost" : "the call is lost");
    gives_up_ = stage_.now + kube::kWriteTimeout;
    return true;
  }
  const bool led = machine_.leads(now);
  machine_.answered(calls_.carry_out(*call, kEpoch + stage_.now), now);
  if (voice_.on() && led != machine_.leads(now))
    voice_.add("lease", led ? "leads no more" : fmt::format("leads, term {}", epoch()));
  return true;
}

std::optional<Duration> Candidate::next_due() const {
  std::optional<Duration> own = machine_.next_due();
  if (own) {
    const double lived = static_cast<double>(own->count()) / rate_;
    own = Duration(static_cast<Duration::rep>(std::ceil(lived))) + stage_.skipped;
  }
  return sooner(sooner(gives_up_, link_.next_due()), own);
}

void Candidate::stop() {
  if (gives_up_ || stage_.now < std::max(cut_off_until_, starved_until_)) return;
  if (const auto last = machine_.release()) (void)calls_.carry_out(*last, kEpoch + stage_.now);
}

bool Candidate::settled() const {
  const auto due = next_due();
  return link_.streams() && !gives_up_ && due && *due > stage_.now &&
         stage_.now >= std::max(cut_off_until_, starved_until_);
}

}  // namespace slipway::sim
