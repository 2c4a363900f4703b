#include "tests/unit/scheduler_nodes/node_table_model.h"

#include <algorithm>
#include <limits>
#include <set>

namespace weir::scheduler {
namespace {

int32_t LowestFree(const std::set<int32_t>& taken) {
  int32_t lowest = 0;
  while (taken.contains(lowest)) ++lowest;
  return lowest;
}

}  // namespace

bool NodeTableModel::Fits(const Amounts& needed, const Amounts& room) const {
  for (int type = 0; type < types_; ++type) {
    if (needed[type] > room[type]) return false;
  }
  return true;
}

SearchPosition NodeTableModel::FreePosition(PartitionSlot partition,
                                            const std::string& rack) const {
  std::set<int32_t> racks;
  std::set<int32_t> places;
  std::optional<int32_t> known;
  for (const auto& [slot, member] : nodes_) {
    if (member.node.partition != partition) continue;
    racks.insert(member.at.rack);
    if (member.node.rack != rack) continue;
    known = member.at.rack;
    places.insert(member.at.place);
  }
  return {known ? *known : LowestFree(racks), LowestFree(places)};
}

NodeSlot NodeTableModel::Add(const Node& node) {
  std::set<int32_t> slots;
  for (const auto& [slot, member] : nodes_) slots.insert(slot.value);
  const NodeSlot slot{LowestFree(slots)};
  const SearchPosition at = FreePosition(node.partition, node.rack);
  nodes_[slot] = {.node = node, .at = at};
  return slot;
}

void NodeTableModel::SetPartition(NodeSlot slot, PartitionSlot partition) {
  ModelNode& member = nodes_.at(slot);
  if (member.node.partition == partition) return;
  member.at = FreePosition(partition, member.node.rack);
  member.node.partition = partition;
}

std::map<SearchPosition, NodeSlot> NodeTableModel::Order(PartitionSlot partition) const {
  std::map<SearchPosition, NodeSlot> order;
  for (const auto& [slot, member] : nodes_) {
    if (member.node.partition == partition) order[member.at] = slot;
  }
  return order;
}

std::optional<NodeTable::Found> NodeTableModel::Find(PartitionSlot partition,
                                                     const Amounts& needed,
                                                     SearchPosition from,
                                                     const std::string* rack) const {
  for (const auto& [at, slot] : Order(partition)) {
    const Node& node = nodes_.at(slot).node;
    if (at < from || (rack != nullptr && node.rack != *rack)) continue;
    if (!node.schedulable || node.reserved || !Fits(needed, node.capacity - node.used)) continue;
    return NodeTable::Found{slot, {at.rack, at.place + 1}};
  }
  return std::nullopt;
}

std::optional<SearchPosition> NodeTableModel::NextRack(PartitionSlot partition,
                                                       SearchPosition p) const {
  for (const auto& [at, slot] : Order(partition)) {
    if (at.rack > p.rack) return SearchPosition{at.rack, 0};
  }
  return std::nullopt;
}

// Counts one container after another.
int64_t NodeTableModel::Room(PartitionSlot partition,
                             const Amounts& each,
                             int64_t enough,
                             int64_t per_node) const {
  int64_t room = 0;
  for (const auto& [at, slot] : Order(partition)) {
    const Node& node = nodes_.at(slot).node;
    if (!node.schedulable || node.reserved) continue;
    Amounts free = node.capacity - node.used;
    for (int64_t here = 0; room < enough && (per_node == 0 || here < per_node); ++here) {
      if (!Fits(each, free)) break;
      free -= each;
      ++room;
    }
  }
  return room;
}

NodeTable::Refusals NodeTableModel::CountRefusals(PartitionSlot partition,
                                                  const Amounts& needed) const {
  NodeTable::Refusals refusals;
  refusals.short_of.resize(static_cast<size_t>(types_));
  for (const auto& [slot, member] : nodes_) {
    const Node& node = member.node;
    if (node.partition != partition) continue;
    const Amounts free = node.capacity - node.used;
    const bool candidate = node.schedulable && !node.reserved && Fits(needed, node.capacity);
    refusals.unschedulable += node.schedulable ? 0 : 1;
    refusals.reserved += node.schedulable && node.reserved ? 1 : 0;
    refusals.too_small +=
        node.schedulable && !node.reserved && !Fits(needed, node.capacity) ? 1 : 0;
    refusals.fits += candidate && Fits(needed, free) ? 1 : 0;
    if (!candidate || Fits(needed, free)) continue;
    ++refusals.no_room;
    for (int type = 0; type < types_; ++type) {
      refusals.short_of[static_cast<size_t>(type)] += free[type] < needed[type] ? 1 : 0;
    }
  }
  return refusals;
}

NodeTableModel::Sums NodeTableModel::SumsOf(PartitionSlot partition) const {
  Sums sums;
  for (const auto& [slot, member] : nodes_) {
    const Node& node = member.node;
    if (node.partition != partition) continue;
    ++sums.nodes;
    sums.schedulable += node.schedulable ? 1 : 0;
    for (int type = 0; type < types_; ++type) {
      const int64_t capacity = node.capacity[type];
      const int64_t free = std::max<int64_t>(0, capacity - node.used[type]);
      const auto add = [type](Amounts& sum, int64_t part) { sum.Set(type, sum[type] + part); };
      const auto raise = [type](Amounts& most, int64_t part) {
        most.Set(type, std::max(most[type], part));
      };
      add(sums.used, node.used[type]);
      if (!node.schedulable) continue;
      add(sums.capacity, capacity);
      raise(sums.largest_capacity, capacity);
      if (node.reserved) continue;
      add(sums.open_free, free);
      raise(sums.largest_free, free);
    }
  }
  return sums;
}

bool NodeTableModel::SomeCapacityFits(PartitionSlot partition, const Amounts& needed) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& entry) {
    const Node& node = entry.second.node;
    return node.partition == partition && node.schedulable && Fits(needed, node.capacity);
  });
}

std::vector<NodeSlot> NodeTableModel::Named(const std::string& name) const {
  std::vector<NodeSlot> named;
  for (const auto& [slot, member] : nodes_) {
    if (member.node.name == name) named.push_back(slot);
  }
  return named;
}

bool NodeTableModel::KnowsRack(const std::string& rack) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& entry) {
    return entry.second.node.rack == rack;
  });
}

}  // namespace weir::scheduler
