// GroupCommitStore: a StateStore over any engine. One writer thread takes whatever has been
// appended since its last write, writes it as one durable change, and then calls every `done` in
// order: the more is appended at once, the fewer synchronous writes it costs.
//
// Terms: a *group* is what is written together: all of a batch or nothing of it, at most
// kGroupBytes plus one batch.
//
// Invariants: `done` is called once per Append, in the order of the Appends, from the writer thread
// (from the caller's own when the store is closed). After the first failed Append every later one
// fails. An Append under an older epoch fails with kFenced and writes nothing.
//
// Thread rule: Append and Close are thread-safe; Load, Open and the destructor belong to the owner.
// Must not be destroyed or closed from within a `done`.
#ifndef WEIR_STATE_STORE_GROUP_COMMIT_STORE_H_
#define WEIR_STATE_STORE_GROUP_COMMIT_STORE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "platform/mutex.h"
#include "state-store/state_store.h"
#include "state-store/store_engine.h"

namespace weir::store {

class GroupCommitStore final : public StateStore {
 public:
  static constexpr size_t kGroupBytes = 4u << 20;

  // `queue_limit`: batches that may wait; more fail with kResourceExhausted.
  GroupCommitStore(std::unique_ptr<StoreEngine> engine, size_t queue_limit);
  ~GroupCommitStore() override;

  std::string name() const override { return name_; }
  Result<LoadedState> Load() override;
  Result<EpochRecord> Open(const OpenRequest& request) override;
  void Append(std::vector<StoreOperation> batch, Epoch epoch, Done done) override;
  void Close() override;

 private:
  struct Pending {
    std::vector<StoreOperation> batch;
    Epoch epoch;
    Done done;
    bool refused = false;  // came when the queue was full; holds no batch
  };
  struct Answer {
    Done done;
    Status status;
  };

  void Run();
  // Writes the next group of what was taken from the queue, and answers for it.
  void CommitGroup(std::deque<Pending>& taken);
  Status Check(const Pending& pending) WEIR_REQUIRES(engine_mutex_);
  Status CheckIsNew(const OpenRequest& request) WEIR_REQUIRES(engine_mutex_);
  std::string Place() const { return "the " + name_ + " state store"; }

  const std::string name_;
  const size_t queue_limit_;

  // Guards the engine's use: the writer thread, Load and Open.
  platform::Mutex engine_mutex_;
  std::unique_ptr<StoreEngine> engine_ WEIR_GUARDED_BY(engine_mutex_);
  Epoch epoch_ WEIR_GUARDED_BY(engine_mutex_);
  std::optional<Error> failure_ WEIR_GUARDED_BY(engine_mutex_);

  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::deque<Pending> queue_ WEIR_GUARDED_BY(mutex_);
  bool closing_ WEIR_GUARDED_BY(mutex_) = false;

  platform::Mutex close_mutex_;  // one Close at a time
  std::thread writer_;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_GROUP_COMMIT_STORE_H_
