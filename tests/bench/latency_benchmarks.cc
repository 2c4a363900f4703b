// allocate-latency and launch-latency: a real cluster of processes, with this program as the
// ApplicationMaster in one of its containers (bench_master.h).
#include <atomic>
#include <fstream>
#include <thread>

#include "client/application_watch.h"
#include "client/rm_client.h"
#include "platform/clock.h"
#include "tests/bench/bench.h"
#include "tests/support/process_cluster.h"

namespace weir::bench {
namespace {

using testing::ClusterOptions;
using testing::ProcessCluster;

// Bigger than any node has left for it: such a submission is stored, acknowledged and waits.
SubmissionContext WaitingApplication() {
  SubmissionContext context;
  context.name = "bench-load";
  context.type = "bench";
  context.am_resource = {8192, 1};
  context.am_launch.command = {"/bin/true"};
  return context;
}

SubmissionContext MeasuringApplication(const std::string& mode,
                                       int64_t count,
                                       const std::string& file) {
  SubmissionContext context;
  context.name = "bench-" + mode;
  context.type = "bench";
  context.am_resource = {256, 1};
  context.am_launch.command = {
      "{{WEIR_HOME}}/bin/weir-bench", "--as-master", mode, std::to_string(count), file};
  return context;
}

// Submits at a steady rate from a connection of its own until told to stop.
class Submitter {
 public:
  Submitter(const platform::Configuration& config, int64_t per_second)
      : thread_([this, config, per_second] { Run(config, per_second); }) {}
  ~Submitter() { Finish(); }

  // Microseconds from submission to acknowledgement, of each.
  std::vector<double> Finish() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return samples_;
  }

 private:
  void Run(const platform::Configuration& config, int64_t per_second) {
    cli::RmClient rm(config);
    while (!stop_) {
      const Instant begin = platform::MonotonicNow();
      const auto id = rm.Submit(WaitingApplication());
      const Instant end = platform::MonotonicNow();
      if (!id.ok()) return;  // seen as too few samples
      samples_.push_back(static_cast<double>((end - begin).count()) / 1000.0);
      if (const auto killed = rm.Kill(*id, "end of its part in the load"); !killed.ok()) return;
      std::this_thread::sleep_for(Duration(seconds(1)) / per_second);  // the rate of the load
    }
  }

  std::atomic<bool> stop_{false};
  std::vector<double> samples_;  // the thread's, until it has ended
  std::thread thread_;
};

Error Failed(const ProcessCluster& cluster, const std::string& what) {
  return {ErrorCode::kInternal, what + "\n" + cluster.Logs(), ""};
}

Result<std::vector<double>> ReadSamples(const ProcessCluster& cluster,
                                        const std::string& file,
                                        int64_t count) {
  std::vector<double> samples;
  std::ifstream in(file);
  for (double sample = 0; in >> sample;) samples.push_back(sample);
  if (static_cast<int64_t>(samples.size()) != count) {
    return Failed(cluster, "the master wrote " + std::to_string(samples.size()) + " samples");
  }
  return samples;
}

Result<std::vector<double>> Measure(ProcessCluster& cluster,
                                    const std::string& mode,
                                    int64_t count) {
  const std::string file = cluster.work_dir() + "/samples";
  cli::RmClient rm(cluster.Config());
  WEIR_ASSIGN_OR_RETURN(const ApplicationId id, rm.Submit(MeasuringApplication(mode, count, file)));
  cli::ApplicationProgress progress;
  WEIR_ASSIGN_OR_RETURN(const auto end, cli::WatchUntilOver(rm, id, progress));
  if (end.report.final_status != FinalStatus::kSucceeded) {
    return Failed(cluster, cli::DescribeEnd(end.report));
  }
  return ReadSamples(cluster, file, count);
}

ClusterOptions OptionsFor(int64_t nodes) {
  ClusterOptions options;
  options.nodes = static_cast<int>(nodes);
  options.settings = {{"yarn.scheduler.minimum-allocation-mb", "256"}, {"weir.log.level", "warn"}};
  return options;
}

}  // namespace

Result<Samples> RunAllocateLatency(const Parameters& parameters) {
  ProcessCluster cluster(OptionsFor(parameters.at("nodes")));
  if (!cluster.Start()) return Failed(cluster, "the cluster did not start");
  Submitter submitter(cluster.Config(), parameters.at("submissions-per-second"));
  WEIR_ASSIGN_OR_RETURN(auto asks, Measure(cluster, "allocate", parameters.at("asks")));
  return Samples{{"ask_to_answer_us", std::move(asks)}, {"submission_us", submitter.Finish()}};
}

Result<Samples> RunLaunchLatency(const Parameters& parameters) {
  ProcessCluster cluster(OptionsFor(parameters.at("nodes")));
  if (!cluster.Start()) return Failed(cluster, "the cluster did not start");
  WEIR_ASSIGN_OR_RETURN(auto launches, Measure(cluster, "launch", parameters.at("launches")));
  return Samples{{"ask_to_running_us", std::move(launches)}};
}

}  // namespace weir::bench
