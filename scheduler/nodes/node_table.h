// NodeTable: the nodes of the cluster by partition (label) and rack: what they have, what is taken,
// the sums over them, and where a container fits.
//
// Terms: *free* = capacity - used - reserved by others, negative on a node whose capacity was
// lowered below its use; such a node is *overcommitted* until enough has ended. A node is *open*
// when it may get new containers: schedulable and not reserved. Searches see open nodes only, in
// the order of rack, then place in the rack (a fixed order, so the same calls find the same node:
// first fit, which packs). Slots, racks and places are dense: the lowest free one is taken, and a
// rack's when its last node goes. A node fits when no part of what is needed is more than it has
// free, parts of which nothing is needed included: none go to a node that lacks less than nothing.
//
// Algorithm: a tournament tree (segment tree of maxima) per rack, and one over the racks of each
// partition, hold the largest free amount per type; a search goes down where every type could fit.
// Free amounts change in O(types x log nodes); no heap is used but when nodes come or go.
//
// Invariants: used <= capacity on every node that is not overcommitted; the sums are those of the
// nodes; the trees hold exactly the open nodes.
// Requires, everywhere: slots are of live nodes, partitions were added, amounts have no more types
// than the table; anything else is a mistake of ours and stops the process.
// Owner: the scheduler. Single-threaded. Copyable as a value.
#ifndef WEIR_SCHEDULER_NODES_NODE_TABLE_H_
#define WEIR_SCHEDULER_NODES_NODE_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids.h"
#include "scheduler/amounts.h"
#include "scheduler/nodes/dense_places.h"
#include "scheduler/nodes/rack_index.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

struct Node {
  NodeId id;
  std::string name;  // host, as asks name it
  std::string rack;
  PartitionSlot partition;
  Amounts capacity;
  Amounts used;
  int32_t containers = 0;
  bool live = false;
  bool schedulable = true;
  bool reserved = false;  // held back for one application
  bool overcommitted = false;

  Amounts free() const { return capacity - used; }
  bool open() const { return live && schedulable && !reserved; }
};

class NodeTable {
 public:
  explicit NodeTable(int resource_types);

  // --- partitions; the default one is there from the start
  PartitionSlot AddPartition(const std::string& label);  // the known one, if there is
  std::optional<PartitionSlot> FindPartition(const std::string& label) const;
  const std::string& label(PartitionSlot partition) const;
  size_t partitions() const;

  // --- nodes
  NodeSlot Add(const NodeId& id,
               const std::string& name,
               const std::string& rack,
               PartitionSlot partition,
               const Amounts& capacity);
  // Requires: nothing is charged to it, it is not reserved.
  void Remove(NodeSlot node);
  void SetSchedulable(NodeSlot node, bool schedulable);
  void SetReserved(NodeSlot node, bool reserved);
  void SetCapacity(NodeSlot node, const Amounts& capacity);
  void SetPartition(NodeSlot node, PartitionSlot partition);
  void Charge(NodeSlot node, const Amounts& each, int32_t count);
  void Discharge(NodeSlot node, const Amounts& each, int32_t count);

  const Node& at(NodeSlot node) const;
  bool IsLive(NodeSlot node) const;
  std::vector<NodeSlot> All() const;  // in slot order

  // --- searches. `from`: only nodes at or after it in the order.
  using Found = RackIndex::Found;
  // The first open node of the partition with at least `needed` free.
  std::optional<Found> Find(PartitionSlot partition,
                            const Amounts& needed,
                            SearchPosition from = {}) const;
  // The same within one rack.
  std::optional<Found> FindInRack(PartitionSlot partition,
                                  const std::string& rack,
                                  const Amounts& needed,
                                  SearchPosition from = {}) const;
  // The live nodes with this host name (ports differ), in slot order; for node-local asks.
  const std::vector<NodeSlot>& Named(const std::string& name) const;
  // Some live node stands in it.
  bool KnowsRack(const std::string& rack) const;
  // The rack of a place in the order, for spreading over racks: the start of the next rack with
  // nodes after `p`'s; nothing after the last one.
  std::optional<SearchPosition> NextRack(PartitionSlot partition, SearchPosition p) const;
  // How many containers of `each` the open nodes of the partition have room for, counted up to
  // `enough`. `per_node` > 0 bounds the count on each node. O(log nodes) per node counted.
  int64_t Room(PartitionSlot partition,
               const Amounts& each,
               int64_t enough,
               int64_t per_node = 0) const;

  // --- sums
  const Amounts& capacity(PartitionSlot partition) const;  // of schedulable nodes
  const Amounts& used(PartitionSlot partition) const;      // on all its nodes
  // What open nodes have free; an overcommitted part counts as none.
  const Amounts& open_free(PartitionSlot partition) const;
  int64_t nodes(PartitionSlot partition) const;              // live
  int64_t schedulable_nodes(PartitionSlot partition) const;  // may get containers
  size_t size() const;
  // Some schedulable node of the partition could hold it when empty. O(distinct capacities).
  bool SomeCapacityFits(PartitionSlot partition, const Amounts& needed) const;
  // The largest parts over all schedulable nodes of the partition.
  Amounts LargestCapacity(PartitionSlot partition) const;
  // The largest parts that open nodes have free; 0 where none has any.
  Amounts LargestFree(PartitionSlot partition) const;
  // Changes whenever capacity(p), nodes or SomeCapacityFits may answer differently.
  int64_t capacity_version() const;

  // For explanations, O(nodes): why each node of the partition cannot take one `needed` now. A node
  // counts once, under the first cause of these that holds.
  struct Refusals {
    int64_t unschedulable = 0;
    int64_t reserved = 0;
    int64_t too_small = 0;  // even when empty
    int64_t no_room = 0;
    int64_t fits = 0;
    // By resource type: how many of the `no_room` nodes do not have enough of it free.
    std::vector<int64_t> short_of;
  };
  Refusals CountRefusals(PartitionSlot partition, const Amounts& needed) const;

  // O(nodes). "" when all hold, otherwise what is broken.
  std::string CheckInvariants() const;

 private:
  struct Partition {
    std::string label;
    RackIndex index;
    Amounts capacity;
    Amounts used;
    Amounts open_free;
    int64_t nodes = 0;
    int64_t schedulable = 0;
    Amounts largest_capacity;
    std::map<Amounts, int64_t> capacities;  // of schedulable nodes -> how many have it
  };

  Node& Live(NodeSlot node);
  Partition& partition_of(const Node& node) { return partitions_[Index(node.partition)]; }
  const Partition& at(PartitionSlot partition) const;
  void Move(NodeSlot slot, const Amounts& each, int64_t count);
  // Into its partition's index and sums, and out of them.
  void Enter(NodeSlot slot);
  void Leave(NodeSlot slot);
  static void Count(Partition& partition, const Node& node, int64_t sign);
  static void CountCapacity(Partition& partition, const Amounts& capacity, int64_t sign);
  static void CountFree(Partition& partition, const Node& node, int64_t sign);
  // Brings its place in the index up to date.
  void Refresh(NodeSlot slot);
  std::string CheckNode(NodeSlot slot) const;
  std::string CheckPartition(PartitionSlot slot) const;

  int types_;
  std::vector<Partition> partitions_;
  std::map<std::string, PartitionSlot> partitions_by_label_;
  std::vector<Node> nodes_;                // by slot
  std::vector<SearchPosition> positions_;  // by slot: in the order of its partition
  DensePlaces slots_;
  using Slots = std::vector<NodeSlot>;
  std::unordered_map<std::string, Slots> by_name_;  // lookup-only: once per node-local ask
  int64_t capacity_version_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_NODES_NODE_TABLE_H_
