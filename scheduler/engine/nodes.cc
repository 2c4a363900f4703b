// Nodes that come, go and change.
#include "scheduler/engine/state.h"

namespace weir::scheduler {

NodeSlot CapacityScheduler::State::AddNode(const NodeId& id,
                                           const std::string& name,
                                           const std::string& rack,
                                           const std::string& label,
                                           const Resource& capacity) {
  const PartitionSlot partition = PartitionOf(label);
  const NodeSlot node = nodes.Add(id, name, rack, partition, options.types.KnownPartsOf(capacity));
  if (usages.size() <= Index(node)) usages.resize(Index(node) + 1);
  usages[Index(node)] = {};
  TotalChanged(partition);
  WakeForNode(node);
  return node;
}

std::vector<ContainerSlot> CapacityScheduler::State::RemoveNode(NodeSlot node) {
  DropReservation(node);
  // Its room must wake nobody.
  nodes.SetSchedulable(node, false);
  const PartitionSlot partition = nodes.at(node).partition;
  std::vector<ContainerSlot> released = containers.OfNode(node);
  for (const ContainerSlot container : released) Release(container);
  nodes.Remove(node);
  TotalChanged(partition);
  return released;
}

void CapacityScheduler::State::SetNodeSchedulable(NodeSlot node, bool schedulable) {
  if (nodes.at(node).schedulable == schedulable) return;
  if (!schedulable) DropReservation(node);
  nodes.SetSchedulable(node, schedulable);
  TotalChanged(nodes.at(node).partition);
  WakeForNode(node);
}

void CapacityScheduler::State::SetNodeCapacity(NodeSlot node, const Resource& capacity) {
  DropReservation(node);
  nodes.SetCapacity(node, options.types.KnownPartsOf(capacity));
  TotalChanged(nodes.at(node).partition);
  WakeForNode(node);
}

void CapacityScheduler::State::SetNodeLabel(NodeSlot node, const std::string& label) {
  const PartitionSlot to = PartitionOf(label);
  const PartitionSlot from = nodes.at(node).partition;
  if (from == to) return;
  DropReservation(node);
  // What runs there counts for the other partition from now on.
  for (const ContainerSlot container : containers.OfNode(node)) {
    const ContainerPlacement& placement = containers.at(container).placement;
    Application& application = app(placement.application);
    const Amounts& each = amounts(placement.shape);
    lane(application.leaf, to);
    use(application, from).used -= each;
    use(application, to).used += each;
    tree.Discharge(application.user, from, each, 1);
    tree.Charge(application.user, to, each, 1);
  }
  nodes.SetPartition(node, to);
  TotalChanged(from);
  TotalChanged(to);
  WakeForNode(node);
}

// A label that the configuration does not know makes a partition that no queue may use.
PartitionSlot CapacityScheduler::State::PartitionOf(const std::string& label) {
  const PartitionSlot partition = nodes.AddPartition(label);
  const bool known = Index(partition) < tree.at(QueueSlot{0}).shares.size();
  if (!known) tree.SetPartitionTotal(partition, {});
  return partition;
}

void CapacityScheduler::State::TotalChanged(PartitionSlot partition) {
  lane(QueueSlot{0}, partition);
  totals_due.insert(partition);
}

// Once for all nodes that came or went since the last decision: every queue has a part in it.
void CapacityScheduler::State::RefreshTotals() {
  if (totals_due.empty()) return;
  for (const PartitionSlot partition : totals_due) {
    tree.SetPartitionTotal(partition, nodes.capacity(partition));
  }
  totals_due.clear();
  wake_everybody = true;
  for (const auto& [leaf, waiting] : inactive) activation_due.insert(leaf);
}

}  // namespace weir::scheduler
