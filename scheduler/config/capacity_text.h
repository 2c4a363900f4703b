// Capacities and amounts as people write them: "12.5", "3w", "[memory=10Gi,vcores=12]",
// "[memory=50%,vcores=2w]". Numbers are read digit by digit into whole units, never as floating
// point: what is written is what counts, on every machine.
//
// Errors are kInvalidArgument; the message says what was found, the remedy is the rule.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_CAPACITY_TEXT_H_
#define WEIR_SCHEDULER_CONFIG_CAPACITY_TEXT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/resource_types.h"

namespace weir::scheduler {

// The largest weight: sums over all queues stay far from overflow.
inline constexpr int64_t kLargestWeight = 1'000'000 * kWholeWeight;

// A decimal number in units of 1 / scale; digits beyond are cut off. `scale` is a power of ten.
// Nothing when it is not a decimal number or does not fit.
std::optional<int64_t> ParseDecimal(std::string_view text, int64_t scale);
// "12.5"; no zeros at the end.
std::string FormatDecimal(int64_t value, int64_t scale);

// "10240", "10Gi", "2k": memory in MiB when no unit is given.
Result<int64_t> ParseAmount(std::string_view text, int type, const ResourceTypes& types);
// "memory-mb=10240,vcores=12", with or without brackets; by type, nothing where none is named.
using AmountList = std::array<std::optional<int64_t>, Amounts::kMaxTypes>;
Result<AmountList> ParseAmounts(std::string_view text, const ResourceTypes& types);

// A capacity. In legacy mode a vector is absolute throughout.
Result<CapacityVector> ParseCapacity(std::string_view text,
                                     const ResourceTypes& types,
                                     bool legacy);
// A maximum: "-1" = no bound of its own; no weights.
Result<CapacityVector> ParseMaximum(std::string_view text, const ResourceTypes& types, bool legacy);

CapacityVector PlainCapacity(CapacityKind kind, int64_t value);
bool IsNothing(const CapacityVector& capacity);
// "a percentage"
std::string_view KindName(CapacityKind kind);

// As it would be written.
std::string FormatCapacity(const CapacityVector& capacity,
                           const std::vector<std::string>& type_names);
std::string FormatAmounts(const Amounts& amounts, const std::vector<std::string>& type_names);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_CAPACITY_TEXT_H_
