#include "controller/runtime/announcer.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <string>
#include <string_view>

#include "crds/base/check.hpp"

namespace slipway {
namespace {

constexpr Duration kOncePer = std::chrono::hours(1);
constexpr std::size_t kRemembered = 4096;
// Limits of events.k8s.io/v1.
constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxName = 253;
// Cluster-scoped objects have their events here.
constexpr const char* kDefaultNamespace = "default";

std::uint64_t cause_of(const Announce& what, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (const std::string_view part : {std::string_view(what.uid), std::string_view(what.reason),
                                      std::string_view(what.message)}) {
    hash = XXH3_64bits_withSeed(part.data(), part.size(), hash + 1);
  }
  return hash;
}

// At most `limit` bytes, without cutting a UTF-8 sequence in two.
std::string cut(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// A DNS subdomain: what is left of a long name must not end in a separator.
std::string name_for(const Announce& what, const std::string& suffix) {
  std::string name = cut(what.about.name, kMaxName - suffix.size());
  while (name.ends_with('.') || name.ends_with('-')) name.pop_back();
  return name + suffix;
}

}  // namespace

Json event_of(const Announce& what, Time now) {
  const auto hour = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::hours>(now.time_since_epoch()).count());
  const std::string suffix = fmt::format(".{:016x}", cause_of(what, hour));
  const std::string ns = what.about.namespace_.empty() ? kDefaultNamespace : what.about.namespace_;
  return {{"apiVersion", "events.k8s.io/v1"},
          {"kind", "Event"},
          {"metadata", {{"name", name_for(what, suffix)}, {"namespace", ns}}},
          {"eventTime", to_rfc3339_micro(now)},
          {"reportingController", "serving.slipway.dev/controller"},
          {"reportingInstance", "slipway-controller"},
          {"action", "Reconcile"},
          {"reason", what.reason},
          {"regarding",
           {{"apiVersion", what.about.api_version},
            {"kind", what.about.kind},
            {"namespace", what.about.namespace_},
            {"name", what.about.name},
            {"uid", what.uid}}},
          {"note", cut(what.message, kMaxNote)},
          {"type", what.warning ? "Warning" : "Normal"}};
}

bool Announcer::announce(const Announce& what, Moment now) {
  const std::uint64_t cause = cause_of(what, 0);
  const bool is_due = sent_.with([&](auto& sent) {
    const auto [last, first_time] = sent.try_emplace(cause, now.monotonic);
    if (!first_time && now.monotonic - last->second < kOncePer) return false;
    last->second = now.monotonic;
    if (sent.size() > kRemembered) {
      std::erase_if(sent, [&](const auto& one) { return now.monotonic - one.second >= kOncePer; });
    }
    return true;
  });
  if (!is_due) return false;
  const kube::Resource* events = kube::find_resource("events.k8s.io/v1", "Event");
  SLIPWAY_CHECK(events, "events are a known resource");
  Json event = event_of(what, now.wall);
  const std::string ns = event["metadata"]["namespace"].get<std::string>();
  const auto created = api_.create({*events, ns, std::move(event)});
  if (created || created.error().fault == Fault::AlreadyExists) return bool(created);
  sent_.with([&](auto& sent) { sent.erase(cause); });  // the next occasion tries again
  return false;
}

}  // namespace slipway
