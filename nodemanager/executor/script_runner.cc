#include "nodemanager/executor/script_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "platform/clock.h"
#include "platform/file_descriptor.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;

constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr Duration kTick = milliseconds(200);
// Of one look: more than a pipe holds, and an end for what writes as fast as it is read.
constexpr int kReads = 64;

// One of its outputs, as far as it has been read.
struct Stream {
  FileDescriptor reader;
  FileDescriptor writer;  // the script's end, until it is started
  bool open = true;
  bool cut = false;
  std::string text;

  bool Make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reader = FileDescriptor(ends[0]);
    writer = FileDescriptor(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return true;
  }
  // What there is now.
  void Read() {
    std::array<char, 4096> chunk{};
    for (int i = 0; i < kReads && open; ++i) {
      const ssize_t count = ::read(reader.get(), chunk.data(), chunk.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      open = count > 0;
      if (!open) return;
      const size_t room = kScriptOutputBytes - std::min(kScriptOutputBytes, text.size());
      cut = cut || static_cast<size_t>(count) > room;
      text.append(chunk.data(), std::min(static_cast<size_t>(count), room));
    }
  }
};

struct Started {
  pid_t pid = 0;
  FileDescriptor process;
  Stream output;
  Stream errors;
};

// errno in words when it cannot be had.
std::optional<std::string> Spawn(std::vector<std::string>& words, Started& started) {
  if (!started.output.Make() || !started.errors.Make()) return std::strerror(errno);
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, started.output.writer.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, started.errors.writer.get(), STDERR_FILENO);
  posix_spawnattr_t attributes{};
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string path = kPath;
  std::array<char*, 2> environment = {path.data(), nullptr};
  const int cause = ::posix_spawn(&started.pid,
                                  words.front().c_str(),
                                  &actions,
                                  &attributes,
                                  arguments.data(),
                                  environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  started.output.writer.Close();
  started.errors.writer.Close();
  if (cause != 0) return std::strerror(cause);
  started.process = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, started.pid, 0)));
  return std::nullopt;
}

// Reads until it has ended.
ScriptRun::End Follow(Started& started, Instant deadline, const std::function<bool()>& stopping) {
  while (!stopping()) {
    const Duration left = deadline - platform::MonotonicNow();
    if (left <= Duration{0}) return ScriptRun::End::kTimedOut;
    std::array<pollfd, 3> watched = {{{started.process.get(), POLLIN, 0},
                                      {started.output.reader.get(), POLLIN, 0},
                                      {started.errors.reader.get(), POLLIN, 0}}};
    if (!started.output.open) watched[1].fd = -1;
    if (!started.errors.open) watched[2].fd = -1;
    const auto wait = std::max<int64_t>(1, ToMillis(std::min<Duration>(left, kTick)));
    ::poll(watched.data(), watched.size(), static_cast<int>(wait));
    // First whether it has ended, so that nothing it wrote before is missed.
    const bool ended = watched[0].revents != 0;
    started.output.Read();
    started.errors.Read();
    if (ended) return ScriptRun::End::kEnded;
  }
  return ScriptRun::End::kStopped;
}

}  // namespace

ScriptRun RunScript(std::vector<std::string> words,
                    Duration timeout,
                    const std::function<bool()>& stopping) {
  ScriptRun run;
  Started started;
  if (const auto cause = Spawn(words, started)) {
    run.cause = words.front() + " could not be run: " + *cause;
    return run;
  }
  if (started.process.valid()) {
    run.end = Follow(started, platform::MonotonicNow() + timeout, stopping);
  } else {
    run.cause = words.front() + " could not be watched: no descriptor";
  }
  // Its number is its own until it is reaped: the group is killed before that.
  ::kill(-started.pid, SIGKILL);
  ::kill(started.pid, SIGKILL);
  while (::waitpid(started.pid, &run.status, 0) < 0 && errno == EINTR) {
  }
  run.output = std::move(started.output.text);
  run.cut = started.output.cut;
  run.errors = std::move(started.errors.text);
  return run;
}

}  // namespace weir::nm
