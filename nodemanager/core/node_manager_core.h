// NodeManagerCore: the whole NodeManager as a deterministic machine.
//
//   Step(event, now) -> actions        NextDeadline()        const queries
//
// No clock, thread, lock, file, socket or ambient randomness: time comes in, actions go out. The
// same events with the same times give the same actions.
//
// Invariants: the resources of containers that are not complete fit in the node's capacity, and no
// two of them hold the same index of a resource (resource_indices.h); a container is complete only
// when no process of it is left; a completion is kept, and told again at every registration, until
// the RM has recorded it; a container id is started at most once while its token lives, whatever
// becomes of the NodeManager meanwhile; nothing is stopped but by explicit id, with the whole
// NodeManager, or at the end of the lease (lease.h); a command of an epoch below the highest seen
// is refused; every call is answered exactly once.
//
// Records before answers: a start or a stop is answered to its caller, and the RM's start command
// acknowledged, only when the record of it is kept. So the next NodeManager (recovery.h) goes on
// from what was promised. Records before signals: what ends a container goes out when the record of
// who wants that is kept, or the disk has not answered for record_patience.
//
// Owner: the server's core loop, or the simulator. Single-threaded.
#ifndef WEIR_NODEMANAGER_CORE_NODE_MANAGER_CORE_H_
#define WEIR_NODEMANAGER_CORE_NODE_MANAGER_CORE_H_

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/container.h"
#include "common/hostport.h"
#include "common/time.h"
#include "nodemanager/core/actions.h"
#include "nodemanager/core/container_states.h"
#include "nodemanager/core/events.h"
#include "nodemanager/core/node_health.h"
#include "nodemanager/core/recovery.h"
#include "nodemanager/core/resource_indices.h"

namespace weir::nm {

struct CoreOptions {
  NodeId id;
  HostPort address;          // advertised container service
  std::string http_address;  // advertised
  std::string rack = "/default-rack";
  Resource capacity;  // of indexed types as many as they have devices
  std::vector<IndexedType> indexed{};
  std::string label{};  // partition; "" = none
  MemoryMonitorOptions memory{};
  Duration park = seconds(30);                    // of a heartbeat at the RM
  Duration sigkill_delay = milliseconds(250);     // from SIGTERM to SIGKILL
  Duration sigkill_repeat = seconds(5);           // SIGKILL again while something is left
  Duration record_patience = milliseconds(100);   // that a signal waits for its record at most
  Duration smallest_retry = seconds(1);           // from a failure to a retry in place
  Duration smallest_back_off = milliseconds(50);  // to the RM, doubled up to the largest
  Duration largest_back_off = seconds(2);
  Duration shutdown_wait = seconds(10);    // for the containers to end
  Duration recording_wait = seconds(2);    // for the RM to record their ends
  Duration remember_stops = seconds(600);  // of containers that were never started here
  size_t container_limit = 10'000;         // held at once, not yet recorded ones included
  uint64_t seed = 1;                       // spreads the back-off of many nodes
  // Larger than that of every earlier process of this node, such as the time of its start. Should
  // it not be, the core raises it until the RM takes it.
  int64_t process = 0;
  HealthLimits health{};

  // From when a container is to end until it has been sent SIGKILL.
  Duration longest_stop() const { return record_patience + sigkill_delay; }
};

// A pair that the containers' table says to ignore, and that occurred.
struct IgnoredPair {
  std::string_view state;
  std::string_view event;
  auto operator<=>(const IgnoredPair&) const = default;
};

class NodeManagerCore {
 public:
  NodeManagerCore(const CoreOptions& options, const Recovery& recovery, Now now);
  ~NodeManagerCore();

  // Goes on from what was found, and registers. Call once, first.
  Actions Start(Now now);
  Actions Step(const Event& event, Now now);
  // When DeadlineReached is due at the latest; kNever if nothing waits.
  Instant NextDeadline() const;

  // --- queries
  struct ContainerView {
    ContainerStatus status;
    State state = State::kNew;
    std::string user;
    WallTime started;
    WallTime finished;  // 1970 until then
    ContainerIndices indices{};
  };
  // By id; complete ones until the RM has recorded them.
  std::vector<ContainerView> Containers() const;
  size_t size() const;  // of Containers
  std::optional<ContainerView> Find(const ContainerId& id) const;
  Resource used() const;                       // by containers that are not complete
  const NodeUtilization& utilization() const;  // as last sampled
  bool registered() const;
  Epoch epoch() const;           // the highest seen; 0 before the first registration
  WallTime last_answer() const;  // of the RM; 1970 before the first
  const CoreOptions& options() const;
  const NodeHealth& health() const;
  // Each pair once, in order. For the simulator's coverage.
  std::vector<IgnoredPair> ignored() const;
  // The first broken invariant in words; "" if all hold. For the simulator and debug builds.
  std::string CheckInvariants() const;

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_NODE_MANAGER_CORE_H_
