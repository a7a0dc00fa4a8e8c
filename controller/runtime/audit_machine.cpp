#include "controller/runtime/audit_machine.hpp"

#include <algorithm>
#include <utility>

#include "controller/cache/version.hpp"

namespace slipway {
namespace {

// Half of what a set is fetched by: the parser needs several times the page.
constexpr int kPageSize = 250;

std::uint64_t hash_of(const std::string& text) {
  return std::hash<std::string>{}(text);
}

// Only versions that are numbers have an order.
bool is_newer(const std::string& a, const std::string& b) {
  const Version one = parse_version(a);
  const Version other = parse_version(b);
  return one != 0 && other != 0 && one > other;
}

Duration part(Duration whole, double share) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * share));
}

}  // namespace

AuditMachine::AuditMachine(kube::WatchTarget target, bool holds_all, Duration period,
                           Duration first)
    : target_(std::move(target)), holds_all_(holds_all), period_(period), due_(first) {}

std::optional<std::string> AuditMachine::next(const AuditInput& input) {
  if (input.now < due_) return std::nullopt;
  if (!listing_) {
    const bool arrived = !is_newer(version_, input.told) && parse_version(input.told) != 0;
    const bool too_early = second_look() && !arrived && input.now < patience_ends_;
    if (input.told.empty() || too_early) {
      due_ = input.now + part(period_, 0.05);
      return std::nullopt;
    }
    listing_ = true;
  }
  std::string target =
      collection_path(target_.resource, target_.ns) + "?limit=" + std::to_string(kPageSize);
  if (!continue_.empty()) target += "&continue=" + kube::url_escape(continue_);
  if (!target_.label_selector.empty())
    target += "&labelSelector=" + kube::url_escape(target_.label_selector);
  return target;
}

void AuditMachine::end_list() {
  listing_ = false;
  continue_.clear();
  uids_ = std::vector<Hash>();  // freed, not only emptied
  found_.clear();
  confirmed_.clear();
  still_in_vain_.clear();
  first_.clear();
}

std::optional<AuditFinding> AuditMachine::answered(const Result<kube::MetadataPage>& page,
                                                   const HeldObjects& held,
                                                   const AuditInput& input) {
  if (!page) {
    // Half a list says nothing. Whatever ails the server, it is in no hurry to be audited.
    suspects_.clear();
    end_list();
    rest(input);
    return std::nullopt;
  }
  version_ = page->version;
  for (const kube::ListedObject& listed : page->items) compare(listed, held);
  continue_ = page->continue_token;
  if (!continue_.empty()) return std::nullopt;
  look_for_extra(held);
  return finish(input);
}

void AuditMachine::compare(const kube::ListedObject& listed, const HeldObjects& held) {
  uids_.push_back(hash_of(listed.uid));
  // With its version: one that has changed by the second look is news on its way, not a loss.
  const Hash what = hash_of(listed.uid + "@" + listed.version);
  const auto have = held.find(listed.ns, listed.name);
  if (!have) {
    if (holds_all_) differs(what, listed, "is missing");
    return;
  }
  const bool same = have->uid == listed.uid && have->version == listed.version;
  if (!same && !is_newer(have->version, listed.version)) differs(what, listed, "is out of date");
}

void AuditMachine::look_for_extra(const HeldObjects& held) {
  std::ranges::sort(uids_);
  held.each([&](const kube::ListedObject& object) {
    if (is_newer(object.version, version_)) return;
    if (std::ranges::binary_search(uids_, hash_of(object.uid))) return;
    differs(hash_of(object.uid), object, "is held but gone");
  });
}

void AuditMachine::differs(Hash what, const kube::ListedObject& object, const char* how) {
  if (in_vain_.contains(what)) {
    still_in_vain_.insert(what);
  } else if (!suspects_.contains(what)) {
    found_.insert(what);
  } else {
    confirmed_.insert(what);
    if (first_.empty())
      first_ = (object.ns.empty() ? "" : object.ns + "/") + object.name + " " + how;
  }
}

std::optional<AuditFinding> AuditMachine::finish(const AuditInput& input) {
  const bool first_look = !second_look();
  const AuditFinding finding{confirmed_.size(), first_};
  in_vain_ = std::exchange(still_in_vain_, {});
  in_vain_.merge(confirmed_);
  suspects_ = first_look ? std::exchange(found_, {}) : std::set<Hash>{};
  end_list();
  rest(input);
  if (second_look()) {
    due_ = input.now + part(period_, 0.05 * (1 + input.random));
    patience_ends_ = input.now + part(period_, 0.5);
  }
  if (finding.differences == 0) return std::nullopt;
  return finding;
}

void AuditMachine::rest(const AuditInput& input) {
  due_ = input.now + part(period_, 0.9 + 0.2 * input.random);
}

}  // namespace slipway
