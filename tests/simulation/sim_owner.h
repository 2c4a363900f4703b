// SimOwner: the person whose applications run, with a `weir container` command: gives their
// containers other sizes and sends them signals, as often as the workload says. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_OWNER_H_
#define WEIR_TESTS_SIMULATION_SIM_OWNER_H_

#include <optional>

#include "resourcemanager/core/events.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

class SimOwner {
 public:
  explicit SimOwner(World& world) : world_(world) {}

  void Start();

 private:
  void Act();
  // Of some container that the RM knows; nothing when there is none.
  std::optional<ContainerId> DrawContainer();
  rm::Event DrawEvent(const ContainerId& container);

  World& world_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_OWNER_H_
