// One node: its registration, its conversation, what it is to be told.
//
// Terms: an item is *untold* until it is in an answer. Start commands, recorded completions and
// finished applications are acknowledged by the next sequence; a stop command is in every answer
// until the node reports the container COMPLETE. Owner: the core's state. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_NODE_H_
#define WEIR_RESOURCEMANAGER_CORE_NODE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/application.h"
#include "common/ids.h"
#include "common/node_messages.h"
#include "common/time.h"
#include "resourcemanager/core/actions.h"
#include "resourcemanager/core/application_attempt.h"
#include "resourcemanager/core/poll_session.h"
#include "scheduler/slots.h"
#include "state-store/records.h"

namespace weir::rm {

inline constexpr size_t kFinishedApplicationsPerNode = 10'000;

struct Node {
  store::NodeRecord record;
  int32_t index = -1;  // dense; another node's, once this one is forgotten
  SharedText name;     // its id, for actions
  SharedText words;    // "node=<id>", for those about its containers
  NodeState state = NodeState::kNew;
  bool awaited = false;                     // NEW: known from the store, and not heard of yet
  std::optional<scheduler::NodeSlot> slot;  // while active
  int64_t session = 0;
  std::pair<int64_t, int64_t> registration;  // the newest: its process, its number
  uint64_t record_sequence = 0;              // of `record`; 0 = durable since the start
  bool healthy = true;                       // says its NodeManager
  std::string health_report;
  Instant silent_at = kNever;       // when it would have been LOST but for the limit on that
  WallTime silent_since;            // of silent ones
  Instant gone_at = kNever;         // since when it is LOST, SHUTDOWN or DECOMMISSIONED
  bool drain_enforced = false;      // its deadline has come: what is there is being stopped
  std::string own_label;            // that its NodeManager names
  Resource offered;                 // what its NodeManager says that it has
  std::optional<Resource> granted;  // what an administrator says instead
  bool granted_untold = false;
  WallTime last_heartbeat;
  NodeUtilization utilization;
  ContainerList containers;  // held ones
  // Of no live application here (an older epoch, told as over): stopped by id, then forgotten.
  std::set<ContainerId> strangers;
  // What an earlier ResourceManager gave and this node is to say something about: AMs by their
  // attempts' records, other containers by what their AMs say. Settled when it registers or is
  // LOST.
  std::set<ContainerId> expected;
  // Reported COMPLETE, and not recorded yet because the AM has not acknowledged it: until then the
  // node keeps it, so that a crash here loses no end.
  std::set<ContainerId> unacknowledged;

  PollSession<NodeHeartbeatAnswer> polls;
  struct Stop {
    StopReason reason = StopReason::kKilledByResourceManager;
    bool told = false;
  };
  std::map<ContainerId, int64_t> starts;                   // AM containers -> told in
  std::map<ContainerId, Stop> stops;                       // until reported COMPLETE
  std::set<int64_t> commands;                              // State::commands to its containers
  std::map<ContainerId, int64_t> recorded;                 // completions -> told in
  std::map<ApplicationId, int64_t> finished_applications;  // -> told in

  bool dirty = false;  // of the step under way: it may have something to hear

  const NodeId& id() const { return record.id; }
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_NODE_H_
