// Queues made automatically, under a parent that allows it: flexible ones (auto-queue-creation-v2:
// parents and a leaf, by templates, in weight mode) and leaves of a managed parent
// (auto-create-child-queue, by leaf-queue-template), which share out what the parent has by
// activity.
//
// Errors name the rule. kInvalidArgument: a bad path or a template that gives no valid queue;
// kAlreadyExists; kFailedPrecondition: no ancestor allows it, too deep, or a leaf is in the way;
// kResourceExhausted: the parent has as many as it may have.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_DYNAMIC_QUEUES_H_
#define WEIR_SCHEDULER_CONFIG_DYNAMIC_QUEUES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/resource_types.h"

namespace weir::scheduler {

// A copy with the leaf `path` ("root.a.mia") and the parents it lacks.
Result<std::shared_ptr<const QueueConfiguration>> WithDynamicQueue(const QueueConfiguration& from,
                                                                   const std::string& path,
                                                                   const ResourceTypes& types);
// The same in place, for many at once. An error leaves `configuration` as it was.
Status AddDynamicQueue(QueueConfiguration& configuration,
                       const std::string& path,
                       const ResourceTypes& types);

// Makes again what an earlier ResourceManager had made: as in CarryDynamicQueues it is not counted
// against the limits of numbers. An error leaves `configuration` as it was.
Status AddDynamicQueueAgain(QueueConfiguration& configuration,
                            const std::string& path,
                            const ResourceTypes& types);

// Whether the rules of places and counts let WithDynamicQueue make it; what its templates give is
// only found out by making it.
Status CheckDynamicQueue(const QueueConfiguration& configuration, const std::string& path);

// A copy without the dynamic queue `path` and all below it. kNotFound; kFailedPrecondition when it
// was not made automatically.
Result<std::shared_ptr<const QueueConfiguration>> WithoutDynamicQueue(
    const QueueConfiguration& from, const std::string& path);

// A copy of `to` with the dynamic queues of `running` that `to` still allows, made again by the
// templates of `to`, and the recovery queue. The others are left out: CheckChange refuses them if
// they have applications.
std::shared_ptr<const QueueConfiguration> CarryDynamicQueues(const QueueConfiguration& running,
                                                             const QueueConfiguration& to,
                                                             const ResourceTypes& types);

// Leaves of a managed parent have their template's capacity or nothing. A copy in which those below
// `parent` with applications come before those without (YARN's
// GuaranteedOrZeroCapacityOverTimePolicy, at once instead of every 1.5 s): who lacks it, the one
// with the oldest application first, gets it from a leaf that has no applications. Null when that
// changes nothing. `oldest`: the order of the oldest application of a leaf; nothing = it has none.
std::shared_ptr<const QueueConfiguration> BalanceManagedParent(
    const QueueConfiguration& from,
    const std::string& parent,
    const std::function<std::optional<int64_t>(const std::string& path)>& oldest);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_DYNAMIC_QUEUES_H_
