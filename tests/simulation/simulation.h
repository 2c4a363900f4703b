// Simulation: one run of a whole cluster from one seed, in one thread and virtual time.
//
// First the faults of the seed do their worst while the clients of its workload submit, watch and
// kill. Then faults stop, and within a bounded time everything has to come to rest: every
// application is over, nothing of it is left on any node. Invariants are checked after every step.
// Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIMULATION_H_
#define WEIR_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/sim_administrator.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_owner.h"
#include "tests/simulation/sim_resource_manager.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

struct SimulationOptions {
  uint64_t seed = 1;
  Faultiness faultiness = Faultiness::kDrawn;
  Trace::Output output = Trace::Output::kNone;
  bool loses_queues = false;     // see World
  size_t resource_managers = 0;  // 0 = as the scenario says, else one
  uint64_t dies_at = 0;          // with kOneDeath; 0 = nowhere
  Scenario scenario{};
};

struct SimulationOutcome {
  std::string failure;                 // "" when every invariant held
  std::deque<std::string> last_lines;  // of the trace, when one did not
  uint64_t hash = 0;
  uint64_t steps = 0;
  uint64_t places = 0;  // with kOneDeath: where a process could have died
  Duration virtual_time{0};
  FaultCounts faults;
  Coverage coverage;
  std::map<std::string, int> ends;  // final state -> applications
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  SimulationOutcome Run();

 private:
  void Start();
  void FollowNodePlan(size_t index);
  void IsolateNow();
  void DisturbHosts();
  void CutHosts();
  void RunUntil(Instant until);
  void MakeTrouble();
  void CrashSomething();
  void Calm();
  bool AtRest() const;
  std::string WhatIsLeft() const;
  void CheckEnds();

  const SimulationOptions options_;
  const Setting setting_;
  World world_;
  std::vector<std::unique_ptr<SimResourceManager>> resource_managers_;
  SimAdministrator administrator_;
  SimOwner owner_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::unique_ptr<SimClient>> clients_;
};

SimulationOutcome RunSimulation(const SimulationOptions& options);

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIMULATION_H_
