// What a NodeManager finds when it starts: the records of an earlier one, and what its executor
// found of each container's processes. Immutable values.
#ifndef WEIR_NODEMANAGER_CORE_RECOVERY_H_
#define WEIR_NODEMANAGER_CORE_RECOVERY_H_

#include <optional>
#include <vector>

#include "common/container.h"
#include "common/result.h"
#include "nodemanager/core/events.h"
#include "nodemanager/core/node_records.h"
#include "nodemanager/core/resource_indices.h"

namespace weir::nm {

enum class Found {
  kNothing,  // no process of it was ever started, and nothing is left of preparing it
  kRunning,  // its launcher lives
  kEnded,    // nothing of it is left: `outcome` or `failure` says how it ended
};

struct FoundContainer {
  Found found = Found::kNothing;
  std::optional<ExitOutcome> outcome;
  std::optional<Error> failure;  // its program could not be started
  bool of_node = false;          // by the node's own fault
  // Which of its retries that is about, 0 = its first start. It may be the one before what the
  // record says, which was never started then. Nothing: the one that the record says.
  std::optional<int64_t> retry = {};
};

struct RecoveredContainer {
  ContainerRecord record;
  std::optional<LaunchContext> launch;
  ContainerIndices indices;
  FoundContainer found;
  std::optional<ResizeRecord> resize = {};
};

// One that is over, and whose directory or notes are kept for somebody to look at.
struct KeptContainer {
  ContainerId id;
  std::optional<Duration> work;   // how long its working directory still is
  std::optional<Duration> notes;  // and its notes
};

struct Recovery {
  // Of this boot; nothing when there is none, or the machine has been started since.
  std::optional<ConversationRecord> conversation;
  std::vector<RecoveredContainer> containers;
  // Containers without a record, of which nothing is left now, with their ends.
  std::vector<ContainerStatus> ended;
  std::vector<KeptContainer> kept;
  std::vector<ApplicationId> applications;  // with directories here
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_RECOVERY_H_
