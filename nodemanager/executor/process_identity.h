// Which processes are a container's: start times that tell a pid from its reuse, and the search for
// what a container's launcher left behind. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_PROCESS_IDENTITY_H_
#define WEIR_NODEMANAGER_EXECUTOR_PROCESS_IDENTITY_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "platform/file_descriptor.h"

namespace weir::nm {

// A process for ever: its pid may come again, with another start time or after another boot.
struct ProcessIdentity {
  pid_t pid = 0;
  int64_t start_ticks = 0;  // since boot, as in /proc/<pid>/stat
  std::string boot_id;

  // "pid start boot", and back.
  std::string Encode() const;
  static std::optional<ProcessIdentity> Decode(const std::string& text);
};

// Of this boot of the machine; "" when the system does not say.
std::string BootId();
// Whether it is a weir-launch of our own user that was started with that launch spec.
bool IsLauncherOf(pid_t pid, const std::string& spec_path);
// Nothing when there is no such process now.
std::optional<ProcessIdentity> IdentifyProcess(pid_t pid);
// A handle on exactly this process; kNotFound when it has ended or the pid is another's.
Result<platform::FileDescriptor> OpenProcess(const ProcessIdentity& process);

// Whose the processes of a container are: the uid it runs under, when that is not the NodeManager's
// own.
using ContainerUid = std::optional<int64_t>;

// The processes that belong to the session of `launcher` (0 = not asked), which nobody enters from
// outside, or carry CONTAINER_ID=<id> in the environment they were started with. Anybody can set
// that: it counts only for processes of `uid` with all their ids, and for a weir-launch of our own
// user. For containers whose launcher is gone: while it lives, it has them all.
std::vector<pid_t> FindStrays(const ContainerId& id, pid_t launcher, ContainerUid uid = {});
// SIGKILL to all of them, each through a handle that was looked at again after it was opened, so
// that no other process that got its number is hit; how many there were.
size_t KillStrays(const ContainerId& id, pid_t launcher, ContainerUid uid = {});

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_PROCESS_IDENTITY_H_
