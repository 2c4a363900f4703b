#include "tests/simulation/workload.h"

#include <array>
#include <optional>

namespace weir::simulation {
namespace {

Duration Between(Random& random, Duration low, Duration high) {
  return Duration(random.Between(low.count(), high.count()));
}

constexpr uint64_t kRetryDraws = 3;
constexpr uint64_t kMillion = 1'000'000;
constexpr int kOwnerCommands = 60;

constexpr std::array kBehaviors = {
    MasterBehavior::kRunsWorkers,
    MasterBehavior::kRunsWorkers,
    MasterBehavior::kRunsWorkers,
    MasterBehavior::kRunsWorkers,
    MasterBehavior::kRunsWorkers,
    MasterBehavior::kReleasesSome,
    MasterBehavior::kReleasesSome,
    MasterBehavior::kTellsFailure,
    MasterBehavior::kExitsSilently,
    MasterBehavior::kCrashes,
    MasterBehavior::kCrashes,
    MasterBehavior::kNeverRegisters,
    MasterBehavior::kFallsSilent,
    MasterBehavior::kLingers,
    MasterBehavior::kServes,
    MasterBehavior::kStartsLate,
    MasterBehavior::kStartsLate,
};

ApplicationPlan DrawApplication(Random& random, size_t index) {
  ApplicationPlan plan;
  plan.key = "key-" + std::to_string(index);
  plan.context.name = "application " + std::to_string(index);
  plan.context.type = "SIMULATED";
  plan.context.priority = static_cast<int32_t>(random.Below(3));
  plan.context.am_resource = {random.Chance(1, 4) ? 2048 : 1024, 1};
  plan.context.am_launch.command = {"simulated-master", std::to_string(index)};
  if (random.Chance(1, 8)) plan.context.am_launch.on_lease_end = LeaseEnd::kKeep;
  plan.context.max_attempts = static_cast<int32_t>(random.Between(1, 3));
  if (random.Chance(1, 6)) plan.context.queue_timeout = Between(random, seconds(1), seconds(20));
  plan.submit_after = Between(random, Duration(0), seconds(30));
  if (random.Chance(1, 3)) {
    plan.kill_after = Between(random, Duration(0), random.Chance(1, 2) ? seconds(4) : seconds(40));
  }
  plan.submit_twice = random.Chance(1, 4);
  plan.kill_guessed = random.Chance(1, 12);
  plan.behavior = kBehaviors[random.Below(kBehaviors.size())];
  plan.workers = static_cast<int32_t>(random.Between(0, 5));
  // Of those that may have another attempt, some: by no draw of its own, so that seeds stay.
  plan.context.keep_containers = plan.context.max_attempts > 1 && plan.workers % 2 == 1;
  plan.worker_resource = {1024 * random.Between(1, 3), random.Between(1, 2)};
  plan.worker_time = Between(random, milliseconds(1), seconds(12));
  plan.worker_failures = random.Chance(1, 3) ? random.Below(40) : 0;
  plan.context.queue = random.Chance(1, 2) ? "root.a" : "b";
  plan.gang = random.Chance(1, 4);
  if (random.Chance(1, 10)) plan.context.lifetime = Between(random, seconds(1), seconds(60));
  return plan;
}

RetryPolicy DrawRetryPolicy(Random& random) {
  RetryPolicy policy{.on = RetryOn::kAnyFailure,
                     .max_retries = static_cast<int32_t>(random.Between(1, 4)),
                     .interval = Between(random, Duration(0), seconds(4))};
  if (random.Chance(1, 4)) policy.validity = seconds(random.Between(1, 20));
  return policy;
}

void DrawRetryPolicies(const Setting& setting, uint64_t seed, Workload& workload) {
  const std::optional<uint64_t> share = setting[Quantity::kRetryPolicies];
  if (!share) return;
  Random random = OtherDraws(seed, kRetryDraws);
  for (ApplicationPlan& plan : workload.applications) {
    if (random.Chance(*share, kMillion)) plan.worker_retry = DrawRetryPolicy(random);
  }
}

void DrawNodes(Random& random, const Setting& setting, Workload& workload) {
  const std::optional<uint64_t> set_nodes = setting[Quantity::kNodes];
  const uint64_t nodes = set_nodes ? *set_nodes : 1 + random.Below(4);
  for (uint64_t i = 0; i < nodes; ++i) {
    NodePlan plan;
    plan.capacity = {1024 * random.Between(3, 8), random.Between(3, 8)};
    if (random.Chance(1, 5)) plan.shut_down_after = Between(random, seconds(3), seconds(40));
    if (random.Chance(1, 5)) {
      plan.unhealthy_after = Between(random, seconds(1), seconds(40));
      plan.unhealthy_time = Between(random, milliseconds(10), seconds(10));
    }
    workload.nodes.push_back(plan);
  }
}

bool IsDisturbed(const Workload& workload) {
  if (!workload.administered.empty() || workload.owner_commands > 0) return true;
  for (const NodePlan& plan : workload.nodes) {
    if (plan.shut_down_after || plan.unhealthy_after) return true;
  }
  for (const ApplicationPlan& plan : workload.applications) {
    if (plan.kill_guessed) return true;
  }
  return false;
}

}  // namespace

// What a setting does not say is drawn in the order that it always was: seeds stay what they are.
Workload DrawWorkload(Random& random, uint64_t seed, const Setting& setting) {
  Workload workload;
  // In every fourth run; the others keep the history that they had before there were commands.
  workload.owner_commands = seed % 4 == 2 ? kOwnerCommands : 0;
  if (setting[Quantity::kOwnerCommands]) {
    workload.owner_commands = static_cast<int>(*setting[Quantity::kOwnerCommands]);
  }
  workload.stops_queues = setting[Quantity::kStopsQueues].value_or(0) > 0;
  workload.launch_expiry = Between(random, seconds(1), seconds(30));
  workload.roomy = random.Chance(1, 2);
  DrawNodes(random, setting, workload);
  if (workload.roomy) workload.nodes[0].capacity = {64 * 1024, 64};
  const std::optional<uint64_t> set_applications = setting[Quantity::kApplications];
  const uint64_t applications = set_applications ? *set_applications : 2 + random.Below(7);
  for (uint64_t i = 0; i < applications; ++i) {
    workload.applications.push_back(DrawApplication(random, i));
  }
  workload.preemption = random.Chance(1, 2);
  const std::optional<uint64_t> set_changes = setting[Quantity::kChanges];
  if (set_changes || random.Chance(1, 2)) {
    const uint64_t changes = set_changes ? *set_changes : random.Below(12);
    for (uint64_t i = 0; i < changes; ++i) {
      workload.administered.push_back(Between(random, seconds(1), seconds(45)));
    }
  }
  for (NodePlan& plan : workload.nodes) {
    plan.most = plan.capacity;
    if (workload.administered.empty()) continue;
    plan.most = LargerParts(plan.most, {1024 * kGivenGibMost, kGivenVcoresMost});
  }
  workload.disturbed = IsDisturbed(workload);
  DrawRetryPolicies(setting, seed, workload);
  return workload;
}

std::string_view MasterBehaviorName(MasterBehavior behavior) {
  switch (behavior) {
    case MasterBehavior::kRunsWorkers:
      return "runs workers";
    case MasterBehavior::kReleasesSome:
      return "releases some";
    case MasterBehavior::kTellsFailure:
      return "tells failure";
    case MasterBehavior::kExitsSilently:
      return "exits silently";
    case MasterBehavior::kCrashes:
      return "crashes";
    case MasterBehavior::kNeverRegisters:
      return "never registers";
    case MasterBehavior::kFallsSilent:
      return "falls silent";
    case MasterBehavior::kLingers:
      return "lingers";
    case MasterBehavior::kServes:
      return "serves";
    case MasterBehavior::kStartsLate:
      return "starts late";
  }
  return "unknown";
}

}  // namespace weir::simulation
