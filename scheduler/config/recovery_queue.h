// The recovery queue: the leaf that holds applications of an earlier ResourceManager whose own
// queue is not in the configuration any more. What they have runs on and is charged there; nothing
// is given out in it, nobody submits or moves to it, and it is not there while it holds nobody.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_RECOVERY_QUEUE_H_
#define WEIR_SCHEDULER_CONFIG_RECOVERY_QUEUE_H_

#include <memory>

#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// No file can name it, and no user or group can have a queue of this name: names have no ':'.
inline constexpr char kRecoveryQueue[] = "root.:recovered";

// Changes nothing when it is there already.
void AddRecoveryQueue(QueueConfiguration& configuration);
// A copy with it.
std::shared_ptr<const QueueConfiguration> WithRecoveryQueue(const QueueConfiguration& from);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_RECOVERY_QUEUE_H_
