// Names of queues as people and rules write them, and the leaf that they mean.
//
// Terms: a *short name* is the last part of a path ("eu" for "root.streams.eu"); a *partial path*
// starts with the short name of a parent ("streams.eu").
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_PLACEMENT_QUEUE_NAMES_H_
#define WEIR_SCHEDULER_PLACEMENT_QUEUE_NAMES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// Longer paths are refused unread.
inline constexpr size_t kQueuePathBytes = 4096;
inline constexpr size_t kQueueLevels = 32;

// The parts of a name. kInvalidArgument: empty parts, spaces or control characters, too long or
// with too many parts.
Result<std::vector<std::string>> SplitQueueName(std::string_view name);

// The name cut and with control characters replaced, for messages.
std::string ForMessage(std::string_view name);

// The paths that `name`, a short name, means: those of leaves, or when there are none those of
// parents. Sorted.
std::vector<std::string> MeaningsOf(const QueueConfiguration& configuration, std::string_view name);

// The leaf that `name` (path, partial path, short name) means; with `create` also one that
// automatic creation would make. How many queues a parent may get is for the making to check.
// kInvalidArgument: a bad name, not a leaf, or one that means several queues (named);
// kNotFound: no such queue (known leaves named).
Result<std::string> ResolveLeaf(const QueueConfiguration& configuration,
                                std::string_view name,
                                bool create);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PLACEMENT_QUEUE_NAMES_H_
