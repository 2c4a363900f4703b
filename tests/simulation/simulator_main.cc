// weir-sim: runs the simulation with each of many seeds and prints one line each, the totals, and
// how often each pair of the transition tables occurred. See --help. Exit codes: 0 every invariant
// held; 1 one did not (its seed and the last lines are shown); 2 usage.
#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/hits.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/simulator_arguments.h"

namespace weir::simulation {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
// In so many places of a run each kind of process has its turn.
constexpr uint64_t kPlacesOfAll = 100;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Error FileError(const std::string& what, const std::string& path) {
  return {ErrorCode::kNotFound,
          "cannot " + what + " " + path + ": " + std::strerror(errno),
          "name a file that can be"};
}

Result<std::string> ReadFile(const std::string& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return FileError("read", path);
  std::string text;
  char buffer[4096];
  for (size_t got = 1; got > 0;) {
    got = std::fread(buffer, 1, sizeof(buffer), file.get());
    text.append(buffer, got);
  }
  if (std::ferror(file.get()) != 0) return FileError("read", path);
  return text;
}

Status WriteFile(const std::string& path, const std::string& text) {
  File file(std::fopen(path.c_str(), "wb"));
  if (file == nullptr) return FileError("write", path);
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  if (std::fclose(file.release()) != 0 || !written) return FileError("write", path);
  return {};
}

int Complain(const Error& error) {
  std::fprintf(stderr, "weir-sim: %s\n", error.ToString().c_str());
  return kUsage;
}

Result<SimulationOptions> MakeOptions(const Arguments& arguments) {
  SimulationOptions options{.faultiness = arguments.faultiness,
                            .output = arguments.output,
                            .loses_queues = arguments.loses_queues};
  if (!arguments.scenario_file.empty()) {
    WEIR_ASSIGN_OR_RETURN(const std::string text, ReadFile(arguments.scenario_file));
    WEIR_ASSIGN_OR_RETURN(options.scenario, ParseScenario(arguments.scenario_file, text));
  }
  if (arguments.nodes) options.scenario[Quantity::kNodes] = arguments.nodes;
  if (arguments.resource_managers) {
    options.scenario[Quantity::kResourceManagers] = arguments.resource_managers;
  }
  if (arguments.sweep > 0) options.faultiness = Faultiness::kOneDeath;
  return options;
}

void PrintRun(uint64_t seed, const SimulationOutcome& outcome) {
  std::string ends;
  for (const auto& [state, count] : outcome.ends) {
    ends += " " + std::to_string(count) + " " + state;
  }
  std::printf("seed %" PRIu64 " ok: hash %016" PRIx64 ", %" PRIu64 " steps, %" PRId64 " s,%s; %s\n",
              seed,
              outcome.hash,
              outcome.steps,
              ToMillis(outcome.virtual_time) / 1000,
              ends.c_str(),
              outcome.faults.ToString().c_str());
}

void PrintFailure(uint64_t seed, const SimulationOutcome& outcome) {
  for (const std::string& line : outcome.last_lines) std::printf("    %s\n", line.c_str());
  std::printf("seed %" PRIu64 " FAILED: %s\n", seed, outcome.failure.c_str());
}

void PrintHits(const Hits& hits) {
  size_t occurred = 0;
  const std::vector<Coverage::Pair> pairs = hits.coverage.Pairs();
  for (const Coverage::Pair& pair : pairs) {
    std::printf("%10" PRId64 " %s\n", pair.hits, pair.ToString().c_str());
    occurred += pair.hits > 0 ? 1 : 0;
  }
  std::printf("%zu of %zu state-event pairs occurred\n", occurred, pairs.size());
  for (const FaultKind& kind : FaultKinds()) {
    std::printf("%10" PRId64 " %s: %s\n",
                hits.faults[kind.fault],
                std::string(kind.name).c_str(),
                std::string(kind.what).c_str());
  }
  std::printf("total: %" PRId64 " runs, %s\n", hits.runs, hits.faults.ToString().c_str());
}

int Run(SimulationOptions options, const Arguments& arguments) {
  Hits hits;
  std::vector<uint64_t> failed;
  for (uint64_t seed = arguments.seeds.first; seed <= arguments.seeds.last; ++seed) {
    options.seed = seed;
    const SimulationOutcome outcome = RunSimulation(options);
    ++hits.runs;
    hits.faults += outcome.faults;
    hits.coverage.Merge(outcome.coverage);
    if (outcome.failure.empty()) {
      PrintRun(seed, outcome);
    } else {
      failed.push_back(seed);
      PrintFailure(seed, outcome);
    }
  }
  PrintHits(hits);
  for (const uint64_t seed : failed) std::printf("failed: seed %" PRIu64 "\n", seed);
  if (!arguments.hits_file.empty()) {
    const Status written = WriteFile(arguments.hits_file, hits.ToText());
    if (!written.ok()) return Complain(written.error());
  }
  return failed.empty() ? 0 : kFailed;
}

// A run again and again, with one death in another place each time. False when one failed.
bool SweepSeed(SimulationOptions options, uint64_t most) {
  const SimulationOutcome whole = RunSimulation(options);
  if (!whole.failure.empty()) {
    PrintFailure(options.seed, whole);
    return false;
  }
  const uint64_t runs = std::min(whole.places, most);
  FaultCounts deaths;
  bool good = true;
  for (uint64_t run = 1; run <= runs; ++run) {
    options.dies_at = run * whole.places / runs;
    const SimulationOutcome outcome = RunSimulation(options);
    deaths += outcome.faults;
    if (outcome.failure.empty() && outcome.faults.crashes() == 1) continue;
    good = false;
    std::printf(
        "place %" PRIu64 ", %" PRId64 " deaths: ", options.dies_at, outcome.faults.crashes());
    PrintFailure(options.seed, outcome);
  }
  std::printf("seed %" PRIu64 ": %" PRIu64 " of %" PRIu64 " places; %s\n",
              options.seed,
              runs,
              whole.places,
              deaths.ToString().c_str());
  if (most < kPlacesOfAll) return good;
  for (const Fault fault : {Fault::kRmCrash, Fault::kNmCrash, Fault::kAmCrash}) {
    if (deaths[fault] > 0) continue;
    good = false;
    std::printf("seed %" PRIu64 ": no process of one kind ever died\n", options.seed);
  }
  return good;
}

int Sweep(SimulationOptions options, const Arguments& arguments) {
  bool good = true;
  for (uint64_t seed = arguments.seeds.first; seed <= arguments.seeds.last; ++seed) {
    options.seed = seed;
    good = SweepSeed(options, arguments.sweep) && good;
  }
  return good ? 0 : kFailed;
}

int RequireHits(const std::vector<std::string>& files) {
  Hits all;
  for (const std::string& file : files) {
    const Result<std::string> text = ReadFile(file);
    if (!text.ok()) return Complain(text.error());
    const Result<Hits> hits = Hits::FromText(file, *text);
    if (!hits.ok()) return Complain(hits.error());
    all.Merge(*hits);
  }
  PrintHits(all);
  const std::vector<std::string> complaints = all.Complaints();
  for (const std::string& one : complaints) std::printf("missing: %s\n", one.c_str());
  return complaints.empty() ? 0 : kFailed;
}

int Main(const std::vector<std::string>& words) {
  const Result<Arguments> arguments = ParseArguments(words);
  if (!arguments.ok()) return Complain(arguments.error());
  if (arguments->help) {
    std::printf("%s", SimulatorHelp().c_str());
    return 0;
  }
  if (!arguments->required_files.empty()) return RequireHits(arguments->required_files);
  const Result<SimulationOptions> options = MakeOptions(*arguments);
  if (!options.ok()) return Complain(options.error());
  return arguments->sweep > 0 ? Sweep(*options, *arguments) : Run(*options, *arguments);
}

}  // namespace
}  // namespace weir::simulation

int main(int count, char** words) {
  return weir::simulation::Main(std::vector<std::string>(words + 1, words + count));
}
