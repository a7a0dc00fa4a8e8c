// Which revision of a service a request goes to: by weight, and the same one again for the same
// sticky key (weighted rendezvous), so that a canary from 5 to 10 % moves only the 5 % it needs.
// Pure; every gateway decides alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace slipway::gateway {

struct RevisionWeight {
  std::uint64_t id = 0;  // a hash of its name: the same on every gateway
  double weight = 0;     // relative to the others'; 0 takes no requests
};

// Index of the chosen revision; nullopt: none has a weight.
std::optional<std::size_t> choose_revision(std::uint64_t sticky_key,
                                           std::span<const RevisionWeight> revisions);

// What may tie a request to others before it, most binding first. Empty texts and zeroes are not
// there.
struct StickySources {
  std::string_view header{};       // of the name that the route asks for
  std::string_view user{};         // `user` or `prompt_cache_key` of the body
  std::string_view key_id{};       // of the API key
  std::uint64_t conversation = 0;  // a link of the prompt's prefix chain
  std::uint64_t random = 0;        // used when nothing else is there
};

std::uint64_t sticky_key(const StickySources& sources);

}  // namespace slipway::gateway
