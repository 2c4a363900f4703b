#include "scheduler/nodes/node_table.h"

#include <algorithm>

#include "common/check.h"

namespace weir::scheduler {

NodeTable::NodeTable(int resource_types) : types_(resource_types) {
  AddPartition("");
}

PartitionSlot NodeTable::AddPartition(const std::string& label) {
  const PartitionSlot next{static_cast<int32_t>(partitions_.size())};
  const auto [known, added] = partitions_by_label_.emplace(label, next);
  if (!added) return known->second;
  partitions_.push_back({.label = label,
                         .index = RackIndex(types_),
                         .capacity = {},
                         .used = {},
                         .open_free = {},
                         .nodes = 0,
                         .schedulable = 0,
                         .largest_capacity = {},
                         .capacities = {}});
  return next;
}

std::optional<PartitionSlot> NodeTable::FindPartition(const std::string& label) const {
  if (label.empty()) return kDefaultPartition;
  const auto known = partitions_by_label_.find(label);
  if (known == partitions_by_label_.end()) return std::nullopt;
  return known->second;
}

const NodeTable::Partition& NodeTable::at(PartitionSlot partition) const {
  WEIR_CHECK(Index(partition) < partitions_.size(), "the partition was added");
  return partitions_[Index(partition)];
}

const std::string& NodeTable::label(PartitionSlot partition) const {
  return at(partition).label;
}
size_t NodeTable::partitions() const {
  return partitions_.size();
}

// --- nodes

NodeSlot NodeTable::Add(const NodeId& id,
                        const std::string& name,
                        const std::string& rack,
                        PartitionSlot partition,
                        const Amounts& capacity) {
  WEIR_CHECK(Index(partition) < partitions_.size(), "the partition was added");
  WEIR_CHECK(capacity.types() <= types_, "a node offers scheduled types only");
  const NodeSlot slot{slots_.Take()};
  if (Index(slot) == nodes_.size()) {
    nodes_.emplace_back();
    positions_.emplace_back();
  }
  Node& node = nodes_[Index(slot)];
  node.id = id;
  node.name = name;
  node.rack = rack;
  node.partition = partition;
  node.capacity = capacity;
  node.live = true;
  std::vector<NodeSlot>& named = by_name_[name];
  named.insert(std::lower_bound(named.begin(), named.end(), slot), slot);
  Enter(slot);
  return slot;
}

void NodeTable::Remove(NodeSlot slot) {
  Node& node = Live(slot);
  WEIR_CHECK(node.containers == 0 && node.used.IsZero(), "nothing is charged to a node that goes");
  WEIR_CHECK(!node.reserved, "a node that goes is not reserved");
  Leave(slot);
  const auto named = by_name_.find(node.name);
  std::erase(named->second, slot);
  if (named->second.empty()) by_name_.erase(named);
  node = Node{};
  slots_.GiveBack(slot.value);
}

void NodeTable::SetSchedulable(NodeSlot slot, bool schedulable) {
  Node& node = Live(slot);
  if (node.schedulable == schedulable) return;
  Partition& partition = partition_of(node);
  Count(partition, node, -1);
  node.schedulable = schedulable;
  Count(partition, node, 1);
  ++capacity_version_;
  Refresh(slot);
}

void NodeTable::SetReserved(NodeSlot slot, bool reserved) {
  Node& node = Live(slot);
  if (node.reserved == reserved) return;
  Partition& partition = partition_of(node);
  CountFree(partition, node, -1);
  node.reserved = reserved;
  CountFree(partition, node, 1);
  Refresh(slot);
}

void NodeTable::SetCapacity(NodeSlot slot, const Amounts& capacity) {
  WEIR_CHECK(capacity.types() <= types_, "a node offers scheduled types only");
  Node& node = Live(slot);
  if (node.capacity == capacity) return;
  Partition& partition = partition_of(node);
  Count(partition, node, -1);
  node.capacity = capacity;
  node.overcommitted = !node.used.FitsIn(capacity);
  Count(partition, node, 1);
  ++capacity_version_;
  Refresh(slot);
}

void NodeTable::SetPartition(NodeSlot slot, PartitionSlot partition) {
  WEIR_CHECK(Index(partition) < partitions_.size(), "the partition was added");
  Node& node = Live(slot);
  if (node.partition == partition) return;
  Leave(slot);
  node.partition = partition;
  Enter(slot);
}

void NodeTable::Charge(NodeSlot slot, const Amounts& each, int32_t count) {
  Move(slot, each, count);
}

void NodeTable::Discharge(NodeSlot slot, const Amounts& each, int32_t count) {
  Move(slot, each, -int64_t{count});
  const Node& node = nodes_[Index(slot)];
  WEIR_CHECK(node.containers >= 0 && node.used.IsNonNegative(),
             "no more is discharged than was charged");
}

// The hottest function of the table: one pass over the types, no temporary amounts.
void NodeTable::Move(NodeSlot slot, const Amounts& each, int64_t count) {
  Node& node = Live(slot);
  Partition& partition = partition_of(node);
  const bool open = node.open();
  bool overcommitted = false;
  for (int type = 0; type < types_; ++type) {
    const int64_t delta = each[type] * count;
    const int64_t free = node.capacity[type] - node.used[type];
    overcommitted |= free < delta;
    if (delta == 0) continue;
    node.used.Set(type, node.used[type] + delta);
    partition.used.Set(type, partition.used[type] + delta);
    if (!open) continue;
    const int64_t less = std::max<int64_t>(free, 0) - std::max<int64_t>(free - delta, 0);
    partition.open_free.Set(type, partition.open_free[type] - less);
  }
  node.containers += static_cast<int32_t>(count);
  node.overcommitted = overcommitted;
  if (open) partition.index.SetFree(positions_[Index(slot)], node.capacity, node.used);
}

Node& NodeTable::Live(NodeSlot slot) {
  WEIR_CHECK(IsLive(slot), "the slot is a live node's");
  return nodes_[Index(slot)];
}

const Node& NodeTable::at(NodeSlot slot) const {
  WEIR_CHECK(IsLive(slot), "the slot is a live node's");
  return nodes_[Index(slot)];
}

bool NodeTable::IsLive(NodeSlot slot) const {
  return slot.value >= 0 && Index(slot) < nodes_.size() && nodes_[Index(slot)].live;
}

std::vector<NodeSlot> NodeTable::All() const {
  std::vector<NodeSlot> all;
  for (int32_t i = 0; static_cast<size_t>(i) < nodes_.size(); ++i) {
    if (IsLive({i})) all.push_back({i});
  }
  return all;
}

void NodeTable::Enter(NodeSlot slot) {
  const Node& node = nodes_[Index(slot)];
  Partition& partition = partition_of(node);
  positions_[Index(slot)] = partition.index.Insert(slot, node.rack, node.capacity);
  ++partition.nodes;
  partition.used += node.used;
  Count(partition, node, 1);
  ++capacity_version_;
  Refresh(slot);
}

void NodeTable::Leave(NodeSlot slot) {
  const Node& node = nodes_[Index(slot)];
  Partition& partition = partition_of(node);
  partition.index.Erase(positions_[Index(slot)]);
  --partition.nodes;
  partition.used -= node.used;
  Count(partition, node, -1);
  ++capacity_version_;
}

void NodeTable::Count(Partition& partition, const Node& node, int64_t sign) {
  CountFree(partition, node, sign);
  if (!node.schedulable) return;
  partition.schedulable += sign;
  partition.capacity += node.capacity * sign;
  CountCapacity(partition, node.capacity, sign);
}

void NodeTable::CountCapacity(Partition& partition, const Amounts& capacity, int64_t sign) {
  const auto counted = partition.capacities.try_emplace(capacity, 0).first;
  counted->second += sign;
  if (sign > 0) {
    partition.largest_capacity = Most(partition.largest_capacity, capacity);
    return;
  }
  if (counted->second > 0) return;
  partition.capacities.erase(counted);
  partition.largest_capacity = {};
  for (const auto& [left, count] : partition.capacities) {
    partition.largest_capacity = Most(partition.largest_capacity, left);
  }
}

void NodeTable::CountFree(Partition& partition, const Node& node, int64_t sign) {
  if (node.open()) partition.open_free += FloorAtZero(node.free()) * sign;
}

void NodeTable::Refresh(NodeSlot slot) {
  const Node& node = nodes_[Index(slot)];
  RackIndex& index = partition_of(node).index;
  if (node.open()) {
    index.SetFree(positions_[Index(slot)], node.capacity, node.used);
  } else {
    index.Close(positions_[Index(slot)]);
  }
}

// --- searches

std::optional<NodeTable::Found> NodeTable::Find(PartitionSlot partition,
                                                const Amounts& needed,
                                                SearchPosition from) const {
  return at(partition).index.Find(needed, from);
}

std::optional<NodeTable::Found> NodeTable::FindInRack(PartitionSlot partition,
                                                      const std::string& rack,
                                                      const Amounts& needed,
                                                      SearchPosition from) const {
  return at(partition).index.FindInRack(rack, needed, from);
}

const std::vector<NodeSlot>& NodeTable::Named(const std::string& name) const {
  static const std::vector<NodeSlot> kNobody;
  const auto named = by_name_.find(name);
  return named == by_name_.end() ? kNobody : named->second;
}

bool NodeTable::KnowsRack(const std::string& rack) const {
  return std::any_of(partitions_.begin(), partitions_.end(), [&rack](const Partition& partition) {
    return partition.index.KnowsRack(rack);
  });
}

std::optional<SearchPosition> NodeTable::NextRack(PartitionSlot partition, SearchPosition p) const {
  return at(partition).index.NextRack(p);
}

int64_t NodeTable::Room(PartitionSlot partition,
                        const Amounts& each,
                        int64_t enough,
                        int64_t per_node) const {
  const RackIndex& index = at(partition).index;
  int64_t room = 0;
  SearchPosition from;
  while (room < enough) {
    const std::optional<Found> found = index.Find(each, from);
    if (!found) break;
    int64_t times = TimesFitting(each, nodes_[Index(found->node)].free());
    if (per_node > 0) times = std::min(times, per_node);
    room += std::min(times, enough - room);
    from = found->next;
  }
  return room;
}

// --- sums

const Amounts& NodeTable::capacity(PartitionSlot partition) const {
  return at(partition).capacity;
}
const Amounts& NodeTable::used(PartitionSlot partition) const {
  return at(partition).used;
}
const Amounts& NodeTable::open_free(PartitionSlot partition) const {
  return at(partition).open_free;
}
int64_t NodeTable::nodes(PartitionSlot partition) const {
  return at(partition).nodes;
}
int64_t NodeTable::schedulable_nodes(PartitionSlot partition) const {
  return at(partition).schedulable;
}
size_t NodeTable::size() const {
  return static_cast<size_t>(slots_.taken());
}

bool NodeTable::SomeCapacityFits(PartitionSlot partition, const Amounts& needed) const {
  const Partition& in = at(partition);
  if (!needed.FitsIn(in.largest_capacity)) return false;
  return std::any_of(in.capacities.begin(), in.capacities.end(), [&needed](const auto& counted) {
    return needed.FitsIn(counted.first);
  });
}

Amounts NodeTable::LargestCapacity(PartitionSlot partition) const {
  return at(partition).largest_capacity;
}
Amounts NodeTable::LargestFree(PartitionSlot partition) const {
  return at(partition).index.LargestFree();
}
int64_t NodeTable::capacity_version() const {
  return capacity_version_;
}

NodeTable::Refusals NodeTable::CountRefusals(PartitionSlot partition, const Amounts& needed) const {
  Refusals refusals;
  refusals.short_of.resize(static_cast<size_t>(types_));
  for (const NodeSlot slot : at(partition).index.Nodes()) {
    const Node& node = nodes_[Index(slot)];
    if (!node.schedulable) {
      ++refusals.unschedulable;
    } else if (node.reserved) {
      ++refusals.reserved;
    } else if (!needed.FitsIn(node.capacity)) {
      ++refusals.too_small;
    } else if (needed.FitsIn(node.free())) {
      ++refusals.fits;
    } else {
      ++refusals.no_room;
      for (int type = 0; type < types_; ++type) {
        if (needed[type] > node.free()[type]) ++refusals.short_of[static_cast<size_t>(type)];
      }
    }
  }
  return refusals;
}

}  // namespace weir::scheduler
