// NodeIndex: finds the fullest node on which a container fits, without looking at every node.
//
// "Fullest" = the least free memory that suffices, then the fewest free vcores, then the earliest
// registration. Nodes are kept in one ordered set per amount of free vcores, so a query looks at
// one place in each of the few sets with enough vcores: O(distinct vcores x log nodes), also when
// nothing fits. Moving a node between sets moves its set element: no heap is used.
//
// Example: free <3072, 2> (a), <2048, 8> (b), <2048, 1> (c). A container of <1024, 2> goes to b.
//
// Invariant: holds exactly the nodes that may get new containers, under their current free amount.
// Owner: NodeTable. Single-threaded.
#ifndef WEIR_SCHEDULER_NODE_INDEX_H_
#define WEIR_SCHEDULER_NODE_INDEX_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "common/resource.h"
#include "scheduler/scheduler.h"

namespace weir::scheduler {

// Where a node stands in the index.
struct NodePosition {
  Resource free;
  int64_t order = 0;  // of registration
  bool operator==(const NodePosition&) const = default;
};

class NodeIndex {
 public:
  void Insert(NodeSlot node, const NodePosition& position);
  // Requires: `node` is in the index at `position`.
  void Remove(NodeSlot node, const NodePosition& position);
  // Requires: `node` is in the index at `from`; its order stays.
  void Move(NodeSlot node, const NodePosition& from, const Resource& free);

  // The fullest node with at least `needed` free; nothing when there is none.
  std::optional<NodeSlot> Find(const Resource& needed) const;
  bool Contains(NodeSlot node, const NodePosition& position) const;
  // The most that any one node has free, each part for itself; zero without nodes.
  Resource LargestFree() const;
  size_t size() const { return size_; }

 private:
  struct Key {
    int64_t free_memory = 0;
    int64_t order = 0;
    NodeSlot node;
    auto operator<=>(const Key&) const = default;
  };
  using Bucket = std::set<Key>;

  void DropEmptyBuckets();

  // By free vcores. A bucket that became empty stays for its next use.
  std::map<int64_t, Bucket> buckets_;
  size_t size_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_NODE_INDEX_H_
