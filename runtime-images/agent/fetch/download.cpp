#include "runtime-images/agent/fetch/download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "runtime-images/agent/clock.hpp"
#include "runtime-images/agent/fetch/progress.hpp"
#include "runtime-images/agent/model/digest.hpp"

namespace slipway::agent {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} * 1024;

bool worth_another_try(const AgentReport& failure) {
  return failure.reason == "Unreachable" || failure.reason == "Truncated";
}

// One download over as many connections as it takes.
class Download {
 public:
  Download(const ModelUri& uri, const DownloadOptions& options, PartialFile& file,
           const Print& print)
      : uri_(uri), options_(options), file_(file), print_(print), progress_(steady_now()) {}

  Outcome<std::string> run() {
    Duration pause = options_.first_pause;
    for (int tries = 1;; ++tries) {
      const std::int64_t before = file_.size();
      auto done = attempt();
      if (done) return hash_.finish();
      if (!worth_another_try(done.error())) return tl::unexpected(done.error());
      if (file_.size() > before) {
        tries = 1;
        pause = options_.first_pause;
      }
      if (tries >= options_.tries) return gave_up(std::move(done.error()));
      print_(fmt::format(R"({{"event":"retry","bytes":{},"pauseMilliseconds":{}}})", file_.size(),
                         pause.count()));
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, options_.longest_pause);
    }
  }

 private:
  Outcome<> attempt() {
    GetRequest request{uri_, options_.authorization, 0, validator_};
    if (!validator_.empty() || options_.verified_later) request.from = file_.size();
    auto response = HttpsResponse::get(std::move(request), options_.tls);
    if (!response) return tl::unexpected(response.error());
    if (auto placed = place(*response); !placed) return placed;
    return receive(*response);
  }

  // Makes the partial file end where the answer begins.
  Outcome<> place(const HttpsResponse& response) {
    const bool continues = response.status() == 206 && response.from() == file_.size() &&
                           (!total_ || !response.total() || total_ == response.total());
    if (!continues) {
      if (auto cleared = file_.restart(); !cleared) return cleared;
      hash_.restart();
      validator_.clear();
    }
    if (response.status() != 200 && !continues)
      return refuse("Truncated", "the server's range does not continue what is here");
    validator_ = response.validator();
    total_ = response.total();
    if (total_) return file_.check_room(*total_);
    return {};
  }

  Outcome<> receive(HttpsResponse& response) {
    for (;;) {
      auto got = response.read(buffer_);
      if (!got) return tl::unexpected(got.error());
      if (*got == 0) break;
      const std::span<const char> part(buffer_.data(), *got);
      if (auto written = file_.append(part); !written) return written;
      hash_.update(part);
      if (const auto line = progress_.at(steady_now(), file_.size(), total_)) print_(*line);
    }
    if (total_ && file_.size() != *total_)
      return refuse("Truncated", fmt::format("got {} of {} bytes", file_.size(), *total_));
    return {};
  }

  tl::unexpected<AgentReport> gave_up(AgentReport last) const {
    if (file_.size() > 0) {
      last.reason = "Truncated";
      last.message =
          fmt::format("got {} of {} bytes, then {} tries without progress: {}", file_.size(),
                      total_ ? std::to_string(*total_) : "unknown", options_.tries, last.message);
    }
    return tl::unexpected<AgentReport>(std::move(last));
  }

  const ModelUri& uri_;
  const DownloadOptions& options_;
  PartialFile& file_;
  const Print& print_;
  Progress progress_;
  Sha256 hash_;
  std::string validator_;  // of the content that the partial file begins with
  std::optional<std::int64_t> total_;
  std::vector<char> buffer_ = std::vector<char>(kBuffer);
};

}  // namespace

Outcome<std::string> download(const ModelUri& uri, const DownloadOptions& options,
                              PartialFile& file, const Print& print) {
  return Download(uri, options, file, print).run();
}

}  // namespace slipway::agent
