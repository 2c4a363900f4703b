// WorkerPool: a few threads and a bounded queue of jobs in front of them.
//
// Owner: who makes it; the destructor drops the jobs that wait, lets the running ones end, and
// joins. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_WORKER_POOL_H_
#define WEIR_NODEMANAGER_EXECUTOR_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/time.h"
#include "platform/mutex.h"

namespace weir::nm {

// Whether its threads give way to others where there are not enough processors: they get a small
// share then, but always some.
enum class Urgency { kNormal, kGivesWay };

class WorkerPool {
 public:
  using Job = std::function<void()>;

  // `name`: of the threads, at most 15 characters.
  WorkerPool(std::string name, size_t threads, size_t capacity, Urgency urgency = Urgency::kNormal);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full or the pool has stopped; the job is then not taken.
  [[nodiscard]] bool Submit(Job job);
  // What the destructor does; idempotent. Not from a job of its own.
  void Stop();
  // Every thread has been in one job for longer than that.
  bool IsStuck(Duration longer_than);

 private:
  void Run(size_t number);

  const std::string name_;
  const size_t capacity_;
  const Urgency urgency_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::deque<Job> jobs_ WEIR_GUARDED_BY(mutex_);
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::vector<Instant> busy_since_ WEIR_GUARDED_BY(mutex_);  // of each thread; kNever = idle
  std::vector<std::thread> threads_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_WORKER_POOL_H_
