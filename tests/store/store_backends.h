// The places in which the store tests open stores one after the other, one kind for each backend.
#ifndef WEIR_TESTS_STORE_STORE_BACKENDS_H_
#define WEIR_TESTS_STORE_STORE_BACKENDS_H_

#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "state-store/state_store.h"

namespace weir::store {

enum class BackendKind { kMemory = 1, kLevelDb = 2, kFilesystem = 3, kZookeeper = 4 };

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Result<std::unique_ptr<StateStore>> Open() = 0;
  // Puts bytes under a key past the store. Requires: no store is open.
  virtual void Damage(const std::string& key, const std::string& bytes) = 0;

  size_t queue_limit = 65'536;  // of the stores that are opened from now on
};

std::vector<BackendKind> AllBackends();
std::string NameOf(BackendKind kind);  // as StateStore::name says it
// Why there is no such backend on this machine; "" = there is.
std::string WhyNot(BackendKind kind);
// Requires: WhyNot(kind).empty().
std::unique_ptr<Backend> MakeBackend(BackendKind kind);

}  // namespace weir::store

#endif  // WEIR_TESTS_STORE_STORE_BACKENDS_H_
