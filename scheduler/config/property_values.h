// The values of properties that are not capacities: switches, numbers between bounds, states,
// access lists, priority grants. Errors are kInvalidArgument; the message says what was found, the
// remedy is the rule.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_PROPERTY_VALUES_H_
#define WEIR_SCHEDULER_CONFIG_PROPERTY_VALUES_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

Result<bool> ParseSwitch(std::string_view text);
// A whole number from low to high.
Result<int64_t> ParseWhole(std::string_view text, int64_t low, int64_t high);
Result<int32_t> ParseWhole32(std::string_view text,
                             int32_t low,
                             int32_t high = std::numeric_limits<int32_t>::max());
// A decimal number from low to high, all in units of 1 / scale.
Result<int64_t> ParseFraction(std::string_view text, int64_t scale, int64_t low, int64_t high);
// -1 = none, or at least 0.
Result<std::optional<int64_t>> ParseUserLimitFactor(std::string_view text);
// A count of which YARN's 2147483647 means none.
Result<std::optional<int64_t>> ParseCountLimit(std::string_view text);
// At most 100 years.
Result<Duration> ParseMilliseconds(std::string_view text);
// Of whole seconds, at most 100 years; negative = nothing.
Result<std::optional<Duration>> ParseLifetime(std::string_view text);

// RUNNING or STOPPED.
Result<QueueState> ParseState(std::string_view text);
Result<Calculator> ParseCalculator(std::string_view text);
// YARN's "user1,user2 group1,group2": what follows the first space are groups.
AccessList ParseAccessList(std::string_view text);
// "[user=a,b group=c max_priority=5 default_priority=1] [...]"; "*" gives no entry.
Result<std::vector<PriorityGrant>> ParsePriorityGrants(std::string_view text);
// "a, b,,c": trimmed, without empty ones.
std::vector<std::string> ParseList(std::string_view text);

// A queue's name: not empty, at most limits::kNameBytes, no space, no control character, none of
// . , * : % / (they mean something in paths, lists, mappings and addresses).
Status CheckQueueName(std::string_view name);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_PROPERTY_VALUES_H_
