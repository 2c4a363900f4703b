#include "nodemanager/executor/lane_pool.h"

#include <utility>
#include <vector>

namespace weir::nm {

using platform::MutexLock;

bool LanePool::Submit(const std::string& lane, WorkerPool::Job job) {
  WorkerPool* pool = nullptr;
  {
    MutexLock lock(mutex_);
    if (stopped_) return false;
    auto& place = lanes_[lane];
    if (place == nullptr) {
      place = std::make_unique<WorkerPool>(name_, threads_, capacity_, urgency_);
    }
    pool = place.get();
  }
  return pool->Submit(std::move(job));
}

bool LanePool::IsStuck(const std::string& lane, Duration longer_than) {
  MutexLock lock(mutex_);
  const auto it = lanes_.find(lane);
  return it != lanes_.end() && it->second->IsStuck(longer_than);
}

void LanePool::Stop() {
  std::vector<WorkerPool*> pools;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    for (auto& [name, pool] : lanes_) pools.push_back(pool.get());
  }
  // Outside of the lock: jobs may submit others, which are refused.
  for (WorkerPool* pool : pools) pool->Stop();
}

}  // namespace weir::nm
