// What a new configuration would do to a running one: the rules that a change at run time must
// keep, and the list of what differs.
//
// Queues made automatically are in the running configuration only: take them over first
// (CarryDynamicQueues, dynamic_queues.h), then compare.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_CONFIGURATION_CHANGE_H_
#define WEIR_SCHEDULER_CONFIG_CONFIGURATION_CHANGE_H_

#include <functional>
#include <string>
#include <vector>

#include "common/queue.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// The rules of a change: a queue that goes away or turns from a leaf into a parent is STOPPED and
// empty (one made automatically need only be empty), none is moved, a parent stays managed or not.
// `has_applications` answers for the leaves of `from`. Empty: the change can be applied. Faults
// stand at the line of the queue (or of its nearest surviving parent) in `to`; the file is empty.
std::vector<ConfigFault> CheckChange(
    const QueueConfiguration& from,
    const QueueConfiguration& to,
    const std::function<bool(const std::string& path)>& has_applications);

// Every property that differs, with values as people write them, by path and property; path "" is
// for properties that concern no single queue. A queue that comes or goes is one entry ("added",
// "removed").
std::vector<QueueChange> DiffConfigurations(const QueueConfiguration& from,
                                            const QueueConfiguration& to);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_CONFIGURATION_CHANGE_H_
