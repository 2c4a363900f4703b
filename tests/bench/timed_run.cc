#include "tests/bench/timed_run.h"

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <vector>

namespace weir::bench {
namespace {

// Keeps what Google Benchmark measured instead of printing it.
class Keeper : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration && run.iterations > 0) {
        const auto times = static_cast<double>(run.iterations);
        time = RunTime{.seconds = run.real_accumulated_time / times,
                       .cpu_seconds = run.cpu_accumulated_time / times};
      }
    }
  }
  std::optional<RunTime> time;
};

}  // namespace

RunTime& RunTime::operator+=(const RunTime& other) {
  seconds += other.seconds;
  cpu_seconds += other.cpu_seconds;
  return *this;
}

void AddRates(const std::string& name, int64_t count, const RunTime& time, Samples& samples) {
  const auto times = static_cast<double>(count);
  samples[name + "_per_second"].push_back(times / time.seconds);
  samples[name + "_per_cpu_second"].push_back(times / time.cpu_seconds);
}

Result<RunTime> TimedRun(const std::string& name, const std::function<Status()>& measured) {
  Status status;
  benchmark::ClearRegisteredBenchmarks();
  benchmark::RegisterBenchmark(name.c_str(),
                               [&](benchmark::State& state) {
                                 for (auto each : state) {
                                   (void)each;
                                   status = measured();
                                   benchmark::ClobberMemory();
                                 }
                               })
      ->Iterations(1)
      ->UseRealTime();
  Keeper keeper;
  benchmark::RunSpecifiedBenchmarks(&keeper);
  benchmark::ClearRegisteredBenchmarks();
  if (!status.ok()) return status.error();
  if (!keeper.time) {
    return Error{ErrorCode::kInternal, "Google Benchmark gave no time for " + name, ""};
  }
  return *keeper.time;
}

int64_t ResidentBytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace weir::bench
