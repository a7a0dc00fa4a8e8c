// The server's side of a watch: any bytes, cut anywhere, and ends, pages and failures in any order
// that the machine allows. An input is a script of one step a line, by its first character:
//   |TEXT  bytes of the stream and a line end    \TEXT  bytes without one
//   .      the stream ends                       !N     the stream or the page fails (see fail_as)
//   [TEXT  a page                                tN     the timer fires
//   +N     N seconds pass                        ~N     the next random number is N percent
// A step that is not due is left out. Two machines follow the script, one of them with its bytes in
// small pieces: they must say the same, and nothing that the contract in watch.hpp does not allow.
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "controller/kube/watch.hpp"
#include "crds/base/check.hpp"
#include "crds/base/testing/fuzz_input.hpp"
#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "crds/types/k8s/views.hpp"

namespace slipway::kube {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxErrorText = 4096;

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp(value, 0, 100'000);
}

bool is_json_text(const std::string& text) {
  const std::string quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore);
  return Json::parse(quoted) == text;  // bytes that are no UTF-8 would have been dropped
}

// Parses the object where it lies, as the cache does, and apart: what follows it must not matter.
void expect_padded(std::string_view object) {
  simdjson::ondemand::parser parser;
  const auto here = decode<k8s::PodView>(
      parser, simdjson::padded_string_view(object, object.size() + kJsonPadding));
  const auto apart = decode<k8s::PodView>(object);
  SLIPWAY_CHECK(here.has_value() == apart.has_value(), "an object is read the same in its stream");
  if (here)
    SLIPWAY_CHECK(encode(*here) == encode(*apart), "an object is read the same in its stream");
}

// What the contract promises about the outputs of one machine, followed step by step.
class Contract {
 public:
  enum class Due { Stream, End, Page, Timer };

  Due due() const { return due_; }
  const std::string& said() const { return said_; }
  Duration wait() const { return wait_; }

  void follow(const WatchMachine& machine, const std::vector<WatchOutput>& outputs, bool bytes) {
    std::size_t requests = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      requests += outputs[i].index() < 4 ? 1 : 0;
      SLIPWAY_CHECK(requests == 0 || i + 1 == outputs.size(), "a request is the last output");
      std::visit([&](const auto& one) { on(one, machine); }, outputs[i]);
    }
    SLIPWAY_CHECK(bytes || requests == 1, "it goes on by itself");
    SLIPWAY_CHECK(!bytes || requests == 0 || due_ == Due::End, "an open stream can only be closed");
    SLIPWAY_CHECK(machine.synced() || !synced_, "what was in sync has a set for ever");
    SLIPWAY_CHECK(machine.synced() != machine.version().empty(), "a set has a version");
    synced_ = machine.synced();
  }

 private:
  void say(std::string_view what, std::string_view text) {
    said_.append(what).append(" ").append(text).append("\n");
  }
  void expect_url(const std::string& target) {
    SLIPWAY_CHECK(target.starts_with("/api/v1/pods?"), "a request has the resource's path");
    SLIPWAY_CHECK(std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7f'; }),
                  "a request's target can be sent");
  }

  void on(const OpenStream& open, const WatchMachine& machine) {
    expect_url(open.target);
    const bool whole_set = open.target.find("&sendInitialEvents=true&") != std::string::npos;
    const std::string from = "&resourceVersion=" + url_escape(machine.version());
    SLIPWAY_CHECK(whole_set || (machine.synced() && open.target.ends_with(from)),
                  "a watch goes on from where it was");
    SLIPWAY_CHECK(open.idle_limit > seconds(300) && open.idle_limit <= seconds(605),
                  "a stream is not watched for ever");
    due_ = Due::Stream;
    say("open", open.target);
  }
  void on(const FetchPage& page, const WatchMachine&) {
    expect_url(page.target);
    due_ = Due::Page;
    say("page", page.target);
  }
  void on(const Wait& wait, const WatchMachine&) {
    SLIPWAY_CHECK(wait.time > Duration{} && wait.time <= std::chrono::hours(1),
                  "a pause is not endless");
    due_ = Due::Timer;
    wait_ = wait.time;
    say("wait", std::to_string(wait.time.count()));
  }
  void on(const CloseStream&, const WatchMachine&) {
    SLIPWAY_CHECK(due_ == Due::Stream, "only an open stream is closed");
    due_ = Due::End;
    say("close", "");
  }
  void on(const SetBegin&, const WatchMachine&) {
    in_set_ = begun_ = true;
    say("begin", "");
  }
  void on(const Seen& seen, const WatchMachine&) {
    SLIPWAY_CHECK(begun_, "objects belong to a set");
    const std::size_t end = seen.object.find_last_not_of(" \t\r\n");
    SLIPWAY_CHECK(seen.object.starts_with('{') && seen.object[end] == '}', "it is an object");
    expect_padded(seen.object);
    say(std::to_string(static_cast<int>(seen.change)), seen.object);
  }
  void on(const SetEnd& end, const WatchMachine& machine) {
    SLIPWAY_CHECK(in_set_, "a set that ends has begun");
    SLIPWAY_CHECK(!end.version.empty() && machine.synced(), "a complete set has a version");
    in_set_ = false;
    say("end", end.version);
  }
  void on(const Trouble& trouble, const WatchMachine&) {
    SLIPWAY_CHECK(trouble.error.what.size() <= kMaxErrorText, "an error is no document");
    SLIPWAY_CHECK(is_json_text(trouble.error.what), "an error can be written into a log");
    SLIPWAY_CHECK(!trouble.error.retry_after || (*trouble.error.retry_after > Duration{} &&
                                                 *trouble.error.retry_after <= seconds(3600)),
                  "a pause that is asked for is bounded");
    say("trouble", trouble.error.what);
  }

  Due due_ = Due::Timer;
  Duration wait_{};
  bool begun_ = false, in_set_ = false, synced_ = false;
  std::string said_;
};

struct Follower {
  WatchMachine machine{WatchTarget{{"", "v1", "pods", "Pod", true}, "", ""}};
  Contract contract;

  void step(decltype(WatchInput::what) what, Duration now, double random) {
    const bool bytes = std::holds_alternative<Bytes>(what);
    contract.follow(machine, machine.step({std::move(what), now, random}), bytes);
  }
};

class Script {
 public:
  void run(testing::FuzzInput& input) {
    both(Start{});
    while (!input.empty()) take(input.line());
    flush();
    SLIPWAY_CHECK(whole_.contract.said() == cut_.contract.said(), "where bytes are cut is nothing");
  }

 private:
  using Due = Contract::Due;

  void take(std::string_view line) {
    if (line.empty()) return;
    const std::string_view text = line.substr(1);
    switch (line.front()) {
      case '|':
        pending_.append(text).append("\n");
        return;
      case '\\':
        pending_.append(text);
        return;
      case '+':
        flush();
        now_ += seconds(number(text));
        return;
      case '~':
        flush();
        random_ = std::min(number(text), 99) / 100.0;
        return;
      default:
        flush();
        return answer(line.front(), text);
    }
  }

  void answer(char what, std::string_view text) {
    const Due due = whole_.contract.due();
    const bool open = due == Due::Stream || due == Due::End;
    if (what == '.' && open) both(StreamEnded{Result<>()});
    if (what == '!' && open) both(StreamEnded{tl::unexpected(fail_as(text))});
    if (what == '!' && due == Due::Page) both(PageArrived{tl::unexpected(fail_as(text))});
    if (what == '[' && due == Due::Page) both(PageArrived{text});
    if (what == 't' && due == Due::Timer) {
      now_ += whole_.contract.wait();
      both(TimerFired{});
    }
  }

  // "3": Conflict, by its place in Fault; "36": the same, to be tried again after six seconds.
  static Error fail_as(std::string_view text) {
    Error error{static_cast<Fault>(number(text.substr(0, 1))), "refused", std::nullopt};
    if (const int after = number(text.substr(std::min<std::size_t>(1, text.size()))); after > 0)
      error.retry_after = seconds(std::min(after, 3600));
    return error;
  }

  void both(const decltype(WatchInput::what)& what) {
    whole_.step(what, now_, random_);
    cut_.step(what, now_, random_);
    SLIPWAY_CHECK(whole_.contract.due() == cut_.contract.due(), "both wait for the same");
  }

  void flush() {
    if (pending_.empty()) return;
    if (whole_.contract.due() == Due::Stream) {
      whole_.step(Bytes{pending_}, now_, random_);
      std::string_view left = pending_;
      for (std::size_t size = 1; !left.empty() && cut_.contract.due() == Due::Stream; ++size) {
        // In a buffer of its own: what the machine keeps of it must be its own.
        const std::string piece(left.substr(0, size % 13 + 1));
        cut_.step(Bytes{piece}, now_, random_);
        left.remove_prefix(piece.size());
      }
    }
    pending_.clear();
  }

  Follower whole_, cut_;
  std::string pending_;
  Duration now_ = seconds(1000);
  double random_ = 0;
};

}  // namespace
}  // namespace slipway::kube

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  slipway::testing::FuzzInput input(data, size);
  slipway::kube::Script().run(input);
  return 0;
}
