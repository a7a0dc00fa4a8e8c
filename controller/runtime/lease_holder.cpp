#include "controller/runtime/lease_holder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace slipway {
namespace {

// Sleepers look around this often even if nobody wakes them.
constexpr Duration kLongestSleep = std::chrono::seconds(10);

}  // namespace

LeaseHolder::LeaseHolder(LeaseOptions options, kube::ApiClient& client, kube::Transport& transport,
                         const Clock& clock, OnNews on_news, OnTrouble on_trouble)
    : options_(std::move(options)),
      calls_(options_.ns, options_.name, client),
      clock_(clock),
      on_news_(std::move(on_news)),
      on_trouble_(std::move(on_trouble)),
      machine_(LeaseMachine(options_.identity, options_.times)),
      random_(std::random_device{}()) {
  watcher_.emplace(
      calls_.target(), transport, [this](const kube::WatchEvent& event) { on_watch(event); },
      [this](const kube::WatchTarget&, const Error& error) { complain(error); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LeaseHolder::~LeaseHolder() {
  thread_.request_stop();
  thread_.join();
  watcher_.reset();
  const auto last = machine_.with([](LeaseMachine& machine) { return machine.release(); });
  if (!last) return;
  if (auto done = calls_.carry_out(*last, clock_.now().wall); !done)
    complain(std::move(done.error()).within("release"));
}

void LeaseHolder::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::uint64_t rings = wake_.rings();
    const Moment now = clock_.now();
    const double random = std::uniform_real_distribution<>(0, 1)(random_);
    const auto call = machine_.with([&](LeaseMachine& m) { return m.next(now, random); });
    if (!call) {
      const auto due = machine_.with([](const LeaseMachine& m) { return m.next_due(); });
      const Duration sleep =
          due ? std::clamp(*due - now.monotonic, Duration(1), kLongestSleep) : kLongestSleep;
      wake_.wait(stop, rings, sleep);
      continue;
    }
    const auto answer = calls_.carry_out(*call, clock_.now().wall);
    machine_.with([&](LeaseMachine& m) { m.answered(answer, clock_.now().monotonic); });
    if (answer)
      last_trouble_.with([](std::string& last) { last.clear(); });
    else
      complain(answer.error());
    tell();
  }
}

void LeaseHolder::on_watch(const kube::WatchEvent& event) {
  const auto sight = sights_.of(event);
  if (!sight) return complain(sight.error());
  if (!*sight) return;
  const auto& [record, as_of] = **sight;
  machine_.with([&](LeaseMachine& m) { m.observe(record, as_of, clock_.now().monotonic); });
  wake_.ring();
  tell();
}

bool LeaseHolder::may_write(Duration now) const {
  return machine_.with([&](const LeaseMachine& m) { return m.leads(now); });
}

std::int64_t LeaseHolder::epoch() const {
  return machine_.with([](const LeaseMachine& m) { return m.epoch(); });
}

void LeaseHolder::outgrow(std::int64_t epoch) {
  machine_.with([&](LeaseMachine& m) { m.outgrow(epoch); });
  wake_.ring();
  tell();
}

void LeaseHolder::tell() {
  // Held while telling, so that news reach the listener in their order.
  told_.with([&](std::optional<LeaseNews>& told) {
    const LeaseNews news = machine_.with([&](const LeaseMachine& m) {
      return LeaseNews{m.leads(clock_.now().monotonic), m.epoch(), m.holder()};
    });
    if (told && told->leads == news.leads && told->holder == news.holder &&
        (!news.leads || told->epoch == news.epoch))
      return;
    told = news;
    on_news_(news);
  });
}

void LeaseHolder::complain(const Error& error) {
  const bool repeated = last_trouble_.with(
      [&](std::string& last) { return std::exchange(last, error.what) == error.what; });
  if (!repeated) on_trouble_(error);
}

std::string new_identity() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {'h', 'o', 's', 't'};
  std::random_device random;
  return fmt::format("{}_{:08x}{:08x}", host.data(), random(), random());
}

}  // namespace slipway
