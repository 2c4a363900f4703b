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

enum class StopCause {
  kStoppedByApplicationMaster,   // at this node
  kReleasedByApplicationMaster,  // through the RM
  kKilledByResourceManager,
  kApplicationEnded,
  kPreempted,
  kNodeDecommissioned,
  kNodeManagerStopping,
  kPhysicalMemoryExceeded,
  kVirtualMemoryExceeded,
  kExcessLogs,
};
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
