// The clusters, queues and asks of the scheduler's benchmarks.
#ifndef WEIR_TESTS_BENCH_SCHEDULER_WORKLOAD_H_
#define WEIR_TESTS_BENCH_SCHEDULER_WORKLOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "scheduler/capacity_scheduler.h"

namespace weir::bench {

// Properties of queues, written without the common prefix: {"root.a.capacity", "50"}.
using QueueLines = std::vector<std::pair<std::string, std::string>>;

struct WorkloadTypes {
  Resource minimum{1, 1};
  Resource maximum{1 << 20, 1 << 20};
  int named = 0;  // further types: "type-1", "type-2", ...
};

Result<std::shared_ptr<const scheduler::QueueConfiguration>> ReadQueues(
    const QueueLines& lines, const scheduler::ResourceTypes& types);
Result<scheduler::ResourceTypes> MakeTypes(const WorkloadTypes& types);
Result<std::unique_ptr<scheduler::CapacityScheduler>> MakeScheduler(const QueueLines& lines,
                                                                    const WorkloadTypes& types);
// Node i is "node-i" in rack i / 40.
std::vector<scheduler::NodeSlot> AddNodes(scheduler::CapacityScheduler& scheduler,
                                          int64_t count,
                                          const Resource& each);
scheduler::ApplicationSlot AddApplication(scheduler::CapacityScheduler& scheduler,
                                          const std::string& queue,
                                          const std::string& user,
                                          int64_t number);
Status SetAsk(scheduler::CapacityScheduler& scheduler,
              scheduler::ApplicationSlot application,
              const ContainerAsk& ask,
              Now now);

// Receives decisions as the ResourceManager does: each gets its container id, node and resource.
class Deliveries {
 public:
  explicit Deliveries(const scheduler::CapacityScheduler& scheduler) : scheduler_(scheduler) {}
  void Take(std::vector<scheduler::Allocation>& allocations);
  int64_t count() const { return count_; }
  // Depends on everything delivered, so that none of it is optimised away.
  uint64_t digest() const { return digest_; }

 private:
  const scheduler::CapacityScheduler& scheduler_;
  int64_t count_ = 0;
  uint64_t digest_ = 0;
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_SCHEDULER_WORKLOAD_H_
