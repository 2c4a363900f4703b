#include "scheduler/node_table.h"

#include <algorithm>

#include "common/check.h"

namespace weir::scheduler {
namespace {

Resource AtLeastZero(const Resource& r) {
  return {std::max<int64_t>(r.memory_mib, 0), std::max<int64_t>(r.vcores, 0)};
}

NodePosition PositionOf(const Node& node) {
  return {.free = node.free(), .order = node.order};
}

}  // namespace

NodeSlot NodeTable::Add(const NodeId& id, const std::string& rack, const Resource& capacity) {
  NodeSlot slot{static_cast<int32_t>(nodes_.size())};
  if (unused_.empty()) {
    nodes_.emplace_back();
  } else {
    slot.value = unused_.back();
    unused_.pop_back();
  }
  Node& node = nodes_[static_cast<size_t>(slot.value)];
  node = Node{};
  node.id = id;
  node.rack = rack;
  node.capacity = capacity;
  node.order = next_order_++;
  node.live = true;
  ++live_;
  capacity_ += capacity;
  Enter(slot, node);
  return slot;
}

void NodeTable::Remove(NodeSlot slot) {
  Node& node = Live(slot);
  WEIR_CHECK(node.containers == 0, "a node leaves without containers");
  if (node.schedulable) Leave(slot, node);
  capacity_ -= node.capacity;
  --live_;
  node = Node{};
  unused_.push_back(slot.value);
}

void NodeTable::SetSchedulable(NodeSlot slot, bool schedulable) {
  Node& node = Live(slot);
  if (node.schedulable == schedulable) return;
  if (node.schedulable) Leave(slot, node);
  node.schedulable = schedulable;
  if (node.schedulable) Enter(slot, node);
}

void NodeTable::SetCapacity(NodeSlot slot, const Resource& capacity) {
  Node& node = Live(slot);
  if (node.schedulable) Leave(slot, node);
  capacity_ += capacity - node.capacity;
  node.capacity = capacity;
  node.overcommitted = !node.used.FitsIn(capacity);
  if (node.schedulable) Enter(slot, node);
}

void NodeTable::Charge(NodeSlot slot, const Resource& each, int32_t count) {
  Node& node = Live(slot);
  node.containers += count;
  SetFree(slot, node, node.capacity, node.used + each * count);
}

void NodeTable::Discharge(NodeSlot slot, const Resource& each, int32_t count) {
  Node& node = Live(slot);
  WEIR_CHECK(node.containers >= count, "a node gives back what it was charged");
  node.containers -= count;
  SetFree(slot, node, node.capacity, node.used - each * count);
}

void NodeTable::SetFree(NodeSlot slot, Node& node, const Resource& capacity, const Resource& used) {
  const NodePosition before = PositionOf(node);
  used_ += used - node.used;
  node.used = used;
  node.overcommitted = !used.FitsIn(capacity);
  if (!node.schedulable) return;
  index_.Move(slot, before, node.free());
  schedulable_free_ += AtLeastZero(node.free()) - AtLeastZero(before.free);
}

void NodeTable::Enter(NodeSlot slot, const Node& node) {
  index_.Insert(slot, PositionOf(node));
  schedulable_free_ += AtLeastZero(node.free());
  ++capacities_[{node.capacity.memory_mib, node.capacity.vcores}];
  ++capacity_version_;
}

void NodeTable::Leave(NodeSlot slot, const Node& node) {
  index_.Remove(slot, PositionOf(node));
  schedulable_free_ -= AtLeastZero(node.free());
  const auto found = capacities_.find({node.capacity.memory_mib, node.capacity.vcores});
  if (--found->second == 0) capacities_.erase(found);
  ++capacity_version_;
}

Node& NodeTable::Live(NodeSlot slot) {
  WEIR_CHECK(slot.value >= 0 && static_cast<size_t>(slot.value) < nodes_.size() &&
                 nodes_[static_cast<size_t>(slot.value)].live,
             "node slot " + std::to_string(slot.value) + " is in use");
  return nodes_[static_cast<size_t>(slot.value)];
}

const Node& NodeTable::at(NodeSlot slot) const {
  WEIR_CHECK(slot.value >= 0 && static_cast<size_t>(slot.value) < nodes_.size() &&
                 nodes_[static_cast<size_t>(slot.value)].live,
             "node slot " + std::to_string(slot.value) + " is in use");
  return nodes_[static_cast<size_t>(slot.value)];
}

bool NodeTable::SomeCapacityFits(const Resource& needed) const {
  for (auto entry = capacities_.lower_bound({needed.memory_mib, 0}); entry != capacities_.end();
       ++entry) {
    if (needed.vcores <= entry->first.second) return true;
  }
  return false;
}

Resource NodeTable::LargestCapacity() const {
  Resource largest;
  for (const auto& [capacity, count] : capacities_) {
    largest.memory_mib = std::max(largest.memory_mib, capacity.first);
    largest.vcores = std::max(largest.vcores, capacity.second);
  }
  return largest;
}

std::string NodeTable::CheckInvariants() const {
  Resource capacity;
  Resource used;
  Resource free;
  size_t live = 0;
  size_t schedulable = 0;
  std::map<std::pair<int64_t, int64_t>, int32_t> capacities;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (!node.live) continue;
    ++live;
    capacity += node.capacity;
    used += node.used;
    const bool fits = node.used.FitsIn(node.capacity);
    if (fits == node.overcommitted || !node.used.IsNonNegative()) {
      return "node " + node.id.uuid + " uses " + node.used.ToString() + " of " +
             node.capacity.ToString();
    }
    if (!node.schedulable) continue;
    ++schedulable;
    free += AtLeastZero(node.free());
    ++capacities[{node.capacity.memory_mib, node.capacity.vcores}];
    if (!index_.Contains({static_cast<int32_t>(i)}, PositionOf(node))) {
      return "node " + node.id.uuid + " is not in the index under its free " +
             node.free().ToString();
    }
  }
  if (live != live_ || live + unused_.size() != nodes_.size()) return "node slots are miscounted";
  if (schedulable != index_.size()) return "the node index holds a node too many";
  if (capacity != capacity_) return "cluster capacity is not the sum of its nodes";
  if (used != used_) return "cluster use is not the sum of its nodes";
  if (free != schedulable_free_) return "the free sum is not that of the schedulable nodes";
  if (capacities != capacities_) return "the distinct node capacities are miscounted";
  return "";
}

}  // namespace weir::scheduler
