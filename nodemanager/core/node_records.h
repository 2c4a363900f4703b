// What survives a NodeManager, as values, and their bytes.
//
// Terms. A container's *record* says what was decided about it: that its start was accepted, that
// its process was started, that somebody asked for its end, how it ended, that the ResourceManager
// has recorded that. What its processes did is not here: weir-launch writes that into the
// container's notes (launch_notes.h), so that it is true also while no NodeManager runs. Its
// *launch record* holds the launch context, which is large and never changes; its *indices record*
// which indices of resources it holds, if it holds any.
//
// A record has a key ("container/container_e03_...") and the envelope of state-store/
// records_envelope.h. Decode answers kCorruption for damage and for an unknown version. Pure;
// immutable values.
#ifndef WEIR_NODEMANAGER_CORE_NODE_RECORDS_H_
#define WEIR_NODEMANAGER_CORE_NODE_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/caller.h"
#include "common/container.h"
#include "common/result.h"
#include "nodemanager/core/exit_cause.h"
#include "nodemanager/core/resource_indices.h"

namespace weir::nm {

// In the order in which a container goes through them.
enum class RecordedPhase : int {
  kAccepted = 1,   // its start was accepted
  kLaunched = 2,   // its process was started
  kComplete = 3,   // it has ended; the RM has yet to record that
  kForgotten = 4,  // the RM has; kept until its token can start nothing any more
};

struct RecordedStop {
  StopCause cause = StopCause::kKilledByResourceManager;
  std::string words;  // of the cause, beyond its name
  WallTime asked;
  bool operator==(const RecordedStop&) const = default;
};

struct ContainerRecord {
  ContainerTokenIdentifier token;
  RecordedPhase phase = RecordedPhase::kAccepted;
  LeaseEnd on_lease_end = LeaseEnd::kStop;
  std::optional<RecordedStop> stop;
  WallTime started;
  int64_t retries = 0;  // in its place, so far
  // Of a complete one.
  WallTime finished;
  int32_t exit_code = exit_code::kNotYet;
  std::string diagnostics;
  bool operator==(const ContainerRecord&) const = default;
};

struct LaunchRecord {
  ContainerId id;
  LaunchContext launch;
  bool operator==(const LaunchRecord&) const = default;
};

// Another size that its container is to have: from when that was accepted until its limits are
// changed, or cannot be. What a container's own record says is the size it has.
struct ResizeRecord {
  ContainerId id;
  int64_t number = 0;  // of the command
  Resource resource;
  bool operator==(const ResizeRecord&) const = default;
};

// One per node: the conversation with the ResourceManager, as far as the next NodeManager needs it.
struct ConversationRecord {
  int64_t first_session = 0;  // container tokens given out since then may still start something
  Epoch epoch;                // the highest seen
  Duration heard{0};          // see lease.h; since this boot, on the monotonic clock
  Duration lease{0};
  bool operator==(const ConversationRecord&) const = default;
};

// One per node, of its shell: which boot the others were written under, and the ports that were
// bound, so that the next one gets them again.
struct MachineRecord {
  std::string boot_id;
  uint16_t container_port = 0;
  uint16_t http_port = 0;
  bool operator==(const MachineRecord&) const = default;
};

struct IndicesRecord {
  ContainerId id;
  ContainerIndices indices;
  bool operator==(const IndicesRecord&) const = default;
};

// Only ever added to at the end: the place is stored.
using NodeRecord = std::variant<ContainerRecord,
                                LaunchRecord,
                                ConversationRecord,
                                MachineRecord,
                                IndicesRecord,
                                ResizeRecord>;

std::string KeyOf(const NodeRecord& record);
// What a launch context takes in its record.
size_t RecordedBytes(const LaunchContext& launch);
std::string ContainerKey(const ContainerId& id);
std::string LaunchKey(const ContainerId& id);
std::string IndicesKey(const ContainerId& id);
std::string ResizeKey(const ContainerId& id);

// kResourceExhausted: over limits::kRecordBytes; the message names the key and the size.
Result<std::string> Encode(const NodeRecord& record);
// kCorruption with the key.
Result<NodeRecord> Decode(std::string_view key, std::string_view bytes);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_NODE_RECORDS_H_
