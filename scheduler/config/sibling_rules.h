// The rules that the children of one parent keep together: one kind of capacity, sums, and the
// bounds that the parent sets. For files and for queues made automatically alike.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_SIBLING_RULES_H_
#define WEIR_SCHEDULER_CONFIG_SIBLING_RULES_H_

#include <string>
#include <vector>

#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// How far from 100 the percentages of siblings may add up to: 0.05, as in YARN.
inline constexpr int64_t kPercentTolerance = kWholePercent / 2000;

struct SiblingFault {
  const QueueSettings* queue = nullptr;  // the parent or one of the children
  std::string suffix;                    // the property to look at
  std::string rule;
  std::string message;
};

struct SiblingMode {
  bool legacy = true;
  bool allow_zero_sum = false;
};

// Also gives children without a capacity the kind that their siblings have (in legacy mode).
std::vector<SiblingFault> CheckSiblings(const QueueSettings& parent,
                                        const std::vector<QueueSettings*>& children,
                                        const SiblingMode& mode,
                                        const std::vector<std::string>& type_names);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_SIBLING_RULES_H_
