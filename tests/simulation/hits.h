// Hits: how often each kind of fault, and each allowed or ignored pair of the cores' tables,
// occurred over many runs; and what runs that mean something must not lack. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_HITS_H_
#define WEIR_TESTS_SIMULATION_HITS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/fault_kinds.h"

namespace weir::simulation {

// A pair that no run can reach, and why.
struct UnreachablePair {
  std::string_view machine;
  std::string_view state;
  std::string_view event;
  std::string_view why;
};
std::span<const UnreachablePair> UnreachablePairs();

struct Hits {
  static constexpr int64_t kOfEachFault = 100;  // at least

  int64_t runs = 0;
  FaultCounts faults{};
  Coverage coverage{};

  void Merge(const Hits& other);
  // A line each, for people and for FromText.
  std::string ToText() const;
  // `file` is for messages. kInvalidArgument.
  static Result<Hits> FromText(const std::string& file, std::string_view text);

  // What is missing, or is there and must not be, a line each: fewer than kOfEachFault faults of a
  // kind, pairs that never occurred, pairs that occurred although no run can reach them.
  std::vector<std::string> Complaints() const;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_HITS_H_
