// Times the gateway's parsers, without a network. Bodies are scanned by every lexer that this
// processor can run; "scalar" is the one that looks at each byte by itself.
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "bench/timing.hpp"
#include "crds/base/check.hpp"
#include "gateway/body/body_scanner.hpp"
#include "gateway/body/sse_scanner.hpp"
#include "gateway/http/request_head.hpp"
#include "gateway/http/write_head.hpp"

namespace slipway {
namespace {

std::string verdict(const char* target, bool met) {
  return fmt::format("target {}: {}", target, met ? "met" : "missed");
}

const std::string kHead =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: models.example.test:8080\r\n"
    "User-Agent: OpenAI/Python 1.99.1\r\nAccept: application/json\r\n"
    "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
    "Authorization: Bearer sk-slipway-0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
    "Content-Type: application/json\r\nX-Request-Id: 6f9619ff-8b86-d011-b42d-00cf4fc964ff\r\n"
    "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    "Content-Length: 25213\r\n\r\n";

void heads() {
  constexpr double kTarget = 500;
  http::RequestHead head;
  const double parsing = quick_ns([&] {
    const auto size = http::parse_request_head(kHead, 0, {}, head);
    SLIPWAY_CHECK(size && *size == kHead.size(), "the head is complete");
  });
  row(fmt::format("parse a head of {} fields, {} bytes", head.fields.size(), kHead.size()), parsing,
      verdict("500 ns", parsing <= kTarget));
  std::string out;
  row("write it for the upstream", quick_ns([&] {
        out.clear();
        http::append_request_head(out, head, {.body = head.body});
      }));
}

std::string body_of(std::size_t size, bool escapes, bool is_ascii) {
  std::string text;
  while (text.size() < size)
    text += escapes ? "word\\n" : is_ascii ? "some plain words " : "\xE4\xB8\x96\xE7\x95\x8C";
  return R"({"model":"llama","messages":[{"role":"system","content":"be brief"},{"role":"user",)"
         R"("content":")" +
         text + R"("}],"stream":true,"max_tokens":256})";
}

double scanning(const body::Lexer& lexer, const std::string& body) {
  body::BodyScanner scanner(lexer);
  return quick_ns([&] {
    scanner.reset();
    const bool sound = scanner.push(body) && scanner.finish();
    SLIPWAY_CHECK(sound && scanner.facts().model == "llama", "the body is sound");
  });
}

void bodies() {
  struct Kind {
    const char* name;
    std::string body;
    double target;  // ns per byte; 0: none
  };
  const Kind kinds[] = {{"25 kB, plain", body_of(25'000, false, true), 0.5},
                        {"25 kB, an escape each 5 bytes", body_of(25'000, true, true), 0.35},
                        {"25 kB, characters of 3 bytes", body_of(25'000, false, false), 0},
                        {"220 kB, plain", body_of(220'000, false, true), 0.5}};
  for (const Kind& kind : kinds) {
    for (const body::Lexer& lexer : body::lexers()) {
      const double ns = scanning(lexer, kind.body);
      const double each = ns / static_cast<double>(kind.body.size());
      std::string note = fmt::format("{:.3f} ns/byte, {:.2f} GB/s", each, 1 / each);
      if (kind.target > 0 && &lexer == body::lexers().data())
        note += "; " + verdict(fmt::format("{} ns/byte", kind.target).c_str(), each <= kind.target);
      row(fmt::format("scan {} ({})", kind.name, lexer.name), ns, note);
    }
  }
}

void hashing() {
  const std::string text(25'000, 'x');
  body::PrefixHash hash;
  const double ns = quick_ns([&] {
    hash.reset();
    hash.feed(text);
  });
  row("of which the hashes of 25 kB", ns,
      fmt::format("{:.3f} ns/byte", ns / static_cast<double>(text.size())));
}

void streams() {
  constexpr int kEvents = 100;
  const std::string event =
      "data: {\"id\":\"chatcmpl-6f9619ff8b86d011b42d\",\"object\":\"chat.completion.chunk\","
      "\"created\":1760000000,\"model\":\"llama\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
      "\" token\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
  std::string stream;
  for (int i = 0; i < kEvents; ++i) stream += event;
  const double ns = quick_ns([&] {
    body::SseScanner scanner;
    std::string_view left = stream;
    while (!left.empty()) left.remove_prefix(scanner.next(left).consumed);
    SLIPWAY_CHECK(scanner.facts().events == kEvents, "every event is seen");
  });
  const double each = ns / kEvents;
  row(fmt::format("read an event of {} bytes", event.size()), each,
      fmt::format("{:.3f} ns/byte", each / static_cast<double>(event.size())));
}

}  // namespace
}  // namespace slipway

int main() {
  slipway::heads();
  slipway::bodies();
  slipway::hashing();
  slipway::streams();
  return EXIT_SUCCESS;
}
