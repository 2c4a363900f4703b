// What the NodeManager core wants done, as values, in order. All go out at once: what depends on a
// record comes only after RecordsKept. Immutable values.
#ifndef WEIR_NODEMANAGER_CORE_ACTIONS_H_
#define WEIR_NODEMANAGER_CORE_ACTIONS_H_

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/caller.h"
#include "common/container.h"
#include "common/node_messages.h"
#include "common/result.h"
#include "nodemanager/core/events.h"
#include "nodemanager/core/node_records.h"
#include "nodemanager/core/resource_indices.h"

namespace weir::nm {

// --- to the ResourceManager
struct SendRegister {
  RegisterNodeRequest request;
};
// At most two are under way: when there is news while one is parked at the RM, the next goes out on
// a connection of its own, and the RM ends the parked one with kAborted.
struct SendHeartbeat {
  NodeHeartbeatRequest request;
};
struct SendUnregister {
  int64_t session = 0;
};

// --- to the records, which are written in order; RecordsKept or RecordFailed follows
struct KeepRecord {
  int64_t sequence = 0;  // 1, 2, 3...
  NodeRecord record;     // in place of what its key held
};
struct DropRecord {
  int64_t sequence = 0;
  std::string key;
};

// --- to the executor
// Takes on a container that an earlier NodeManager has started: watches its processes, as after
// Launched, when they run; and may be told to launch it again.
struct Reacquire {
  ContainerTokenIdentifier token;
  LaunchContext launch;
  bool runs = true;
};
// Makes directories and secrets, fetches the files.
struct Localize {
  ContainerTokenIdentifier token;
  LaunchContext launch;
};
// Ends a Localize early: LocalizationFailed (or Done, if it was ready) follows soon.
struct CallOffLocalization {
  ContainerId id;
};
// Follows LocalizationDone of the same container; and again, after Drained, when its retry policy
// wants that: in the same directories, its output goes behind what is there.
struct Launch {
  ContainerId id;
  ContainerIndices indices;  // for its environment
  int64_t retry = 0;         // how often it was started before
};
enum class SignalKind {
  kTerminate,    // SIGTERM to all it started; weir-launch sends SIGKILL after the grace if need be
  kKill,         // SIGKILL to all it started
  kDumpThreads,  // SIGQUIT to its main process
  kAskToEnd,     // SIGTERM to all it started, and nothing after it
};
struct Signal {
  ContainerId id;
  SignalKind kind = SignalKind::kTerminate;
};
// Gives its processes other limits. While they do not run there are none to change: then this is
// the size that the next Launch gives it.
struct Resize {
  ContainerId id;
  int64_t number = 0;
  Resource resource;
  bool runs = true;
};
// Removes its directory (not its logs).
struct CleanUp {
  ContainerId id;
};
// Its end is recorded by the RM and its directory is gone: the node's own notes of it may go.
struct Forget {
  ContainerId id;
};
// New containers go into these only; what is elsewhere stays and is still found.
struct UseDirectories {
  std::vector<std::string> local;
  std::vector<std::string> log;
};
// The application is over and nothing of it is left here: what its containers shared may go.
struct CleanUpApplication {
  ApplicationId id;
};

// --- to callers
struct NoContent {};
struct Reply {
  CallId call;
  std::variant<Error,
               NoContent,        // StartContainer, StopContainer
               ContainerStatus>  // WatchContainer
      answer;
};

// --- to the shell
// For the log, the metrics and the audit: one per state change.
struct Transitioned {
  ContainerId id;
  std::string_view from;
  std::string_view event;
  std::string_view to;
  std::string detail;  // "" or the cause in words
};
// A (state, event) pair that the table calls invalid: a fault of ours, to be logged.
struct InvalidEvent {
  ContainerId id;
  std::string_view state;  // "UNKNOWN" when there is no such container
  std::string_view event;
};
// How the conversation with the RM goes, for the log: "registered", "lost", ...
struct ConversationChanged {
  std::string what;
};
// What the node says of its health has changed, for the log.
struct HealthNoted {
  bool healthy = true;
  std::string report;
};
// ShutDown has been carried out: the process may end.
struct Stopped {};

using Action = std::variant<SendRegister,
                            SendHeartbeat,
                            SendUnregister,
                            KeepRecord,
                            DropRecord,
                            Reacquire,
                            Localize,
                            CallOffLocalization,
                            Launch,
                            Signal,
                            Resize,
                            CleanUp,
                            Forget,
                            CleanUpApplication,
                            UseDirectories,
                            Reply,
                            Transitioned,
                            InvalidEvent,
                            ConversationChanged,
                            HealthNoted,
                            Stopped>;
using Actions = std::vector<Action>;

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_ACTIONS_H_
