#include "nodemanager/executor/group_limits.h"

#include <algorithm>
#include <cmath>

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr int64_t kBytesPerMib = int64_t{1} << 20;
constexpr int64_t kSharesPerVcore = 1024;  // as in YARN
constexpr int64_t kSharesMin = 2;          // the kernel's
constexpr int64_t kSharesMax = 262'144;
constexpr int64_t kWeightPerVcore = 100;
constexpr int64_t kWeightMax = 10'000;
constexpr int64_t kQuotaMinUs = 1'000;
// v1 tells "no limit" as the largest multiple of a page that a number can hold.
constexpr int64_t kNoLimit = int64_t{1} << 62;

int64_t QuotaOf(double cores) {
  return std::max(kQuotaMinUs,
                  static_cast<int64_t>(std::llround(cores * static_cast<double>(kCpuPeriodUs))));
}

void AddQuota(int version, double cores, std::vector<CgroupSetting>& settings) {
  const std::string quota = std::to_string(QuotaOf(cores));
  const std::string period = std::to_string(kCpuPeriodUs);
  if (version == 2) {
    settings.push_back({"cpu.max", quota + " " + period});
  } else {
    settings.push_back({"cpu.cfs_period_us", period});
    settings.push_back({"cpu.cfs_quota_us", quota});
  }
}

}  // namespace

std::vector<CgroupSetting> MemorySettings(int version,
                                          std::optional<int64_t> limit,
                                          bool swap,
                                          bool growing) {
  if (version == 2) {
    return {{"memory.swap.max", swap ? "max" : "0", true},
            {"memory.max", limit ? std::to_string(*limit) : "max"}};
  }
  const std::string value = limit ? std::to_string(*limit) : "-1";
  const CgroupSetting memory{"memory.limit_in_bytes", value};
  const CgroupSetting with_swap{"memory.memsw.limit_in_bytes", swap ? "-1" : value, true};
  if (growing) return {with_swap, memory};
  return {memory, with_swap};
}

std::vector<CgroupSetting> CpuSettings(int version, int64_t vcores, const CpuRule& rule) {
  std::vector<CgroupSetting> settings;
  if (version == 2) {
    const int64_t weight = std::clamp(vcores * kWeightPerVcore, int64_t{1}, kWeightMax);
    settings.push_back({"cpu.weight", std::to_string(weight)});
  } else {
    const int64_t shares = std::clamp(vcores * kSharesPerVcore, kSharesMin, kSharesMax);
    settings.push_back({"cpu.shares", std::to_string(shares)});
  }
  if (!rule.strict) return settings;
  const double part = static_cast<double>(vcores) / static_cast<double>(rule.node_vcores);
  AddQuota(version, part * rule.cores, settings);
  return settings;
}

std::vector<CgroupSetting> NodeCpuSettings(int version, double cores) {
  std::vector<CgroupSetting> settings;
  AddQuota(version, cores, settings);
  return settings;
}

std::vector<CgroupSetting> PidsSettings(int64_t limit) {
  return {{"pids.max", std::to_string(limit)}};
}

std::vector<CgroupSetting> DeviceSettings(const std::vector<DeviceNode>& denied) {
  std::vector<CgroupSetting> settings;
  for (const DeviceNode& node : denied) {
    settings.push_back(
        {"devices.deny",
         "c " + std::to_string(node.major) + ":" + std::to_string(node.minor) + " rwm"});
  }
  return settings;
}

const char* MemoryUsageFile(int version) {
  return version == 2 ? "memory.current" : "memory.usage_in_bytes";
}
const char* MemoryPeakFile(int version) {
  return version == 2 ? "memory.peak" : "memory.max_usage_in_bytes";
}
const char* MemoryLimitFile(int version) {
  return version == 2 ? "memory.max" : "memory.limit_in_bytes";
}
const char* MemoryEventsFile(int version) {
  return version == 2 ? "memory.events" : "memory.oom_control";
}

std::optional<int64_t> ParseAmount(std::string_view text) {
  const auto amount = ParseInt64(Trim(text));
  if (!amount || *amount < 0 || *amount >= kNoLimit) return std::nullopt;
  return amount;
}

std::optional<int64_t> ParseCounter(std::string_view text, std::string_view key) {
  for (const std::string_view line : Split(text, '\n')) {
    const size_t space = line.find(' ');
    if (space != std::string_view::npos && line.substr(0, space) == key) {
      return ParseInt64(Trim(line.substr(space + 1)));
    }
  }
  return std::nullopt;
}

int64_t ToMibUp(int64_t bytes) {
  return (bytes + kBytesPerMib - 1) / kBytesPerMib;
}

}  // namespace weir::nm
