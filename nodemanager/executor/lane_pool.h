// LanePool: a WorkerPool for each lane (a disk, by its directory), made when it is first used: jobs
// that hang hold up those of their own lane and no others.
//
// The lanes are the caller's to bound: they stay until the end. Owner: who makes it; the destructor
// drops the jobs that wait, lets the running ones end, and joins. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LANE_POOL_H_
#define WEIR_NODEMANAGER_EXECUTOR_LANE_POOL_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/time.h"
#include "nodemanager/executor/worker_pool.h"
#include "platform/mutex.h"

namespace weir::nm {

class LanePool {
 public:
  // `threads` and `capacity`: of each lane.
  LanePool(std::string name, size_t threads, size_t capacity, Urgency urgency = Urgency::kNormal)
      : name_(std::move(name)), threads_(threads), capacity_(capacity), urgency_(urgency) {}
  ~LanePool() { Stop(); }
  LanePool(const LanePool&) = delete;
  LanePool& operator=(const LanePool&) = delete;

  // False when the lane's queue is full or the pool has stopped; the job is then not taken.
  [[nodiscard]] bool Submit(const std::string& lane, WorkerPool::Job job);
  // Every thread of the lane has been in one job for longer than that: what waits may wait for
  // ever.
  bool IsStuck(const std::string& lane, Duration longer_than);
  // What the destructor does; idempotent. Not from a job of its own.
  void Stop();

 private:
  const std::string name_;
  const size_t threads_;
  const size_t capacity_;
  const Urgency urgency_;
  platform::Mutex mutex_;
  std::map<std::string, std::unique_ptr<WorkerPool>> lanes_ WEIR_GUARDED_BY(mutex_);
  bool stopped_ WEIR_GUARDED_BY(mutex_) = false;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LANE_POOL_H_
