// TimedRun: one measured run of a workload in this process, under Google Benchmark: set-up outside
// the clock, the measured part inside, results kept alive.
#ifndef WEIR_TESTS_BENCH_TIMED_RUN_H_
#define WEIR_TESTS_BENCH_TIMED_RUN_H_

#include <functional>
#include <string>

#include "common/result.h"
#include "tests/bench/bench.h"

namespace weir::bench {

struct RunTime {
  double seconds = 0;      // of a steady clock
  double cpu_seconds = 0;  // of this thread: what other processes do meanwhile does not count

  RunTime& operator+=(const RunTime& other);
};

// Adds to the samples `name`_per_second and `name`_per_cpu_second.
void AddRates(const std::string& name, int64_t count, const RunTime& time, Samples& samples);

// Runs `measured` once as the Google Benchmark `name` and gives the time it took. An error of
// `measured` is given back as it is.
Result<RunTime> TimedRun(const std::string& name, const std::function<Status()>& measured);

// Resident memory of this process in bytes, after the allocator has given back what it can.
int64_t ResidentBytes();

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_TIMED_RUN_H_
