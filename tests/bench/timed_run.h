// TimedRun: one measured run of a workload in this process, under Google Benchmark: set-up outside
// the clock, the measured part inside, results kept alive.
#ifndef WEIR_TESTS_BENCH_TIMED_RUN_H_
#define WEIR_TESTS_BENCH_TIMED_RUN_H_

#include <functional>
#include <string>

#include "common/result.h"

namespace weir::bench {

// Runs `measured` once as the Google Benchmark `name` and gives the seconds it took (CPU-wall time
// of a steady clock). An error of `measured` is given back as it is.
Result<double> TimedRun(const std::string& name, const std::function<Status()>& measured);

// Resident memory of this process in bytes, after the allocator has given back what it can.
int64_t ResidentBytes();

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_TIMED_RUN_H_
