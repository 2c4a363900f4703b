// Key groups: how a key finds its task. A key hashes to one of a fixed number of groups; each task
// owns a contiguous range of groups, so that a change of parallelism moves whole groups.
// Pure; the same on every machine.
#ifndef WEIR_STREAM_GRAPH_KEY_GROUPS_H_
#define WEIR_STREAM_GRAPH_KEY_GROUPS_H_

#include <cstdint>

#include "stream/graph/kinds.h"

namespace weir::stream {

// The number of groups of an operator: the power of two at or above 1.5 x parallelism, from 128 to
// 32768. Fixed for the life of its state.
constexpr int32_t KeyGroupCount(int32_t parallelism) {
  int32_t groups = 128;
  while (groups < kParallelismMax && groups < parallelism + parallelism / 2) groups *= 2;
  return groups;
}

// Requires: groups > 0.
constexpr int32_t KeyGroupOf(uint64_t key_hash, int32_t groups) {
  return static_cast<int32_t>(key_hash % static_cast<uint64_t>(groups));
}

// The subtask that owns `group`. Requires: 0 <= group < groups, 0 < parallelism <= groups.
constexpr int32_t OwnerOfKeyGroup(int32_t group, int32_t groups, int32_t parallelism) {
  return static_cast<int32_t>(static_cast<int64_t>(group) * parallelism / groups);
}

}  // namespace weir::stream

#endif  // WEIR_STREAM_GRAPH_KEY_GROUPS_H_
