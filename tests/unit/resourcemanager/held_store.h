// HeldStore: a state store whose writes end when the test says so, one after the other.
// Thread-safe.
#ifndef WEIR_TESTS_UNIT_RESOURCEMANAGER_HELD_STORE_H_
#define WEIR_TESTS_UNIT_RESOURCEMANAGER_HELD_STORE_H_

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "platform/mutex.h"
#include "state-store/state_store.h"

namespace weir::rm {

class HeldStore : public store::StateStore {
 public:
  std::string name() const override { return "held"; }
  Result<store::LoadedState> Load() override { return store::LoadedState{}; }
  Result<store::EpochRecord> Open(const store::OpenRequest& request) override {
    return store::EpochRecord{Epoch{1}, request.wall_millis, request.cluster_id};
  }
  void Append(std::vector<store::StoreOperation> batch, Epoch, Done done) override {
    platform::MutexLock lock(mutex_);
    waiting_.push_back({std::move(batch), std::move(done)});
    appended_.NotifyAll();
  }
  void Close() override {}

  // Waits for the oldest unfinished write and ends it; what was to be written.
  std::vector<store::StoreOperation> FinishOne(const Status& status) {
    Write write;
    {
      platform::MutexLock lock(mutex_);
      while (waiting_.empty()) appended_.Wait(mutex_);
      write = std::move(waiting_.front());
      waiting_.pop_front();
    }
    write.done(status);
    return std::move(write.batch);
  }

 private:
  struct Write {
    std::vector<store::StoreOperation> batch;
    Done done;
  };

  platform::Mutex mutex_;
  platform::ConditionVariable appended_;
  std::deque<Write> waiting_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::rm

#endif  // WEIR_TESTS_UNIT_RESOURCEMANAGER_HELD_STORE_H_
