// The kinds of fault of a run, what they are called in scenarios and reports, and how often each
// occurred. Immutable values.
#ifndef WEIR_TESTS_SIMULATION_FAULT_KINDS_H_
#define WEIR_TESTS_SIMULATION_FAULT_KINDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::simulation {

enum class Fault : size_t {
  kLostMessage,
  kDuplicatedMessage,
  kSlowMessage,
  kRmCrash,
  kNmCrash,
  kAmCrash,
  kSlowWrite,
  kFailedWrite,
  kTornWrite,
  kTornRecords,
  kRecordFailure,
  kLocalizationFailure,
  kLaunchFailure,
  kContainerFailure,
  kSlowExecutor,
  kIsolation,
  kNmStop,
  kRmStop,
  kZookeeperCut,
  kZookeeperOutage,
  kHostCut,
  kClockJump,
  // What comes of others, and is counted only.
  kMachineDeath,
  kResizeFailure,
  kRetry,
  kLeaseEnd,
  kSessionEnd,
  kTakeover,
  kLostQueue,
};
inline constexpr size_t kFaults = static_cast<size_t>(Fault::kLostQueue) + 1;

struct FaultKind {
  Fault fault;
  std::string_view name;  // of the key in a scenario, and in reports
  std::string_view per;   // so many per million of these; "" = it comes of others
  std::string_view what;
};
// In the order of the enumerators.
std::span<const FaultKind> FaultKinds();
std::optional<Fault> FindFault(std::string_view name);

struct FaultCounts {
  int64_t messages = 0;
  std::array<int64_t, kFaults> of{};

  int64_t& operator[](Fault fault) { return of[static_cast<size_t>(fault)]; }
  int64_t operator[](Fault fault) const { return of[static_cast<size_t>(fault)]; }
  int64_t crashes() const {
    return (*this)[Fault::kRmCrash] + (*this)[Fault::kNmCrash] + (*this)[Fault::kAmCrash];
  }
  FaultCounts& operator+=(const FaultCounts& other);
  // Those that occurred, with their numbers.
  std::string ToString() const;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_FAULT_KINDS_H_
