// PreemptionSource: what a preemption round reads of the scheduler. The engine implements it; tests
// do with plain data.
//
// Lifetime: a round reads it over several steps, between which containers and applications may
// come and go: slots are to be checked again (LeafOf) before they are used.
#ifndef WEIR_SCHEDULER_PREEMPTION_PREEMPTION_SOURCE_H_
#define WEIR_SCHEDULER_PREEMPTION_PREEMPTION_SOURCE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "common/time.h"
#include "scheduler/amounts.h"
#include "scheduler/preemption/queue_snapshot.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

struct PreemptableContainer {
  ContainerSlot container;
  PartitionSlot partition;
  ShapeSlot shape;
  int32_t priority = 0;   // of its ask; a lower number is more important
  bool master = false;    // the ApplicationMaster's (JobManager's)
  bool borrowed = false;  // on a non-exclusive partition of another label
  int64_t gang = 0;       // containers of one gang of the application share a number; 0 = none
};

// One of the containers of a node.
struct NodeContainer {
  ApplicationSlot application;
  PreemptableContainer what;
};

// A node that is held back for one container.
struct HeldNode {
  NodeSlot node;
  PartitionSlot partition;
  ApplicationSlot application;
  Amounts lacks;  // what the container needs beyond what is free there, or on its way out
  Instant since;
};

class PreemptionSource {
 public:
  virtual ~PreemptionSource() = default;

  // TakeSnapshot and TakeUsers of the queue tree.
  virtual QueueSnapshot Snapshot() const = 0;
  virtual std::vector<SnapshotUser> UsersOf(QueueSlot leaf, PartitionSlot partition) const = 0;
  virtual const Amounts& shape(ShapeSlot shape) const = 0;
  // The activated applications of a leaf, least important first (reverse of the leaf's ordering).
  virtual std::vector<ApplicationSlot> LeastImportantFirst(QueueSlot leaf) const = 0;
  // The leaf of a live application; the slot with value -1 when it is not live.
  virtual QueueSlot LeafOf(ApplicationSlot application) const = 0;
  // Of submission: the newest application has the largest.
  virtual int64_t OrderOf(ApplicationSlot application) const = 0;
  virtual UserSlot UserOf(ApplicationSlot application) const = 0;
  virtual int32_t PriorityOf(ApplicationSlot application) const = 0;
  virtual Amounts UsedBy(ApplicationSlot application, PartitionSlot partition) const = 0;
  virtual Amounts PendingOf(ApplicationSlot application, PartitionSlot partition) const = 0;
  // Its live containers that are not on their way out, newest first.
  virtual std::vector<PreemptableContainer> ContainersOf(ApplicationSlot application) const = 0;
  virtual std::vector<HeldNode> HeldNodes() const = 0;  // in the order of nodes
  // Its live containers that are not on their way out, newest first.
  virtual std::vector<NodeContainer> ContainersOn(NodeSlot node) const = 0;
  // Lazy preemption: whether something that the leaf waits for would fit on the container's node if
  // those of its containers that `killable` names were gone.
  virtual bool RoomIsWanted(ContainerSlot container,
                            QueueSlot leaf,
                            const std::function<bool(ContainerSlot)>& killable) const = 0;
  // Nodes reserved by it: (amount, partition), to be given up before containers are taken.
  struct Reservation {
    NodeSlot node;
    PartitionSlot partition;
    Amounts amounts;
  };
  virtual std::vector<Reservation> ReservationsOf(ApplicationSlot application) const = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_PREEMPTION_SOURCE_H_
