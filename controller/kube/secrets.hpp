// The certificates and the token as they are now. Files among them are rotated by the kubelet or
// an administrator and are read again every 60 s and on demand; while a file is missing or empty
// (in the middle of a swap) its old content stays in use. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "controller/kube/credentials.hpp"
#include "crds/base/time.hpp"

namespace slipway::kube {

struct Secrets {
  std::string ca;
  std::string certificate;
  std::string key;
  std::string token;

  bool operator==(const Secrets&) const = default;
  // Whether connections made with `other` are still right for new requests.
  bool same_tls(const Secrets& other) const {
    return ca == other.ca && certificate == other.certificate && key == other.key;
  }
};

using MonotonicClock = std::function<Duration()>;

class SecretFiles {
 public:
  // Fails when a file cannot be read the first time. An empty `clock` is the steady clock.
  static Result<std::unique_ptr<SecretFiles>> open(const Credentials& credentials,
                                                   MonotonicClock clock);

  std::shared_ptr<const Secrets> current();
  // Reads the files now; true when that gave something else than `used`.
  bool changed_since(const Secrets& used);

 private:
  SecretFiles(const Credentials& credentials, MonotonicClock clock)
      : credentials_(credentials), clock_(std::move(clock)) {}

  Result<> read();  // REQUIRES: `mutex_` is held, or nobody else knows us yet

  const Credentials credentials_;
  const MonotonicClock clock_;
  std::mutex mutex_;
  std::shared_ptr<const Secrets> secrets_ = std::make_shared<const Secrets>();
  Duration read_at_{};
};

}  // namespace slipway::kube
