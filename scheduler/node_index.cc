#include "scheduler/node_index.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/check.h"

namespace weir::scheduler {

void NodeIndex::Insert(NodeSlot node, const NodePosition& position) {
  DropEmptyBuckets();
  const bool inserted =
      buckets_[position.free.vcores]
          .insert({.free_memory = position.free.memory_mib, .order = position.order, .node = node})
          .second;
  WEIR_CHECK(inserted, "a node is indexed once");
  ++size_;
}

void NodeIndex::Remove(NodeSlot node, const NodePosition& position) {
  const auto bucket = buckets_.find(position.free.vcores);
  WEIR_CHECK(bucket != buckets_.end(), "the node is in the index");
  const size_t erased = bucket->second.erase(
      {.free_memory = position.free.memory_mib, .order = position.order, .node = node});
  WEIR_CHECK(erased == 1, "the node is in the index");
  --size_;
  DropEmptyBuckets();
}

void NodeIndex::Move(NodeSlot node, const NodePosition& from, const Resource& free) {
  const auto bucket = buckets_.find(from.free.vcores);
  WEIR_CHECK(bucket != buckets_.end(), "the node is in the index");
  auto handle = bucket->second.extract(
      Key{.free_memory = from.free.memory_mib, .order = from.order, .node = node});
  WEIR_CHECK(!handle.empty(), "the node is in the index");
  handle.value().free_memory = free.memory_mib;
  buckets_[free.vcores].insert(std::move(handle));
}

std::optional<NodeSlot> NodeIndex::Find(const Resource& needed) const {
  const Key* best = nullptr;
  const Key lowest{
      .free_memory = needed.memory_mib, .order = std::numeric_limits<int64_t>::min(), .node = {}};
  for (auto bucket = buckets_.lower_bound(needed.vcores); bucket != buckets_.end(); ++bucket) {
    const auto found = bucket->second.lower_bound(lowest);
    if (found == bucket->second.end()) continue;
    // Buckets come with growing vcores: an equal amount of memory does not beat an earlier bucket.
    if (best == nullptr || found->free_memory < best->free_memory) best = &*found;
    if (best->free_memory == needed.memory_mib) break;
  }
  if (best == nullptr) return std::nullopt;
  return best->node;
}

bool NodeIndex::Contains(NodeSlot node, const NodePosition& position) const {
  const auto bucket = buckets_.find(position.free.vcores);
  return bucket != buckets_.end() &&
         bucket->second.contains(
             {.free_memory = position.free.memory_mib, .order = position.order, .node = node});
}

Resource NodeIndex::LargestFree() const {
  Resource largest;
  for (const auto& [vcores, bucket] : buckets_) {
    if (bucket.empty()) continue;
    largest.vcores = std::max(largest.vcores, vcores);
    largest.memory_mib = std::max(largest.memory_mib, bucket.rbegin()->free_memory);
  }
  return largest;
}

void NodeIndex::DropEmptyBuckets() {
  std::erase_if(buckets_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace weir::scheduler
