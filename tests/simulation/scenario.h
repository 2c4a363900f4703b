// Scenario: what a run is to be like, as far as it is not left to the seed: how many processes, how
// long things go wrong, how often each kind of fault.
//
// A file of lines `key = NUMBER` or `key = FIRST-LAST` (drawn anew for each seed); what follows a
// '#' is a remark. What it does not name is drawn as without a scenario. Faults are so many per
// million: see fault_kinds.h for of what.
//
// Setting: what has been drawn from a scenario for one run. Immutable values.
#ifndef WEIR_TESTS_SIMULATION_SCENARIO_H_
#define WEIR_TESTS_SIMULATION_SCENARIO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/random.h"
#include "common/result.h"
#include "tests/simulation/fault_kinds.h"

namespace weir::simulation {

enum class Quantity : size_t {
  kResourceManagers,
  kNodes,
  kApplications,
  kSeconds,
  kChanges,
  kOwnerCommands,
  kRetryPolicies,
  kLosesQueues,
  kStopsQueues,
};
inline constexpr size_t kQuantities = static_cast<size_t>(Quantity::kStopsQueues) + 1;

// Both ends are in it.
struct NumberRange {
  uint64_t first = 0;
  uint64_t last = 0;
  bool operator==(const NumberRange&) const = default;
};

struct Scenario {
  std::array<std::optional<NumberRange>, kQuantities> quantities{};
  std::array<std::optional<NumberRange>, kFaults> faults{};

  std::optional<NumberRange>& operator[](Quantity quantity) {
    return quantities[static_cast<size_t>(quantity)];
  }
  const std::optional<NumberRange>& operator[](Quantity quantity) const {
    return quantities[static_cast<size_t>(quantity)];
  }
};

// "7" or "3-10". kInvalidArgument.
Result<NumberRange> ParseNumberRange(std::string_view text);
// The range, if it lies within what the quantity may be; kInvalidArgument names the bounds.
Result<NumberRange> ParseQuantity(Quantity quantity, std::string_view text);
// `file` is for messages. kInvalidArgument: "FILE:LINE: what is wrong", with the remedy.
Result<Scenario> ParseScenario(const std::string& file, std::string_view text);
// Every key with its bounds and meaning, a line each.
std::string DescribeScenarioKeys();

struct Setting {
  std::array<std::optional<uint64_t>, kQuantities> quantities{};
  std::array<std::optional<uint64_t>, kFaults> faults{};

  std::optional<uint64_t> operator[](Quantity quantity) const {
    return quantities[static_cast<size_t>(quantity)];
  }
  std::optional<uint64_t> operator[](Fault fault) const {
    return faults[static_cast<size_t>(fault)];
  }
};

// The same for the same seed; takes nothing from the run's own draws.
Setting DrawSetting(const Scenario& scenario, uint64_t seed);
// For what there was no draw for when the first seeds were named: those keep their runs.
Random OtherDraws(uint64_t seed, uint64_t purpose);

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SCENARIO_H_
