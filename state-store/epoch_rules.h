// The rules about the epoch that every store shares. Pure; thread-safe.
#ifndef WEIR_STATE_STORE_EPOCH_RULES_H_
#define WEIR_STATE_STORE_EPOCH_RULES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "state-store/state_store.h"
#include "state-store/store_engine.h"

namespace weir::store {

const std::string& EpochKey();

// The epoch record in `bytes` (nothing = there is none, and the store is new). `place` names the
// store. kFailedPrecondition: of a newer version. kCorruption: damaged; with an `at_least` above 0
// the answer is nothing instead.
Result<std::optional<EpochRecord>> ReadEpoch(const std::string& place,
                                             const std::optional<std::string>& bytes,
                                             Epoch at_least);

// The record of the next writer. kFailedPrecondition: the store is another cluster's.
Result<EpochRecord> NextEpoch(const std::string& place,
                              const std::optional<EpochRecord>& stored,
                              const OpenRequest& request);

// Whether an empty store may be begun. kFailedPrecondition: there should be something in it.
Status CheckMayBegin(const std::string& place, const OpenRequest& request);
// kCorruption, for one that has records but no epoch.
Error EpochIsGone(const std::string& place);

// Decodes one stored value into `state`: as a record, or by name among what is quarantined.
// kFailedPrecondition: a newer version of Weir has written it, so that nothing here may be touched.
Status LoadValue(const std::string& place,
                 std::string_view key,
                 std::string_view value,
                 LoadedState& state);

// The batch in bytes, at the end of `operations`, its size added to `bytes`; on failure nothing is
// added. kResourceExhausted: a record is too large; kInvalidArgument: it touches the epoch.
Status EncodeBatch(const std::vector<StoreOperation>& batch,
                   std::vector<EngineOperation>& operations,
                   size_t& bytes);

Error ClosedStore(const std::string& name);
// kFenced, kFailedPrecondition; nothing when `epoch` is the writer's.
Status CheckEpoch(const std::string& name, Epoch epoch, Epoch writer);
Error FullQueue(const std::string& name, size_t limit);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_EPOCH_RULES_H_
