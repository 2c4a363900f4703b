// How a container's end is told: YARN's exit code and the cause in words with its numbers. Pure
// functions; thread-safe.
#ifndef WEIR_NODEMANAGER_CORE_EXIT_CAUSE_H_
#define WEIR_NODEMANAGER_CORE_EXIT_CAUSE_H_

#include <optional>
#include <string>

#include "common/container.h"
#include "common/result.h"
#include "common/time.h"
#include "nodemanager/core/events.h"

namespace weir::nm {

// Stored: numbers stay, new ones are added at the end.
enum class StopCause : int {
  kStoppedByApplicationMaster = 1,   // at this node
  kReleasedByApplicationMaster = 2,  // through the RM
  kKilledByResourceManager = 3,
  kApplicationEnded = 4,
  kPreempted = 5,
  kNodeManagerStopping = 6,
  kPhysicalMemoryExceeded = 7,
  kVirtualMemoryExceeded = 8,
  kLeaseEnded = 9,  // no ResourceManager was heard of for the node's lease
  kNodeDecommissioned = 10,
  kExcessLogs = 11,
  kGracefulShutdown = 12,  // its owner asked it to end, and it ended in its own time
  kForcefulShutdown = 13,  // its owner had it killed
};
inline constexpr int kLastStopCause = static_cast<int>(StopCause::kForcefulShutdown);
StopCause CauseOf(StopReason reason);

struct ExitCause {
  int exit_code = exit_code::kNotYet;
  std::string diagnostics;
};

// Someone asked for the stop; `outcome` is how the process then ended, if there was one.
// `waited`: from the request to the end. `words`: what there is to say of the cause beyond its
// name; they stand in its place.
ExitCause DescribeStop(StopCause cause,
                       const std::string& words,
                       const std::optional<ExitOutcome>& outcome,
                       Duration waited,
                       Duration sigkill_delay);
// The same while nothing of it ran, between a failure and its retry.
ExitCause DescribeStopBetweenRetries(StopCause cause);
// It ended by itself.
ExitCause DescribeExit(const ExitOutcome& outcome, const Resource& resource);
ExitCause DescribeLocalizationFailure(const Error& error);
ExitCause DescribeLaunchFailure(const Error& error);
// It could not be started by the node's own fault: counted against nobody.
ExitCause DescribeNodeFault(const Error& error);
ExitCause DescribeRefusal(const Error& error);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_EXIT_CAUSE_H_
