// A weir-launch of the first release, as far as a NodeManager can tell: what it read, wrote and
// said, and the signals that it knew. Kept as it is, so that each NodeManager to come is tested
// against one that was started before it. It shares no code with the weir-launch of today.
//
// That one was never given a key that it did not know; as here today's NodeManager writes the spec,
// such keys are passed over.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr int kReport = 3;

struct Spec {
  std::string directory;
  std::string out;
  std::string error;
  std::string exit;
  long grace_ms = 0;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

bool Parse(const char* path, Spec& spec) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  bool first = true;
  for (size_t at = 0; at < text.size();) {
    const size_t space = text.find(' ', at);
    const size_t line = text.find('\n', at);
    if (space == std::string::npos || line == std::string::npos || space > line) return false;
    const std::string key = text.substr(at, space - at);
    const size_t length = std::stoul(text.substr(space + 1, line - space - 1));
    const std::string value = text.substr(line + 1, length);
    at = line + 1 + length + 1;
    if (first && (key != "weir-launch" || value != "1")) return false;
    first = false;
    if (key == "directory") spec.directory = value;
    if (key == "stdout") spec.out = value;
    if (key == "stderr") spec.error = value;
    if (key == "exit") spec.exit = value;
    if (key == "grace-ms") spec.grace_ms = std::stol(value);
    if (key == "argument") spec.arguments.push_back(value);
    if (key == "environment") spec.environment.push_back(value);
  }
  return !spec.arguments.empty();
}

void Report(const std::string& line) {
  static_cast<void>(!write(kReport, line.data(), line.size()));
}

void ReportEnd(const Spec& spec, const std::string& line) {
  const std::string beside = spec.exit + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  static_cast<void>(!write(fd, line.data(), line.size()));
  fsync(fd);
  close(fd);
  rename(beside.c_str(), spec.exit.c_str());
  Report(line);
}

bool Redirect(const std::string& path, int target) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  return fd >= 0 && dup2(fd, target) == target && close(fd) == 0;
}

pid_t StartProgram(Spec& spec) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  std::vector<char*> arguments;
  for (std::string& one : spec.arguments) arguments.push_back(one.data());
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (std::string& one : spec.environment) variables.push_back(one.data());
  variables.push_back(nullptr);
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  environ = variables.data();
  execvp(arguments[0], arguments.data());
  _exit(125);
}

std::multimap<pid_t, pid_t> ChildrenByParent() {
  std::multimap<pid_t, pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ifstream stream(entry.path() / "stat");
    std::string text;
    std::getline(stream, text);
    const size_t name_end = text.rfind(") ");
    if (name_end == std::string::npos || text.size() < name_end + 4) continue;
    children.emplace(std::atoi(text.c_str() + name_end + 4), pid);
  }
  return children;
}

// To all below this process.
void SignalAll(int signal) {
  const auto children = ChildrenByParent();
  std::set<pid_t> below;
  std::vector<pid_t> waiting = {getpid()};
  while (!waiting.empty()) {
    const auto [first, last] = children.equal_range(waiting.back());
    waiting.pop_back();
    for (auto it = first; it != last; ++it) {
      if (below.insert(it->second).second) waiting.push_back(it->second);
    }
  }
  below.erase(getpid());
  for (const pid_t pid : below) kill(pid, signal);
}

long NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

struct Ended {
  bool main_ended = false;
  int status = 0;
  long peak_kib = 0;
};

// False: nobody is left.
bool Reap(pid_t main_pid, Ended& ended) {
  while (true) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid < 0) return false;
    if (pid == 0) return true;
    ended.peak_kib = std::max(ended.peak_kib, usage.ru_maxrss);
    if (pid != main_pid) continue;
    ended.main_ended = true;
    ended.status = status;
  }
}

Ended Attend(pid_t main_pid, const Spec& spec, const sigset_t& signals) {
  Ended ended;
  bool asked = false;
  long kill_at = -1;
  while (Reap(main_pid, ended)) {
    if (ended.main_ended && !asked) kill_at = 0;
    if (kill_at >= 0 && NowMs() >= kill_at) SignalAll(SIGKILL);
    const timespec pause{0, 20'000'000};
    const int signal = sigtimedwait(&signals, nullptr, &pause);
    if (signal == SIGUSR1) kill_at = 0;
    if (signal != SIGTERM || asked) continue;
    asked = true;
    kill_at = NowMs() + spec.grace_ms;
    SignalAll(SIGTERM);
  }
  return ended;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  sigset_t signals;
  sigfillset(&signals);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  fcntl(kReport, F_SETFD, FD_CLOEXEC);
  setsid();
  Spec spec;
  if (!Parse(arguments[1], spec)) return 125;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (!Redirect(spec.out, STDOUT_FILENO) || !Redirect(spec.error, STDERR_FILENO) ||
      chdir(spec.directory.c_str()) != 0) {
    return 125;
  }
  const pid_t pid = StartProgram(spec);
  Report("started " + std::to_string(pid) + "\n");
  const Ended ended = Attend(pid, spec, signals);
  const bool exited = WIFEXITED(ended.status);
  ReportEnd(spec,
            std::string("ended ") + (exited ? "exited " : "signaled ") +
                std::to_string(exited ? WEXITSTATUS(ended.status) : WTERMSIG(ended.status)) + " " +
                std::to_string(ended.peak_kib) + "\n");
  return 0;
}
