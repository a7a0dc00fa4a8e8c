#include "gateway/body/sse_scanner.hpp"

namespace slipway::body {
namespace {

constexpr std::string_view kName = "data:";
constexpr std::string_view kDone = "[DONE]";

}  // namespace

SseStep SseScanner::next(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t end = bytes.find('\n', at);
    take_line_part(bytes.substr(at, end - at));
    if (end == std::string_view::npos) break;
    at = end + 1;
    if (!end_line()) continue;

    offset_ += at;
    const Range event{event_begin_, offset_ - event_begin_};
    event_begin_ = offset_;
    return {at, true, end_event(), event};
  }
  offset_ += bytes.size();
  return {bytes.size(), false, SseKind::NoData, {}};
}

void SseScanner::take_line_part(std::string_view part) {
  while (!part.empty()) {
    switch (line_) {
      case Line::Name:
        if (part.front() != kName[name_size_]) {
          empty_line_ &= name_size_ == 0 && part.front() == '\r';
          line_ = Line::Other;
        } else if (++name_size_ == kName.size()) {
          line_ = Line::BeforeData;
          has_data_ = true;
        }
        empty_line_ &= name_size_ == 0;
        part.remove_prefix(1);
        break;
      case Line::BeforeData:
        if (part.front() == ' ') part.remove_prefix(1);
        line_ = Line::Data;
        break;
      case Line::Data:
        return take_data(part);
      case Line::Other:
        empty_line_ = false;  // behind a carriage return there is something
        return;
    }
  }
}

void SseScanner::take_data(std::string_view part) {
  reader_.feed(part);
  for (std::size_t i = 0; only_done_ && i < part.size(); ++i) {
    if (done_size_ < kDone.size()) {
      only_done_ = part[i] == kDone[done_size_++];
    } else {
      only_done_ = part[i] == '\r' || part[i] == ' ';
    }
  }
}

// Whether the line was empty, which ends an event.
bool SseScanner::end_line() {
  const bool empty = empty_line_;
  if (line_ == Line::Data) reader_.feed("\n");
  line_ = Line::Name;
  name_size_ = 0;
  empty_line_ = true;
  return empty;
}

SseKind SseScanner::end_event() {
  const bool had_data = has_data_;
  const bool done = had_data && only_done_ && done_size_ == kDone.size();
  const AnswerFacts answer = reader_.facts();
  reader_.reset();
  done_size_ = 0;
  only_done_ = true;
  has_data_ = false;
  if (!had_data) return SseKind::NoData;
  if (done) {
    facts_.done = true;
    return SseKind::Done;
  }
  ++facts_.events;
  facts_.usage.update(answer.usage);
  facts_.has_usage |= answer.has_usage;
  facts_.finished |= answer.finished;
  facts_.failed |= answer.failed;
  return answer.has_usage && answer.no_choices ? SseKind::UsageOnly : SseKind::Data;
}

}  // namespace slipway::body
