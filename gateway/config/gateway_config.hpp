// What a gateway has to know, as people write it in a file and as the controller sends it: who may
// call, which models there are and where they answer. `Snapshot` is what requests are served from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway::gateway {

inline constexpr attr::Pattern kModelName{
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"};
inline constexpr attr::Pattern kSimpleName{"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"};

struct Listener {
  std::string address, certificate_file, key_file;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("address", &Listener::address, "Where to listen, as 0.0.0.0:8080 or [::]:8080.",
          attr::Required{}, attr::MaxLength{128});
    field("certificateFile", &Listener::certificate_file,
          "PEM file with the certificate chain; absent: no TLS.", attr::MaxLength{4096});
    field("keyFile", &Listener::key_file, "PEM file with the private key.", attr::MaxLength{4096});
  }
  bool operator==(const Listener&) const = default;
};

// A key as it is kept: never itself. Its text is `sk-<id>-<secret>`.
struct KeyRecord {
  std::string id, mac, expires;
  bool revoked = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("id", &KeyRecord::id, "The middle part of the key's text.", attr::Required{},
          attr::MaxLength{32}, attr::Pattern{"^[a-z0-9]{8,32}$"});
    field("mac", &KeyRecord::mac, "HMAC-SHA-256 of the key's text under the pepper, in hex.",
          attr::Required{}, attr::Pattern{"^[0-9a-f]{64}$"});
    field("expires", &KeyRecord::expires, "RFC 3339; absent: never.", attr::MaxLength{40});
    field("revoked", &KeyRecord::revoked, "Refused, with a message that says so.");
  }
  bool operator==(const KeyRecord&) const = default;
};

struct LimitConfig {
  std::optional<int> requests_per_minute, tokens_per_minute, concurrency;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("requestsPerMinute", &LimitConfig::requests_per_minute, "For each model.",
          attr::Minimum{1}, attr::Maximum{100000000});
    field("tokensPerMinute", &LimitConfig::tokens_per_minute, "For each model; both directions.",
          attr::Minimum{1}, attr::Maximum{2000000000});
    field("concurrency", &LimitConfig::concurrency, "Requests at the same time, for each model.",
          attr::Minimum{1}, attr::Maximum{1000000});
  }
  bool operator==(const LimitConfig&) const = default;
};

struct Tenant {
  std::string name;
  std::vector<KeyRecord> keys;
  std::vector<std::string> models;
  std::optional<LimitConfig> limits;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &Tenant::name, "Name of the tenant.", attr::Required{}, attr::MaxLength{63},
          kSimpleName);
    field("keys", &Tenant::keys, "Its keys.", attr::MaxItems{10000}, attr::MapKey{"id"});
    field(
        "models", &Tenant::models,
        "What it may call: namespace/name, or namespace/* for all of a namespace.",
        attr::MaxItems{1024}, attr::ItemMaxLength{320},
        attr::ItemPattern{"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/(\\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$"});
    field("limits", &Tenant::limits, "What it may use; absent: no limit.");
  }
  bool operator==(const Tenant&) const = default;
};

struct Revision {
  std::string name;
  int weight = 100;
  std::vector<std::string> endpoints;
  std::optional<int> slots;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &Revision::name, "Name of the revision.", attr::Required{}, attr::MaxLength{63},
          kSimpleName);
    field("weight", &Revision::weight, "Its share of the requests, against the others' weights.",
          attr::AlwaysEncode{}, attr::Minimum{0}, attr::Maximum{1000000});
    field("endpoints", &Revision::endpoints, "Where its replicas answer, as 10.0.0.7:8080.",
          attr::MaxItems{4096}, attr::ItemMaxLength{64});
    field(
        "slots", &Revision::slots,
        "Requests that one replica runs at once; it gets at most twice as many. Absent: no bound.",
        attr::Minimum{1}, attr::Maximum{100000});
  }
  bool operator==(const Revision&) const = default;
};

struct ModelRoute {
  std::string name, alias, host;
  std::vector<std::string> adapters;
  std::vector<Revision> revisions;
  bool open = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &ModelRoute::name, "namespace/name of the InferenceService.", attr::Required{},
          attr::MaxLength{320}, kModelName);
    field("alias", &ModelRoute::alias, "A short name that callers may use.", attr::MaxLength{63},
          kSimpleName);
    field("host", &ModelRoute::host, "A host name whose requests are all for this model.",
          attr::MaxLength{253}, kSimpleName);
    field("adapters", &ModelRoute::adapters,
          "LoRA adapters: `name:adapter` names the model with one.", attr::MaxItems{64},
          attr::ItemMaxLength{63}, attr::ItemPattern{"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"});
    field("revisions", &ModelRoute::revisions, "What answers.", attr::MaxItems{8},
          attr::MapKey{"name"});
    field("public", &ModelRoute::open, "Whether it may be called without a key.");
  }
  bool operator==(const ModelRoute&) const = default;
};

// Seconds, each of them; absent ones have the default that is named.
struct Timeouts {
  std::optional<double> connect, first_byte, idle, total;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("connectSeconds", &Timeouts::connect, "To reach an endpoint. Absent means 2.",
          attr::Minimum{0.01}, attr::Maximum{60});
    field("firstByteSeconds", &Timeouts::first_byte,
          "From the request's last byte to the answer's first. Absent means 600.",
          attr::Minimum{0.1}, attr::Maximum{86400});
    field("idleSeconds", &Timeouts::idle,
          "Between two pieces of a request or an answer. Absent means 300.", attr::Minimum{0.1},
          attr::Maximum{86400});
    field("totalSeconds", &Timeouts::total, "For a whole request. Absent means 7200.",
          attr::Minimum{0.1}, attr::Maximum{604800});
  }
  bool operator==(const Timeouts&) const = default;
};

struct GatewayConfig {
  std::vector<Listener> listeners;
  std::string admin_address, pepper_file;
  std::optional<Timeouts> timeouts;
  std::vector<Tenant> tenants;
  std::vector<ModelRoute> models;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using G = GatewayConfig;
    field("listeners", &G::listeners, "Where clients come in.", attr::Required{}, attr::MinItems{1},
          attr::MaxItems{8}, attr::MapKey{"address"});
    field("adminAddress", &G::admin_address,
          "Where /metrics, /healthz and /readyz answer. Absent: nowhere.", attr::MaxLength{128});
    field("pepperFile", &G::pepper_file,
          "File whose bytes the keys' MACs are made with; needed where there are keys.",
          attr::MaxLength{4096});
    field("timeouts", &G::timeouts, "How long to wait.");
    field("tenants", &G::tenants, "Who may call.", attr::MaxItems{10000}, attr::MapKey{"name"});
    field("models", &G::models, "What may be called.", attr::MaxItems{20000}, attr::MapKey{"name"});
  }
  bool operator==(const GatewayConfig&) const = default;
};

}  // namespace slipway::gateway
