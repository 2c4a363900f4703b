// How many workers a stream cluster lacks.
//
// Example: jobs wait for 7 slots, 1 is free, 1 worker of 2 slots is on its way: 7 - 1 - 2 = 4
// slots are missing, so 2 more workers are asked for. Pure.
#ifndef WEIR_APPMASTER_CORE_WORKER_PLAN_H_
#define WEIR_APPMASTER_CORE_WORKER_PLAN_H_

#include <algorithm>
#include <cstdint>

namespace weir::am {

struct WorkerPlanInput {
  int32_t slots_waiting = 0;     // needed by jobs that hold none yet
  int32_t slots_free = 0;        // of ready workers
  int32_t slots_per_worker = 1;  // Requires: > 0
  int32_t workers_ready = 0;
  int32_t workers_coming = 0;  // granted, not ready yet
  int32_t workers_min = 0;     // kept warm
};

// Containers still to be granted.
inline int32_t WorkersMissing(const WorkerPlanInput& in) {
  const int64_t coming = int64_t{in.workers_coming} * in.slots_per_worker;
  const int64_t slots = std::max<int64_t>(0, in.slots_waiting - in.slots_free - coming);
  const int64_t for_jobs = (slots + in.slots_per_worker - 1) / in.slots_per_worker;
  const int64_t warm = in.workers_min - in.workers_ready - in.workers_coming;
  return static_cast<int32_t>(std::max<int64_t>({0, for_jobs, warm}));
}

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_WORKER_PLAN_H_
