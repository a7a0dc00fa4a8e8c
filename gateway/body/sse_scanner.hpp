// Follows a stream of server-sent events (WHATWG HTML section 9.2) as an engine writes it: counts
// events, and reads their JSON for usage and ends. The bytes come in pieces of any size, and where
// they are cut changes nothing; what is kept has a fixed size. Pure; one scanner per answer.
//
// Lines end with LF or CRLF. A lone CR, which the standard allows too, ends none: no engine sends
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/body/answer_reader.hpp"
#include "gateway/body/request_fields.hpp"

namespace slipway::body {

enum class SseKind : std::uint8_t {
  Data,       // an event with data
  UsageOnly,  // `choices: []` with usage: there only because the request had include_usage
  Done,       // data: [DONE]
  NoData      // a comment, a keep-alive, an empty line
};

struct SseStep {
  std::size_t consumed = 0;        // of the bytes that were given
  bool event_ended = false;        // with the last byte that was consumed; else all were
  SseKind kind = SseKind::NoData;  // of the event that ended
  Range event;  // it with its empty line, in bytes from the beginning of the stream
};

struct SseFacts {
  std::uint64_t events = 0;  // with data, [DONE] not counted
  Usage usage{};
  bool has_usage = false;
  bool finished = false;  // some event gave a reason to finish
  bool failed = false;    // some event was an error
  bool done = false;      // [DONE] came

  friend bool operator==(const SseFacts&, const SseFacts&) = default;
};

class SseScanner {
 public:
  // Takes bytes up to the end of the next event, or all of them. A proxy that must cut out events
  // holds back what belongs to one that has not ended; every other one passes the bytes on at once.
  SseStep next(std::string_view bytes);

  const SseFacts& facts() const { return facts_; }

 private:
  enum class Line : std::uint8_t { Name, BeforeData, Data, Other };

  void take_line_part(std::string_view part);
  void take_data(std::string_view part);
  bool end_line();
  SseKind end_event();

  SseFacts facts_;
  AnswerReader reader_;
  std::uint64_t offset_ = 0;       // of the next byte
  std::uint64_t event_begin_ = 0;  // of the event that has not ended
  Line line_ = Line::Name;
  std::uint8_t name_size_ = 0;  // bytes of the line that are those of "data:"
  std::uint8_t done_size_ = 0;  // bytes of the data that are those of "[DONE]"
  bool only_done_ = true;       // there is nothing else in the data
  bool has_data_ = false;
  bool empty_line_ = true;
};

}  // namespace slipway::body
