// The embedded store: one LevelDB directory, every group a synchronous WriteBatch.
#include <memory>
#include <utility>

#include "state-store/group_commit_store.h"
#include "state-store/leveldb_engine.h"
#include "state-store/state_store.h"

namespace weir::store {

Result<std::unique_ptr<StateStore>> OpenLevelDbStore(const LevelDbOptions& options) {
  WEIR_ASSIGN_OR_RETURN(auto engine, OpenLevelDbEngine(options.directory, Durability::kMachine));
  return std::unique_ptr<StateStore>(
      std::make_unique<GroupCommitStore>(std::move(engine), options.queue_limit));
}

}  // namespace weir::store
