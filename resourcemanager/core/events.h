// What can happen to a ResourceManager, as values. The shell (or the simulator) makes them; the
// core answers each with actions. A CallId names a caller that waits: the core answers every call
// exactly once with a Reply action, at once or later. Immutable values.
#ifndef WEIR_RESOURCEMANAGER_CORE_EVENTS_H_
#define WEIR_RESOURCEMANAGER_CORE_EVENTS_H_

#include <cstdint>
#include <string>
#include <variant>

#include "common/application.h"
#include "common/caller.h"
#include "common/master_messages.h"
#include "common/node_messages.h"
#include "common/result.h"

namespace weir::rm {

struct CallId {
  uint64_t value = 0;
  auto operator<=>(const CallId&) const = default;
};

// --- clients
struct SubmitApplication {
  CallId call;
  std::string user;
  std::string idempotency_key;
  SubmissionContext context;
};
struct KillApplication {
  CallId call;
  std::string user;
  bool may_administer = false;  // the caller is an administrator: may kill others' applications
  ApplicationId id;
  std::string diagnostics;
};
// A long poll: answers when the report's version is above `known_version`, or `park` has passed.
struct WatchApplication {
  CallId call;
  ApplicationId id;
  int64_t known_version = -1;
  Duration park{0};
};

// --- NodeManagers
struct RegisterNode {
  CallId call;
  RegisterNodeRequest request;
};
struct NodeHeartbeat {
  CallId call;
  NodeId node;
  NodeHeartbeatRequest request;
};
struct UnregisterNode {
  CallId call;
  NodeId node;
  int64_t session = 0;
};

// --- ApplicationMasters; the attempt is the connection's
struct RegisterMaster {
  CallId call;
  AttemptId attempt;
  RegisterMasterRequest request;
};
struct Allocate {
  CallId call;
  AttemptId attempt;
  AllocateRequest request;
};
struct FinishMaster {
  CallId call;
  AttemptId attempt;
  FinishMasterRequest request;
};

// --- the shell
// The peer of a parked call left: no answer is needed any more.
struct CallAbandoned {
  CallId call;
};
// Every record up to and with this sequence is durable.
struct RecordsCommitted {
  uint64_t sequence = 0;
};
// A write failed or was fenced: the core becomes inert, and says StepDown.
struct StoreFailed {
  Error error;
};
// NextDeadline() has come.
struct DeadlineReached {};

using Event = std::variant<SubmitApplication,
                           KillApplication,
                           WatchApplication,
                           RegisterNode,
                           NodeHeartbeat,
                           UnregisterNode,
                           RegisterMaster,
                           Allocate,
                           FinishMaster,
                           CallAbandoned,
                           RecordsCommitted,
                           StoreFailed,
                           DeadlineReached>;

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_EVENTS_H_
