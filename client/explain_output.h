// How `weir application -explain` tells why an application waits. Pure functions.
#ifndef WEIR_CLIENT_EXPLAIN_OUTPUT_H_
#define WEIR_CLIENT_EXPLAIN_OUTPUT_H_

#include <string>
#include <vector>

#include "common/application.h"
#include "common/queue.h"

namespace weir::cli {

// What is known besides the ResourceManager's explanation: what happens past the scheduler.
struct PastTheScheduler {
  std::vector<ContainerReport> starting;  // granted, not running yet
  std::vector<std::string> jobs;  // "job 5f2b...: waits for 2 of 4 slots", from the JobManager
};

// The reason first, what would unblock it, then a table of the limits (* marks the one that binds),
// then every ask that waits with the nodes that cannot take it, by cause.
std::string FormatExplanation(const Explanation& explanation, const PastTheScheduler& past);
std::string ExplanationJson(const Explanation& explanation, const PastTheScheduler& past);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_EXPLAIN_OUTPUT_H_
