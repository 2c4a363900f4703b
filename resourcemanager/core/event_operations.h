// Which operation of the table (security/operations.h) an event is, of those about somebody's
// application: whether the caller may is known only here, where its owner and its queue are.
// Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_CORE_EVENT_OPERATIONS_H_
#define WEIR_RESOURCEMANAGER_CORE_EVENT_OPERATIONS_H_

#include "resourcemanager/core/events.h"
#include "security/operations.h"

namespace weir::rm {

const security::Operation& OperationOf(const SubmitApplication& event);
const security::Operation& OperationOf(const KillApplication& event);
const security::Operation& OperationOf(const MoveApplication& event);
const security::Operation& OperationOf(const UpdatePriority& event);
const security::Operation& OperationOf(const UpdateLifetime& event);
const security::Operation& OperationOf(const ResizeContainer& event);
const security::Operation& OperationOf(const SignalContainer& event);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_EVENT_OPERATIONS_H_
