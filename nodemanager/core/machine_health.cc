#include <utility>

#include "nodemanager/core/machine.h"

namespace weir::nm {

void NodeManagerCore::Machine::UseHealth() {
  if (health.sampled()) {
    UseDirectories good{health.Good(DirectoryKind::kLocal), health.Good(DirectoryKind::kLog)};
    if (good.local != used_directories.local || good.log != used_directories.log) {
      used_directories = good;
      actions.push_back(std::move(good));
    }
  }
  const bool is_healthy = health.healthy();
  std::string report = health.report();
  if (is_healthy == healthy && report == health_report) return;
  healthy = is_healthy;
  health_report = std::move(report);
  health_told = false;
  actions.push_back(HealthNoted{healthy, health_report});
}

}  // namespace weir::nm
