// weir-launch SPEC: starts one container's program and stays until nothing of it is left.
//
// It is its own session, so it outlives the NodeManager, and the subreaper of everything the
// program starts, so nothing gets away. Where there are cgroups the program is born in the
// container's, and what is in there is the container's too; this process stays outside, so that it
// sees the end of the group, however that comes. When the program is another user's, only the
// program's process gives up the rights: this one keeps its own, so that the user can neither stop
// nor trace it, and touches nothing that the user could have put a link into; logs and working
// directory are opened with the user's rights. It needs nothing but the C library, so that it
// starts fast, and takes nothing from its environment. What it says to the NodeManager:
// launch_format.h. Exit status: that of the program; 128 + signal; 125 when the program could not
// be started. Single-threaded.
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "nodemanager/launch/launch_format.h"
#include "nodemanager/launch/launch_spec.h"
#include "nodemanager/launch/process_tree.h"

namespace weir::nm::launch {
namespace {

constexpr int kCannotStart = 125;
constexpr int kSignalBase = 128;
constexpr mode_t kUmask = 027;
constexpr mode_t kLogMode = 0640;
constexpr int kWriteTries = 50;  // of the exit file, on a full disk
constexpr long kWriteRetryMs = 100;
constexpr long kKillRepeatMs = 50;  // while something is left,
constexpr int kQuickKills = 20;     // so often; what outlives that cannot be hurried
constexpr long kSlowKillRepeatMs = 1000;
constexpr int kReapedAtOnce = 1000;      // who dies faster than that is to be killed in between
constexpr int kUnwatchedDescriptor = 4;  // the first that nobody gave us on purpose

long NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

void Sleep(long ms) {
  const timespec pause{ms / 1000, (ms % 1000) * 1'000'000};
  nanosleep(&pause, nullptr);
}

bool WriteAll(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = EIO;
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

// Not synced: it is for a NodeManager of the same boot, as all that is known of processes.
bool TryWriteFile(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = WriteAll(fd, text);
  return close(fd) == 0 && written && rename(beside.c_str(), path.c_str()) == 0;
}

// The NodeManager that is there now reads the pipe, one that comes later reads the file: when one
// of the two fails (nobody reads, the disk stays full) the other is left.
void Report(const std::string& line) {
  static_cast<void>(WriteAll(kReportDescriptor, line));
}
// That its program may have run from now on: of a start in place the output is there before, and is
// no sign of that. Nobody may run it again then, however little is left of it.
bool NoteBegin(const LaunchSpec& spec) {
  const int fd =
      open(spec.exit_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  const bool written = WriteAll(fd, kBegun);
  return close(fd) == 0 && written;
}

void ReportEnd(const LaunchSpec& spec, const std::string& line) {
  for (int i = 0; i < kWriteTries && !TryWriteFile(spec.exit_file, line); ++i) {
    // The directory is gone: the container has been given up.
    if (errno == ENOENT) break;
    Sleep(kWriteRetryMs);
  }
  Report(line);
}

int Fail(const LaunchSpec* spec, const char* step) {
  const std::string line = "failed " + std::to_string(errno) + " " + step + "\n";
  if (spec != nullptr) {
    ReportEnd(*spec, line);
  } else {
    Report(line);
  }
  return kCannotStart;
}

// The log is in a directory of the user: it may have become anything.
bool Redirect(const std::string& path, int target) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const int fd = open(path.c_str(), kFlags, kLogMode);
  if (fd < 0) return false;
  struct stat info {};
  bool done = fstat(fd, &info) == 0;
  errno = done ? EINVAL : errno;
  done = done && S_ISREG(info.st_mode) && fcntl(fd, F_SETFL, O_APPEND) == 0 &&
         dup2(fd, target) == target;
  const int cause = errno;
  close(fd);
  errno = cause;
  return done;
}

bool ForbidCoreDumps() {
  const rlimit none{0, 0};
  return setrlimit(RLIMIT_CORE, &none) == 0;
}

// What the child says when it cannot become the program. `step` is a literal of this image.
struct ChildFailure {
  int cause = 0;
  const char* step = "";
};

[[noreturn]] void FailChild(int failure_pipe, const char* step) {
  const ChildFailure failure{errno, step};
  static_cast<void>(!write(failure_pipe, &failure, sizeof failure));
  _exit(kCannotStart);
}

// For what its user can have done the node is not to be blamed: a link, a pipe or a directory in
// the place of a log, rights taken away.
[[noreturn]] void FailInDirectory(int failure_pipe, const char* step) {
  const bool users =
      errno == ELOOP || errno == EINVAL || errno == ENXIO || errno == EISDIR || errno == EACCES;
  FailChild(failure_pipe, users ? kUsersStep : step);
}

// In the child: never returns. Tells through the pipe when the program cannot be run.
[[noreturn]] void RunProgram(LaunchSpec& spec, bool inside, int failure_pipe) {
  if (!EnterGroups(spec.groups, inside)) FailChild(failure_pipe, "enter its cgroup");
  setpgid(0, 0);
  if (!spec.core_dumps && !ForbidCoreDumps()) FailChild(failure_pipe, "forbid core dumps");
  if (spec.identity) {
    const char* failed = BecomeUser(*spec.identity);
    if (failed != nullptr) FailChild(failure_pipe, failed);
  }
  // From here on with the user's rights.
  if (!Redirect(spec.stdout_path, STDOUT_FILENO)) FailInDirectory(failure_pipe, "open its stdout");
  if (!Redirect(spec.stderr_path, STDERR_FILENO)) FailInDirectory(failure_pipe, "open its stderr");
  if (chdir(spec.directory.c_str()) != 0) FailInDirectory(failure_pipe, "enter its directory");

  std::vector<char*> arguments;
  for (std::string& argument : spec.arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (std::string& variable : spec.environment) variables.push_back(variable.data());
  variables.push_back(nullptr);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  environ = variables.data();
  execvp(arguments[0], arguments.data());
  FailChild(failure_pipe, kProgramStep);
}

// The program's pid; 0 with errno and the step when it could not be run.
pid_t StartProgram(LaunchSpec& spec, const char*& step) {
  int failure[2];
  step = "make a pipe";
  if (pipe2(failure, O_CLOEXEC) != 0) return 0;
  step = "make a process";
  bool inside = false;
  const pid_t pid = ForkIntoGroups(spec.groups, inside);
  if (pid == 0) RunProgram(spec, inside, failure[1]);
  close(failure[1]);
  if (pid < 0) return 0;
  ChildFailure said;
  ssize_t count = 0;
  do count = read(failure[0], &said, sizeof said);
  while (count < 0 && errno == EINTR);
  close(failure[0]);
  if (count == 0) return pid;
  waitpid(pid, nullptr, 0);
  step = said.step;
  errno = said.cause;
  return 0;
}

struct Ended {
  bool main_ended = false;
  long main_ended_at = 0;
  int status = 0;     // as wait() gives it
  long peak_kib = 0;  // the largest of all processes reaped
  bool none_left = false;
};

// False: there may be more.
bool Reap(pid_t main_pid, Ended& ended) {
  for (int i = 0; i < kReapedAtOnce; ++i) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) ended.none_left = true;
    if (pid <= 0) return true;
    ended.peak_kib = std::max(ended.peak_kib, usage.ru_maxrss);
    if (pid != main_pid) continue;
    ended.main_ended = true;
    ended.main_ended_at = NowMs();
    ended.status = status;
  }
  return false;
}

void AskAllToEnd(const LaunchSpec& spec) {
  if (spec.groups.empty()) return SignalAll(SIGTERM);
  SignalGroup(spec.groups, SIGTERM);
}

// The group at once, where there is one. Descendants are searched for only if that was not enough:
// some may have left the group, and the search reads all of /proc.
void KillContainer(const LaunchSpec& spec, bool again) {
  KillGroup(spec.groups);
  if (again || spec.groups.empty()) KillAll();
}

// Until no process is left: passes requests on, kills what is left after the main program or the
// grace.
Ended Attend(pid_t main_pid, const LaunchSpec& spec, const sigset_t& signals) {
  Ended ended;
  long kill_at = LONG_MAX;
  bool asked = false;   // to end within the grace
  bool wished = false;  // to end, whenever it likes
  int kills = 0;
  while (true) {
    const bool all_reaped = Reap(main_pid, ended);
    // In the group there may be one that came in from elsewhere.
    if (ended.none_left && IsGroupEmpty(spec.groups)) return ended;
    // Who was asked to end may take its grace; who was not has nothing to do without its main.
    if (ended.main_ended && !asked) {
      kill_at = std::min(kill_at, wished ? ended.main_ended_at + spec.grace_ms : NowMs());
    }
    if (NowMs() >= kill_at) {
      KillContainer(spec, kills > 0);
      kill_at = NowMs() + (kills < kQuickKills ? kKillRepeatMs : kSlowKillRepeatMs);
      kills = std::min(kills + 1, kQuickKills);
    }
    const long wait = !all_reaped           ? 0
                      : kill_at == LONG_MAX ? 3'600'000
                                            : std::max(0L, kill_at - NowMs());
    const timespec timeout{wait / 1000, (wait % 1000) * 1'000'000};
    const int signal = sigtimedwait(&signals, nullptr, &timeout);
    if (signal == SIGTERM && !asked) {
      asked = true;
      kill_at = std::min(kill_at, NowMs() + spec.grace_ms);
      AskAllToEnd(spec);
    }
    if (signal == SIGUSR2) {
      wished = true;
      AskAllToEnd(spec);
    }
    if (signal == SIGUSR1) kill_at = NowMs();
    // Not reaped yet, so the number is still its own.
    if (signal == SIGQUIT && !ended.main_ended) kill(main_pid, SIGQUIT);
  }
}

int ExitOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
}

std::string EndedLine(const Ended& ended) {
  const bool exited = WIFEXITED(ended.status);
  return std::string("ended ") + (exited ? "exited " : "signaled ") +
         std::to_string(exited ? WEXITSTATUS(ended.status) : WTERMSIG(ended.status)) + " " +
         std::to_string(ended.peak_kib) + "\n";
}

int Run(const char* spec_path) {
  // Blocked from before the start, so that no request to end is lost or kills this process.
  sigset_t signals;
  sigfillset(&signals);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  umask(kUmask);
  fcntl(kReportDescriptor, F_SETFD, FD_CLOEXEC);
  close_range(kUnwatchedDescriptor, UINT_MAX, 0);
  setsid();
  // Not to keep busy, nor to depend on, the directory that the NodeManager was started in.
  const bool at_top = chdir("/") == 0;
  LaunchSpec spec;
  if (!ReadLaunchSpec(spec_path, spec)) {
    return Fail(nullptr, errno == EPROTONOSUPPORT ? kNewerStep : "read its launch spec");
  }
  if (!at_top) return Fail(&spec, "leave the NodeManager's directory");
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return Fail(&spec, "become subreaper");
  // Root reads the memory of this process whatever it says here, others of its user would not.
  if (spec.identity && prctl(PR_SET_DUMPABLE, 0) != 0) return Fail(&spec, "become unreadable");
  if (spec.retry > 0 && !NoteBegin(spec)) return Fail(&spec, "note that it begins");
  const char* step = "";
  const pid_t pid = StartProgram(spec, step);
  if (pid == 0) return Fail(&spec, step);
  Report("started " + std::to_string(pid) + "\n");
  const Ended ended = Attend(pid, spec, signals);
  ReportEnd(spec, EndedLine(ended));
  return ExitOf(ended.status);
}

constexpr char kHelp[] =
    R"(Usage: weir-launch SPEC

Runs one container as the launch spec says: in a session of its own, with its output redirected,
until no process that it started is left. Writes to file descriptor 3 when it has started, and how
it ended to the file that the spec names. SIGTERM ends the container, with the spec's grace before
SIGKILL; SIGUSR2 asks it to end and leaves it what time it wants; SIGUSR1 ends it at once; SIGQUIT
goes to the program itself, for which it may mean to write down what its threads do.

It is started by weir-nodemanager, which writes the spec; there is nothing to run by hand.
)";

}  // namespace
}  // namespace weir::nm::launch

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "--help") {
    return std::fputs(weir::nm::launch::kHelp, stdout) < 0 ? 1 : 0;
  }
  if (count != 2) {
    static_cast<void>(
        std::fprintf(stderr, "usage: weir-launch SPEC (started by weir-nodemanager)\n"));
    return 2;
  }
  // Nothing is left to be done at an exit: and a leak check, which a sanitizer would make there,
  // stops the process by a signal that the NodeManager's SIGCONT undoes, and then never ends.
  _exit(weir::nm::launch::Run(arguments[1]));
}
