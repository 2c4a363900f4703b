// What containers really use, and who has to go because of it.
#include "nodemanager/core/machine.h"

namespace weir::nm {

void NodeManagerCore::Machine::OnUsageSampled(const UsageSampled& event, Now now) {
  utilization = event.utilization;
  std::vector<MemoryUse> uses;
  for (const ContainerSample& sample : event.containers) {
    const auto it = containers.find(sample.id);
    // One that is on its way out already counts no more.
    if (it == containers.end() || it->second.state != State::kRunning) continue;
    it->second.resident_bytes = sample.resident_bytes;
    uses.push_back({.sample = &sample,
                    .limit_mib = it->second.Most().memory_mib,
                    .is_master = sample.id.is_application_master()});
  }
  for (MemoryExcess& excess : JudgeMemory(options.memory, options.capacity.memory_mib, uses)) {
    const StopCause cause = excess.kind == MemoryKind::kPhysical
                                ? StopCause::kPhysicalMemoryExceeded
                                : StopCause::kVirtualMemoryExceeded;
    StopOne(containers.at(excess.id), cause, now, std::move(excess.words));
  }
}

}  // namespace weir::nm
