// MemoryMonitor: which containers use more memory than they may, judged from a look at their
// processes.
//
// Terms. Look: one UsageSampled event. Older: of a process, that the look before saw it too.
// Resident, virtual: sums over the processes of a container.
//
// Rules, as YARN's monitor has them: a container is over a limit when its processes together are
// above twice the limit, or its older ones are above it: what is only just forked still shares its
// parent's pages and is about to execute something else. The physical limit is the container's
// size; the virtual one that size times a ratio.
//
// Dynamic mode: a container above its physical limit lives as long as the node has room, which is
// while the resident sum of all containers stays below 95 % of capacity times the threshold. From
// there on those above their own limit go, most above first, until the sum is below that mark
// again; ApplicationMasters, whose end costs most, after all others. When none is above its own
// limit (a threshold below 1 makes that possible) those nearest to it go.
//
// Pure. Single-threaded value.
#ifndef WEIR_NODEMANAGER_CORE_MEMORY_MONITOR_H_
#define WEIR_NODEMANAGER_CORE_MEMORY_MONITOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/node_messages.h"

namespace weir::nm {

struct ProcessSample {
  int32_t pid = 0;
  int32_t parent = 0;
  int32_t group = 0;
  int32_t session = 0;
  std::string name;
  int64_t user_ms = 0;
  int64_t system_ms = 0;
  int64_t virtual_bytes = 0;
  int64_t resident_bytes = 0;
  bool older = false;
  std::string command_line;  // cut
};

struct ContainerSample {
  ContainerId id;
  int64_t resident_bytes = 0;
  int64_t virtual_bytes = 0;
  int64_t older_resident_bytes = 0;
  int64_t older_virtual_bytes = 0;
  std::vector<ProcessSample> processes{};  // the first is the main one; at most some dozens
};

// What the executor saw in one look.
struct UsageSampled {
  std::vector<ContainerSample> containers;
  NodeUtilization utilization;
};

struct MemoryMonitorOptions {
  bool physical_check = true;
  bool virtual_check = false;
  int64_t virtual_permille = 2100;  // of the container's size
  int64_t dynamic_permille = 0;     // of the node's capacity; 0 = no dynamic mode
};

enum class MemoryKind { kPhysical, kVirtual };

struct MemoryUse {
  const ContainerSample* sample = nullptr;
  int64_t limit_mib = 0;
  bool is_master = false;
};

struct MemoryExcess {
  ContainerId id;
  MemoryKind kind = MemoryKind::kPhysical;
  std::string words;  // YARN's, with the dump of the process tree
};

// Those that have to go now. `capacity_mib`: of the node.
std::vector<MemoryExcess> JudgeMemory(const MemoryMonitorOptions& options,
                                      int64_t capacity_mib,
                                      const std::vector<MemoryUse>& uses);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_MEMORY_MONITOR_H_
