// MemoryMedium: the "disk" of memory stores: it outlives them, so that a test can close a store and
// open another one on what it left. Holds encoded bytes, as a real disk does.
//
// Thread-safe. Shared between a test and the stores on it.
#ifndef WEIR_STATE_STORE_MEMORY_STORE_H_
#define WEIR_STATE_STORE_MEMORY_STORE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/limits.h"
#include "platform/mutex.h"
#include "state-store/state_store.h"

namespace weir::store {

class MemoryMedium {
 public:
  // Raw access: what a damaged disk would do.
  std::map<std::string, std::string> Bytes();
  void SetBytes(const std::string& key, const std::string& value);
  // Every write from now on fails so; nothing = they succeed again.
  void FailWrites(std::optional<Error> error);

 private:
  friend class MemoryEngine;

  platform::Mutex mutex_;
  std::map<std::string, std::string> bytes_ WEIR_GUARDED_BY(mutex_);
  std::optional<Error> write_error_ WEIR_GUARDED_BY(mutex_);
  bool in_use_ WEIR_GUARDED_BY(mutex_) = false;
};

// kFailedPrecondition: another store is open on `medium`.
Result<std::unique_ptr<StateStore>> OpenMemoryStore(std::shared_ptr<MemoryMedium> medium,
                                                    size_t queue_limit = limits::kMailbox);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_MEMORY_STORE_H_
