#include "nodemanager/core/machine.h"

namespace weir::nm {

void NodeManagerCore::Machine::UpdateLease() {
  lease.Heard(rm.vouched());
}

Instant NodeManagerCore::Machine::NextLeaseDeadline() const {
  return lease_over || shutdown ? kNever : lease.StopAt(options.longest_stop());
}

void NodeManagerCore::Machine::PumpLease(Now now) {
  if (shutdown) return;
  const bool over = lease.StopAt(options.longest_stop()) <= now.monotonic;
  if (over == lease_over) return;
  lease_over = over;
  if (!over) return Note("the lease runs again");
  // One that speaks without knowing that it leads is as good as none.
  const bool deaf = rm.heard() <= lease.heard() || rm.heard() - lease.heard() < lease.length() / 2;
  const std::string numbers =
      std::to_string(ToMillis(now.monotonic - lease.heard())) +
      (deaf ? " ms of silence" : " ms without a leader that is sure of it") + ", of a lease of " +
      std::to_string(ToMillis(lease.length())) + " ms";
  const std::string words =
      deaf ? "stopped by its node, which had heard of no ResourceManager: " + numbers
           : "stopped by its node, whose ResourceManager did not know whether it leads: " + numbers;
  size_t stopped = 0;
  size_t kept = 0;
  for (auto& [id, container] : containers) {
    if (container.complete() || container.stop) continue;
    switch (container.on_lease_end) {
      case LeaseEnd::kStop:
        ++stopped;
        StopOne(container, StopCause::kLeaseEnded, now, words);
        break;
      case LeaseEnd::kKeep:
        ++kept;
        break;
    }
  }
  Note("the lease ends (" + numbers + "): " + std::to_string(stopped) + " containers stopped, " +
       std::to_string(kept) + " kept");
}

}  // namespace weir::nm
