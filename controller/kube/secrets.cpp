#include "controller/kube/secrets.hpp"

#include <chrono>
#include <fstream>
#include <iterator>

namespace slipway::kube {
namespace {

constexpr Duration kReadAgain = std::chrono::seconds(60);

Result<> refresh(const Source& source, std::string& value) {
  if (source.file.empty()) {
    value = source.text;
    return {};
  }
  std::ifstream in(source.file, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
  if (content.empty()) {
    if (value.empty()) return fail(Fault::Invalid, source.file + " is empty or cannot be read");
    return {};
  }
  value = std::move(content);
  return {};
}

}  // namespace

Result<std::unique_ptr<SecretFiles>> SecretFiles::open(const Credentials& credentials,
                                                       MonotonicClock clock) {
  if (!clock) {
    clock = [] {
      return std::chrono::duration_cast<Duration>(
          std::chrono::steady_clock::now().time_since_epoch());
    };
  }
  std::unique_ptr<SecretFiles> files(new SecretFiles(credentials, std::move(clock)));
  SLIPWAY_TRY(files->read());
  return files;
}

std::shared_ptr<const Secrets> SecretFiles::current() {
  const std::lock_guard lock(mutex_);
  if (clock_() - read_at_ >= kReadAgain) (void)read();  // cannot fail: every value has content
  return secrets_;
}

bool SecretFiles::changed_since(const Secrets& used) {
  const std::lock_guard lock(mutex_);
  (void)read();
  return *secrets_ != used;
}

Result<> SecretFiles::read() {
  read_at_ = clock_();
  Secrets fresh = *secrets_;
  SLIPWAY_TRY(refresh(credentials_.ca, fresh.ca));
  SLIPWAY_TRY(refresh(credentials_.certificate, fresh.certificate));
  SLIPWAY_TRY(refresh(credentials_.key, fresh.key));
  SLIPWAY_TRY(refresh(credentials_.token, fresh.token));
  if (fresh != *secrets_) secrets_ = std::make_shared<const Secrets>(std::move(fresh));
  return {};
}

}  // namespace slipway::kube
