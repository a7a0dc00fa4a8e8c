#include "gateway/auth/jwt/jwks_cache.hpp"

#include <algorithm>
#include <utility>

namespace slipway::jwt {

JwksCache::JwksCache(const JwksTiming& timing)
    : timing_(timing), trust_(std::make_shared<const Trust>()) {}

void JwksCache::set_issuers(std::vector<IssuerSource> sources) {
  std::vector<Entry> entries;
  for (IssuerSource& source : sources) {
    const auto held = std::ranges::find_if(entries_, [&](const Entry& entry) {
      return entry.source.rules.name == source.rules.name &&
             entry.source.jwks_url == source.jwks_url;
    });
    Entry entry;
    if (held != entries_.end()) entry = std::move(*held);
    entry.source = std::move(source);
    entries.push_back(std::move(entry));
  }
  entries_ = std::move(entries);
  publish(true);
}

std::optional<Time> JwksCache::due(const Entry& entry) const {
  if (entry.ticket) return std::nullopt;
  if (!entry.started_at) return Time{};
  Time at = entry.retry_at.value_or(entry.fetched_at + timing_.refresh);
  if (entry.wanted) at = std::min(at, *entry.started_at + timing_.unknown_key);
  return at;
}

std::vector<JwksCache::Fetch> JwksCache::take_due(Time now) {
  std::vector<Fetch> fetches;
  for (Entry& entry : entries_) {
    const auto at = due(entry);
    if (!at || *at > now) continue;
    entry.ticket = ++last_ticket_;
    entry.started_at = now;
    entry.wanted = false;
    fetches.push_back({entry.source.rules.name, entry.source.jwks_url, *entry.ticket});
  }
  return fetches;
}

std::optional<Time> JwksCache::next_due() const {
  std::optional<Time> next;
  for (const Entry& entry : entries_) {
    const auto at = due(entry);
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

JwksCache::Entry* JwksCache::awaiting(const Fetch& fetch) {
  const auto entry =
      std::ranges::find_if(entries_, [&](const Entry& one) { return one.ticket == fetch.ticket; });
  return entry == entries_.end() ? nullptr : &*entry;
}

void JwksCache::fetched(const Fetch& fetch, KeySet set, Time now) {
  Entry* const entry = awaiting(fetch);
  if (!entry) return;  // of an issuer that is not configured any more
  entry->ticket.reset();
  entry->retry_at.reset();
  entry->retry_after = Duration{};
  entry->fetched_at = now;
  // Most fetches bring what is known: verdicts that were reached with it stay good.
  const bool changed = !entry->keys || entry->keys->fingerprint != set.fingerprint;
  if (changed) entry->keys = std::make_shared<const KeySet>(std::move(set));
  publish(changed);
}

void JwksCache::failed(const Fetch& fetch, Time now) {
  Entry* const entry = awaiting(fetch);
  if (!entry) return;
  entry->ticket.reset();
  entry->retry_after = std::clamp(2 * entry->retry_after, timing_.first_retry, timing_.last_retry);
  entry->retry_at = now + entry->retry_after;
}

void JwksCache::missed(std::string_view issuer) {
  for (Entry& entry : entries_)
    // A fetch under way may have been answered before the key was published.
    if (entry.source.rules.name == issuer) entry.wanted = true;
}

void JwksCache::publish(bool changed) {
  auto trust = std::make_shared<Trust>();
  trust->epoch = trust_->epoch + (changed ? 1 : 0);
  for (const Entry& entry : entries_)
    trust->issuers.push_back({entry.source.rules, entry.keys, entry.fetched_at + timing_.max_age});
  trust_ = std::move(trust);
}

}  // namespace slipway::jwt
