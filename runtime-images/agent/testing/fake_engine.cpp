// A stand-in for llama-server: the same flags, paths and shapes, and streams that stop after their
// first event until a test lets them go on. Speaks HTTP on a Unix socket, a thread per connection.
//
//   fake-engine [--say LINE] [--exit CODE] [--loading] [--serve-as NAME] --host SOCKET --alias NAME
//   ...
//
// Besides the engine's paths: POST /release lets all streams finish; GET /left answers once a
// client has left a stream; POST /crash writes a last line and exits 3.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Engine {
  std::string alias;
  std::mutex mutex;
  std::condition_variable changed;
  int inherited = 0;     // descriptors it was started with besides the usual three
  bool loading = false;  // for ever
  bool released = false;
  int left = 0;
};

void put(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void answer(int to, const char* status, const std::string& body) {
  put(to, std::string("HTTP/1.1 ") + status +
              "\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
}

void chunk(int to, const std::string& text) {
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
  put(to, size.data() + text + "\r\n");
}

// Waits for the release, or for the client to close: true when it is still there.
bool wait_for_release(Engine& engine, int client) {
  for (;;) {
    {
      std::unique_lock lock(engine.mutex);
      if (engine.changed.wait_for(lock, std::chrono::milliseconds(5),
                                  [&] { return engine.released; }))
        return true;
    }
    pollfd gone{client, POLLRDHUP, 0};
    if (::poll(&gone, 1, 0) > 0) return false;
  }
}

void stream(Engine& engine, int to) {
  put(to,
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  // One event in two chunks: what passes it on must not take it for two.
  chunk(to, "data: {\"choices\":[{\"delta\":");
  chunk(to, "{\"content\":\"one\"}}]}\n\n");
  if (!wait_for_release(engine, to)) {
    const std::lock_guard lock(engine.mutex);
    ++engine.left;
    engine.changed.notify_all();
    return;
  }
  chunk(to, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":158}}\n\n");
  chunk(to, "data: [DONE]\n\n");
  put(to, "0\r\n\r\n");
}

// The head and the body, which always comes with its length.
std::string read_request(int from) {
  std::string text;
  std::array<char, 65536> buffer;
  std::size_t whole = std::string::npos;
  while (text.size() < whole) {
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) return {};
    text.append(buffer.data(), static_cast<std::size_t>(got));
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const auto length = text.find("Content-Length: ");
    whole = end + 4 + (length < end ? std::strtoul(text.c_str() + length + 16, nullptr, 10) : 0);
  }
  return text;
}

void serve(Engine& engine, int client) {
  const std::string request = read_request(client);
  const auto asks = [&](const char* line) { return request.starts_with(line); };
  if (asks("GET /health ")) {
    if (engine.loading)
      answer(client, "503 Service Unavailable", R"({"error":{"message":"Loading model"}})");
    else
      answer(client, "200 OK", R"({"status":"ok"})");
  } else if (asks("GET /v1/models ")) {
    answer(client, "200 OK", R"({"data":[{"id":")" + engine.alias + "\"}]}");
  } else if (asks("GET /metrics ")) {
    answer(client, "200 OK", "llamacpp:requests_deferred 2\n");
  } else if (asks("GET /inherited ")) {
    answer(client, "200 OK", "descriptors: " + std::to_string(engine.inherited));
  } else if (asks("GET /pid ")) {
    answer(client, "200 OK", std::to_string(::getpid()));
  } else if (asks("POST /release ")) {
    const std::lock_guard lock(engine.mutex);
    engine.released = true;
    engine.changed.notify_all();
    answer(client, "200 OK", "{}");
  } else if (asks("GET /left ")) {
    std::unique_lock lock(engine.mutex);
    engine.changed.wait(lock, [&] { return engine.left > 0; });
    answer(client, "200 OK", "{}");
  } else if (asks("POST /crash ")) {
    std::fputs("fake: cannot go on\n", stderr);
    std::_Exit(3);
  } else if (request.find("\"stream\":true") != std::string::npos) {
    stream(engine, client);
  } else {
    const std::size_t body = request.size() - request.find("\r\n\r\n") - 4;
    answer(client, "200 OK",
           "{\"bodyBytes\":" + std::to_string(body) +
               ",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}");
  }
  ::close(client);
}

int listen_at(const std::string& path) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) return -1;
  ::listen(listener, 64);
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  static Engine engine;  // threads may outlive main's stack when the process ends
  for (int file = 3; file < 1024; ++file)
    if (::fcntl(file, F_GETFD) >= 0) ++engine.inherited;
  std::string socket_path;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--say") std::fprintf(stderr, "%s\n", argv[i + 1]);
    if (flag == "--loading") engine.loading = true;
    if (flag == "--exit") return std::atoi(argv[i + 1]);
    if (flag == "--host") socket_path = argv[i + 1];
    if (flag == "--alias") engine.alias = argv[i + 1];
  }
  for (int i = 1; i + 1 < argc; ++i)
    if (std::string_view(argv[i]) == "--serve-as") engine.alias = argv[i + 1];
  std::signal(SIGTERM, [](int) { std::_Exit(0); });
  const int listener = listen_at(socket_path);
  if (listener < 0) return 1;
  for (;;) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) std::thread(serve, std::ref(engine), client).detach();
  }
}
