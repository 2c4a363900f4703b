// Clients that each have one thing under way, and the next one when that is done: how a rate and
// its latencies are measured.
#ifndef WEIR_TESTS_BENCH_CLOSED_LOOP_H_
#define WEIR_TESTS_BENCH_CLOSED_LOOP_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace weir::bench {

struct Measured {
  double per_second = 0;
  std::vector<double> latencies_ms;
};

// Begins the thing with that number, from 1, and calls `done` when it is done, on any thread.
using BeginOne = std::function<void(int64_t number, std::function<void(bool ok)> done)>;

// For so long. kUnavailable: one of them failed.
Result<Measured> MeasureClosedLoop(int64_t clients, Duration length, BeginOne begin);

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_CLOSED_LOOP_H_
