// StandbyCore: the core of a ResourceManager that does not lead yet, kept as the state store is, so
// that beginning to lead takes the same time whatever there is.
//
// It follows each change of the store in time that depends on the change. Some it cannot follow
// (queues, labels, nodes that are forgotten): then it is *stale*, until it is given everything. The
// core that it becomes is the one that would have been made of the records: a ResourceManager that
// has followed nobody gives it all of them at once.
//
// Memory: what the core itself needs for the same applications and nodes.
//
// Owner: who follows the store, then who leads. Single-threaded. Pure.
#ifndef WEIR_RESOURCEMANAGER_CORE_STANDBY_CORE_H_
#define WEIR_RESOURCEMANAGER_CORE_STANDBY_CORE_H_

#include <memory>
#include <string>

#include "common/time.h"
#include "resourcemanager/core/resource_manager_core.h"
#include "state-store/records.h"

namespace weir::rm {

class StandbyCore {
 public:
  // Stale.
  explicit StandbyCore(const CoreOptions& options);
  ~StandbyCore();
  StandbyCore(StandbyCore&&) noexcept;
  StandbyCore& operator=(StandbyCore&&) noexcept;

  // Of what is not whole, nothing is done while it is stale.
  void Follow(store::RecordChanges changes);
  // It has to be given everything.
  bool stale() const { return state_ == nullptr; }
  // A queue configuration is stored, and wins over the local one. Requires: not stale.
  bool HasStoredQueues() const;
  // As they were given last; without keys: there are none. Requires: not stale.
  const store::TokenKeysRecord& token_keys() const { return token_keys_; }
  // The first broken invariant of its scheduler in words; "" if all hold. Requires: not stale.
  std::string CheckInvariants() const;

  // Under `epoch`, of which all that was stored before is known. Start comes next. Requires: not
  // stale; it is not used any more.
  std::unique_ptr<ResourceManagerCore> Lead(const store::EpochRecord& epoch,
                                            const LeadershipOptions& leadership,
                                            Now now);

 private:
  CoreOptions options_;
  std::unique_ptr<ResourceManagerCore::State> state_;  // null: stale
  store::TokenKeysRecord token_keys_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_STANDBY_CORE_H_
