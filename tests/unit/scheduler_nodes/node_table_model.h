// NodeTableModel: what NodeTable answers, found by looking at every node; for tests.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_NODES_NODE_TABLE_MODEL_H_
#define WEIR_TESTS_UNIT_SCHEDULER_NODES_NODE_TABLE_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/nodes/node_table.h"

namespace weir::scheduler {

class NodeTableModel {
 public:
  struct ModelNode {
    Node node;
    SearchPosition at;
  };

  explicit NodeTableModel(int types) : types_(types) {}

  NodeSlot Add(const Node& node);
  void Remove(NodeSlot slot) { nodes_.erase(slot); }
  void SetPartition(NodeSlot slot, PartitionSlot partition);
  Node& node(NodeSlot slot) { return nodes_.at(slot).node; }
  const std::map<NodeSlot, ModelNode>& nodes() const { return nodes_; }

  // `rack`: only there.
  std::optional<NodeTable::Found> Find(PartitionSlot partition,
                                       const Amounts& needed,
                                       SearchPosition from,
                                       const std::string* rack = nullptr) const;
  std::optional<SearchPosition> NextRack(PartitionSlot partition, SearchPosition p) const;
  int64_t Room(PartitionSlot partition,
               const Amounts& each,
               int64_t enough,
               int64_t per_node) const;
  NodeTable::Refusals CountRefusals(PartitionSlot partition, const Amounts& needed) const;

  struct Sums {
    Amounts capacity;
    Amounts used;
    Amounts open_free;
    Amounts largest_capacity;
    Amounts largest_free;
    int64_t nodes = 0;
    int64_t schedulable = 0;
    bool operator==(const Sums&) const = default;
  };
  Sums SumsOf(PartitionSlot partition) const;
  bool SomeCapacityFits(PartitionSlot partition, const Amounts& needed) const;
  std::vector<NodeSlot> Named(const std::string& name) const;
  bool KnowsRack(const std::string& rack) const;

 private:
  bool Fits(const Amounts& needed, const Amounts& room) const;
  SearchPosition FreePosition(PartitionSlot partition, const std::string& rack) const;
  // The partition's nodes in the order.
  std::map<SearchPosition, NodeSlot> Order(PartitionSlot partition) const;

  int types_;
  std::map<NodeSlot, ModelNode> nodes_;
};

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_NODES_NODE_TABLE_MODEL_H_
