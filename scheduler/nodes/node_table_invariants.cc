// The invariants of NodeTable, computed anew from the nodes.
#include <algorithm>

#include "scheduler/nodes/node_table.h"

namespace weir::scheduler {

std::string NodeTable::CheckInvariants() const {
  size_t live = 0;
  for (int32_t i = 0; static_cast<size_t>(i) < nodes_.size(); ++i) {
    if (!IsLive({i})) continue;
    ++live;
    const std::string broken = CheckNode({i});
    if (!broken.empty()) return "node " + nodes_[Index(NodeSlot{i})].id.ToString() + ": " + broken;
  }
  if (live != size()) return std::to_string(live) + " nodes, not " + std::to_string(size());
  for (int32_t i = 0; static_cast<size_t>(i) < partitions_.size(); ++i) {
    const std::string broken = CheckPartition({i});
    if (!broken.empty()) return "partition \"" + label({i}) + "\": " + broken;
  }
  return "";
}

std::string NodeTable::CheckNode(NodeSlot slot) const {
  const Node& node = at(slot);
  if (!node.used.IsNonNegative() || node.containers < 0) return "uses less than nothing";
  if (node.overcommitted == node.used.FitsIn(node.capacity)) return "overcommitted is wrong";
  const std::vector<NodeSlot>& named = Named(node.name);
  if (!std::binary_search(named.begin(), named.end(), slot)) return "is not found by its name";
  const Amounts free = node.free();
  return at(node.partition)
      .index.CheckPlace(positions_[Index(slot)], slot, node.open() ? &free : nullptr);
}

std::string NodeTable::CheckPartition(PartitionSlot slot) const {
  Partition sum{.label = label(slot),
                .index = RackIndex(types_),
                .capacity = {},
                .used = {},
                .open_free = {},
                .nodes = 0,
                .schedulable = 0,
                .largest_capacity = {},
                .capacities = {}};
  for (const NodeSlot member : All()) {
    const Node& node = at(member);
    if (node.partition != slot) continue;
    ++sum.nodes;
    sum.used += node.used;
    Count(sum, node, 1);
  }
  const Partition& kept = at(slot);
  if (sum.nodes != kept.nodes || sum.schedulable != kept.schedulable) {
    return "the numbers of nodes are wrong";
  }
  if (sum.capacity != kept.capacity) return "capacity is not the sum of its nodes'";
  if (sum.used != kept.used) return "used is not the sum of its nodes'";
  if (sum.open_free != kept.open_free) return "open_free is not the sum of its open nodes'";
  if (sum.capacities != kept.capacities || sum.largest_capacity != kept.largest_capacity) {
    return "the distinct capacities are wrong";
  }
  if (static_cast<int64_t>(kept.index.Nodes().size()) != kept.nodes) {
    return "the index holds other nodes";
  }
  return kept.index.CheckInvariants();
}

}  // namespace weir::scheduler
