// Both ends of many streams through a proxy: an engine that sends events at an even pace, and
// clients that read them and note how long each was under way. One thread; prints one line of JSON.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "gateway/http/request_head.hpp"
#include "gateway/proxy/address.hpp"
#include "gateway/proxy/event_loop.hpp"
#include "gateway/proxy/socket.hpp"

namespace slipway::gateway {
namespace {

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
constexpr std::string_view kMark = "\"sent\":";

// As an engine writes a token, with the time of its sending.
std::string event_at(Instant now) {
  const std::string data = fmt::format(
      "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":"
      "\"prod/chat\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word\"}},"
      "\"finish_reason\":null}}],\"sent\":{:020}}}\n\n",
      now.count());
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

struct Counts {
  std::uint64_t sent = 0, received = 0, unsent = 0, lost = 0;
  std::vector<std::uint32_t> delays_us;
  bool measuring = false;
};

// The engine's end: reads a request and answers with events until it is stopped.
class EngineEnd final : public SocketOwner {
 public:
  EngineEnd(std::unique_ptr<Socket> socket, Counts& counts, std::vector<EngineEnd*>& streaming)
      : socket_(std::move(socket)), counts_(counts), streaming_(streaming) {
    socket_->set_owner(this);
  }
  void send_event() {
    if (!socket_->may_write()) {
      ++counts_.unsent;
      return;
    }
    const std::string event = event_at(steady_now());
    if (socket_->write(event).bytes == event.size()) ++counts_.sent;
  }

 private:
  void on_socket(Socket&, Ready) override {
    std::array<char, 16384> part;
    while (socket_->may_read()) {
      const Moved moved = socket_->read(part.data(), part.size());
      request_.append(part.data(), moved.bytes);
      if (moved.io != Io::Done) break;
    }
    http::RequestHead head;
    if (answering_ || request_.empty()) return;
    const auto size = http::parse_request_head(request_, 0, {}, head);
    if (!size || *size == 0 || request_.size() < *size + head.body.length) return;
    answering_ = true;
    socket_->write(kHead);
    streaming_.push_back(this);
  }

  std::unique_ptr<Socket> socket_;
  Counts& counts_;
  std::vector<EngineEnd*>& streaming_;
  std::string request_;
  bool answering_ = false;
};

class ClientEnd final : public SocketOwner {
 public:
  ClientEnd(std::unique_ptr<Socket> socket, std::string request, Counts& counts)
      : socket_(std::move(socket)), request_(std::move(request)), counts_(counts) {
    socket_->set_owner(this);
  }

 private:
  void on_socket(Socket& socket, Ready) override {
    if (!request_.empty() && socket.may_write()) {
      request_.erase(0, socket.write(request_).bytes);
    }
    std::array<char, 65536> part;
    while (socket.may_read()) {
      const Moved moved = socket.read(part.data(), part.size());
      if (moved.io == Io::Closed || moved.io == Io::Failed) {
        ++counts_.lost;
        socket.set_owner(nullptr);
        return;
      }
      if (moved.io != Io::Done) return;
      look_for_times({part.data(), moved.bytes});
    }
  }
  void look_for_times(std::string_view bytes) {
    const Instant now = steady_now();
    for (std::size_t at = 0; (at = bytes.find(kMark, at)) != std::string_view::npos;) {
      at += kMark.size();
      std::int64_t sent = 0;
      std::from_chars(bytes.data() + at, bytes.data() + bytes.size(), sent);
      if (!counts_.measuring || sent == 0) continue;
      ++counts_.received;
      counts_.delays_us.push_back(static_cast<std::uint32_t>((now.count() - sent) / 1000));
    }
  }

  std::unique_ptr<Socket> socket_;
  std::string request_;
  Counts& counts_;
};

class Door final : public Watcher {
 public:
  Door(EventLoop& loop, unsigned short port, Counts& counts, std::vector<EngineEnd*>& streaming)
      : loop_(loop), counts_(counts), streaming_(streaming) {
    const auto address = parse_address(fmt::format("127.0.0.1:{}", port));
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    open_ = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0 &&
            ::listen(fd_, 4096) == 0 && loop_.watch_level(fd_, *this);
  }
  ~Door() override { ::close(fd_); }
  bool open() const { return open_; }

 private:
  void on_ready(Ready) override {
    for (int fd = 0; (fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;)
      if (auto socket = Socket::make(loop_, fd, nullptr))
        ends_.push_back(std::make_unique<EngineEnd>(std::move(socket), counts_, streaming_));
  }

  EventLoop& loop_;
  Counts& counts_;
  std::vector<EngineEnd*>& streaming_;
  std::vector<std::unique_ptr<EngineEnd>> ends_;
  int fd_ = -1;
  bool open_ = false;
};

struct Options {
  unsigned short engine = 0, proxy = 0;
  std::size_t streams = 192;
  double rate = 20, seconds = 4;
};

class Load {
 public:
  Load(EventLoop& loop, const Options& options)
      : loop_(loop), options_(options), door_(loop, options.engine, counts_, streaming_) {}

  int run() {
    if (!door_.open()) return std::cerr << "cannot listen\n", 1;
    loop_.on_tick(std::chrono::milliseconds(1), [this] { tick(); });
    loop_.run();
    report();
    return counts_.lost == 0 ? 0 : 1;
  }

 private:
  // Streams are opened a few at a time; the clock starts when all of them are.
  void tick() {
    for (int i = 0; i < 20 && clients_.size() < options_.streams; ++i) open_one();
    const Instant now = loop_.now();
    if (streaming_.size() < options_.streams) {
      if (now - begun_ > std::chrono::seconds(60)) loop_.stop();
      return;
    }
    if (!counts_.measuring) {
      counts_.measuring = true;
      started_ = now;
      std::cout << "ready" << std::endl;
    }
    const double elapsed = seconds_of(now - started_);
    const auto due =
        static_cast<std::uint64_t>(elapsed * options_.rate * static_cast<double>(options_.streams));
    for (; made_ < due; ++made_) streaming_[made_ % streaming_.size()]->send_event();
    if (elapsed >= options_.seconds) loop_.stop();
  }
  void open_one() {
    const std::string body =
        R"({"model":"prod/chat","stream":true,"messages":[{"role":"user","content":"Tell me more."}]})";
    const auto address = parse_address(fmt::format("127.0.0.1:{}", options_.proxy));
    auto socket =
        Socket::connect(loop_, reinterpret_cast<const sockaddr*>(&address->storage), address->size);
    if (!socket) return;
    clients_.push_back(std::make_unique<ClientEnd>(
        std::move(socket),
        fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\ncontent-type: "
                    "application/json\r\ncontent-length: {}\r\n\r\n{}",
                    body.size(), body),
        counts_));
  }
  void report() {
    std::ranges::sort(counts_.delays_us);
    const auto at = [&](double part) {
      const auto& all = counts_.delays_us;
      return all.empty()
                 ? 0
                 : all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
    };
    fmt::print(
        "{{\"streams\":{},\"sent\":{},\"received\":{},\"unsent\":{},\"lost\":{},"
        "\"p50_us\":{},\"p99_us\":{}}}\n",
        streaming_.size(), counts_.sent, counts_.received, counts_.unsent, counts_.lost, at(0.5),
        at(0.99));
  }

  EventLoop& loop_;
  const Options options_;
  Counts counts_;
  std::vector<EngineEnd*> streaming_;
  Door door_;
  std::vector<std::unique_ptr<ClientEnd>> clients_;
  const Instant begun_ = steady_now();
  Instant started_{};
  std::uint64_t made_ = 0;
};

}  // namespace
}  // namespace slipway::gateway

int main(int argc, char** argv) {
  using namespace slipway::gateway;
  Options options;
  CLI::App app("Streams of events through a proxy.");
  app.add_option("--engine-port", options.engine, "where the proxy finds the engine")->required();
  app.add_option("--proxy-port", options.proxy, "where the proxy listens")->required();
  app.add_option("--streams", options.streams);
  app.add_option("--rate", options.rate, "events a second on each stream");
  app.add_option("--seconds", options.seconds);
  CLI11_PARSE(app, argc, argv);
  auto loop = EventLoop::make();
  return loop ? Load(**loop, options).run() : 1;
}
