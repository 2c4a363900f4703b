// Recovery: what a starting ResourceManager takes from its store. Blocks on the store; used before
// any loop runs.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RECOVERY_H_
#define WEIR_RESOURCEMANAGER_SERVER_RECOVERY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "resourcemanager/core/key_ring.h"
#include "resourcemanager/server/staging_store.h"
#include "state-store/state_store.h"

namespace weir::rm {

struct RecoveredState {
  store::EpochRecord epoch;            // ours, already durable
  Instant asked{};                     // when the epoch was asked for: nobody's is newer as of then
  std::vector<store::Record> records;  // of former epochs
  std::optional<KeyRing> keys;         // with a durable one
};

// Becomes the writer under a new epoch, loads, reports what is damaged, and makes the first token
// key if there is none. Errors: those of the store.
Result<RecoveredState> RecoverState(store::StateStore& state_store,
                                    const store::OpenRequest& request,
                                    const KeyRingOptions& keys);

// Unfinished applications refer to their files again. Those whose files are not there are named in
// the log: their containers run on, and those that start anew will fail. Returns how many there
// are.
size_t RecoverReferences(const std::vector<store::Record>& records, StagingStore& staging);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RECOVERY_H_
