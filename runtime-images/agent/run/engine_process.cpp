#include "runtime-images/agent/run/engine_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace slipway::agent {
namespace {

using boost::system::error_code;

// The port and the callers' connections are no business of the engine. Asio does not mark them.
void keep_descriptors_back() {
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Kernels before 5.11; the agent has opened few descriptors when it starts the engine.
  for (int file = STDERR_FILENO + 1; file < 1024; ++file) ::fcntl(file, F_SETFD, FD_CLOEXEC);
}

// Runs in the child between fork and exec: system calls only. The error of exec goes to `failure`,
// which a successful exec closes.
[[noreturn]] void become(char* const* arguments, int out, int err, int failure, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the agent died before the line above
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  std::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  keep_descriptors_back();
  ::execv(arguments[0], arguments);
  const int why = errno;
  [[maybe_unused]] const ssize_t told = ::write(failure, &why, sizeof why);
  ::_exit(127);
}

void write_all(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t put = ::write(to, data, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;  // nobody reads our output: the engine's is lost with it
    data += put;
    size -= static_cast<std::size_t>(put);
  }
}

struct Pipes {
  std::array<int, 2> out{-1, -1}, err{-1, -1}, failure{-1, -1};
  ~Pipes() {
    for (const auto& ends : {out, err, failure})
      for (const int end : ends)
        if (end >= 0) ::close(end);
  }
  bool open() {
    return ::pipe2(out.data(), O_CLOEXEC) == 0 && ::pipe2(err.data(), O_CLOEXEC) == 0 &&
           ::pipe2(failure.data(), O_CLOEXEC) == 0;
  }
};

}  // namespace

EngineProcess::EngineProcess(boost::asio::io_context& io, std::function<void(EngineExit)> on_exit)
    : on_exit_(std::move(on_exit)),
      stdout_(io, STDOUT_FILENO),
      stderr_(io, STDERR_FILENO),
      patience_(io) {}

EngineProcess::~EngineProcess() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Outcome<> EngineProcess::start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Pipes pipes;
  if (!pipes.open())
    return refuse("Internal", fmt::format("cannot make pipes: {}", std::strerror(errno)));
  const pid_t agent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return refuse("Internal", fmt::format("cannot fork: {}", std::strerror(errno)));
  if (child == 0) become(arguments.data(), pipes.out[1], pipes.err[1], pipes.failure[1], agent);
  ::close(std::exchange(pipes.failure[1], -1));
  int why = 0;
  if (::read(pipes.failure[0], &why, sizeof why) == sizeof why) {
    ::waitpid(child, nullptr, 0);
    return refuse("EngineExited",
                  fmt::format("cannot start {}: {}", command.front(), std::strerror(why)));
  }
  pid_ = child;
  stdout_.from.assign(std::exchange(pipes.out[0], -1));
  stderr_.from.assign(std::exchange(pipes.err[0], -1));
  for (Pipe* pipe : {&stdout_, &stderr_}) {
    pipe->from.non_blocking(true);
    pump(*pipe);
  }
  return {};
}

void EngineProcess::pump(Pipe& pipe) {
  pipe.from.async_read_some(boost::asio::buffer(pipe.buffer),
                            [this, &pipe](error_code error, std::size_t count) {
                              if (error) return;
                              pass_on(pipe, count);
                              pump(pipe);
                            });
}

void EngineProcess::pass_on(Pipe& pipe, std::size_t count) {
  write_all(pipe.to, pipe.buffer.data(), count);
  pipe.log.feed({pipe.buffer.data(), count});
}

// Takes what an ended engine left in its pipe, so that its last words are in the report.
void EngineProcess::drain(Pipe& pipe) {
  error_code error;
  for (;;) {
    const std::size_t count = pipe.from.read_some(boost::asio::buffer(pipe.buffer), error);
    if (error) break;
    pass_on(pipe, count);
  }
  error = pipe.from.close(error);
}

void EngineProcess::stop(Duration patience) {
  if (!running() || asked_) return;
  asked_ = true;
  ::kill(-pid_, SIGTERM);
  patience_.expires_after(patience);
  patience_.async_wait([this](error_code error) {
    if (!error && running()) ::kill(-pid_, SIGKILL);
  });
}

void EngineProcess::reap() {
  const pid_t whom = ::getpid() == 1 ? -1 : pid_;
  if (whom == 0 || (whom < 0 && ::getpid() != 1)) return;
  int status = 0;
  pid_t gone = 0;
  while ((gone = ::waitpid(whom, &status, WNOHANG)) > 0) {
    if (gone != pid_) continue;
    ended(status);
    if (whom > 0) return;
  }
}

void EngineProcess::ended(int status) {
  pid_ = -1;
  patience_.cancel();
  drain(stdout_);
  drain(stderr_);
  EngineExit exit;
  exit.asked = asked_;
  if (WIFSIGNALED(status))
    exit.signal = WTERMSIG(status);
  else
    exit.code = WEXITSTATUS(status);
  on_exit_(exit);
}

}  // namespace slipway::agent
