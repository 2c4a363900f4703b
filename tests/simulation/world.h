// World: what every part of a run shares. Each process has a clock of its own: its monotonic time
// starts anywhere, its wall time is a little off. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_WORLD_H_
#define WEIR_TESTS_SIMULATION_WORLD_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/random.h"
#include "common/time.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/event_queue.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/invariant_checker.h"
#include "tests/simulation/network.h"
#include "tests/simulation/sim_store.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/workload.h"

namespace weir::simulation {

class SimResourceManager;
class SimNode;

struct World {
  World(uint64_t run_seed, Faultiness faultiness, Trace::Output output)
      : seed(run_seed),
        random(run_seed),
        trace(queue, output),
        faults(random, faultiness),
        network(queue, faults, trace),
        store(queue, random, faults, trace),
        checker(store),
        workload(DrawWorkload(random, run_seed % 4 == 2)) {}

  const uint64_t seed;
  Random random;
  EventQueue queue;
  Trace trace;
  Faults faults;
  Network network;
  SimStore store;
  InvariantChecker checker;
  Coverage coverage;
  const Workload workload;
  // Set by the simulation once they exist; they live as long as the run.
  SimResourceManager* resource_manager = nullptr;
  std::vector<SimNode*> nodes;
  int running_clients = 0;
  // The RM may lose its stored queues when it starts; its local file has only one of them.
  bool loses_queues = false;

  Duration Between(Duration low, Duration high) {
    return Duration(random.Between(low.count(), high.count()));
  }
};

class SimClock {
 public:
  static constexpr int64_t kStartMillis = 1'700'000'000'000;

  explicit SimClock(World& world)
      : offset_(world.Between(seconds(1), seconds(1'000'000))),
        skew_(world.random.Between(-500, 500)) {}

  Now At(Instant global) const {
    const int64_t ms = ToMillis(global.time_since_epoch());
    return {global + offset_, WallFromMillis(kStartMillis + ms + skew_)};
  }
  // The global instant of a deadline of this process.
  Instant Global(Instant local) const { return local == kNever ? kNever : local - offset_; }

 private:
  Duration offset_;
  int64_t skew_;  // milliseconds
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_WORLD_H_
