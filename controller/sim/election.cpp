#include "controller/sim/election.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "controller/kube/client.hpp"
#include "controller/runtime/lease_machine.hpp"
#include "controller/sim/random.hpp"

namespace slipway::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kStep = milliseconds(50);
constexpr Duration kTrouble = minutes(10);  // so long things go wrong
constexpr Duration kCalm = minutes(2);      // so long they do not
// Longer than it takes to find out about everything that went wrong, and to wait for a lease's end.
constexpr Duration kRecovery = seconds(60);

// What the server holds; every change is a new version.
struct LeaseServer {
  std::optional<LeaseRecord> record;
  int version = 0;

  void store(LeaseRecord next) {
    next.version = std::to_string(++version);
    record = std::move(next);
  }
  void remove() {
    record.reset();
    ++version;
  }
  Result<std::optional<LeaseRecord>> carry_out(const LeaseCall& call) {
    if (const auto* create = std::get_if<CreateLease>(&call)) {
      if (record) return fail(Fault::AlreadyExists, "it exists");
      store(create->record);
    } else if (const auto* update = std::get_if<UpdateLease>(&call)) {
      // The update names the uid, so a real server refuses a missing one in the same way.
      if (!record || record->version != update->record.version)
        return fail(Fault::Conflict, "modified");
      store(update->record);
    }
    return record;
  }
};

struct News {
  Duration arrives;
  std::optional<LeaseRecord> record;
  std::string version;
};

// A call on its way. The server gets it at `arrives`, if at all; the caller gives up at `gives_up`.
struct Call {
  LeaseCall call;
  Duration arrives, answered, gives_up;
  bool lost = false;  // never arrives
  bool answer_lost = false;
  std::optional<Result<std::optional<LeaseRecord>>> answer;
};

struct Write {
  Duration lands;
  std::int64_t term;
};

struct Replica {
  int number = 0;
  int lives = 1;
  double rate = 1;  // of its clock
  std::unique_ptr<LeaseMachine> machine;
  std::deque<News> news;
  std::optional<Call> call;
  std::vector<Write> writes;  // under way
  Duration frozen_until{}, cut_off_until{};
};

class Election {
 public:
  Election(std::uint64_t seed, ElectionMutant mutant) : random_(seed), mutant_(mutant) {
    even_clocks_ = random_.chance(0.5);
    replicas_.resize(static_cast<std::size_t>(random_.between(2, 4)));
    for (Replica& replica : replicas_) {
      replica.number = static_cast<int>(&replica - replicas_.data());
      replica.rate = even_clocks_ ? 1 : 0.9 + 0.2 * random_.unit();
      start(replica);
    }
  }

  ElectionVerdict run() {
    for (; now_ < kTrouble && verdict_.failure.empty(); now_ += kStep) step(true);
    for (Replica& replica : replicas_) replica.frozen_until = replica.cut_off_until = now_;
    const Duration deadline = now_ + kRecovery, end = now_ + kCalm;
    for (; now_ < end && verdict_.failure.empty(); now_ += kStep) {
      step(false);
      if (now_ > deadline && leaders() == 0) verdict_.failure = "nobody leads although all is well";
    }
    return verdict_;
  }

 private:
  Duration local(const Replica& replica) const {
    return Duration(static_cast<Duration::rep>(static_cast<double>(now_.count()) * replica.rate));
  }
  bool leads(const Replica& replica) const {
    if (mutant_ == ElectionMutant::NoDeadline) return replica.machine->write_until() > Duration{};
    return replica.machine->leads(local(replica));
  }
  std::ptrdiff_t leaders() const {
    return std::ranges::count_if(replicas_, [&](const Replica& r) { return leads(r); });
  }

  void start(Replica& replica) {
    LeaseTimes times;
    if (mutant_ == ElectionMutant::ShortLease) times.duration = seconds(11);
    replica.machine = std::make_unique<LeaseMachine>(
        fmt::format("replica-{}.{}", replica.number, replica.lives++), times);
    replica.news.clear();
    replica.call.reset();
    replica.news.push_back(
        {now_ + milliseconds(random_.below(500)), server_.record, std::to_string(server_.version)});
  }

  void step(bool trouble) {
    if (trouble) disturb();
    for (Replica& replica : replicas_) {
      arrive(replica);
      land(replica);
      if (now_ < replica.frozen_until) continue;
      hear(replica);
      speak(replica, trouble);
      if (leads(replica) && random_.chance(0.3)) {
        // What it is about to replace says who wrote it; a deleted Lease counts from one again.
        if (verdict_.terms > replica.machine->epoch()) {
          replica.machine->outgrow(verdict_.terms);
          continue;
        }
        // The server ends it in time, whether the answer comes back or not.
        const auto longest = static_cast<std::size_t>(kube::kWriteTimeout.count());
        replica.writes.push_back({now_ + (trouble ? Duration(random_.below(longest)) : kStep),
                                  replica.machine->epoch()});
      }
    }
    if (leaders() > 1) verdict_.failure = "two replicas may write";
  }

  void disturb() {
    if (!random_.chance(0.004)) return;
    Replica& replica = replicas_[random_.below(replicas_.size())];
    switch (random_.below(6)) {
      case 0:
        replica.frozen_until = now_ + seconds(random_.below(60));
        return;
      case 1:
        return start(replica);
      case 2:
        replica.cut_off_until = now_ + seconds(random_.below(40));
        return;
      case 3:
        return stop_cleanly(replica);
      case 4:
        if (random_.chance(0.3)) change([&] { server_.remove(); });
        return;
      default:
        if (server_.record && random_.chance(0.3))
          change([&] {
            LeaseRecord taken = *server_.record;
            taken.holder = "somebody";
            server_.store(taken);
          });
    }
  }

  // A rolling update: what is under way ends, then the Lease is given up, then a new process.
  void stop_cleanly(Replica& replica) {
    if (!replica.writes.empty() || replica.call || now_ < replica.frozen_until) return;
    if (const auto last = replica.machine->release(); last && now_ >= replica.cut_off_until)
      change([&] { (void)server_.carry_out(*last); });
    start(replica);
  }

  // Whatever `happens` at the server is told to everybody, sooner or later.
  template <class Happens>
  void change(const Happens& happens) {
    const int before = server_.version;
    happens();
    if (server_.version == before) return;
    for (Replica& replica : replicas_) {
      Duration arrives = now_ + milliseconds(random_.below(random_.chance(0.05) ? 20'000 : 100));
      arrives = std::max(arrives, replica.cut_off_until);
      if (!replica.news.empty()) arrives = std::max(arrives, replica.news.back().arrives);
      replica.news.push_back({arrives, server_.record, std::to_string(server_.version)});
    }
  }

  void arrive(Replica& replica) {
    if (!replica.call || replica.call->lost || replica.call->answer || now_ < replica.call->arrives)
      return;
    change([&] { replica.call->answer = server_.carry_out(replica.call->call); });
  }

  void hear(Replica& replica) {
    while (!replica.news.empty() && replica.news.front().arrives <= now_) {
      const News& news = replica.news.front();
      replica.machine->observe(news.record, news.version, local(replica));
      replica.news.pop_front();
    }
    if (!replica.call) return;
    const bool answered =
        replica.call->answer && !replica.call->answer_lost && now_ >= replica.call->answered;
    if (!answered && now_ < replica.call->gives_up) return;
    const Call call = *std::exchange(replica.call, std::nullopt);
    replica.machine->answered(
        answered ? *call.answer
                 : Result<std::optional<LeaseRecord>>(fail(Fault::Unavailable, "timed out")),
        local(replica));
  }

  void speak(Replica& replica, bool trouble) {
    if (replica.call) return;
    const auto call = replica.machine->next({Time(local(replica)), local(replica)}, random_.unit());
    if (!call) return;
    const bool slow = trouble && random_.chance(0.05);
    const Duration arrives = now_ + milliseconds(random_.below(slow ? 7'000 : 40));
    const Duration answered = arrives + milliseconds(random_.below(slow ? 7'000 : 40));
    const bool cut_off = now_ < replica.cut_off_until;
    replica.call = Call{*call,
                        arrives,
                        answered,
                        now_ + kube::kWriteTimeout,
                        cut_off || (trouble && random_.chance(0.03)),
                        trouble && random_.chance(0.03),
                        std::nullopt};
  }

  // Writes take effect. With even clocks no write of an old term comes after one of a new term;
  // with clocks that drift, the version in each write has to see to it.
  void land(Replica& replica) {
    std::erase_if(replica.writes, [&](const Write& write) {
      if (write.lands > now_) return false;
      ++verdict_.writes;
      if (even_clocks_ && write.term < verdict_.terms)
        verdict_.failure =
            fmt::format("a write of term {} after one of term {}", write.term, verdict_.terms);
      verdict_.terms = std::max(verdict_.terms, write.term);
      return true;
    });
  }

  Random random_;
  const ElectionMutant mutant_;
  bool even_clocks_ = true;
  Duration now_{seconds(1)};
  LeaseServer server_;
  std::vector<Replica> replicas_;
  ElectionVerdict verdict_;
};

}  // namespace

ElectionVerdict run_election(std::uint64_t seed, ElectionMutant mutant) {
  return Election(seed, mutant).run();
}

}  // namespace slipway::sim
