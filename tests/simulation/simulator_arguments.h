// The command line of weir-sim, as a value. Immutable values.
#ifndef WEIR_TESTS_SIMULATION_SIMULATOR_ARGUMENTS_H_
#define WEIR_TESTS_SIMULATION_SIMULATOR_ARGUMENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

struct Arguments {
  bool help = false;
  NumberRange seeds{};
  std::string scenario_file;
  std::optional<NumberRange> nodes;  // instead of what the scenario says
  std::optional<NumberRange> resource_managers;
  Trace::Output output = Trace::Output::kNone;
  Faultiness faultiness = Faultiness::kDrawn;
  bool loses_queues = false;
  uint64_t sweep = 0;                       // most places of each run; 0 = no sweep
  std::string hits_file;                    // to write
  std::vector<std::string> required_files;  // of hits, to read: nothing is run then
};

// kInvalidArgument names the word.
Result<Arguments> ParseArguments(const std::vector<std::string>& words);
std::string SimulatorHelp();

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIMULATOR_ARGUMENTS_H_
