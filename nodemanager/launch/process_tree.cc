#include "nodemanager/launch/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string>

namespace weir::nm::launch {
namespace {

// Rounds of stopping; a program that forks faster than this is killed as far as it is seen, and the
// caller comes back for the rest.
constexpr int kStopRounds = 20;

// The parent, from /proc/<pid>/stat: "pid (name) state ppid ..."; the name may hold anything.
pid_t ParentOf(const char* pid) {
  const std::string path = std::string("/proc/") + pid + "/stat";
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[512];
  const ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  if (count <= 0) return 0;
  text[count] = '\0';
  const char* name_end = std::strrchr(text, ')');
  if (name_end == nullptr || std::strlen(name_end) < 4) return 0;
  return static_cast<pid_t>(std::atoi(name_end + 4));
}

}  // namespace

std::vector<pid_t> DescendantsOf(pid_t top, const std::vector<ProcessAndParent>& all) {
  std::multimap<pid_t, pid_t> children;
  for (const ProcessAndParent& one : all) children.emplace(one.parent, one.pid);
  std::vector<pid_t> found = {top};
  std::set<pid_t> seen = {top};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto it = first; it != last; ++it) {
      if (seen.insert(it->second).second) found.push_back(it->second);
    }
  }
  found.erase(found.begin());
  return found;
}

std::vector<pid_t> Descendants() {
  std::vector<ProcessAndParent> all;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return {};
  while (const dirent* entry = readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const pid_t parent = ParentOf(entry->d_name);
    if (parent > 0) all.push_back({static_cast<pid_t>(std::atoi(entry->d_name)), parent});
  }
  closedir(proc);
  return DescendantsOf(getpid(), all);
}

namespace {

// Up the parents, as they are now; bounded, as they may change on the way.
bool IsDescendant(pid_t pid) {
  constexpr int kDepth = 4096;
  for (int i = 0; i < kDepth && pid > 1; ++i) {
    pid = ParentOf(std::to_string(pid).c_str());
    if (pid == getpid()) return true;
  }
  return false;
}

// A number may have become a stranger's since the list was made: root must not kill that one. Only
// what is a descendant after its handle was opened is signalled, through the handle.
void SignalOne(pid_t pid, int signal) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (handle < 0) return;
  if (IsDescendant(pid)) syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0);
  close(handle);
}

}  // namespace

void SignalAll(int signal) {
  for (const pid_t pid : Descendants()) SignalOne(pid, signal);
}

void KillAll() {
  std::set<pid_t> stopped;
  for (int round = 0; round < kStopRounds; ++round) {
    bool fresh = false;
    for (const pid_t pid : Descendants()) {
      if (!stopped.insert(pid).second) continue;
      SignalOne(pid, SIGSTOP);
      fresh = true;
    }
    if (!fresh) break;
  }
  SignalAll(SIGKILL);
}

}  // namespace weir::nm::launch
