// NodeTable: the nodes of the cluster by partition (label) and rack: what they have, what is taken,
// the sums over them, and where a container fits.
//
// Terms: *free* = capacity - used - reserved by others, negative on a node whose capacity was
// lowered below its use; such a node is *overcommitted* until enough has ended. A node is *open*
// when it may get new containers: schedulable and not reserved. Searches see open nodes only, in
// the order of rack, then place in the rack (a fixed order, so the same calls find the same node:
// first fit, which packs).
//
// Algorithm: a tournament tree (segment tree of maxima) per rack, and one over the racks of each
// partition, hold the largest free amount per type; a search goes down where every type could fit.
// Free amounts change in O(types x log nodes); no heap is used but when nodes come.
//
// Invariants: used <= capacity on every node that is not overcommitted; the sums are those of the
// nodes; the trees hold exactly the open nodes.
// Owner: the scheduler. Single-threaded. Copyable as a value.
#ifndef WEIR_SCHEDULER_NODES_NODE_TABLE_H_
#define WEIR_SCHEDULER_NODES_NODE_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "scheduler/amounts.h"
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

// A place in the order of a search; to go on after the node found.
struct SearchPosition {
  int32_t rack = 0;
  int32_t place = 0;
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
  struct Found {
    NodeSlot node;
    SearchPosition next;  // just after it
  };
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
  bool KnowsRack(const std::string& rack) const;
  // The rack of a place in the order, for spreading over racks: the start of the rack after `p`'s;
  // nothing after the last one.
  std::optional<SearchPosition> NextRack(PartitionSlot partition, SearchPosition p) const;
  // How many containers of `each` the open nodes of the partition have room for, counted up to
  // `enough`. `per_node` > 0 bounds the count on each node.
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
  Amounts LargestFree(PartitionSlot partition) const;
  // Changes whenever capacity(p), nodes or SomeCapacityFits may answer differently.
  int64_t capacity_version() const;

  // For explanations, O(nodes): why each node of the partition cannot take one `needed` now.
  struct Refusals {
    int64_t unschedulable = 0;
    int64_t reserved = 0;
    int64_t too_small = 0;  // even when empty
    int64_t no_room = 0;
    int64_t fits = 0;
    std::vector<int64_t> short_of;  // by resource type: nodes without enough of it free
  };
  Refusals CountRefusals(PartitionSlot partition, const Amounts& needed) const;

  std::string CheckInvariants() const;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_NODES_NODE_TABLE_H_
