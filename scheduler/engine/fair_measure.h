// What fair leaves order their applications by: the memory in use, divided by log2(1 + demand) when
// the leaf weighs by size (ordering-policy.fair.enable-size-based-weight), where the demand is what
// is used and wanted in MiB. Smaller goes first. Pure.
#ifndef WEIR_SCHEDULER_ENGINE_FAIR_MEASURE_H_
#define WEIR_SCHEDULER_ENGINE_FAIR_MEASURE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "scheduler/engine/records.h"

namespace weir::scheduler {

// log2(1 + value) in 1e-6, by the position of the highest bit and linear between powers of two: an
// integer stand-in for YARN's logarithm.
inline int64_t LogarithmOf(int64_t value) {
  const auto v = static_cast<uint64_t>(std::max<int64_t>(value, 0)) + 1;
  const int bits = 63 - __builtin_clzll(v);
  const uint64_t base = uint64_t{1} << bits;
  const uint64_t rest =
      bits >= 20 ? ((v - base) >> (bits - 20)) * 1'000'000 >> 20 : (v - base) * 1'000'000 / base;
  return bits * 1'000'000 + static_cast<int64_t>(rest);
}

inline int64_t FairMeasure(const Application& application,
                           const std::vector<Line>& lines,
                           bool size_based) {
  int64_t memory = 0;
  for (const PartitionUse& each : application.uses) memory += each.used[Amounts::kMemory];
  if (!size_based) return memory;
  int64_t pending = 0;
  for (const int32_t line : application.lines) {
    pending += lines[static_cast<size_t>(line)].pending[Amounts::kMemory];
  }
  return memory * 1'000'000 / std::max<int64_t>(LogarithmOf(memory + pending), 1);
}

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_FAIR_MEASURE_H_
