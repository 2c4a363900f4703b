// weir-sim --seeds A-B [--trace] [--no-faults | --restarts] [--lost-queues]
// [--resource-managers N] [--sweep MOST]: runs the simulation
// with each seed from A to B and prints one line each, the totals, and the pairs of the transition
// tables that never occurred. Exit codes: 0 every invariant held; 1 one did not (its seed and the
// last lines are shown); 2 usage.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "tests/simulation/simulation.h"

namespace weir::simulation {
namespace {

constexpr int64_t kResourceManagersMost = 5;

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 1;
  Trace::Output output = Trace::Output::kNone;
  Faultiness faultiness = Faultiness::kDrawn;
  bool loses_queues = false;
  size_t resource_managers = 1;
  uint64_t sweep = 0;  // most places of each run; 0 = no sweep
};

std::optional<std::pair<uint64_t, uint64_t>> ParseSeeds(std::string_view text) {
  const std::vector<std::string_view> ends = Split(text, '-');
  if (ends.empty() || ends.size() > 2) return std::nullopt;
  const std::optional<int64_t> first = ParseInt64(ends.front());
  const std::optional<int64_t> last = ParseInt64(ends.back());
  if (!first || !last || *first < 0 || *last < *first) return std::nullopt;
  return std::pair(static_cast<uint64_t>(*first), static_cast<uint64_t>(*last));
}

std::optional<Arguments> Parse(const std::vector<std::string>& words) {
  Arguments arguments;
  bool seeds = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--trace") {
      arguments.output = Trace::Output::kStandardOutput;
    } else if (words[i] == "--no-faults") {
      arguments.faultiness = Faultiness::kNone;
    } else if (words[i] == "--restarts") {
      arguments.faultiness = Faultiness::kRestarts;
    } else if (words[i] == "--lost-queues") {
      arguments.loses_queues = true;
    } else if (words[i] == "--sweep" && i + 1 < words.size()) {
      const std::optional<int64_t> most = ParseInt64(words[++i]);
      if (!most || *most < 1) return std::nullopt;
      arguments.sweep = static_cast<uint64_t>(*most);
    } else if (words[i] == "--resource-managers" && i + 1 < words.size()) {
      const std::optional<int64_t> count = ParseInt64(words[++i]);
      if (!count || *count < 1 || *count > kResourceManagersMost) return std::nullopt;
      arguments.resource_managers = static_cast<size_t>(*count);
    } else if (words[i] == "--seeds" && i + 1 < words.size()) {
      const auto range = ParseSeeds(words[++i]);
      if (!range) return std::nullopt;
      arguments.first = range->first;
      arguments.last = range->second;
      seeds = true;
    } else {
      return std::nullopt;
    }
  }
  if (!seeds) return std::nullopt;
  return arguments;
}

std::string EndsOf(const SimulationOutcome& outcome) {
  std::string text;
  for (const auto& [state, count] : outcome.ends) {
    text += " " + std::to_string(count) + " " + state;
  }
  return text;
}

void PrintFailure(uint64_t seed, const SimulationOutcome& outcome) {
  for (const std::string& line : outcome.last_lines) std::printf("    %s\n", line.c_str());
  std::printf("seed %" PRIu64 " FAILED: %s\n", seed, outcome.failure.c_str());
}

int Run(const Arguments& arguments) {
  FaultCounts total;
  Coverage coverage;
  std::vector<uint64_t> failed;
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    const SimulationOutcome outcome =
        RunSimulation({.seed = seed,
                       .faultiness = arguments.faultiness,
                       .output = arguments.output,
                       .loses_queues = arguments.loses_queues,
                       .resource_managers = arguments.resource_managers});
    total += outcome.faults;
    coverage.Merge(outcome.coverage);
    if (!outcome.failure.empty()) {
      failed.push_back(seed);
      PrintFailure(seed, outcome);
      continue;
    }
    std::printf("seed %" PRIu64 " ok: hash %016" PRIx64 ", %" PRIu64 " steps, %" PRId64
                " s,%s; %s\n",
                seed,
                outcome.hash,
                outcome.steps,
                ToMillis(outcome.virtual_time) / 1000,
                EndsOf(outcome).c_str(),
                outcome.faults.ToString().c_str());
  }
  std::printf("total: %s\n", total.ToString().c_str());
  size_t hit = 0;
  const std::vector<Coverage::Pair> pairs = coverage.Pairs();
  for (const Coverage::Pair& pair : pairs) {
    if (pair.hits > 0) {
      ++hit;
    } else {
      std::printf("never occurred: %s\n", pair.ToString().c_str());
    }
  }
  std::printf("%zu of %zu state-event pairs occurred\n", hit, pairs.size());
  for (const uint64_t seed : failed) std::printf("failed: seed %" PRIu64 "\n", seed);
  return failed.empty() ? 0 : 1;
}

// Each run again and again, with one death in another place each time.
int Sweep(const Arguments& arguments) {
  uint64_t failed = 0;
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    SimulationOptions options{.seed = seed,
                              .faultiness = Faultiness::kOneDeath,
                              .resource_managers = arguments.resource_managers};
    const uint64_t places = RunSimulation(options).places;
    const uint64_t runs = std::min(places, arguments.sweep);
    for (uint64_t run = 1; run <= runs; ++run) {
      options.dies_at = run * places / runs;
      const SimulationOutcome outcome = RunSimulation(options);
      if (outcome.failure.empty()) continue;
      ++failed;
      std::printf("place %" PRIu64 " of ", options.dies_at);
      PrintFailure(seed, outcome);
    }
    std::printf("seed %" PRIu64 ": %" PRIu64 " of %" PRIu64 " places\n", seed, runs, places);
  }
  std::printf("%" PRIu64 " failed\n", failed);
  return failed == 0 ? 0 : 1;
}

constexpr char kHelp[] =
    R"(Usage: weir-sim --seeds FIRST-LAST [--trace] [--no-faults | --restarts] [--lost-queues]
                [--resource-managers N] [--sweep MOST]

Runs ResourceManager, NodeManagers and ApplicationMasters in virtual time, with faults drawn from a
seed, and checks the invariants after every step.
  --seeds FIRST-LAST  the seeds to run, one after another (one number runs that seed)
  --trace             prints every step
  --no-faults         loses, delays and kills nothing
  --restarts          kills the ResourceManager again and again, and does no other harm
  --resource-managers N
                      several, elected through ZooKeeper, with its faults; 1 unless given
  --sweep MOST        runs each seed without faults but one: a process dies, before and after each of its
                      actions in turn, in at most so many runs
  --lost-queues       a ResourceManager that starts may find no stored queues, and one of two in its file

Exit code: 0 every invariant held; 1 one did not (its seed and last lines are shown); 2 usage.
)";

}  // namespace
}  // namespace weir::simulation

int main(int count, char** words) {
  if (count == 2 && std::string_view(words[1]) == "--help") {
    std::printf("%s", weir::simulation::kHelp);
    return 0;
  }
  const auto arguments =
      weir::simulation::Parse(std::vector<std::string>(words + 1, words + count));
  if (!arguments) {
    std::fprintf(stderr,
                 "usage: weir-sim --seeds FIRST-LAST [--trace] [--no-faults | --restarts] "
                 "[--lost-queues] [--resource-managers N] "
                 "[--sweep MOST]; "
                 "see --help\n");
    return 2;
  }
  return arguments->sweep > 0 ? weir::simulation::Sweep(*arguments)
                              : weir::simulation::Run(*arguments);
}
