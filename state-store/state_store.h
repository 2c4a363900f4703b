// StateStore: where records live. One interface, several backends, one conformance suite.
//
// Append is asynchronous and pipelined: batches become durable in the order given, each as a whole
// or not at all; `done` is called on the store's own thread, in that order. After the first failure
// every later Append fails too: the owner steps down. A store is opened by one process at a time
// (lock) and by one epoch at a time: an Append under an older epoch than the store's fails with
// kFenced.
//
// Owner: the ResourceManager's composition root. Append and Close are thread-safe; Load comes
// first.
#ifndef WEIR_STATE_STORE_STATE_STORE_H_
#define WEIR_STATE_STORE_STATE_STORE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "state-store/records.h"

namespace weir::store {

struct LoadedState {
  std::vector<Record> records;           // by key order
  std::vector<std::string> quarantined;  // "key: why", of records that did not decode
};

class StateStore {
 public:
  using Done = std::function<void(Status)>;

  virtual ~StateStore() = default;
  virtual std::string name() const = 0;  // "leveldb", for reports

  // Everything stored. kUnavailable, kCorruption (the store itself, not one record).
  virtual Result<LoadedState> Load() = 0;
  // Becomes the writer under a new epoch: the stored one plus one, durable when this returns.
  // `cluster_timestamp` is forced above the stored one. kFailedPrecondition: another cluster id.
  virtual Result<EpochRecord> Open(int64_t wall_millis, const std::string& cluster_id) = 0;
  virtual void Append(std::vector<StoreOperation> batch, Epoch epoch, Done done) = 0;
  // Waits for what was appended; later Appends fail. Idempotent.
  virtual void Close() = 0;
};

std::unique_ptr<StateStore> MakeMemoryStore();

struct LevelDbOptions {
  std::string directory;
  size_t queue_limit = 65'536;  // batches waiting; more fail with kResourceExhausted
};
// kFailedPrecondition: locked by another process ("store ... is in use by another
// ResourceManager"). kUnavailable: cannot be opened.
Result<std::unique_ptr<StateStore>> OpenLevelDbStore(const LevelDbOptions& options);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_STATE_STORE_H_
