#include "nodemanager/executor/health_script.h"

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

#include "common/strings.h"
#include "platform/clock.h"
#include "platform/file_descriptor.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;

constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr char kErrorWord[] = "ERROR";
constexpr Duration kTick = milliseconds(200);

struct Started {
  pid_t pid = 0;
  FileDescriptor process;
  FileDescriptor output;
};

// errno in words when it cannot be had.
std::optional<std::string> Spawn(const HealthScript& script, Started& started) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::strerror(errno);
  started.output = FileDescriptor(ends[0]);
  const FileDescriptor other_end(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);

  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, other_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
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

  std::vector<std::string> words = {script.path};
  words.insert(words.end(), script.arguments.begin(), script.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string path = kPath;
  std::array<char*, 2> environment = {path.data(), nullptr};
  const int cause = ::posix_spawn(&started.pid,
                                  script.path.c_str(),
                                  &actions,
                                  &attributes,
                                  arguments.data(),
                                  environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (cause != 0) return std::strerror(cause);
  started.process = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, started.pid, 0)));
  return std::nullopt;
}

// What there is now; false at the end of the output.
bool Read(const FileDescriptor& output, std::string& text) {
  std::array<char, 4096> chunk{};
  while (true) {
    const ssize_t count = ::read(output.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    const size_t room = kScriptOutputBytes - std::min(kScriptOutputBytes, text.size());
    text.append(chunk.data(), std::min(static_cast<size_t>(count), room));
  }
}

// True when it ended by itself in time.
bool Follow(const Started& started,
            Instant deadline,
            const std::function<bool()>& stopping,
            std::string& text) {
  bool open = true;
  while (!stopping()) {
    const Duration left = deadline - platform::MonotonicNow();
    if (left <= Duration{0}) return false;
    std::array<pollfd, 2> watched = {
        {{started.process.get(), POLLIN, 0}, {started.output.get(), POLLIN, 0}}};
    const auto wait = std::max<int64_t>(1, ToMillis(std::min<Duration>(left, kTick)));
    ::poll(watched.data(), open ? 2 : 1, static_cast<int>(wait));
    // First whether it has ended, so that nothing it wrote before is missed.
    const bool ended = watched[0].revents != 0;
    if (open) open = Read(started.output, text);
    if (ended) return true;
  }
  return false;
}

std::string ErrorLine(const std::string& text) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with(kErrorWord)) return std::string(Trim(line));
  }
  return "";
}

}  // namespace

ScriptResult RunHealthScript(const HealthScript& script, const std::function<bool()>& stopping) {
  using End = ScriptResult::End;
  Started started;
  if (const auto cause = Spawn(script, started)) {
    return {script.name, End::kNotRun, script.path + " could not be run: " + *cause};
  }
  std::string text;
  bool in_time = false;
  if (started.process.valid()) {
    in_time = Follow(started, platform::MonotonicNow() + script.timeout, stopping, text);
  }
  // Its number is its own until it is reaped: the group is killed before that.
  ::kill(-started.pid, SIGKILL);
  ::kill(started.pid, SIGKILL);
  while (::waitpid(started.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (std::string line = ErrorLine(text); !line.empty()) {
    return {script.name, End::kError, std::move(line)};
  }
  if (in_time || stopping()) return {script.name, End::kGood, ""};
  if (!started.process.valid()) {
    return {script.name, End::kNotRun, script.path + " could not be watched: no descriptor"};
  }
  return {script.name,
          End::kTimedOut,
          script.path + " did not end within " + std::to_string(ToMillis(script.timeout)) +
              " ms and was killed"};
}

}  // namespace weir::nm
