// What a benchmark of weir-bench is: a name, parameters with defaults, and a function that makes
// raw samples. A run gives samples by name ("ask_to_answer_us"); the metrics of a benchmark are
// statistics of one run's samples (p50, p99, maximum, rate), and what is reported is the median,
// smallest and largest of a metric over the runs.
//
// A benchmark measures what its name says, with the work a real system would do. Single-threaded
// values.
#ifndef WEIR_TESTS_BENCH_BENCH_H_
#define WEIR_TESTS_BENCH_BENCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/result.h"

namespace weir::bench {

using Parameters = std::map<std::string, int64_t>;

// What --store says, by its place among the words of the benchmark.
enum class StoreChoice : int64_t { kLevelDb = 0, kFilesystem = 1, kZookeeper = 2 };

// Raw values of one run, in the order measured, by sample name.
using Samples = std::map<std::string, std::vector<double>>;

// How a metric follows from one run's samples.
enum class Statistic { kP50, kP99, kMax, kMean, kCount };

struct Metric {
  std::string name;    // with its unit: "ask_to_answer_p50_us"
  std::string sample;  // of which samples
  Statistic statistic = Statistic::kP50;
};

struct Benchmark {
  std::string name;
  std::string what;     // how the workload is built, in a sentence or two
  Parameters defaults;  // "runs" is always there
  std::vector<Metric> metrics;
  Result<Samples> (*run)(const Parameters& parameters);
  // Why a metric is not measured with these parameters, and so is not among the metrics; null, or
  // "": it is.
  std::string (*why_not)(const std::string& metric, const Parameters& parameters) = nullptr;
  // Parameters that are given as a word: their value is its place here.
  std::map<std::string, std::vector<std::string>> words = {};
};

const std::vector<Benchmark>& Benchmarks();

// Requires: values is not empty. The nearest-rank percentile.
double Compute(Statistic statistic, std::vector<double> values);
std::string StatisticName(Statistic statistic);

Result<Samples> RunAllocateLatency(const Parameters& parameters);
Result<Samples> RunLaunchLatency(const Parameters& parameters);
Result<Samples> RunNmOverhead(const Parameters& parameters);
Result<Samples> RunLaunch(const Parameters& parameters);
Result<Samples> RunKill(const Parameters& parameters);
Result<Samples> RunLocalise(const Parameters& parameters);
Result<Samples> RunSchedulerAllocate(const Parameters& parameters);
Result<Samples> RunSchedulerReject(const Parameters& parameters);
Result<Samples> RunSchedulerGang(const Parameters& parameters);
Result<Samples> RunSchedulerPreempt(const Parameters& parameters);
Result<Samples> RunSchedulerFlood(const Parameters& parameters);
Result<Samples> RunSchedulerMemory(const Parameters& parameters);
Result<Samples> RunHeartbeatStep(const Parameters& parameters);
Result<Samples> RunSubmitDurable(const Parameters& parameters);
std::string WhyNotSubmitDurable(const std::string& metric, const Parameters& parameters);
Result<Samples> RunRecover(const Parameters& parameters);
std::string WhyNotRecover(const std::string& metric, const Parameters& parameters);
Result<Samples> RunFailover(const Parameters& parameters);

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_BENCH_H_
