// The lease that nodes are given: how long after the last word from an RM the containers of a node
// may go on running. nodemanager/core/lease.h says what the NodeManager does and why the two
// together never run a container in two places.
//
// The RM's part. It counts a node's expiry from the receipt of every request of its session, so
// from no earlier than the NodeManager counts its lease, and replaces what ran there only when the
// node is LOST. The lease is shorter than the expiry by a margin of a sixth of that (5 s of 30 s):
// for clocks that go at different paces, and for the kernel to end what is killed. Pure.
#ifndef WEIR_RESOURCEMANAGER_CORE_NODE_LEASE_H_
#define WEIR_RESOURCEMANAGER_CORE_NODE_LEASE_H_

#include <algorithm>

#include "common/time.h"

namespace weir::rm {

constexpr Duration LongestNodeLease(Duration node_expiry) {
  return node_expiry / 6 * 5;
}

// `wished`: 0 = the longest.
constexpr Duration NodeLease(Duration wished, Duration node_expiry) {
  const Duration longest = LongestNodeLease(node_expiry);
  return wished > Duration{0} ? std::min(wished, longest) : longest;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_NODE_LEASE_H_
