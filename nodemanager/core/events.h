// What can happen to a NodeManager, as values. The shell (or the simulator) makes them; the core
// answers each with actions. A CallId names a caller that waits: the core answers every call
// exactly once with a Reply action, at once or later, unless CallAbandoned came first.
//
// The shell's promises: every SendRegister is followed by one Registered or RegistrationFailed;
// every SendHeartbeat by one HeartbeatAnswered or HeartbeatFailed (in any order between the two
// that may be under way; after a time limit of its own at the latest); SendUnregister by one
// Unregistered; Localize by one LocalizationDone or LocalizationFailed, also when it was called
// off; Launch by LaunchFailed, or by Launched, then Exited, then Drained (after which it may be
// launched again); Reacquire of a running one by Exited, then Drained, or by LaunchFailed; CleanUp
// by CleanedUp; Resize by one Resized, whatever becomes of the container; every KeepRecord and
// DropRecord by RecordsKept with its sequence or a later one, perhaps after RecordFailed. Immutable
// values.
#ifndef WEIR_NODEMANAGER_CORE_EVENTS_H_
#define WEIR_NODEMANAGER_CORE_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/caller.h"
#include "common/container.h"
#include "common/node_messages.h"
#include "common/result.h"
#include "nodemanager/core/memory_monitor.h"
#include "nodemanager/core/node_health.h"

namespace weir::nm {

struct CallId {
  uint64_t value = 0;
  auto operator<=>(const CallId&) const = default;
};

// --- the ResourceManager
struct Registered {
  RegisterNodeAnswer answer;
};
struct RegistrationFailed {
  Error error;
};
struct HeartbeatAnswered {
  int64_t session = 0;
  int64_t sequence = 0;  // of the request
  NodeHeartbeatAnswer answer;
};
struct HeartbeatFailed {
  int64_t session = 0;
  int64_t sequence = 0;
  Error error;
};
struct Unregistered {};

// --- ApplicationMasters; the attempt is the connection's
struct StartContainer {
  CallId call;
  AttemptId attempt;
  ContainerTokenIdentifier token;
  LaunchContext launch;
};
struct StopContainer {
  CallId call;
  AttemptId attempt;
  ContainerId id;
};
// A long poll: answers when the state is another than `known`, or `park` has passed.
struct WatchContainer {
  CallId call;
  AttemptId attempt;
  ContainerId id;
  ContainerState known = ContainerState::kNew;
  Duration park{0};
};
// The peer of a parked call left: no answer is needed any more.
struct CallAbandoned {
  CallId call;
};

// --- the executor
struct LocalizationDone {
  ContainerId id;
};
struct LocalizationFailed {
  ContainerId id;
  Error error;
  bool of_node = false;  // the node's own fault, not the application's
};
// How far it has come, in words; now and then, while it takes long.
struct LocalizationProgress {
  ContainerId id;
  std::string detail;
};
struct Launched {
  ContainerId id;
};
// Nothing runs.
struct LaunchFailed {
  ContainerId id;
  Error error;
  bool of_node = false;  // as above
};

enum class ExitKind : int {
  kExited = 1,    // `value` is the exit status
  kSignaled = 2,  // `value` is the signal
  kLost = 3,      // the launcher was killed: nobody saw how the process ended
};
// What the kernel counted of a container's memory as a whole, where it has a cgroup for it.
struct GroupMemory {
  int64_t peak_mib = 0;
  int64_t limit_mib = 0;      // 0 = it had no hard limit of its own
  int64_t oom_kills = 0;      // processes that the kernel killed for want of memory
  bool at_own_limit = false;  // at its own limit; else at that of the node's containers together
  bool operator==(const GroupMemory&) const = default;
};
struct ExitOutcome {
  ExitKind kind = ExitKind::kExited;
  int value = 0;
  int64_t peak_memory_mib = 0;   // of its largest process; 0 = not known
  std::string stderr_tail = {};  // at most a few KiB; "" for success
  std::string full_disk = {};    // a directory of its own without room left; "" for success
  std::optional<GroupMemory> group = {};
  bool operator==(const ExitOutcome&) const = default;
};
struct Exited {
  ContainerId id;
  ExitOutcome outcome;
};
struct Drained {
  ContainerId id;
};
struct CleanedUp {
  ContainerId id;
};

// What came of a Resize; so often as that was asked for.
struct Resized {
  ContainerId id;
  int64_t number = 0;
  std::optional<Error> failure;  // its limits are as they were
};

// Its logs take more of the disk than they may: it is to be killed.
struct ExcessLogs {
  ContainerId id;
  std::string words;  // with the numbers
};

// --- the records
// All up to `sequence` survive this process.
struct RecordsKept {
  int64_t sequence = 0;
};
// Those up to `sequence` could not be written so far; the shell goes on trying. `alone`: only that
// of `sequence`, which can never be written; RecordsKept of later ones does not mean it.
struct RecordFailed {
  int64_t sequence = 0;
  Error error;
  bool alone = false;
};

// --- the shell
// A round of looks at the local and log directories.
struct DirectoriesChecked {
  std::vector<DirectorySample> samples;
};
struct HealthScriptRan {
  ScriptResult result;
};
// Ends with a Stopped action, in bounded time: stops every container and tells the RM before; or
// leaves all as it is, for the next NodeManager.
struct ShutDown {
  bool keep_containers = false;
};
// NextDeadline() has come.
struct DeadlineReached {};

using Event = std::variant<Registered,
                           RegistrationFailed,
                           HeartbeatAnswered,
                           HeartbeatFailed,
                           Unregistered,
                           StartContainer,
                           StopContainer,
                           WatchContainer,
                           CallAbandoned,
                           LocalizationDone,
                           LocalizationFailed,
                           LocalizationProgress,
                           Launched,
                           LaunchFailed,
                           Exited,
                           Drained,
                           CleanedUp,
                           Resized,
                           ExcessLogs,
                           DirectoriesChecked,
                           HealthScriptRan,
                           UsageSampled,
                           RecordsKept,
                           RecordFailed,
                           ShutDown,
                           DeadlineReached>;

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_EVENTS_H_
