#include "tests/simulation/view_checker.h"

#include <limits>
#include <utility>

#include "common/queue.h"
#include "resourcemanager/core/resource_manager_core.h"
#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_resource_manager.h"

namespace weir::simulation {
namespace {

using Filter = rm::ResourceManagerCore::ApplicationFilter;

Filter LiveOnes() {
  Filter filter;
  filter.states = {
      ApplicationState::kSubmitted, ApplicationState::kAccepted, ApplicationState::kRunning};
  filter.limit = std::numeric_limits<size_t>::max();
  return filter;
}

bool IsUsed(const NodeReport& node) {
  return node.state == NodeState::kRunning || node.state == NodeState::kUnhealthy ||
         node.state == NodeState::kDecommissioning;
}

}  // namespace

void ViewChecker::Look() {
  const SimResourceManager* active = world_.Active();
  if (active == nullptr) return since_.clear();
  const Now now = active->now();
  const rm::ResourceManagerCore& core = *active->core();
  const auto live = core.List(LiveOnes(), now);
  std::map<NodeId, std::set<ContainerId>> told;  // to run there
  for (const ApplicationReport& application : live.applications) {
    const auto containers = core.Containers(application.id);
    for (const ContainerReport& one : containers.value()) {
      if (one.state == ContainerState::kRunning) told[one.node].insert(one.id);
    }
  }
  seen_.clear();
  for (const NodeReport& report : core.Nodes()) {
    if (!IsUsed(report)) continue;
    for (const SimNode* node : world_.nodes) {
      if (report.id.uuid == "uuid-" + node->name()) Compare(*node, report.id, told[report.id]);
    }
  }
  LookAtReasons();
  std::erase_if(since_,
                [this](const auto& difference) { return !seen_.contains(difference.first); });
}

void ViewChecker::Compare(const SimNode& node,
                          const NodeId& id,
                          const std::set<ContainerId>& told) {
  std::set<ContainerId> held;
  if (node.core() != nullptr) {
    for (const auto& view : node.core()->Containers()) {
      if (view.status.state != ContainerState::kComplete) held.insert(view.status.id);
    }
  }
  for (const ContainerId& one : told) {
    if (!held.contains(one)) Seen(one.ToString() + " is said to run on " + id.uuid);
  }
  const rm::ResourceManagerCore& core = *world_.Active()->core();
  for (const ContainerId& one : held) {
    if (told.contains(one)) continue;
    // What is granted and not reported yet is known all the same.
    const auto known = core.Containers(one.attempt.application);
    bool live = false;
    for (size_t i = 0; known.ok() && i < known->size(); ++i) {
      const ContainerReport& report = (*known)[i];
      live = live || (report.id == one && report.state != ContainerState::kComplete);
    }
    if (!live) Seen(one.ToString() + " runs on " + id.uuid + " and nobody knows");
  }
}

void ViewChecker::LookAtReasons() {
  const SimResourceManager& active = *world_.Active();
  const rm::ResourceManagerCore& core = *active.core();
  const auto live = core.List(LiveOnes(), active.now());
  for (const ApplicationReport& application : live.applications) {
    const auto why = core.Explain(application.id, active.now());
    const std::string name = application.id.ToString();
    if (!why.ok()) {
      Seen(name + " cannot be explained: " + why.error().message);
      continue;
    }
    const bool runs = application.state == ApplicationState::kRunning;
    if (!runs && (why->reason == PendingReason::kNone || why->detail.empty())) {
      Seen(name + " waits for no reason");
    }
    for (const ExplainedAsk& ask : why->asks) {
      if (ask.count > 0 && (ask.reason == PendingReason::kNone || ask.detail.empty())) {
        Seen(name + " waits for containers for no reason");
      }
    }
  }
}

void ViewChecker::Seen(const std::string& difference) {
  seen_.insert(difference);
  const Instant now = world_.queue.now();
  const Instant since = since_.emplace(difference, now).first->second;
  if (now - since >= kSettles) {
    world_.checker.Fail("for " + std::to_string(kSettles / seconds(1)) + " s " + difference);
  }
}

}  // namespace weir::simulation
