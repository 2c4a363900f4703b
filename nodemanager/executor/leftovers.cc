#include "nodemanager/executor/leftovers.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "nodemanager/core/exit_cause.h"
#include "nodemanager/executor/launch_notes.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;

constexpr useconds_t kStrayPauseUs = 10'000;

struct Leftover {
  ContainerId id;
  LaunchNotes notes;
  FileDescriptor launcher;  // its pidfd, while it lives
  pid_t launcher_pid = 0;
  ContainerUid uid;
};

int RemainingMs(Instant deadline) {
  return static_cast<int>(std::max<int64_t>(0, ToMillis(deadline - platform::MonotonicNow())));
}

// All are told to kill before the first is waited for.
std::vector<Leftover> FindAndKill(platform::FileSystem& files,
                                  const ContainerDirectories& directories,
                                  const std::vector<std::string>& names) {
  std::vector<Leftover> leftovers;
  for (const std::string& name : names) {
    const auto id = ContainerId::Parse(name);
    if (!id.ok()) continue;
    Leftover leftover{*id, LaunchNotes(files, directories.Notes(*id)), FileDescriptor(), 0, {}};
    if (const auto note = leftover.notes.ReadContainer()) leftover.uid = note->uid;
    if (const auto launcher = leftover.notes.ReadLauncher()) {
      if (auto process = OpenProcess(*launcher); process.ok()) {
        leftover.launcher = std::move(process).value();
        leftover.launcher_pid = launcher->pid;
        ::syscall(SYS_pidfd_send_signal, leftover.launcher.get(), SIGUSR1, nullptr, 0);
        ::syscall(SYS_pidfd_send_signal, leftover.launcher.get(), SIGCONT, nullptr, 0);
      }
    }
    leftovers.push_back(std::move(leftover));
  }
  return leftovers;
}

bool AwaitEnd(Leftover& leftover, Instant deadline) {
  if (leftover.launcher.valid()) {
    pollfd launcher{leftover.launcher.get(), POLLIN, 0};
    if (::poll(&launcher, 1, RemainingMs(deadline)) == 0) {
      ::syscall(SYS_pidfd_send_signal, leftover.launcher.get(), SIGKILL, nullptr, 0);
    }
  }
  // Also when there was no launcher any more: it may have been killed with the NodeManager.
  while (KillStrays(leftover.id, leftover.launcher_pid, leftover.uid) > 0) {
    if (platform::MonotonicNow() >= deadline) return false;
    ::usleep(kStrayPauseUs);
  }
  return true;
}

ContainerStatus StatusOf(const Leftover& leftover) {
  ContainerStatus status;
  status.id = leftover.id;
  status.state = ContainerState::kComplete;
  if (const auto note = leftover.notes.ReadContainer()) status.resource = note->resource;
  const auto end = leftover.notes.ReadEnd("its command");
  ExitCause cause{exit_code::kAborted, "its NodeManager ended and was started again"};
  if (end && !leftover.launcher.valid()) {
    // It had ended before: nobody was there to tell.
    cause = end->outcome ? DescribeExit(*end->outcome, status.resource)
                         : DescribeLaunchFailure(*end->failure);
  } else if (leftover.launcher.valid()) {
    cause.diagnostics += "; its processes were killed";
  }
  status.exit_code = cause.exit_code;
  status.diagnostics = std::move(cause.diagnostics);
  return status;
}

// Whatever applications have in users' directories is of containers that are gone. What else was
// fetched for users stays in their caches.
void RemoveDirectories(platform::FileSystem& files, const ContainerDirectories& directories) {
  const auto warn = [](const std::string& path, const Status& status) {
    if (status.ok()) return;
    platform::LogWarn("nm.cleanup",
                      "-",
                      "an old directory could not be removed",
                      {{"path", path}, {"cause", status.error().ToString()}});
  };
  for (const std::string& local : directories.local()) {
    const std::string users = local + "/usercache";
    if (const auto names = files.List(users); names.ok()) {
      for (const std::string& user : *names) {
        const std::string of_user = users + "/" + user;
        const bool has_cache = files.Stat(of_user + "/filecache").ok();
        const std::string path = has_cache ? of_user + "/appcache" : of_user;
        warn(path, files.RemoveTree(path));
      }
    }
  }
}

}  // namespace

Result<std::vector<ContainerStatus>> SweepLeftovers(platform::FileSystem& files,
                                                    const ContainerDirectories& directories,
                                                    Duration patience) {
  const Instant deadline = platform::MonotonicNow() + patience;
  std::vector<ContainerStatus> statuses;
  auto names = files.List(directories.notes());
  if (!names.ok()) {
    if (names.error().code == ErrorCode::kNotFound) return statuses;  // the first start
    return std::move(names).error();
  }
  std::vector<Leftover> leftovers = FindAndKill(files, directories, *names);
  for (Leftover& leftover : leftovers) {
    const bool ended = AwaitEnd(leftover, deadline);
    statuses.push_back(StatusOf(leftover));
    if (ended) {
      platform::LogInfo("nm.container",
                        leftover.id.ToString(),
                        "found at start and ended",
                        {{"exit_code", std::to_string(statuses.back().exit_code)}});
    } else {
      platform::LogError(
          "nm.container", leftover.id.ToString(), "processes of an earlier run cannot be killed");
    }
  }
  RemoveDirectories(files, directories);
  return statuses;
}

}  // namespace weir::nm
