#include "tests/simulation/sim_administrator.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_resource_manager.h"

namespace weir::simulation {
namespace {

constexpr char kName[] = "administrator";
constexpr char kLabel[] = "odd";

}  // namespace

rm::QueueProperties SimQueues(int share_of_a, bool preemption) {
  const std::string queues = "yarn.scheduler.capacity.";
  const std::string rounds = "yarn.resourcemanager.monitor.capacity.preemption.";
  return {{queues + "root.queues", "a,b", 1},
          {queues + "maximum-am-resource-percent", "1", 2},
          {queues + "root.a.capacity", std::to_string(share_of_a), 3},
          {queues + "root.b.capacity", std::to_string(100 - share_of_a), 4},
          {queues + "root.a.user-limit-factor", "100", 5},
          {queues + "root.b.user-limit-factor", "100", 6},
          {"yarn.cluster.max-application-priority", "5", 7},
          {"yarn.resourcemanager.scheduler.monitor.enable", preemption ? "true" : "false", 8},
          {rounds + "monitoring_interval", "1000", 9},
          {rounds + "max_wait_before_kill", "3000", 10},
          {rounds + "total_preemption_per_round", "0.5", 11},
          {rounds + "natural_termination_factor", "1.0", 12}};
}

rm::QueueProperties SimOneQueue() {
  const std::string queues = "yarn.scheduler.capacity.";
  return {{queues + "root.queues", "a", 1},
          {queues + "maximum-am-resource-percent", "1", 2},
          {queues + "root.a.capacity", "100", 3},
          {"yarn.cluster.max-application-priority", "5", 4}};
}

void SimAdministrator::Start() {
  for (const Duration when : world_.workload.administered) {
    world_.queue.After(when, [this] { Act(); });
  }
}

void SimAdministrator::Act() {
  Tell(DrawEvent(), Patience::kOnce);
}

void SimAdministrator::Tell(const rm::Event& event, Patience patience) {
  CallResourceManager(
      world_,
      kName,
      {.from = kName,
       .to = "",
       .what = "administration " + std::to_string(event.index()),
       .time_limit = seconds(2)},
      event,
      [this, event, patience](const SimResourceManager::Answer& answer) {
        const auto* error = std::get_if<Error>(&answer);
        world_.trace.Line(kName, error == nullptr ? "is obeyed" : error->ToString());
        if (error == nullptr) return;
        if (error->code == ErrorCode::kInternal) {
          return world_.checker.Fail("administration: " + error->ToString());
        }
        // A node that is not known (any more) is kept out by nobody.
        if (patience == Patience::kOnce || error->code == ErrorCode::kNotFound) {
          return;
        }
        world_.queue.After(seconds(1), [this, event] { Tell(event, Patience::kUntilObeyed); });
      });
}

rm::Event SimAdministrator::DrawEvent() {
  const size_t nodes = world_.nodes.size();
  if (world_.workload.stops_queues && world_.random.Chance(1, 3)) return DrawStop();
  switch (world_.random.Below(8)) {
    case 6:
    case 7:
      if (nodes == 1) return DrawNodeEvent();
      return DrawDrain(world_.nodes[1 + world_.random.Below(nodes - 1)]->name());
    case 0:
      return rm::ReconfigureQueues{
          .call = {},
          .by = kName,
          .origin = "apply",
          .properties = SimQueues(static_cast<int>(world_.random.Between(10, 90)),
                                  world_.workload.preemption)};
    case 1:
      return rm::RollbackQueues{.call = {}, .by = kName, .version = world_.random.Between(1, 3)};
    case 2:
    case 3:
      return DrawNodeEvent();
    default:
      return DrawApplicationEvent();
  }
}

rm::Event SimAdministrator::DrawNodeEvent() {
  Random& random = world_.random;
  const size_t index = random.Below(world_.workload.nodes.size());
  if (index == 0 || random.Chance(1, 4)) {
    if (random.Chance(1, 4)) return rm::RemoveLabels{.call = {}, .by = kName, .labels = {kLabel}};
    return rm::AddLabels{.call = {}, .by = kName, .labels = {{kLabel, false}}};
  }
  const std::string node = world_.nodes[index]->name();
  if (random.Chance(1, 3)) {
    return rm::ReplaceLabelsOnNodes{
        .call = {}, .by = kName, .labels = {{node, random.Chance(1, 2) ? kLabel : ""}}};
  }
  std::optional<Resource> capacity = world_.workload.nodes[index].capacity;
  if (random.Chance(1, 2)) {
    capacity =
        Resource{1024 * random.Between(1, kGivenGibMost), random.Between(1, kGivenVcoresMost)};
  }
  if (random.Chance(1, 5)) capacity.reset();
  return rm::UpdateNodeResource{.call = {},
                                .by = kName,
                                .node = node,
                                .capacity = capacity,
                                .overcommit_timeout = seconds(random.Between(-1, 5))};
}

rm::Event SimAdministrator::DrawDrain(const std::string& node) {
  Random& random = world_.random;
  std::optional<Duration> timeout;
  if (random.Chance(3, 4)) timeout = seconds(random.Between(-1, 20));
  if (!drained_.empty() && random.Chance(1, 2)) {
    return rm::DrainNode{
        .call = {}, .by = kName, .node = std::exchange(drained_, ""), .undo = true};
  }
  if (random.Chance(1, 2)) {
    drained_ = node;
    return rm::DrainNode{.call = {}, .by = kName, .node = node, .timeout = timeout};
  }
  rm::NodeLists lists;
  if (random.Chance(2, 3)) lists.exclude[node] = std::nullopt;
  return rm::RefreshNodes{.call = {},
                          .by = kName,
                          .lists = std::move(lists),
                          .graceful = random.Chance(2, 3),
                          .timeout = timeout};
}

void SimAdministrator::TakeBack(const SimNode& node) {
  Tell(rm::DrainNode{.call = {}, .by = kName, .node = node.name(), .undo = true},
       Patience::kUntilObeyed);
}

// A drain of before may have been overtaken on its way by the word that takes it back.
void SimAdministrator::TakeBackWhatWentLate() {
  const SimResourceManager* active = world_.Active();
  if (active == nullptr) return world_.queue.After(kLate, [this] { TakeBackWhatWentLate(); });
  bool some = false;
  for (const NodeReport& report : active->core()->Nodes()) {
    if (report.state != NodeState::kDecommissioning && report.state != NodeState::kDecommissioned) {
      continue;
    }
    some = true;
    for (const SimNode* node : world_.nodes) {
      if (report.id.uuid == "uuid-" + node->name()) TakeBack(*node);
    }
  }
  if (some) Tell(rm::RefreshNodes{.call = {}, .by = kName, .lists = {}}, Patience::kUntilObeyed);
}

void SimAdministrator::TakeAllBack() {
  const auto insist = [this](const rm::Event& event) { Tell(event, Patience::kUntilObeyed); };
  insist(rm::RefreshNodes{.call = {}, .by = kName, .lists = {}});
  for (const SimNode* node : world_.nodes) TakeBack(*node);
  world_.queue.After(kLate, [this] { TakeBackWhatWentLate(); });
  if (!world_.loses_queues && !world_.workload.stops_queues) return;
  insist(rm::ReconfigureQueues{.call = {},
                               .by = kName,
                               .origin = "apply",
                               .properties = SimQueues(40, world_.workload.preemption)});
}

// One queue takes nothing new, or only what is small.
rm::Event SimAdministrator::DrawStop() {
  rm::QueueProperties properties = SimQueues(40, world_.workload.preemption);
  const std::string queue =
      std::string("yarn.scheduler.capacity.root.") + (world_.random.Chance(1, 2) ? "a." : "b.");
  const int line = static_cast<int>(properties.size()) + 1;
  if (world_.random.Chance(2, 3)) {
    properties.push_back({queue + "state", "STOPPED", line});
  } else {
    properties.push_back({queue + "maximum-allocation-mb", "1024", line});
  }
  return rm::ReconfigureQueues{
      .call = {}, .by = kName, .origin = "apply", .properties = std::move(properties)};
}

// Of some application that there may be.
rm::Event SimAdministrator::DrawApplicationEvent() {
  Random& random = world_.random;
  ApplicationId id = world_.GuessNextId();
  id.sequence = std::max(1, id.sequence - 1 - static_cast<int32_t>(random.Below(4)));
  if (random.Chance(1, 2)) {
    return rm::MoveApplication{.call = {},
                               .user = "root",
                               .may_administer = true,
                               .id = id,
                               .queue = random.Chance(1, 2) ? "root.a" : "b"};
  }
  return rm::UpdatePriority{.call = {},
                            .user = "root",
                            .may_administer = true,
                            .id = id,
                            .priority = static_cast<int32_t>(random.Below(7))};
}

}  // namespace weir::simulation
