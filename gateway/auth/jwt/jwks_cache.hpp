// Which keys of which issuer are trusted at a time, and when they must be fetched again. A state
// machine without I/O: its owner takes the fetches that are due, sends them, and reports how each
// one went; the verifiers get immutable snapshots. Used by one thread.
//
// A set stands in for its predecessor as soon as it has been fetched: an issuer that changes keys
// publishes old and new ones together for as long as old tokens live, and one that takes a key out
// of its set wants it to be refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/auth/jwt/verify.hpp"

namespace slipway::jwt {

struct JwksTiming {
  Duration refresh = std::chrono::minutes(10);      // the age at which a set is fetched again
  Duration max_age = std::chrono::hours(24);        // served so long while its issuer is down
  Duration unknown_key = std::chrono::seconds(30);  // between fetches that tokens can bring about
  Duration first_retry = std::chrono::seconds(1);   // after a failure; doubles with each one
  Duration last_retry = std::chrono::minutes(1);
};

// An issuer and where it publishes its keys: from configuration, never from a token.
struct IssuerSource {
  Issuer rules;
  std::string jwks_url;
};

class JwksCache {
 public:
  explicit JwksCache(const JwksTiming& timing = {});

  struct Fetch {
    std::string issuer;
    std::string url;
    std::uint64_t ticket = 0;
  };

  // Replaces all issuers. Keys of those with the same name and URL are kept; others are forgotten,
  // and answers to their fetches with them. REQUIRES: names are unique.
  void set_issuers(std::vector<IssuerSource> sources);

  // The fetches to send now, at most one under way for an issuer. Each must be reported, a time-out
  // as a failure: nothing else is fetched from that issuer until then.
  std::vector<Fetch> take_due(Time now);
  // When take_due() has something next; nullopt: not before a report or a miss.
  std::optional<Time> next_due() const;

  // How a fetch went. `now` is when it was answered.
  void fetched(const Fetch& fetch, KeySet set, Time now);
  void failed(const Fetch& fetch, Time now);
  // A token was refused that newer keys might accept: Refusal::stale_issuer.
  void missed(std::string_view issuer);

  // What to verify with. The epoch is another one only where rules or keys have changed.
  std::shared_ptr<const Trust> trust() const { return trust_; }

 private:
  struct Entry {
    IssuerSource source;
    std::shared_ptr<const KeySet> keys;
    Time fetched_at{};
    std::optional<Time> started_at;       // of the latest fetch
    std::optional<std::uint64_t> ticket;  // of the fetch under way
    std::optional<Time> retry_at;         // after a failure
    Duration retry_after{};               // the wait that led to retry_at
    bool wanted = false;                  // by tokens, since the latest fetch has begun
  };

  Entry* awaiting(const Fetch& fetch);
  std::optional<Time> due(const Entry& entry) const;
  void publish(bool changed);

  JwksTiming timing_;
  std::vector<Entry> entries_;
  std::uint64_t last_ticket_ = 0;
  std::shared_ptr<const Trust> trust_;
};

}  // namespace slipway::jwt
