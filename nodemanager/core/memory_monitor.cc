#include "nodemanager/core/memory_monitor.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace weir::nm {
namespace {

constexpr int64_t kBytesPerMib = int64_t{1} << 20;
constexpr int64_t kPageBytes = 4096;
constexpr int64_t kPermille = 1000;
constexpr int64_t kNearPermille = 950;  // of the dynamic limit: from here on someone has to go
constexpr int64_t kAtOnceFactor = 2;

// As YARN writes sizes: one decimal and a binary prefix.
std::string Size(int64_t bytes) {
  constexpr std::array kPrefixes = {" B", " KB", " MB", " GB", " TB", " PB"};
  double value = static_cast<double>(bytes);
  size_t prefix = 0;
  while (value >= 1024 && prefix + 1 < kPrefixes.size()) {
    value /= 1024;
    ++prefix;
  }
  std::array<char, 32> text{};
  const int length = std::snprintf(
      text.data(), text.size(), prefix == 0 ? "%.0f%s" : "%.1f%s", value, kPrefixes[prefix]);
  return {text.data(), static_cast<size_t>(length)};
}

// In bytes; without overflow for every size and ratio that may be configured.
int64_t Part(int64_t mib, int64_t permille) {
  const int64_t product = mib * permille;
  return product / kPermille * kBytesPerMib + product % kPermille * kBytesPerMib / kPermille;
}

int64_t PhysicalLimit(const MemoryUse& use) {
  return use.limit_mib * kBytesPerMib;
}

int64_t VirtualLimit(const MemoryMonitorOptions& options, const MemoryUse& use) {
  return Part(use.limit_mib, options.virtual_permille);
}

bool IsOver(int64_t bytes, int64_t older_bytes, int64_t limit) {
  return bytes > kAtOnceFactor * limit || older_bytes > limit;
}

std::string Dump(const ContainerSample& sample) {
  std::string text = "\nDump of the process-tree for " + sample.id.ToString() +
                     " :\n\t|- PID PPID PGRPID SESSID CMD_NAME USER_MODE_TIME(MILLIS) "
                     "SYSTEM_TIME(MILLIS) VMEM_USAGE(BYTES) RSSMEM_USAGE(PAGES) FULL_CMD_LINE";
  for (const ProcessSample& process : sample.processes) {
    text += "\n\t|- " + std::to_string(process.pid) + " " + std::to_string(process.parent) + " " +
            std::to_string(process.group) + " " + std::to_string(process.session) + " (" +
            process.name + ") " + std::to_string(process.user_ms) + " " +
            std::to_string(process.system_ms) + " " + std::to_string(process.virtual_bytes) + " " +
            std::to_string(process.resident_bytes / kPageBytes) + " " + process.command_line;
  }
  return text;
}

std::string Words(const MemoryMonitorOptions& options,
                  const MemoryUse& use,
                  MemoryKind kind,
                  const std::string& also) {
  const ContainerSample& sample = *use.sample;
  const int32_t pid = sample.processes.empty() ? 0 : sample.processes.front().pid;
  return "Container [pid=" + std::to_string(pid) + ",containerID=" + sample.id.ToString() +
         "] is running beyond " + (kind == MemoryKind::kPhysical ? "physical" : "virtual") +
         " memory limits. Current usage: " + Size(sample.resident_bytes) + " of " +
         Size(PhysicalLimit(use)) + " physical memory used; " + Size(sample.virtual_bytes) +
         " of " + Size(VirtualLimit(options, use)) + " virtual memory used. " + also +
         "Killing container." + Dump(sample);
}

// The dynamic mode's victims among `uses`.
std::vector<MemoryExcess> MakeRoom(const MemoryMonitorOptions& options,
                                   int64_t capacity_mib,
                                   const std::vector<MemoryUse>& uses) {
  const int64_t limit = Part(capacity_mib, options.dynamic_permille);
  const int64_t mark = limit / kPermille * kNearPermille;
  int64_t sum = 0;
  for (const MemoryUse& use : uses) sum += use.sample->resident_bytes;
  if (sum < mark) return {};
  const std::string also = "The containers of the node use " + Size(sum) + " of the " +
                           Size(limit) + " that they may use together. ";
  std::vector<const MemoryUse*> order;
  const auto above = [](const MemoryUse& use) {
    return use.sample->resident_bytes - PhysicalLimit(use);
  };
  for (const MemoryUse& use : uses) {
    if (above(use) > 0) order.push_back(&use);
  }
  if (order.empty()) {
    for (const MemoryUse& use : uses) order.push_back(&use);
  }
  std::stable_sort(order.begin(), order.end(), [&](const MemoryUse* a, const MemoryUse* b) {
    if (a->is_master != b->is_master) return b->is_master;
    return above(*a) > above(*b);
  });
  std::vector<MemoryExcess> excesses;
  for (const MemoryUse* use : order) {
    if (sum < mark) break;
    sum -= use->sample->resident_bytes;
    excesses.push_back({use->sample->id,
                        MemoryKind::kPhysical,
                        Words(options, *use, MemoryKind::kPhysical, also)});
  }
  return excesses;
}

}  // namespace

std::vector<MemoryExcess> JudgeMemory(const MemoryMonitorOptions& options,
                                      int64_t capacity_mib,
                                      const std::vector<MemoryUse>& uses) {
  std::vector<MemoryExcess> excesses;
  std::vector<MemoryUse> rest;
  for (const MemoryUse& use : uses) {
    const ContainerSample& sample = *use.sample;
    const bool physical =
        options.physical_check && options.dynamic_permille == 0 &&
        IsOver(sample.resident_bytes, sample.older_resident_bytes, PhysicalLimit(use));
    const bool virtual_ =
        options.virtual_check &&
        IsOver(sample.virtual_bytes, sample.older_virtual_bytes, VirtualLimit(options, use));
    if (!physical && !virtual_) {
      rest.push_back(use);
      continue;
    }
    const MemoryKind kind = physical ? MemoryKind::kPhysical : MemoryKind::kVirtual;
    excesses.push_back({sample.id, kind, Words(options, use, kind, "")});
  }
  if (options.dynamic_permille > 0) {
    for (MemoryExcess& excess : MakeRoom(options, capacity_mib, rest)) {
      excesses.push_back(std::move(excess));
    }
  }
  return excesses;
}

}  // namespace weir::nm
