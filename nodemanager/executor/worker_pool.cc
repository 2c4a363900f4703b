#include "nodemanager/executor/worker_pool.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "platform/clock.h"

namespace weir::nm {

using platform::MutexLock;

namespace {

constexpr int kGivesWay = 10;

}  // namespace

WorkerPool::WorkerPool(std::string name, size_t threads, size_t capacity, Urgency urgency)
    : name_(std::move(name)), capacity_(capacity), urgency_(urgency), busy_since_(threads, kNever) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { Run(i); });
}

WorkerPool::~WorkerPool() {
  Stop();
}

void WorkerPool::Stop() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool WorkerPool::Submit(Job job) {
  {
    MutexLock lock(mutex_);
    if (ending_ || jobs_.size() >= capacity_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.NotifyOne();
  return true;
}

bool WorkerPool::IsStuck(Duration longer_than) {
  const Instant now = platform::MonotonicNow();
  MutexLock lock(mutex_);
  return std::all_of(busy_since_.begin(), busy_since_.end(), [&](Instant since) {
    return since != kNever && now - since > longer_than;
  });
}

void WorkerPool::Run(size_t number) {
  pthread_setname_np(pthread_self(), name_.c_str());
  // Of the calling thread alone, on Linux. Without it there is just less order.
  if (urgency_ == Urgency::kGivesWay) static_cast<void>(!::nice(kGivesWay));
  while (true) {
    Job job;
    {
      MutexLock lock(mutex_);
      busy_since_[number] = kNever;
      while (jobs_.empty() && !ending_) changed_.Wait(mutex_);
      if (ending_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      busy_since_[number] = platform::MonotonicNow();
    }
    job();
  }
}

}  // namespace weir::nm
