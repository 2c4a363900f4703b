#include "nodemanager/executor/leftovers.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nodemanager/core/exit_cause.h"
#include "nodemanager/executor/launch_notes.h"
#include "nodemanager/executor/owned_directory.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;

constexpr useconds_t kStrayPauseUs = 10'000;

void Warn(const std::string& path, const Status& status) {
  if (status.ok()) return;
  platform::LogWarn("nm.cleanup",
                    "-",
                    "what an earlier run left could not be removed",
                    {{"path", path}, {"cause", status.error().ToString()}});
}

// --- containers without a record

struct Stranger {
  ContainerId id;
  LaunchNotes notes;
  FileDescriptor launcher;  // its pidfd, while it lives
  pid_t launcher_pid = 0;
  ContainerUid uid;
};

int RemainingMs(Instant deadline) {
  return static_cast<int>(std::max<int64_t>(0, ToMillis(deadline - platform::MonotonicNow())));
}

Stranger Kill(ContainerId id, LaunchNotes notes) {
  Stranger stranger{id, std::move(notes), FileDescriptor(), 0};
  const auto launcher = stranger.notes.ReadLauncher();
  if (!launcher) return stranger;
  stranger.launcher_pid = launcher->pid;
  if (auto process = OpenProcess(*launcher); process.ok()) {
    stranger.launcher = std::move(process).value();
    ::syscall(SYS_pidfd_send_signal, stranger.launcher.get(), SIGUSR1, nullptr, 0);
    ::syscall(SYS_pidfd_send_signal, stranger.launcher.get(), SIGCONT, nullptr, 0);
  } else {
    stranger.launcher_pid = 0;  // may be another's by now
  }
  return stranger;
}

// False when something is still there at the deadline.
bool KillAllStrays(const ContainerId& id,
                   pid_t launcher,
                   const LaunchNotes& notes,
                   Instant deadline) {
  while (KillStrays(id, launcher, notes.ReadAccount()) > 0) {
    if (platform::MonotonicNow() >= deadline) {
      platform::LogError(
          "nm.container", id.ToString(), "processes of an earlier run cannot be killed");
      return false;
    }
    ::usleep(kStrayPauseUs);
  }
  return true;
}

void AwaitEnd(Stranger& stranger, Instant deadline) {
  if (stranger.launcher.valid()) {
    pollfd launcher{stranger.launcher.get(), POLLIN, 0};
    if (::poll(&launcher, 1, RemainingMs(deadline)) == 0) {
      ::syscall(SYS_pidfd_send_signal, stranger.launcher.get(), SIGKILL, nullptr, 0);
    }
  }
  // Also when there was no launcher any more: it may have been killed with the NodeManager.
  KillAllStrays(stranger.id, stranger.launcher_pid, stranger.notes, deadline);
}

ContainerStatus StatusOf(const Stranger& stranger) {
  ContainerStatus status;
  status.id = stranger.id;
  status.state = ContainerState::kComplete;
  const auto end = stranger.notes.ReadEnd("its command");
  ExitCause cause{exit_code::kAborted,
                  "its NodeManager ended and was started again without a record of it"};
  if (end && !stranger.launcher.valid()) {
    // It had ended before: nobody was there to tell.
    cause = end->outcome ? DescribeExit(*end->outcome, status.resource)
                         : DescribeLaunchFailure(*end->failure);
  } else if (stranger.launcher.valid()) {
    cause.diagnostics += "; its processes were killed";
  }
  status.exit_code = cause.exit_code;
  status.diagnostics = std::move(cause.diagnostics);
  return status;
}

void EndStrangers(platform::FileSystem& files,
                  const ContainerDirectories& directories,
                  const std::set<ContainerId>& strangers,
                  Instant deadline,
                  Recovery& recovery) {
  std::vector<Stranger> killed;
  // All are told to kill before the first is waited for.
  for (const ContainerId& id : strangers) {
    killed.push_back(Kill(id, LaunchNotes(files, directories.Notes(id))));
  }
  for (Stranger& stranger : killed) {
    AwaitEnd(stranger, deadline);
    recovery.ended.push_back(StatusOf(stranger));
    platform::LogInfo("nm.container",
                      stranger.id.ToString(),
                      "found at start without a record, and ended",
                      {{"exit_code", std::to_string(recovery.ended.back().exit_code)}});
  }
}

// --- containers with one

// The NodeManager may have died after it had started weir-launch and before it could note which
// process that is.
std::optional<ProcessIdentity> SearchLauncher(const ContainerId& id, const LaunchNotes& notes) {
  for (const pid_t pid : FindStrays(id, 0, notes.ReadAccount())) {
    if (!IsLauncherOf(pid, notes.spec_path())) continue;
    if (auto identity = IdentifyProcess(pid)) return identity;
  }
  return std::nullopt;
}

void TakeEnd(const std::optional<LaunchEnd>& end, FoundContainer& found) {
  found.found = Found::kEnded;
  if (!end) {
    found.outcome = ExitOutcome{.kind = ExitKind::kLost};
    return;
  }
  found.outcome = end->outcome;
  found.failure = end->failure;
  found.of_node = end->of_node;
}

// Nobody knows how it ended, or whether it was started at all.
FoundContainer FindWithoutEnd(const LaunchNotes& notes,
                              const ContainerRecord& record,
                              const std::string& program,
                              std::optional<int64_t> retry,
                              Instant deadline) {
  const ContainerId& id = record.token.id;
  FoundContainer found{.retry = retry};
  const bool strays = !FindStrays(id, 0, notes.ReadAccount()).empty();
  KillAllStrays(id, 0, notes, deadline);
  // A retry without a launcher, of which nothing is left and after which no other was decided on,
  // was only about to be started, if it has not noted that it begins: then the end before is the
  // newest, and decides again.
  const bool newest = retry.value_or(0) > 0 && *retry >= record.retries;
  if (newest && !strays && !notes.ReadLauncher() && !notes.MayHaveBegun(*retry)) {
    found.retry = *retry - 1;
    TakeEnd(notes.ReadEnd(program, *found.retry), found);
    return found;
  }
  TakeEnd(std::nullopt, found);
  return found;
}

FoundContainer Find(platform::FileSystem& files,
                    const ContainerDirectories& directories,
                    const RecoveredContainer& container,
                    Instant deadline) {
  const ContainerId& id = container.record.token.id;
  const LaunchNotes notes(files, directories.Notes(id));
  const std::string program = container.launch ? container.launch->command.front() : "its command";
  if (!files.Stat(notes.spec_path()).ok()) return {};
  const auto retry = notes.ReadRetry();
  auto launcher = notes.ReadLauncher();
  const bool noted = launcher.has_value();
  if (!noted) launcher = SearchLauncher(id, notes);
  if (launcher && OpenProcess(*launcher).ok()) {
    if (!noted) Warn(notes.spec_path(), notes.WriteLauncher(*launcher));
    return {.found = Found::kRunning, .retry = retry};
  }
  FoundContainer ended{.retry = retry};
  if (const auto end = notes.ReadEnd(program, retry.value_or(0))) {
    TakeEnd(end, ended);
  } else if (!launcher && !files.Stat(directories.Log(id) + "/stdout").ok()) {
    return {};  // weir-launch opens the output before it starts the program
  } else {
    ended = FindWithoutEnd(notes, container.record, program, retry, deadline);
  }
  if (ended.outcome) {
    AddCircumstances(directories.Work(container.record.token.user, id),
                     directories.Log(id) + "/stderr",
                     *ended.outcome);
  }
  return ended;
}

// --- containers that are over, and kept to be looked at

// How much of the delay is left; nothing when it is over, or never began.
std::optional<Duration> Left(const std::optional<WallTime>& since, Duration delay) {
  if (!since) return std::nullopt;
  const Duration left = *since + delay - platform::WallNow();
  if (left <= Duration{0}) return std::nullopt;
  return std::min<Duration>(left, delay);
}

// What is told of one with notes; also removes those that are due.
void Keep(platform::FileSystem& files,
          const ContainerDirectories& directories,
          const ContainerId& id,
          Duration delay,
          Recovery& recovery) {
  const LaunchNotes notes(files, directories.Notes(id));
  const auto forgotten = notes.ForgottenAt();
  const KeptContainer kept{id, Left(notes.EndedAt(), delay), Left(forgotten, delay)};
  if (forgotten && !kept.notes) Warn(id.ToString(), directories.RemoveNotes(files, id));
  if (!kept.work && !kept.notes) return;
  recovery.kept.push_back(kept);
  recovery.applications.push_back(id.attempt.application);
}

// --- versions

// Before anything is touched: of all that may still be wanted.
Status CheckVersions(platform::FileSystem& files,
                     const ContainerDirectories& directories,
                     const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto id = ContainerId::Parse(name);
    if (!id.ok()) continue;
    const LaunchNotes notes(files, directories.Notes(*id));
    if (!notes.ForgottenAt()) WEIR_RETURN_IF_ERROR(notes.CheckVersion());
  }
  return {};
}

// --- directories

void RemoveIfNot(platform::FileSystem& files, bool wanted, const std::string& path) {
  if (!wanted) Warn(path, files.RemoveTree(path));
}

// False, and said, when something else than our own directories is on the way: with root's rights
// nothing is removed there. What is not there is no harm.
bool IsSafe(const std::string& local, const std::string& path) {
  const Status way = CheckWay(local, path, NeededOwnership());
  if (way.ok() || way.error().code == ErrorCode::kNotFound) return true;
  Warn(path, way);
  return false;
}

// Below one user: <appcache>/<application>/<container>; whatever is of no living application goes.
// What a living one has fetched for itself is the cache's.
bool RemoveOfUser(platform::FileSystem& files,
                  const std::string& local,
                  const std::string& appcache,
                  const std::map<ApplicationId, std::set<ContainerId>>& living) {
  bool wanted = false;
  const auto names = files.List(appcache);
  if (!names.ok()) return false;
  for (const std::string& name : *names) {
    const std::string directory = appcache + "/" + name;
    const auto application = ApplicationId::Parse(name);
    const auto found = application.ok() ? living.find(*application) : living.end();
    RemoveIfNot(files, found != living.end(), directory);
    if (found == living.end()) continue;
    wanted = true;
    if (!IsSafe(local, directory)) continue;
    const auto inside = files.List(directory);
    if (!inside.ok()) continue;
    for (const std::string& one : *inside) {
      const auto id = ContainerId::Parse(one);
      if (id.ok()) RemoveIfNot(files, found->second.contains(*id), directory + "/" + one);
    }
  }
  return wanted;
}

void RemoveDirectories(platform::FileSystem& files,
                       const ContainerDirectories& directories,
                       const std::map<ApplicationId, std::set<ContainerId>>& living) {
  for (const std::string& local : directories.local()) {
    const std::string users = local + "/usercache";
    if (const auto names = files.List(users); names.ok()) {
      for (const std::string& user : *names) {
        const std::string path = users + "/" + user;
        if (!IsSafe(local, path) || !IsSafe(local, path + "/appcache")) continue;
        const bool wanted = RemoveOfUser(files, local, path + "/appcache", living);
        // What was fetched for the user stays in the user's cache.
        const bool has_cache = files.Stat(path + "/filecache").ok();
        RemoveIfNot(files, wanted, has_cache ? path + "/appcache" : path);
      }
    }
  }
}

}  // namespace

Status FindLeftovers(platform::FileSystem& files,
                     const ContainerDirectories& directories,
                     Duration patience,
                     Recovery& recovery,
                     Duration delete_delay) {
  const Instant deadline = platform::MonotonicNow() + patience;
  std::set<ContainerId> strangers;
  if (const auto names = files.List(directories.notes()); names.ok()) {
    WEIR_RETURN_IF_ERROR(CheckVersions(files, directories, *names));
    for (const std::string& name : *names) {
      const auto id = ContainerId::Parse(name);
      if (!id.ok()) continue;
      const bool forgotten = LaunchNotes(files, directories.Notes(*id)).ForgottenAt().has_value();
      Keep(files, directories, *id, delete_delay, recovery);
      // Its record may be gone before its notes: nobody asks for its end any more.
      if (!forgotten) strangers.insert(*id);
    }
  } else if (names.error().code != ErrorCode::kNotFound) {  // the first start
    return names.error();
  }
  std::map<ApplicationId, std::set<ContainerId>> living;
  for (RecoveredContainer& container : recovery.containers) {
    const ContainerId& id = container.record.token.id;
    strangers.erase(id);
    switch (container.record.phase) {
      case RecordedPhase::kAccepted:
      case RecordedPhase::kLaunched:
        container.found = Find(files, directories, container, deadline);
        if (container.found.found != Found::kNothing) {
          living[id.attempt.application].insert(id);
        } else {
          // What was handed over to a user already cannot be prepared again. The working directory
          // goes with all those that nobody lives in.
          Warn(id.ToString(), directories.RemoveLog(files, id));
          Warn(id.ToString(), directories.RemoveNotes(files, id));
        }
        break;
      case RecordedPhase::kComplete:
        recovery.applications.push_back(id.attempt.application);
        break;
      case RecordedPhase::kForgotten:
        recovery.applications.push_back(id.attempt.application);
        if (!LaunchNotes(files, directories.Notes(id)).ForgottenAt()) {
          Warn(id.ToString(), directories.RemoveNotes(files, id));
        }
        break;
    }
  }
  for (const KeptContainer& kept : recovery.kept) {
    if (kept.work) living[kept.id.attempt.application].insert(kept.id);
  }
  EndStrangers(files, directories, strangers, deadline, recovery);
  RemoveDirectories(files, directories, living);
  return {};
}

}  // namespace weir::nm
