// Recovery: what a ResourceManager makes of what is in its store, when it begins to lead or, as a
// standby, long before. Blocks on the store; used before any loop of the active part runs.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RECOVERY_H_
#define WEIR_RESOURCEMANAGER_SERVER_RECOVERY_H_

#include <cstddef>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "resourcemanager/core/key_ring.h"
#include "resourcemanager/core/standby_core.h"
#include "resourcemanager/server/staging_store.h"
#include "state-store/state_store.h"

namespace weir::rm {

// What is made of the records of former epochs. Value, but for copying.
class FollowedState {
 public:
  explicit FollowedState(const CoreOptions& options) : core(options) {}

  void Follow(store::RecordChanges changes);

  StandbyCore core;
  StagedReferences staged;
};

// Reads what has changed, everything if it has to be. Errors: those of the store.
Status FollowStore(store::StateStore& state_store, FollowedState& state);

struct RecoveredState {
  store::EpochRecord epoch;     // ours, already durable
  Instant asked{};              // when the epoch was asked for: nobody's is newer as of then
  std::optional<KeyRing> keys;  // with a durable one
};

// Becomes the writer under a new epoch, brings `followed` up to date or loads it, reports what is
// damaged, and makes the first token key if there is none. Errors: those of the store.
Result<RecoveredState> RecoverState(store::StateStore& state_store,
                                    const store::OpenRequest& request,
                                    const KeyRingOptions& keys,
                                    FollowedState& followed);

// Unfinished applications refer to their files again. Those whose files are not there are named in
// the log: their containers run on, and those that start anew will fail. Returns how many there
// are.
size_t RecoverReferences(StagedReferences references, StagingStore& staging);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RECOVERY_H_
