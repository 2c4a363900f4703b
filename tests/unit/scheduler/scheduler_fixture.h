// What the scheduler's tests share: short ways to say a cluster.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_SCHEDULER_FIXTURE_H_
#define WEIR_TESTS_UNIT_SCHEDULER_SCHEDULER_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/scheduler.h"

namespace weir::scheduler {

class SchedulerFixture {
 public:
  SchedulerFixture() : scheduler_(MakeFifoScheduler({})) {}

  Scheduler& operator*() { return *scheduler_; }
  Scheduler* operator->() { return scheduler_.get(); }

  NodeSlot Node(const std::string& name, int64_t memory_mib, int64_t vcores) {
    return scheduler_->AddNode({name}, "/default-rack", {memory_mib, vcores});
  }
  ApplicationSlot Application(int32_t priority = 0) {
    const int32_t sequence = ++applications_;
    return scheduler_->AddApplication({{.cluster_timestamp = 1, .sequence = sequence}, 1},
                                      "root.default",
                                      "ann",
                                      priority,
                                      sequence);
  }
  void Ask(ApplicationSlot application,
           int32_t count,
           const Resource& resource,
           int64_t request_id = 1,
           int32_t priority = 1) {
    scheduler_->SetAsk(
        application,
        {.request_id = request_id, .priority = priority, .count = count, .resource = resource});
  }
  // Everything that can be placed now.
  std::vector<Allocation> Place(size_t limit = 1000) {
    std::vector<Allocation> placed;
    while (scheduler_->Schedule({}, limit, placed)) {
    }
    return placed;
  }
  PendingReason ReasonOf(ApplicationSlot application) {
    const std::vector<PendingAsk> pending = scheduler_->pending(application);
    return pending.empty() ? PendingReason::kNone : pending.front().reason;
  }

 private:
  std::unique_ptr<Scheduler> scheduler_;
  int32_t applications_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_SCHEDULER_FIXTURE_H_
