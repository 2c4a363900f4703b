// What limits are in cgroup files: from a container's Resource to what is written, and from what is
// read to what is told. Pure functions; thread-safe. Units: bytes, microseconds.
#ifndef WEIR_NODEMANAGER_EXECUTOR_GROUP_LIMITS_H_
#define WEIR_NODEMANAGER_EXECUTOR_GROUP_LIMITS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/resource.h"
#include "nodemanager/core/resource_indices.h"
#include "nodemanager/executor/cgroup_driver.h"

namespace weir::nm {

// How a node shares its processors out.
struct CpuRule {
  bool strict = false;      // a quota; else shares, which count only when there is want
  int64_t node_vcores = 1;  // of which a container has some
  double cores = 1;         // what all containers together may use
};

inline constexpr int64_t kCpuPeriodUs = 100'000;

// Nothing = no limit. `growing`: the new limit is above the old one, so that the one on memory with
// swap has to go first. `swap`: a container may be swapped out.
std::vector<CgroupSetting> MemorySettings(int version,
                                          std::optional<int64_t> limit,
                                          bool swap,
                                          bool growing);
std::vector<CgroupSetting> CpuSettings(int version, int64_t vcores, const CpuRule& rule);
// Of the node's group: the cores as a quota.
std::vector<CgroupSetting> NodeCpuSettings(int version, double cores);
std::vector<CgroupSetting> PidsSettings(int64_t limit);
// v1 only. Nobody in the group may open or make these.
std::vector<CgroupSetting> DeviceSettings(const std::vector<DeviceNode>& denied);

// The files' names.
const char* MemoryUsageFile(int version);
const char* MemoryPeakFile(int version);
const char* MemoryLimitFile(int version);
const char* MemoryEventsFile(int version);

// "123\n"; nothing for "max", for the kernel's "no limit" of v1 and for what is no number.
std::optional<int64_t> ParseAmount(std::string_view text);
// The number after `key` in lines of "key number".
std::optional<int64_t> ParseCounter(std::string_view text, std::string_view key);

// Half used mebibytes count: what was used is not to look like less than a limit that it met.
int64_t ToMibUp(int64_t bytes);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_GROUP_LIMITS_H_
