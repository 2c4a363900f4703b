#include "tests/support/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/file_system.h"
#include "platform/mutex.h"
#include "tests/support/wait_until.h"

extern char** environ;

namespace weir::testing {
namespace {

using platform::FileDescriptor;
using platform::MonotonicNow;

constexpr int kNotExecuted = 127;

// Children that a Process waits for; others that end are reaped by KillDescendants.
struct Owned {
  platform::Mutex mutex;
  std::set<pid_t> pids WEIR_GUARDED_BY(mutex);
};
Owned& TheOwned() {
  static Owned* const owned = new Owned;
  return *owned;
}

// All that the child needs, made before the fork: it may then only make system calls.
struct Image {
  std::vector<std::string> strings;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string directory;
  int in = -1;
  int out = -1;
  int err = -1;
  pid_t parent = -1;
};

std::unique_ptr<Image> MakeImage(const ProcessOptions& options) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = std::min(text.find('='), text.size());
    variables[std::string(text.substr(0, equals))] = text.substr(std::min(equals + 1, text.size()));
  }
  for (const auto& [name, value] : options.environment) {
    variables.erase(name);
    if (value) variables[name] = *value;
  }
  auto image = std::make_unique<Image>();
  image->strings = options.argv;
  for (const auto& [name, value] : variables) image->strings.push_back(name + "=" + value);
  for (size_t i = 0; i < image->strings.size(); ++i) {
    auto& list = i < options.argv.size() ? image->argv : image->envp;
    list.push_back(image->strings[i].data());
  }
  image->argv.push_back(nullptr);
  image->envp.push_back(nullptr);
  image->directory = options.directory;
  image->parent = ::getpid();
  return image;
}

[[noreturn]] void RunImage(const Image& image) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != image.parent) ::_exit(kNotExecuted);  // it died before the line above
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  if (image.in >= 0) ::dup2(image.in, 0);
  if (image.out >= 0) ::dup2(image.out, 1);
  if (image.err >= 0) ::dup2(image.err, 2);
  ::syscall(SYS_close_range, 3u, ~0u, 0u);
  if (!image.directory.empty() && ::chdir(image.directory.c_str()) != 0) ::_exit(kNotExecuted);
  ::execvpe(image.argv[0], image.argv.data(), image.envp.data());
  ::_exit(kNotExecuted);
}

pid_t Fork(const Image& image) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t pid = ::fork();
  if (pid == 0) RunImage(image);
  WEIR_CHECK(pid > 0, std::string("a child can be forked: ") + std::strerror(errno));
  platform::MutexLock lock(TheOwned().mutex);
  TheOwned().pids.insert(pid);
  return pid;
}

int ToExitCode(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

FileDescriptor OpenPidfd(pid_t pid) {
  return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

int MillisUntil(Instant deadline) {
  const Duration left = deadline - MonotonicNow();
  return static_cast<int>(std::clamp<int64_t>(ToMillis(left) + 1, 0, 3'600'000));
}

// The parent of a process, or nothing when it is gone or a zombie.
std::optional<pid_t> ParentOf(pid_t pid, char* state) {
  const auto stat =
      platform::FileSystem::Real().ReadFile("/proc/" + std::to_string(pid) + "/stat", 4096);
  if (!stat.ok()) return std::nullopt;
  // pid (name) state ppid ...: the name may hold blanks and brackets.
  const auto fields = Split(std::string_view(*stat).substr(stat->rfind(')') + 2), ' ');
  if (fields.size() < 2) return std::nullopt;
  *state = fields[0].empty() ? '?' : fields[0][0];
  const auto parent = ParseInt64(fields[1]);
  if (!parent) return std::nullopt;
  return static_cast<pid_t>(*parent);
}

struct ProcessEntry {
  pid_t parent = 0;
  char state = '?';
};

std::map<pid_t, ProcessEntry> AllProcesses() {
  std::map<pid_t, ProcessEntry> all;
  const auto names = platform::FileSystem::Real().List("/proc");
  if (!names.ok()) return all;
  for (const std::string& name : *names) {
    const auto pid = ParseInt64(name);
    if (!pid) continue;
    ProcessEntry entry;
    const auto parent = ParentOf(static_cast<pid_t>(*pid), &entry.state);
    if (!parent) continue;
    entry.parent = *parent;
    all[static_cast<pid_t>(*pid)] = entry;
  }
  return all;
}

// Whether `ancestor`, or one of `others`, is above the process and nothing `spared` is.
bool DescendsFrom(const std::map<pid_t, ProcessEntry>& all,
                  pid_t pid,
                  pid_t ancestor,
                  const std::set<pid_t>& others = {},
                  const std::set<pid_t>& spared = {}) {
  for (auto entry = all.find(pid); entry != all.end(); entry = all.find(entry->second.parent)) {
    const pid_t parent = entry->second.parent;
    if (spared.contains(entry->first)) return false;
    if (parent == ancestor || others.contains(parent)) return true;
    if (parent <= 1) return false;
  }
  return false;
}

// Ends of orphans that have come to us, which nobody else waits for.
void ReapOrphans(const std::map<pid_t, ProcessEntry>& all) {
  for (const auto& [pid, entry] : all) {
    if (entry.parent != ::getpid() || entry.state != 'Z') continue;
    platform::MutexLock lock(TheOwned().mutex);
    if (!TheOwned().pids.contains(pid)) ::waitpid(pid, nullptr, WNOHANG);
  }
}

// Kills what descends from `root` and not from anything `spared`, and waits for its end.
void KillBelow(pid_t root, const std::set<pid_t>& spared) {
  std::set<pid_t> doomed;
  // All are stopped before the first is killed: who is stopped starts no others, and who lives
  // keeps its children below it, where they are found.
  const auto all_gone = [&] {
    const auto all = AllProcesses();
    bool found_more = false;
    for (const auto& [pid, entry] : all) {
      if (entry.state == 'Z' || doomed.contains(pid)) continue;
      if (!DescendsFrom(all, pid, root, doomed, spared)) continue;
      doomed.insert(pid);
      ::kill(pid, SIGSTOP);
      found_more = true;
    }
    if (found_more) return false;
    for (const pid_t pid : doomed) ::kill(pid, SIGKILL);
    ReapOrphans(all);
    std::erase_if(doomed, [&](pid_t pid) {
      const auto entry = all.find(pid);
      return entry == all.end() || entry->second.state == 'Z';
    });
    return doomed.empty();
  };
  EXPECT_TRUE(WaitUntil(all_gone, "every process that the test has started is dead"));
}

}  // namespace

Process::Process(const ProcessOptions& options) {
  const auto image = MakeImage(options);
  const FileDescriptor in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  image->in = in.get();
  FileDescriptor log;
  if (!options.log_file.empty()) {
    log = FileDescriptor(
        ::open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    EXPECT_TRUE(log.valid()) << options.log_file;
    image->out = log.get();
    image->err = log.get();
  }
  const std::string& program = options.argv.at(0);
  if (program.find('/') != std::string::npos && ::access(program.c_str(), X_OK) != 0) {
    ADD_FAILURE() << "there is no program " << program;
    exit_code_ = kNotExecuted;
    return;
  }
  pid_ = Fork(*image);
  pidfd_ = OpenPidfd(pid_);
}

Process::~Process() {
  if (pid_ <= 0) return;
  if (!exit_code_) {
    KillDescendants(pid_);
    Kill();
  }
  platform::MutexLock lock(TheOwned().mutex);
  TheOwned().pids.erase(pid_);
}

bool Process::IsRunning() {
  return !Wait(Duration(0)).has_value();
}

void Process::Signal(int number) {
  // Until it has been waited for, its pid is nobody else's.
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> Process::Wait(Duration limit) {
  if (exit_code_) return exit_code_;
  const Instant deadline = MonotonicNow() + limit;
  pollfd entry{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, limit == Duration(0) ? 0 : MillisUntil(deadline));
  } while (ready < 0 && errno == EINTR);
  if (ready != 1) return std::nullopt;
  int status = 0;
  WEIR_CHECK(::waitpid(pid_, &status, 0) == pid_, "a child can be waited for once");
  exit_code_ = ToExitCode(status);
  return exit_code_;
}

void Process::Kill() {
  Signal(SIGKILL);
  EXPECT_TRUE(Wait().has_value()) << "process " << pid_ << " does not die";
}

std::string CommandResult::ToString() const {
  return std::string(timed_out ? "killed for taking too long" : "ended") + " with " +
         std::to_string(exit_code) + "\n--- output\n" + out + "\n--- errors\n" + err;
}

namespace {

// The other ends of a command's standard input, output and error.
struct Pipes {
  FileDescriptor in;
  FileDescriptor out;
  FileDescriptor err;
};

void MakePipe(FileDescriptor& read_end, FileDescriptor& write_end) {
  int ends[2];
  WEIR_CHECK(::pipe2(ends, O_CLOEXEC) == 0, "a pipe can be made");
  read_end = FileDescriptor(ends[0]);
  write_end = FileDescriptor(ends[1]);
}

void SetNonBlocking(const FileDescriptor& fd) {
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
}

// Takes all that is there; closes the descriptor at its end.
void Drain(FileDescriptor& fd, std::string& text) {
  char chunk[65536];
  while (fd.valid()) {
    const ssize_t count = ::read(fd.get(), chunk, sizeof chunk);
    if (count > 0) {
      text.append(chunk, static_cast<size_t>(count));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      fd.Close();
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

void Feed(FileDescriptor& fd, std::string_view& text) {
  const ssize_t count = ::write(fd.get(), text.data(), text.size());
  if (count > 0) text.remove_prefix(static_cast<size_t>(count));
  const bool broken = count < 0 && errno != EINTR && errno != EAGAIN;
  if (broken || text.empty()) fd.Close();
}

// Moves bytes until the process ends (true) or the deadline passes.
bool Pump(
    Pipes& pipes, int pidfd, std::string_view input, Instant deadline, CommandResult& result) {
  if (input.empty()) pipes.in.Close();
  while (true) {
    pollfd entries[4] = {{.fd = pidfd, .events = POLLIN, .revents = 0},
                         {.fd = pipes.out.get(), .events = POLLIN, .revents = 0},
                         {.fd = pipes.err.get(), .events = POLLIN, .revents = 0},
                         {.fd = pipes.in.get(), .events = POLLOUT, .revents = 0}};
    const int ready = ::poll(entries, 4, MillisUntil(deadline));
    if (ready == 0) return false;
    Drain(pipes.out, result.out);
    Drain(pipes.err, result.err);
    if (pipes.in.valid() && entries[3].revents != 0) Feed(pipes.in, input);
    // What it wrote before its end was in the pipes when the end was seen.
    if (ready > 0 && entries[0].revents != 0) {
      Drain(pipes.out, result.out);
      Drain(pipes.err, result.err);
      return true;
    }
  }
}

}  // namespace

CommandResult RunCommand(const std::vector<std::string>& argv,
                         const std::map<std::string, std::optional<std::string>>& environment,
                         std::string_view standard_input,
                         Duration limit) {
  std::signal(SIGPIPE, SIG_IGN);  // a command need not read its input
  ProcessOptions options;
  options.argv = argv;
  options.environment = environment;
  const auto image = MakeImage(options);
  Pipes pipes;
  FileDescriptor in;
  FileDescriptor out;
  FileDescriptor err;
  MakePipe(in, pipes.in);
  MakePipe(pipes.out, out);
  MakePipe(pipes.err, err);
  image->in = in.get();
  image->out = out.get();
  image->err = err.get();
  const pid_t pid = Fork(*image);
  for (FileDescriptor* end : {&in, &out, &err}) end->Close();
  for (const FileDescriptor* end : {&pipes.in, &pipes.out, &pipes.err}) SetNonBlocking(*end);

  CommandResult result;
  const FileDescriptor pidfd = OpenPidfd(pid);
  result.timed_out = !Pump(pipes, pidfd.get(), standard_input, MonotonicNow() + limit, result);
  if (result.timed_out) {
    KillDescendants(pid);
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  WEIR_CHECK(::waitpid(pid, &status, 0) == pid, "a child can be waited for");
  result.exit_code = ToExitCode(status);
  platform::MutexLock lock(TheOwned().mutex);
  TheOwned().pids.erase(pid);
  return result;
}

std::vector<pid_t> Descendants(pid_t ancestor) {
  const pid_t root = ancestor == 0 ? ::getpid() : ancestor;
  const auto all = AllProcesses();
  std::vector<pid_t> found;
  for (const auto& [pid, entry] : all) {
    if (entry.state != 'Z' && DescendsFrom(all, pid, root)) found.push_back(pid);
  }
  return found;
}

void KillDescendants(pid_t ancestor) {
  if (ancestor != 0) ::kill(ancestor, SIGSTOP);
  KillBelow(ancestor == 0 ? ::getpid() : ancestor, {});
}

void KillOrphans() {
  std::set<pid_t> spared;
  {
    platform::MutexLock lock(TheOwned().mutex);
    spared = TheOwned().pids;
  }
  KillBelow(::getpid(), spared);
}

}  // namespace weir::testing
