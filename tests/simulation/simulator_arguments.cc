#include "tests/simulation/simulator_arguments.h"

#include <string_view>
#include <utility>

#include "common/strings.h"

namespace weir::simulation {
namespace {

constexpr char kHelp[] =
    R"(Usage: weir-sim --seeds FIRST-LAST [--scenario FILE] [--trace] [--no-faults | --restarts]
                [--nodes N] [--resource-managers N] [--lost-queues] [--hits FILE]
       weir-sim --seeds FIRST-LAST [--scenario FILE] --sweep MOST
       weir-sim --require-hits FILE...

Runs ResourceManagers, NodeManagers and ApplicationMasters in virtual time, with faults drawn from a
seed, and checks the invariants after every step. At the end it says how often each kind of fault
occurred, and each pair of state and event of the tables (ignored ones once a process).
  --seeds FIRST-LAST  the seeds to run, one after another (one number runs that seed)
  --scenario FILE     what the runs are to be like, see below; the seed decides the rest
  --nodes N, --resource-managers N
                      instead of what the scenario says; a number or FIRST-LAST, drawn for each seed.
                      1-4 nodes and one ResourceManager when neither says it; several ResourceManagers
                      are elected through a ZooKeeper, with its faults
  --trace             prints every step
  --no-faults         loses, delays and kills nothing, whatever the scenario says
  --restarts          kills the ResourceManager again and again, and does no other harm
  --lost-queues       a ResourceManager that starts may find no stored queues, and one of two in its file
  --hits FILE         writes there how often what occurred
  --sweep MOST        runs each seed without faults but one: a process dies, before and after each of its
                      actions in turn, in at most so many runs
  --require-hits FILE...
                      runs nothing, and adds up what --hits wrote: every kind of fault has to be among it
                      100 times, and every pair that can be reached

Exit code: 0 every invariant held, nothing is missing; 1 one did not (its seed and last lines are
shown), or something is; 2 usage.

Examples:
  weir-sim --seeds 1-1000
  weir-sim --seeds 17 --scenario tests/simulation/scenarios/pauses.scenario --trace
  weir-sim --seeds 1-100 --nodes 50 --resource-managers 2-3
  weir-sim --seeds 2 --scenario tests/simulation/scenarios/disks.scenario --sweep 300

A scenario is a file of lines KEY = NUMBER or KEY = FIRST-LAST; a '#' begins a remark. Keys:
)";

Error Invalid(std::string message, std::string remedy) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

// Takes the words one after another.
class ArgumentParser {
 public:
  explicit ArgumentParser(const std::vector<std::string>& words) : words_(words) {}

  Result<Arguments> Run() {
    while (at_ < words_.size()) {
      const std::string word = words_[at_++];
      if (TakeFlag(word)) continue;
      WEIR_RETURN_IF_ERROR(TakeOption(word));
    }
    WEIR_RETURN_IF_ERROR(CheckWhole());
    return std::move(arguments_);
  }

 private:
  bool TakeFlag(std::string_view word) {
    if (word == "--help" || word == "-h") {
      arguments_.help = true;
    } else if (word == "--trace") {
      arguments_.output = Trace::Output::kStandardOutput;
    } else if (word == "--no-faults") {
      arguments_.faultiness = Faultiness::kNone;
    } else if (word == "--restarts") {
      arguments_.faultiness = Faultiness::kRestarts;
    } else if (word == "--lost-queues") {
      arguments_.loses_queues = true;
    } else {
      return false;
    }
    return true;
  }

  Status TakeOption(const std::string& word) {
    static const std::vector<std::string> options = {"--seeds",
                                                     "--scenario",
                                                     "--nodes",
                                                     "--resource-managers",
                                                     "--sweep",
                                                     "--hits",
                                                     "--require-hits"};
    bool known = false;
    for (const std::string& option : options) known = known || option == word;
    if (!known) {
      const std::optional<std::string> near = NearestName(word, options);
      return Invalid("there is no option \"" + word + "\"",
                     near ? "did you mean " + *near + "?" : "see --help");
    }
    if (at_ == words_.size()) return Invalid(word + " needs a value", "see --help");
    const std::string& value = words_[at_++];
    Status taken = TakeValue(word, value);
    if (taken.ok()) return taken;
    Error error = std::move(taken).error();
    error.message.insert(0, word + ": ");
    return error;
  }

  Status TakeValue(std::string_view option, const std::string& value) {
    if (option == "--seeds") {
      WEIR_ASSIGN_OR_RETURN(arguments_.seeds, ParseNumberRange(value));
      seeds_ = true;
    } else if (option == "--scenario") {
      arguments_.scenario_file = value;
    } else if (option == "--nodes") {
      WEIR_ASSIGN_OR_RETURN(arguments_.nodes, ParseQuantity(Quantity::kNodes, value));
    } else if (option == "--resource-managers") {
      WEIR_ASSIGN_OR_RETURN(arguments_.resource_managers,
                            ParseQuantity(Quantity::kResourceManagers, value));
    } else if (option == "--hits") {
      arguments_.hits_file = value;
    } else if (option == "--require-hits") {
      arguments_.required_files.push_back(value);
      while (at_ < words_.size()) arguments_.required_files.push_back(words_[at_++]);
    } else {
      WEIR_ASSIGN_OR_RETURN(const NumberRange most, ParseNumberRange(value));
      if (most.first != most.last || most.last == 0) {
        return Invalid("\"" + value + "\" is not a number of runs", "give one from 1");
      }
      arguments_.sweep = most.last;
    }
    return {};
  }

  Status CheckWhole() const {
    const Arguments& all = arguments_;
    if (all.help || (!all.required_files.empty() && words_.front() == "--require-hits")) return {};
    if (!all.required_files.empty()) {
      return Invalid("--require-hits runs nothing", "give it alone");
    }
    if (!seeds_) return Invalid("--seeds is missing", "name the seeds to run, such as 1-1000");
    const bool more = all.faultiness != Faultiness::kDrawn || all.loses_queues;
    if (all.sweep > 0 && (more || !all.hits_file.empty())) {
      return Invalid("--sweep does no harm but its own, and counts nothing",
                     "leave out --no-faults, --restarts, --lost-queues and --hits");
    }
    return {};
  }

  const std::vector<std::string>& words_;
  size_t at_ = 0;
  bool seeds_ = false;
  Arguments arguments_;
};

}  // namespace

Result<Arguments> ParseArguments(const std::vector<std::string>& words) {
  return ArgumentParser(words).Run();
}

std::string SimulatorHelp() {
  return kHelp + DescribeScenarioKeys();
}

}  // namespace weir::simulation
