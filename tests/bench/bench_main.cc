// weir-bench: runs one benchmark and prints its metrics.
//
//   weir-bench                              lists the benchmarks
//   weir-bench NAME [--key value]... [--json] [--samples FILE]
//
// --samples writes every raw value as a JSON line; scripts/bench-metrics computes the metrics from
// it again.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/strings.h"
#include "tests/bench/bench.h"
#include "tests/bench/bench_master.h"
#include "tests/bench/memory_role.h"

namespace weir::bench {
namespace {

using nlohmann::ordered_json;

struct Request {
  const Benchmark* benchmark = nullptr;
  Parameters parameters;
  bool json = false;
  std::string samples_file;
};

int Usage(const std::string& message) {
  std::fprintf(stderr, "weir-bench: %s (run it without arguments for the list)\n", message.c_str());
  return 2;
}

void PrintList() {
  std::puts("Usage: weir-bench NAME [--key value]... [--json] [--samples FILE]\n");
  for (const Benchmark& benchmark : Benchmarks()) {
    std::printf("%s\n  %s\n ", benchmark.name.c_str(), benchmark.what.c_str());
    for (const auto& [key, value] : benchmark.defaults) {
      std::printf(" --%s %lld", key.c_str(), static_cast<long long>(value));
    }
    std::printf("\n");
  }
}

Result<Request> Parse(const std::vector<std::string>& words) {
  Request request;
  for (const Benchmark& benchmark : Benchmarks()) {
    if (benchmark.name == words[0]) request.benchmark = &benchmark;
  }
  if (request.benchmark == nullptr) {
    return Error{ErrorCode::kInvalidArgument, "there is no benchmark '" + words[0] + "'", ""};
  }
  request.parameters = request.benchmark->defaults;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--json") {
      request.json = true;
      continue;
    }
    // A switch without a number means 1.
    const bool alone = i + 1 == words.size() || words[i + 1].starts_with("--");
    const std::string name = words[i].starts_with("--") ? words[i].substr(2) : "";
    if (alone && request.parameters.contains(name)) {
      request.parameters[name] = 1;
      continue;
    }
    if (!words[i].starts_with("--") || i + 1 == words.size()) {
      return Error{ErrorCode::kInvalidArgument, "'" + words[i] + "' needs --key value", ""};
    }
    const std::string key = words[i].substr(2);
    const std::string& value = words[++i];
    if (key == "samples") {
      request.samples_file = value;
      continue;
    }
    const auto number = ParseInt64(value);
    if (!request.parameters.contains(key) || !number || *number < 0) {
      return Error{
          ErrorCode::kInvalidArgument,
          "'--" + key + " " + value + "' is not a parameter of " + words[0] + " with a number",
          ""};
    }
    request.parameters[key] = *number;
  }
  return request;
}

ordered_json Spread(std::vector<double> values) {
  const double median = Compute(Statistic::kP50, values);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {{"median", median}, {"min", *low}, {"max", *high}};
}

void WriteSamples(std::ofstream& file, int64_t run, const Request& request, const Samples& all) {
  for (const Metric& metric : request.benchmark->metrics) {
    file << ordered_json{{"metric", metric.name},
                         {"sample", metric.sample},
                         {"statistic", StatisticName(metric.statistic)}}
                .dump()
         << "\n";
  }
  for (const auto& [name, values] : all) {
    for (const double value : values) {
      file << ordered_json{{"run", run}, {"sample", name}, {"value", value}}.dump() << "\n";
    }
  }
}

Result<ordered_json> Run(const Request& request) {
  std::ofstream samples_file;
  if (!request.samples_file.empty()) {
    samples_file.open(request.samples_file);
    if (!samples_file) {
      return Error{ErrorCode::kUnavailable, "cannot write " + request.samples_file, ""};
    }
  }
  const int64_t runs = request.parameters.at("runs");
  std::map<std::string, std::vector<double>> values;
  for (int64_t run = 0; run < runs; ++run) {
    WEIR_ASSIGN_OR_RETURN(const Samples samples, request.benchmark->run(request.parameters));
    for (const Metric& metric : request.benchmark->metrics) {
      const auto found = samples.find(metric.sample);
      if (found == samples.end() || found->second.empty()) {
        return Error{
            ErrorCode::kInternal, "run " + std::to_string(run) + " has no " + metric.sample, ""};
      }
      values[metric.name].push_back(Compute(metric.statistic, found->second));
    }
    if (samples_file.is_open()) WriteSamples(samples_file, run, request, samples);
  }
  ordered_json parameters = ordered_json::object();
  for (const auto& [key, value] : request.parameters) parameters[key] = value;
  ordered_json metrics = ordered_json::object();
  for (const Metric& metric : request.benchmark->metrics) {
    metrics[metric.name] = Spread(values[metric.name]);
  }
  return ordered_json{{"name", request.benchmark->name},
                      {"parameters", std::move(parameters)},
                      {"runs", runs},
                      {"metrics", std::move(metrics)}};
}

void PrintTable(const Request& request, const ordered_json& result) {
  std::printf("%s: %s\n", request.benchmark->name.c_str(), request.benchmark->what.c_str());
  for (const auto& [name, spread] : result.at("metrics").items()) {
    std::printf("  %-32s median %12.1f   min %12.1f   max %12.1f\n",
                name.c_str(),
                spread.at("median").get<double>(),
                spread.at("min").get<double>(),
                spread.at("max").get<double>());
  }
}

// The daemons are those beside this program, unless told otherwise.
void FindDaemons() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return;
  const std::string self(path, static_cast<size_t>(length));
  setenv("WEIR_BIN_DIR", self.substr(0, self.rfind('/')).c_str(), 0);
}

int Main(const std::vector<std::string>& words) {
  FindDaemons();
  if (words.empty() || words[0] == "--help") {
    PrintList();
    return 0;
  }
  const auto request = Parse(words);
  if (!request.ok()) return Usage(request.error().message);
  const auto result = Run(*request);
  if (!result.ok()) {
    std::fprintf(stderr, "weir-bench: %s\n", result.error().ToString().c_str());
    return 1;
  }
  if (request->json) {
    std::puts(result->dump().c_str());
  } else {
    PrintTable(*request, *result);
  }
  return 0;
}

}  // namespace

const std::vector<Benchmark>& Benchmarks() {
  static const std::vector<Benchmark> kBenchmarks = {
      {"allocate-latency",
       "A real ResourceManager with its LevelDB store on disk, real NodeManager processes and an "
       "ApplicationMaster in a container, over loopback; one ask at a time while the poll is "
       "parked, "
       "from the ask to its granted container, while another client submits applications.",
       {{"runs", 5}, {"nodes", 10}, {"asks", 1000}, {"submissions-per-second", 20}},
       {{"ask_to_answer_p50_us", "ask_to_answer_us", Statistic::kP50},
        {"ask_to_answer_p99_us", "ask_to_answer_us", Statistic::kP99},
        {"submissions", "submission_us", Statistic::kCount}},
       RunAllocateLatency},
      {"launch-latency",
       "A real cluster of one NodeManager; one container at a time, from the ask to the first "
       "instruction of the child's main, which reports the monotonic clock through a pipe.",
       {{"runs", 5}, {"nodes", 1}, {"launches", 200}},
       {{"ask_to_running_p50_us", "ask_to_running_us", Statistic::kP50},
        {"ask_to_running_p99_us", "ask_to_running_us", Statistic::kP99}},
       RunLaunchLatency},
      {"scheduler-allocate",
       "The scheduling engine alone: two leaf queues with guarantees 100,000 and 1,000,000 MiB, "
       "one "
       "application in each, half of the asks each, every ask one container of 10 MiB and 1 vcore "
       "under its own request id; nodes with just enough room. The time runs from before the first "
       "ask until the last container has its id, node and resource.",
       {{"runs", 5}, {"nodes", 5000}, {"asks", 100'000}},
       {{"decisions_per_second", "decisions_per_second", Statistic::kMean},
        {"decisions_per_cpu_second", "decisions_per_cpu_second", Statistic::kMean}},
       RunSchedulerAllocate},
      {"scheduler-reject",
       "The scheduling engine alone: every user is over the limit, two nodes have room. Each "
       "update "
       "applies fresh usage of a node and offers its free space; with --churn N every Nth update "
       "also releases a container and places another.",
       {{"runs", 5},
        {"types", 2},
        {"queues", 1},
        {"applications", 100},
        {"churn", 0},
        {"updates", 2'000'000}},
       {{"updates_per_second", "updates_per_second", Statistic::kMean},
        {"updates_per_cpu_second", "updates_per_cpu_second", Statistic::kMean}},
       RunSchedulerReject},
      {"scheduler-gang",
       "The scheduling engine alone: gangs of --size containers, asked one after the other by 100 "
       "applications in two queues, all at once or none, packed or with --spread over the nodes.",
       {{"runs", 5}, {"nodes", 5000}, {"gangs", 10'000}, {"size", 100}, {"spread", 0}},
       {{"containers_per_second", "containers_per_second", Statistic::kMean},
        {"containers_per_cpu_second", "containers_per_cpu_second", Statistic::kMean}},
       RunSchedulerGang},
      {"scheduler-preempt",
       "The scheduling engine alone: half of the queues hold the whole cluster, the other half ask "
       "for their guarantee; four rounds of the preemption monitor, step by step.",
       {{"runs", 5}, {"nodes", 5000}, {"queues", 100}, {"containers", 100'000}},
       {{"round_ms", "round_ms", Statistic::kMax},
        {"longest_step_ms", "step_ms", Statistic::kMax},
        {"longest_step_cpu_ms", "step_cpu_ms", Statistic::kMax},
        {"warned", "warned", Statistic::kMean}},
       RunSchedulerPreempt},
      {"scheduler-flood",
       "The scheduling engine alone: one queue's decisions, ask by ask, without and with --flood "
       "unplaceable asks of a thousand sizes waiting in another queue.",
       {{"runs", 5}, {"nodes", 5000}, {"asks", 20'000}, {"flood", 1'000'000}},
       {{"slowdown", "slowdown", Statistic::kMean},
        {"cpu_slowdown", "cpu_slowdown", Statistic::kMean},
        {"quiet_decisions_per_second", "quiet_decisions_per_second", Statistic::kMean},
        {"flooded_decisions_per_second", "flooded_decisions_per_second", Statistic::kMean}},
       RunSchedulerFlood},
      {"scheduler-memory",
       "The ResourceManager's whole core with the scheduler, driven through its events, in a "
       "process of its own: resident memory with --applications running masters, with "
       "--containers running containers (the masters' are among them), and after all is over. "
       "bytes_per_container is what the containers add; idle_ratio is the end to the beginning.",
       {{"runs", 5}, {"nodes", 5000}, {"applications", 10'000}, {"containers", 1'000'000}},
       {{"resident_mib", "resident_mib", Statistic::kMean},
        {"bytes_per_container", "bytes_per_container", Statistic::kMean},
        {"idle_ratio", "idle_ratio", Statistic::kMean},
        {"resident_before_mib", "resident_before_mib", Statistic::kMean},
        {"resident_after_mib", "resident_after_mib", Statistic::kMean}},
       RunSchedulerMemory},
      {"heartbeat-step",
       "The ResourceManager's whole core, without the wire: heartbeats of full nodes, one after "
       "the other, twenty of each, with the status of every running container in each; every "
       "hundredth is repeated, and with every hundredth a container ends whose place goes to a "
       "waiting ask. Heartbeats are made before the clock starts; it stops when the last answer "
       "is there.",
       {{"runs", 5}, {"nodes", 5000}, {"statuses", 10}},
       {{"heartbeats_per_second", "heartbeats_per_second", Statistic::kMean},
        {"heartbeats_per_cpu_second", "heartbeats_per_cpu_second", Statistic::kMean},
        {"placed_again", "placed_again", Statistic::kMean}},
       RunHeartbeatStep},
  };
  return kBenchmarks;
}

}  // namespace weir::bench

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  // The role in which a container of a benchmark runs this same program.
  if (!words.empty() && words[0] == "--as-master") return weir::bench::RunAsMaster(words);
  if (!words.empty() && words[0] == weir::bench::kMemoryRole) {
    return weir::bench::RunMemoryRole(words);
  }
  return weir::bench::Main(words);
}
