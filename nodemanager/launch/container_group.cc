#include "nodemanager/launch/container_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

namespace weir::nm::launch {
namespace {

constexpr int kDepth = 16;  // of groups that a container made within its own
constexpr size_t kProcsBytes = 4u << 20;
constexpr size_t kHandles = 256;   // open at once
constexpr int kFreezeChecks = 50;  // then what is not frozen yet is killed as it is
constexpr long kFreezeCheckNs = 1'000'000;

bool WriteFile(const std::string& path, const char* text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const auto length = static_cast<ssize_t>(std::strlen(text));
  const bool written = write(fd, text, static_cast<size_t>(length)) == length;
  const int cause = errno;
  close(fd);
  errno = cause;
  return written;
}

std::string ReadFile(const std::string& path) {
  std::string content;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return content;
  char chunk[4096];
  ssize_t count = 0;
  while (content.size() < kProcsBytes && (count = read(fd, chunk, sizeof chunk)) > 0) {
    content.append(chunk, static_cast<size_t>(count));
  }
  close(fd);
  return content;
}

// Calls `visit` with the group and each one below it.
template <typename Visit>
void Walk(const std::string& group, int depth, const Visit& visit) {
  visit(group);
  if (depth == 0) return;
  DIR* directory = opendir(group.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    Walk(group + "/" + entry->d_name, depth - 1, visit);
  }
  closedir(directory);
}

void AwaitFrozen(const std::string& file, const char* word) {
  for (int i = 0; i < kFreezeChecks; ++i) {
    if (ReadFile(file).find(word) != std::string::npos) return;
    const timespec pause{0, kFreezeCheckNs};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace

std::string GroupPaths::Tracking() const {
  if (!unified.empty()) return unified;
  if (!freezer.empty()) return freezer;
  return others.empty() ? "" : others.front();
}

std::vector<std::string> GroupPaths::All() const {
  std::vector<std::string> all = others;
  if (!freezer.empty()) all.push_back(freezer);
  if (!unified.empty()) all.push_back(unified);
  return all;
}

pid_t ForkIntoGroups(const GroupPaths& groups, bool& inside) {
  inside = false;
  const int group = groups.unified.empty()
                        ? -1
                        : open(groups.unified.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (group >= 0) {
    clone_args how{};
    how.flags = CLONE_INTO_CGROUP;
    how.exit_signal = SIGCHLD;
    how.cgroup = static_cast<__u64>(group);
    inside = true;
    const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &how, sizeof how));
    if (pid != 0) close(group);
    if (pid >= 0) return pid;
    // An older kernel, or one that forbids it: the child goes in by itself.
    inside = false;
  }
  return fork();
}

bool EnterGroups(const GroupPaths& groups, bool inside) {
  // "0" is the writer. A thread that moves itself takes no lock of the whole machine, which
  // cgroup.procs does; here the process is one thread.
  for (const std::string& group : groups.others) {
    if (!WriteFile(group + "/tasks", "0")) return false;
  }
  if (!groups.freezer.empty() && !WriteFile(groups.freezer + "/tasks", "0")) return false;
  return inside || groups.unified.empty() || WriteFile(groups.unified + "/cgroup.procs", "0");
}

std::vector<pid_t> GroupMembers(const GroupPaths& groups) {
  std::vector<pid_t> members;
  const std::string tracking = groups.Tracking();
  if (tracking.empty()) return members;
  Walk(tracking, kDepth, [&members](const std::string& group) {
    const std::string text = ReadFile(group + "/cgroup.procs");
    const char* at = text.c_str();
    while (*at != '\0') {
      char* end = nullptr;
      const long pid = std::strtol(at, &end, 10);
      if (end == at) break;
      // 0 is a process of another pid namespace; -1 would be everybody.
      if (pid > 1) members.push_back(static_cast<pid_t>(pid));
      at = *end == '\n' ? end + 1 : end;
    }
  });
  return members;
}

bool IsGroupEmpty(const GroupPaths& groups) {
  if (groups.unified.empty()) return GroupMembers(groups).empty();
  const std::string events = ReadFile(groups.unified + "/cgroup.events");
  return events.find("populated 1") == std::string::npos;
}

void SignalGroup(const GroupPaths& groups, int signal) {
  const std::vector<pid_t> members = GroupMembers(groups);
  for (size_t done = 0; done < members.size(); done += kHandles) {
    std::vector<std::pair<pid_t, int>> handles;
    for (size_t i = done; i < std::min(members.size(), done + kHandles); ++i) {
      const int handle = static_cast<int>(syscall(SYS_pidfd_open, members[i], 0));
      if (handle >= 0) handles.emplace_back(members[i], handle);
    }
    // Who has the number now, and lives, is the one that the handle is of.
    const std::vector<pid_t> still = GroupMembers(groups);
    const std::set<pid_t> inside(still.begin(), still.end());
    for (const auto& [pid, handle] : handles) {
      if (inside.contains(pid)) syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0);
      close(handle);
    }
  }
}

void KillGroup(const GroupPaths& groups) {
  if (groups.empty()) return;
  if (!groups.unified.empty()) {
    if (WriteFile(groups.unified + "/cgroup.kill", "1")) return;
    // Before Linux 5.14. Who is frozen in v2 dies of SIGKILL all the same.
    if (WriteFile(groups.unified + "/cgroup.freeze", "1")) {
      AwaitFrozen(groups.unified + "/cgroup.events", "frozen 1");
    }
    SignalGroup(groups, SIGKILL);
    WriteFile(groups.unified + "/cgroup.freeze", "0");
    return;
  }
  if (!groups.freezer.empty()) {
    const std::string state = groups.freezer + "/freezer.state";
    WriteFile(state, "FROZEN");
    AwaitFrozen(state, "FROZEN");
    SignalGroup(groups, SIGKILL);
    WriteFile(state, "THAWED");
    return;
  }
  for (const std::string& group : groups.others) WriteFile(group + "/pids.max", "0");
  SignalGroup(groups, SIGKILL);
}

}  // namespace weir::nm::launch
