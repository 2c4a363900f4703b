// From the stored records to what the core recovers from.
#ifndef WEIR_NODEMANAGER_SERVER_RECOVERY_LOADER_H_
#define WEIR_NODEMANAGER_SERVER_RECOVERY_LOADER_H_

#include "common/result.h"
#include "nodemanager/core/recovery.h"
#include "nodemanager/server/record_store.h"

namespace weir::nm {

// Fills `machine` and the records of `recovery`; what was found of the containers is the executor's
// to add. Damaged records are logged by key and left out. Tokens of an earlier boot start nothing
// any more: the records of their containers may have gone with the machine. kFailedPrecondition: a
// newer release has written some; to go on without them would end what it has started.
Status LoadRecovery(RecordStore& records, MachineRecord& machine, Recovery& recovery);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RECOVERY_LOADER_H_
