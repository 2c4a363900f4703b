// Workload: what the clients of a run submit and what their ApplicationMasters then do, drawn from
// the seed. Immutable values.
#ifndef WEIR_TESTS_SIMULATION_WORKLOAD_H_
#define WEIR_TESTS_SIMULATION_WORKLOAD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/random.h"
#include "common/resource.h"
#include "common/time.h"
#include "tests/simulation/scenario.h"

namespace weir::simulation {

enum class MasterBehavior {
  kRunsWorkers,    // asks, starts, waits until all have succeeded, tells SUCCEEDED
  kReleasesSome,   // the same, but gives containers back, running ones too
  kTellsFailure,   // ends with FAILED after its workers
  kExitsSilently,  // its process ends without a word
  kCrashes,        // its process fails
  kNeverRegisters,
  kFallsSilent,  // registers, and then says nothing more
  kLingers,      // tells SUCCEEDED, but its process does not end
  kServes,       // runs until it is killed
  kStartsLate,   // leaves containers unstarted for a long time, or for ever
};

struct ApplicationPlan {
  std::string key;  // idempotency
  SubmissionContext context;
  Duration submit_after{0};
  std::optional<Duration> kill_after;  // after the submission was sent: known or not
  bool submit_twice = false;           // another client sends the same again
  bool kill_guessed = false;           // kills an id before it was told

  MasterBehavior behavior = MasterBehavior::kRunsWorkers;
  int32_t workers = 0;
  Resource worker_resource;
  Duration worker_time{0};       // each runs about so long
  uint64_t worker_failures = 0;  // per hundred
  RetryPolicy worker_retry;      // by its NodeManager
  bool gang = false;             // asks for its workers all at once or none
};

// What an administrator may say that a node has, also one that says less itself.
inline constexpr int64_t kGivenGibMost = 4;
inline constexpr int64_t kGivenVcoresMost = 4;

struct NodePlan {
  Resource capacity;
  Resource most{};                          // that it may run
  std::optional<Duration> shut_down_after;  // gracefully; it comes back
  std::optional<Duration> unhealthy_after;
  Duration unhealthy_time{0};
};

struct Workload {
  Duration launch_expiry{0};  // the RM's, for containers that nobody starts
  bool disturbed = false;     // nodes fall ill or leave, somebody kills
  // There is a node with room for everything: all that can end does end by itself.
  bool roomy = false;
  bool preemption = false;
  std::vector<Duration> administered;  // when an administrator changes something
  int owner_commands = 0;              // that resize containers and send them signals
  bool stops_queues = false;           // so may the administrator
  std::vector<NodePlan> nodes;
  std::vector<ApplicationPlan> applications;
};

Workload DrawWorkload(Random& random, uint64_t seed, const Setting& setting);
std::string_view MasterBehaviorName(MasterBehavior behavior);

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_WORKLOAD_H_
