#include "controller/runtime/lease_holder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "crds/base/check.hpp"

namespace slipway {
namespace {

constexpr const char* kLeaseApi = "coordination.k8s.io/v1";
constexpr const char* kLeaseManager = "slipway-lease";
// Sleepers look around this often even if nobody wakes them.
constexpr Duration kLongestSleep = std::chrono::seconds(10);

kube::Resource lease_resource() {
  const kube::Resource* resource = kube::find_resource(kLeaseApi, "Lease");
  SLIPWAY_CHECK(resource, "leases are a known resource");
  return *resource;
}

Result<LeaseRecord> parse_lease(std::string_view body) {
  const Json object = Json::parse(body, nullptr, false);
  if (!object.is_object()) return fail(Fault::Malformed, "the lease is not a JSON object");
  return read_lease(object);
}

}  // namespace

LeaseHolder::LeaseHolder(LeaseOptions options, kube::ApiClient& client, kube::Transport& transport,
                         const Clock& clock, OnNews on_news, OnTrouble on_trouble)
    : options_(std::move(options)),
      client_(client),
      clock_(clock),
      on_news_(std::move(on_news)),
      on_trouble_(std::move(on_trouble)),
      resource_(lease_resource()),
      machine_(LeaseMachine(options_.identity, options_.times)),
      random_(std::random_device{}()) {
  watcher_.emplace(
      kube::WatchTarget{resource_, options_.ns, "", options_.name}, transport,
      [this](const kube::WatchEvent& event) { on_watch(event); },
      [this](const kube::WatchTarget&, const Error& error) { complain(error); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LeaseHolder::~LeaseHolder() {
  thread_.request_stop();
  thread_.join();
  watcher_.reset();
  const auto last = machine_.with([](LeaseMachine& machine) { return machine.release(); });
  if (!last) return;
  if (auto done = carry_out(*last); !done) complain(std::move(done.error()).within("release"));
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
    const auto answer = carry_out(*call);
    machine_.with([&](LeaseMachine& m) { m.answered(answer, clock_.now().monotonic); });
    if (answer)
      last_trouble_.with([](std::string& last) { last.clear(); });
    else
      complain(answer.error());
    tell();
  }
}

void LeaseHolder::on_watch(const kube::WatchEvent& event) {
  const auto observe = [&](const std::optional<LeaseRecord>& record, std::string_view as_of) {
    machine_.with([&](LeaseMachine& m) { m.observe(record, as_of, clock_.now().monotonic); });
    wake_.ring();
    tell();
  };
  if (std::holds_alternative<kube::SetBegin>(event)) {
    seen_in_set_ = false;
  } else if (const auto* end = std::get_if<kube::SetEnd>(&event)) {
    if (!seen_in_set_) observe(std::nullopt, end->version);
  } else {
    const auto& seen = std::get<kube::Seen>(event);
    const auto record = parse_lease(seen.object);
    if (!record) return complain(record.error());
    seen_in_set_ = true;
    const bool gone = seen.change == kube::Change::Deleted;
    observe(gone ? std::nullopt : std::optional(*record), record->version);
  }
}

Json LeaseHolder::object_of(const LeaseRecord& record) const {
  Json object{{"apiVersion", kLeaseApi},
              {"kind", "Lease"},
              {"metadata", {{"name", options_.name}, {"namespace", options_.ns}}},
              {"spec",
               {{"holderIdentity", record.holder},
                {"leaseDurationSeconds",
                 std::chrono::duration_cast<std::chrono::seconds>(record.duration).count()},
                {"leaseTransitions", record.transitions},
                {"renewTime", to_rfc3339_micro(clock_.now().wall)}}}};
  if (!record.acquired.empty()) object["spec"]["acquireTime"] = record.acquired;
  // With the uid, or an apply would make a deleted Lease anew.
  if (!record.uid.empty()) object["metadata"]["uid"] = record.uid;
  if (!record.version.empty()) object["metadata"]["resourceVersion"] = record.version;
  return object;
}

Result<std::optional<LeaseRecord>> LeaseHolder::stored(
    const Result<kube::ApplyAnswer>& answer) const {
  if (!answer) return tl::unexpected(answer.error());
  auto record = parse_lease(answer->body);
  if (!record) return tl::unexpected(std::move(record.error()));
  return *std::move(record);
}

Result<std::optional<LeaseRecord>> LeaseHolder::carry_out(const LeaseCall& call) {
  if (const auto* create = std::get_if<CreateLease>(&call))
    return stored(client_.create({resource_, options_.ns, object_of(create->record)}));
  if (const auto* update = std::get_if<UpdateLease>(&call))
    return stored(client_.apply(
        {resource_, options_.ns, options_.name, object_of(update->record), kLeaseManager, true}));
  const auto found = client_.get({resource_, options_.ns, options_.name});
  if (!found && found.error().fault == Fault::NotFound) return std::optional<LeaseRecord>();
  return stored(found);
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
