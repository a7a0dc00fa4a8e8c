// A file in the making, under the name FINAL.partial until it is whole and verified. Removed when
// it was not kept. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

class PartialFile {
 public:
  static Outcome<PartialFile> create(std::string final_path);
  ~PartialFile();
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;

  const std::string& path() const { return partial_; }
  std::int64_t size() const { return size_; }

  // Whether the file system has room for a file of `total` bytes.
  Outcome<> check_room(std::int64_t total) const;
  Outcome<> append(std::span<const char> bytes);
  Outcome<> restart();
  // Gives the file its final name, at once.
  Outcome<> keep();

 private:
  PartialFile(std::string final_path, int file);
  tl::unexpected<AgentReport> failed(const char* doing) const;

  std::string final_, partial_;
  int file_;
  std::int64_t size_ = 0;
};

}  // namespace slipway::agent
