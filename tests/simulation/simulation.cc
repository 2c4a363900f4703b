#include "tests/simulation/simulation.h"

#include "tests/simulation/view_checker.h"

namespace weir::simulation {
namespace {

constexpr uint64_t kTroubleSeconds = 50;
constexpr Duration kTroubleTimeMost = seconds(600);
constexpr Duration kOwnEndTime = seconds(240);  // for applications that end by themselves
constexpr Duration kRestTime = seconds(240);    // after the others were killed
constexpr uint64_t kStepsMost = 2'000'000;

size_t ResourceManagers(const SimulationOptions& options, const Setting& setting) {
  if (options.resource_managers > 0) return options.resource_managers;
  return static_cast<size_t>(setting[Quantity::kResourceManagers].value_or(1));
}

}  // namespace

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      setting_(DrawSetting(options.scenario, options.seed)),
      world_(options.seed,
             options.faultiness,
             options.output,
             ResourceManagers(options, setting_),
             setting_),
      administrator_(world_),
      owner_(world_) {
  world_.faults.DieAt(options.dies_at);
  for (size_t i = 0; i < ResourceManagers(options, setting_); ++i) {
    resource_managers_.push_back(std::make_unique<SimResourceManager>(world_, i));
    world_.resource_managers.push_back(resource_managers_.back().get());
  }
  world_.loses_queues = options.loses_queues || setting_[Quantity::kLosesQueues].value_or(0) > 0;
  for (size_t i = 0; i < world_.workload.nodes.size(); ++i) {
    nodes_.push_back(std::make_unique<SimNode>(world_, i));
    world_.nodes.push_back(nodes_.back().get());
  }
  for (size_t i = 0; i < world_.workload.applications.size(); ++i) {
    clients_.push_back(std::make_unique<SimClient>(
        world_, world_.workload.applications[i], "client-" + std::to_string(i)));
  }
}

void Simulation::Start() {
  for (const auto& one : resource_managers_) one->Boot();
  for (size_t i = 0; i < nodes_.size(); ++i) {
    world_.queue.After(world_.Between(Duration(0), seconds(3)),
                       [node = nodes_[i].get()] { node->Boot(); });
    FollowNodePlan(i);
  }
  for (const auto& client : clients_) client->Start();
  administrator_.Start();
  owner_.Start();
  world_.queue.After(seconds(1), [this] { IsolateNow(); });
}

void Simulation::FollowNodePlan(size_t index) {
  SimNode* node = nodes_[index].get();
  const NodePlan& plan = world_.workload.nodes[index];
  if (plan.shut_down_after) {
    world_.queue.After(*plan.shut_down_after, [node] { node->ShutDown(); });
  }
  if (!plan.unhealthy_after) return;
  world_.queue.After(*plan.unhealthy_after, [node] { node->SetHealthy(false); });
  world_.queue.After(*plan.unhealthy_after + plan.unhealthy_time,
                     [node] { node->SetHealthy(true); });
}

void Simulation::IsolateNow() {
  if (!world_.faults.active()) return;
  if (world_.faults.IsolateAll()) {
    const Duration time = world_.faults.IsolationTime();
    for (const auto& node : nodes_) world_.network.Isolate(node->name(), time);
  }
  for (const auto& node : nodes_) {
    if (world_.faults.IsolateNode()) {
      world_.network.Isolate(node->name(), world_.faults.IsolationTime());
    }
  }
  for (const auto& node : nodes_) {
    if (node->up() && world_.faults.StopNodeManager()) {
      node->StopFor(world_.faults.NodeManagerStopTime());
    }
  }
  DisturbHosts();
  world_.queue.After(seconds(1), [this] { IsolateNow(); });
}

void Simulation::DisturbHosts() {
  Faults& faults = world_.faults;
  if (faults.StopResourceManager()) {
    resource_managers_[world_.random.Below(resource_managers_.size())]->StopFor(
        faults.OutageTime());
  }
  if (world_.several && faults.StopZookeeper() && world_.zookeeper.serving()) {
    world_.zookeeper.Stop();
    world_.queue.After(faults.OutageTime(), [this] { world_.zookeeper.Serve(); });
  }
  if (faults.CutHosts()) CutHosts();
  if (faults.JumpClock()) {
    constexpr int64_t kHour = 3'600'000;
    const int64_t jump = world_.random.Between(-kHour, kHour);
    const size_t which = world_.random.Below(resource_managers_.size() + nodes_.size());
    if (which < nodes_.size()) {
      nodes_[which]->JumpClock(jump);
    } else {
      resource_managers_[which - nodes_.size()]->JumpClock(jump);
    }
  }
}

// Some hosts from the others, or one from another; often one way only.
void Simulation::CutHosts() {
  std::vector<std::string> hosts;
  if (world_.several) hosts.emplace_back(ZookeeperModel::kName);
  for (const auto& one : resource_managers_) hosts.push_back(one->name());
  for (const auto& node : nodes_) hosts.push_back(node->name());
  Random& random = world_.random;
  const Duration time = world_.faults.OutageTime();
  const bool both_ways = random.Chance(1, 2);
  const auto cut = [&](const std::string& from, const std::string& to) {
    world_.network.Cut(from, to, time);
    if (both_ways) world_.network.Cut(to, from, time);
  };
  if (random.Chance(1, 2)) {
    const size_t from = random.Below(hosts.size());
    return cut(hosts[from], hosts[(from + 1 + random.Below(hosts.size() - 1)) % hosts.size()]);
  }
  std::vector<std::string> sides[2];
  for (const std::string& host : hosts) sides[random.Below(2)].push_back(host);
  for (const std::string& from : sides[0]) {
    for (const std::string& to : sides[1]) cut(from, to);
  }
}

void Simulation::RunUntil(Instant until) {
  while (world_.queue.now() < until && !world_.checker.failed()) {
    if (world_.queue.steps() > kStepsMost) {
      return world_.checker.Fail("too many steps: something goes on without end");
    }
    if (!world_.queue.RunNext()) return;
  }
}

void Simulation::MakeTrouble() {
  const uint64_t trouble = setting_[Quantity::kSeconds].value_or(kTroubleSeconds);
  RunUntil(Instant{} + seconds(static_cast<int64_t>(trouble)));
  while (world_.faults.active() && !world_.faults.Satisfied() && !world_.checker.failed() &&
         world_.queue.now() < Instant{} + kTroubleTimeMost) {
    if (world_.faults.counts.crashes() == 0) CrashSomething();
    RunUntil(world_.queue.now() + seconds(5));
  }
  world_.trace.Line("simulation", "faults stop");
  world_.faults.Stop();
  world_.network.HealAll();
  world_.zookeeper.Serve();
  // Who is stopped goes on when its time has come; in runs as they were before there were scenarios
  // at once, so that they stay what they were.
  if (!world_.several || world_.faults.set()) return;
  for (const auto& one : resource_managers_) one->GoOn();
}

void Simulation::CrashSomething() {
  const bool rm_only = options_.faultiness == Faultiness::kRestarts;
  const uint64_t which = rm_only ? nodes_.size() : world_.random.Below(nodes_.size() + 1);
  SimResourceManager* active = world_.Active();
  if (which == nodes_.size() && active != nullptr) {
    world_.faults.Count(Fault::kRmCrash);
    active->Crash();
  } else if (which < nodes_.size() && nodes_[which]->up()) {
    world_.faults.Count(Fault::kNmCrash);
    nodes_[which]->Crash();
  }
}

bool Simulation::AtRest() const {
  return WhatIsLeft().empty();
}

std::string Simulation::WhatIsLeft() const {
  for (const auto& client : clients_) {
    if (!client->done()) {
      return client->plan().key + " (" + std::string(MasterBehaviorName(client->plan().behavior)) +
             ") is not over";
    }
  }
  for (const auto& node : nodes_) {
    const std::string held = node->Holds();
    if (!held.empty()) return node->name() + " still holds " + held;
    for (const ApplicationId& id : node->directories()) {
      return node->name() + " still holds the directory of " + id.ToString();
    }
  }
  const SimResourceManager* active = world_.Active();
  if (active == nullptr) return "no RM is active";
  for (const auto& one : resource_managers_) {
    if (one.get() != active && one->core() != nullptr) return "two RMs are active";
  }
  const ClusterSummary summary = active->core()->Summary();
  if (summary.containers_allocated != 0 || !summary.allocated.IsZero() ||
      !summary.pending.IsZero()) {
    return "the RM still counts " + summary.allocated.ToString() + " as taken and " +
           summary.pending.ToString() + " as wanted";
  }
  return "";
}

void Simulation::Calm() {
  const Instant calm = world_.queue.now();
  administrator_.TakeAllBack();
  const bool all_end = world_.workload.roomy;
  for (const auto& client : clients_) {
    const MasterBehavior behavior = client->plan().behavior;
    if (behavior == MasterBehavior::kServes || behavior == MasterBehavior::kStartsLate) {
      client->EndServices();
    }
  }
  ViewChecker views(world_);
  const auto run_to_rest = [this, &views](Instant until) {
    while (!AtRest() && !world_.checker.failed() && world_.queue.now() < until) {
      RunUntil(world_.queue.now() + seconds(1));
      views.Look();
    }
  };
  run_to_rest(calm + kOwnEndTime);
  // In a small cluster applications can keep each other from ever having what they want.
  if (!all_end) {
    for (const auto& client : clients_) client->EndServices();
    run_to_rest(calm + kOwnEndTime + kRestTime);
  }
  if (!AtRest()) world_.checker.Fail("at the end " + WhatIsLeft());
}

// Without faults everything ends as its plan says.
void Simulation::CheckEnds() {
  for (const auto& client : clients_) {
    if (!client->done()) continue;
    const ApplicationPlan& plan = client->plan();
    const bool may_be_otherwise = plan.kill_after || plan.context.lifetime.count() > 0 ||
                                  plan.context.queue_timeout.count() > 0 ||
                                  plan.worker_failures > 0 || !world_.workload.roomy ||
                                  world_.workload.disturbed;
    if (may_be_otherwise || plan.behavior != MasterBehavior::kRunsWorkers) continue;
    if (client->last()->state != ApplicationState::kFinished ||
        client->last()->final_status != FinalStatus::kSucceeded) {
      world_.checker.Fail(plan.key + " did not succeed: " + client->last()->diagnostics);
    }
  }
}

SimulationOutcome Simulation::Run() {
  Start();
  MakeTrouble();
  if (!world_.checker.failed()) Calm();
  if (options_.faultiness == Faultiness::kNone) CheckEnds();
  for (const auto& one : resource_managers_) one->NoteIgnored();
  for (const auto& node : nodes_) node->NoteIgnored();
  SimulationOutcome outcome;
  outcome.failure = world_.checker.failure();
  if (!outcome.failure.empty()) outcome.last_lines = world_.trace.last_lines();
  outcome.hash = world_.trace.hash();
  outcome.steps = world_.queue.steps();
  outcome.places = world_.faults.places();
  outcome.virtual_time = world_.queue.now().time_since_epoch();
  outcome.faults = world_.faults.counts;
  outcome.coverage = world_.coverage;
  for (const auto& client : clients_) {
    const std::string state =
        client->done() ? std::string(ApplicationStateName(client->last()->state)) : "NOT OVER";
    ++outcome.ends[state];
  }
  return outcome;
}

SimulationOutcome RunSimulation(const SimulationOptions& options) {
  Simulation simulation(options);
  return simulation.Run();
}

}  // namespace weir::simulation
