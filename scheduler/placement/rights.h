// Whom an access list means, and the nearest existing queue of a path. Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_PLACEMENT_RIGHTS_H_
#define WEIR_SCHEDULER_PLACEMENT_RIGHTS_H_

#include <string>

#include "scheduler/placement/placement.h"

namespace weir::scheduler {

bool IsOn(const AccessList& list, const Submitter& submitter);

// The queue itself, else its nearest ancestor that exists; null when there is none.
const QueueSettings* NearestQueue(const QueueConfiguration& configuration, std::string path);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PLACEMENT_RIGHTS_H_
