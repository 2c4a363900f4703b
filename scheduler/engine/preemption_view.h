// PreemptionView: the engine as a preemption round reads it.
// Lifetime: no longer than the State it was made of. Single-threaded.
#ifndef WEIR_SCHEDULER_ENGINE_PREEMPTION_VIEW_H_
#define WEIR_SCHEDULER_ENGINE_PREEMPTION_VIEW_H_

#include <map>
#include <string>
#include <vector>

#include "scheduler/engine/container_table.h"
#include "scheduler/engine/records.h"
#include "scheduler/engine/shape_table.h"
#include "scheduler/nodes/node_table.h"
#include "scheduler/preemption/preemption_source.h"
#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {

class PreemptionView final : public PreemptionSource {
 public:
  // What it reads; all outlive it.
  struct Parts {
    const std::map<std::string, PartitionSlot>& labels;
    const Amounts& minimum;  // allocation
    const QueueTree& tree;
    const NodeTable& nodes;
    const ContainerTable& containers;
    const ShapeTable& shapes;
    const std::vector<Application>& applications;
    const std::vector<std::vector<ApplicationSlot>>& members;  // by leaf
    const std::vector<Line>& lines;
    const std::vector<Ask>& asks;
    const std::map<NodeSlot, weir::scheduler::Reservation>& reservations;
  };
  explicit PreemptionView(const Parts& parts) : parts_(parts) {}

  QueueSnapshot Snapshot() const override;
  std::vector<SnapshotUser> UsersOf(QueueSlot leaf, PartitionSlot partition) const override;
  const Amounts& shape(ShapeSlot shape) const override { return parts_.shapes.amounts(shape); }
  std::vector<ApplicationSlot> LeastImportantFirst(QueueSlot leaf) const override;
  QueueSlot LeafOf(ApplicationSlot application) const override;
  int64_t OrderOf(ApplicationSlot application) const override;
  UserSlot UserOf(ApplicationSlot application) const override;
  int32_t PriorityOf(ApplicationSlot application) const override;
  Amounts UsedBy(ApplicationSlot application, PartitionSlot partition) const override;
  Amounts PendingOf(ApplicationSlot application, PartitionSlot partition) const override;
  std::vector<PreemptableContainer> ContainersOf(ApplicationSlot application) const override;
  std::vector<HeldNode> HeldNodes() const override;
  std::vector<NodeContainer> ContainersOn(NodeSlot node) const override;
  bool RoomIsWanted(ContainerSlot container,
                    QueueSlot leaf,
                    const std::function<bool(ContainerSlot)>& killable) const override;
  std::vector<Reservation> ReservationsOf(ApplicationSlot application) const override;

 private:
  PreemptableContainer Preemptable(ContainerSlot container) const;
  const Application& at(ApplicationSlot application) const {
    return parts_.applications[Index(application)];
  }
  Parts parts_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_PREEMPTION_VIEW_H_
