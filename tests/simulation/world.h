// World: what every part of a run shares. Each process has a clock of its own: its monotonic time
// starts anywhere, its wall time is a little off. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_WORLD_H_
#define WEIR_TESTS_SIMULATION_WORLD_H_

#include <functional>
#include <map>
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
#include "tests/simulation/zookeeper_model.h"
#include "tests/simulation/zookeeper_writer.h"

namespace weir::simulation {

class SimResourceManager;
class SimNode;

struct World {
  // `managers`: how many ResourceManagers; several share their records in ZooKeeper.
  World(uint64_t run_seed,
        Faultiness faultiness,
        Trace::Output output,
        size_t managers = 1,
        const Setting& setting = {})
      : seed(run_seed),
        several(managers > 1),
        random(run_seed),
        trace(queue, output),
        faults(
            random,
            {.seed = run_seed, .faultiness = faultiness, .several = several, .setting = setting}),
        network(queue, faults, trace),
        store(queue, random, faults, trace),
        zookeeper(queue, trace),
        records(zookeeper),
        checker(several ? static_cast<const DurableState&>(records) : store),
        workload(DrawWorkload(random, run_seed, setting)) {}

  const uint64_t seed;
  const bool several;
  Random random;
  EventQueue queue;
  Trace trace;
  Faults faults;
  Network network;
  SimStore store;  // of a single ResourceManager
  ZookeeperModel zookeeper;
  ZookeeperRecords records;  // of several
  InvariantChecker checker;
  Coverage coverage;
  const Workload workload;
  // Set by the simulation once they exist; they live as long as the run.
  std::vector<SimResourceManager*> resource_managers;
  // By the name of who calls: which of them it takes for the active one.
  std::map<std::string, size_t> chosen;
  std::vector<SimNode*> nodes;
  int running_clients = 0;
  // The RM may lose its stored queues when it starts; its local file has only one of them.
  bool loses_queues = false;

  // The one with the newest epoch, while it is active.
  SimResourceManager* Active() const;
  // What the next submitted application may be called.
  ApplicationId GuessNextId() const;

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
  void Jump(int64_t millis) { skew_ += millis; }
  // The global instant of a deadline of this process.
  Instant Global(Instant local) const { return local == kNever ? kNever : local - offset_; }

 private:
  Duration offset_;
  int64_t skew_;  // milliseconds
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_WORLD_H_
