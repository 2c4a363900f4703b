// NodeTable: the nodes of the cluster, what they have and what is taken, and the sums over them.
//
// Terms: *free* = capacity - used, negative on a node whose capacity was lowered below its use (or
// that came back with more than it offers); such a node is *overcommitted* until enough has ended.
//
// Invariants: used <= capacity on every node that is not overcommitted; the sums are those of the
// nodes; the index holds exactly the schedulable nodes.
// Owner: the scheduler. Single-threaded.
#ifndef WEIR_SCHEDULER_NODE_TABLE_H_
#define WEIR_SCHEDULER_NODE_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/resource.h"
#include "scheduler/node_index.h"
#include "scheduler/scheduler.h"

namespace weir::scheduler {

struct Node {
  NodeId id;
  std::string rack;
  Resource capacity;
  Resource used;
  int64_t order = 0;  // of registration, over the life of the table
  int32_t containers = 0;
  bool schedulable = true;
  bool overcommitted = false;
  bool live = false;

  Resource free() const { return capacity - used; }
};

class NodeTable {
 public:
  NodeSlot Add(const NodeId& id, const std::string& rack, const Resource& capacity);
  // Requires: nothing is charged to it.
  void Remove(NodeSlot node);
  void SetSchedulable(NodeSlot node, bool schedulable);
  void SetCapacity(NodeSlot node, const Resource& capacity);
  // `count` containers of `each` come or go.
  void Charge(NodeSlot node, const Resource& each, int32_t count);
  void Discharge(NodeSlot node, const Resource& each, int32_t count);

  const Node& at(NodeSlot node) const;
  const NodeIndex& index() const { return index_; }
  const Resource& capacity() const { return capacity_; }
  const Resource& used() const { return used_; }
  // The sum of what schedulable nodes have free; an overcommitted part counts as none.
  const Resource& schedulable_free() const { return schedulable_free_; }
  size_t size() const { return live_; }
  size_t schedulable_size() const { return index_.size(); }

  // An empty schedulable node could hold it. O(distinct capacities).
  bool SomeCapacityFits(const Resource& needed) const;
  // The largest parts over all schedulable nodes.
  Resource LargestCapacity() const;
  // Changes whenever SomeCapacityFits may answer differently.
  int64_t capacity_version() const { return capacity_version_; }

  std::string CheckInvariants() const;

 private:
  Node& Live(NodeSlot node);
  void SetFree(NodeSlot slot, Node& node, const Resource& capacity, const Resource& used);
  void Enter(NodeSlot slot, const Node& node);
  void Leave(NodeSlot slot, const Node& node);

  std::vector<Node> nodes_;
  std::vector<int32_t> unused_;
  NodeIndex index_;
  Resource capacity_;
  Resource used_;
  Resource schedulable_free_;
  // How many schedulable nodes have a (memory, vcores) capacity: few distinct ones.
  std::map<std::pair<int64_t, int64_t>, int32_t> capacities_;
  int64_t capacity_version_ = 0;
  int64_t next_order_ = 0;
  size_t live_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_NODE_TABLE_H_
