#include "runtime-images/agent/fetch/install.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "runtime-images/agent/fetch/partial_file.hpp"

namespace slipway::agent {

Outcome<> install_self(const std::string& dir) {
  const int self = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (self < 0)
    return refuse("Internal", fmt::format("cannot read the agent: {}", std::strerror(errno)));
  auto copy = PartialFile::create(dir + "/slipway-agent");
  std::vector<char> buffer(1 << 18);
  ssize_t got = 0;
  Outcome<> written;
  while (copy && written && (got = ::read(self, buffer.data(), buffer.size())) > 0)
    written = copy->append({buffer.data(), static_cast<std::size_t>(got)});
  ::close(self);
  if (!copy) return tl::unexpected(copy.error());
  if (!written) return written;
  if (got < 0) return refuse("Internal", "cannot read the agent's own file");
  if (::chmod(copy->path().c_str(), 0755) != 0)
    return refuse("Internal",
                  fmt::format("cannot make {} executable: {}", copy->path(), std::strerror(errno)));
  return copy->keep();
}

}  // namespace slipway::agent
