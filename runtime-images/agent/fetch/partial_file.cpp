#include "runtime-images/agent/fetch/partial_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace slipway::agent {
namespace {

// Bytes that may still be written where `path` lies; -1: not to be found out.
std::int64_t free_bytes(const std::string& path) {
  struct statvfs status{};
  const std::string dir = std::filesystem::path(path).parent_path().string();
  if (::statvfs(dir.c_str(), &status) != 0) return -1;
  return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
}

}  // namespace

PartialFile::PartialFile(std::string final_path, int file)
    : final_(std::move(final_path)), partial_(final_ + ".partial"), file_(file) {}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : final_(std::move(other.final_)),
      partial_(std::move(other.partial_)),
      file_(std::exchange(other.file_, -1)),
      size_(other.size_) {}

PartialFile::~PartialFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(partial_.c_str());
}

tl::unexpected<AgentReport> PartialFile::failed(const char* doing) const {
  const int why = errno;
  if (why == ENOSPC || why == EDQUOT)
    return refuse("DiskFull", fmt::format("{} {} failed after {} bytes: {} bytes are free", doing,
                                          partial_, size_, free_bytes(partial_)));
  return refuse("Internal", fmt::format("{} {} failed after {} bytes: {}", doing, partial_, size_,
                                        std::strerror(why)));
}

Outcome<PartialFile> PartialFile::create(std::string final_path) {
  const std::string partial = final_path + ".partial";
  ::unlink(partial.c_str());
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  PartialFile made(std::move(final_path), file);
  if (file < 0) return made.failed("creating");
  return made;
}

Outcome<> PartialFile::check_room(std::int64_t total) const {
  const std::int64_t room = free_bytes(partial_);
  if (room >= 0 && total - size_ > room)
    return refuse("DiskFull",
                  fmt::format("the file has {} bytes, {} are free in {}", total, room + size_,
                              std::filesystem::path(final_).parent_path().string()));
  return {};
}

Outcome<> PartialFile::append(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failed("writing");
    size_ += put;
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Outcome<> PartialFile::restart() {
  if (::ftruncate(file_, 0) != 0 || ::lseek(file_, 0, SEEK_SET) != 0) return failed("truncating");
  size_ = 0;
  return {};
}

Outcome<> PartialFile::keep() {
  if (::rename(partial_.c_str(), final_.c_str()) != 0) return failed("renaming");
  ::close(std::exchange(file_, -1));
  return {};
}

}  // namespace slipway::agent
