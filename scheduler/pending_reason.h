// Why an ask waits: the code, from sums that are always at hand, and its sentence, made only when
// somebody asks. Pure functions over the nodes.
#ifndef WEIR_SCHEDULER_PENDING_REASON_H_
#define WEIR_SCHEDULER_PENDING_REASON_H_

#include <cstdint>
#include <string>

#include "common/application.h"
#include "common/master_messages.h"
#include "scheduler/node_table.h"

namespace weir::scheduler {

// Requires: no schedulable node has room for `size` now. O(distinct capacities).
PendingReason ReasonWithoutRoom(const NodeTable& nodes, const Resource& size);

// The sentence for `reason`, about `ask`; `head` is the ask of the same application that goes
// first.
std::string PendingDetail(const NodeTable& nodes,
                          PendingReason reason,
                          const ContainerAsk& ask,
                          const ContainerAsk& head);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PENDING_REASON_H_
