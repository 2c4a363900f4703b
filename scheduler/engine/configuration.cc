// The queue configuration in force: taking over a new one whole or not at all, queues made on
// demand.
#include <algorithm>
#include <utility>

#include "common/check.h"
#include "scheduler/config/configuration_change.h"
#include "scheduler/config/dynamic_queues.h"
#include "scheduler/config/recovery_queue.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {

CapacityScheduler::State::State(const SchedulerOptions& scheduler_options,
                                std::shared_ptr<const QueueConfiguration> queue_configuration)
    : options(scheduler_options),
      minimum(scheduler_options.types.minimum()),
      nodes(scheduler_options.types.count()),
      tree(scheduler_options.types),
      preemption(queue_configuration->preemption) {
  Configure(std::move(queue_configuration));
}

void CapacityScheduler::State::Configure(std::shared_ptr<const QueueConfiguration> next) {
  labels.clear();
  labels.emplace("", kDefaultPartition);
  for (const auto& [label, exclusive] : next->labels)
    labels.emplace(label, nodes.AddPartition(label));
  const PreemptionSettings settings = next->preemption;
  tree.Configure(std::move(next), labels);
  preemption.Configure(settings);
  for (size_t p = 0; p < nodes.partitions(); ++p) {
    const PartitionSlot partition{static_cast<int32_t>(p)};
    for (const QueueSlot queue : tree.All()) lane(queue, partition);
    tree.SetPartitionTotal(partition, nodes.capacity(partition));
  }
  // Orders, limits and the ways of ordering may all be others.
  for (size_t i = 0; i < applications.size(); ++i) {
    if (!applications[i].live) continue;
    for (const int32_t line : applications[i].lines) KeyChanged(line);
  }
  for (const auto& [leaf, waiting] : inactive) LimitsMayAllow(leaf);
  for (const auto& [path, queue] : configuration().queues) {
    if (queue.auto_creation.managed) managed_due.insert(path);
  }
  totals_due.clear();
  wake_everybody = true;
}

std::vector<std::string> CapacityScheduler::State::Objections(
    const QueueConfiguration& next) const {
  std::vector<std::string> objections;
  const auto has_applications = [this](const std::string& path) {
    const std::optional<QueueSlot> queue = tree.Find(path);
    return queue && tree.at(*queue).applications > 0;
  };
  for (const ConfigFault& fault : CheckChange(configuration(), next, has_applications)) {
    objections.push_back(fault.ToString());
  }
  return objections;
}

Status CapacityScheduler::State::CheckReconfigure(const QueueConfiguration& next) const {
  const std::vector<std::string> objections = Objections(next);
  if (objections.empty()) return {};
  std::string all;
  for (const std::string& each : objections) all += (all.empty() ? "" : "; ") + each;
  return Error{ErrorCode::kFailedPrecondition,
               "the queues stay as they are: " + all,
               "stop and drain the queues that are to go, then try again"};
}

Status CapacityScheduler::State::Reconfigure(std::shared_ptr<const QueueConfiguration> next) {
  WEIR_RETURN_IF_ERROR(CheckReconfigure(*next));
  Configure(std::move(next));
  return {};
}

Result<QueueSlot> CapacityScheduler::State::MakeQueue(const std::string& path) {
  const std::optional<QueueSlot> known = tree.Find(path);
  if (known) return *known;
  if (path == kRecoveryQueue) {
    Configure(WithRecoveryQueue(configuration()));
  } else {
    WEIR_ASSIGN_OR_RETURN(std::shared_ptr<const QueueConfiguration> next,
                          WithDynamicQueue(configuration(), path, options.types));
    Configure(std::move(next));
  }
  for (const QueueSettings* above = configuration().Find(path); above != nullptr;
       above = configuration().Find(above->parent)) {
    idle_queues.erase(above->path);
  }
  notices.push_back({.kind = Notice::Kind::kQueueCreated, .queue = path});
  return *tree.Find(path);
}

std::map<std::string, std::string> CapacityScheduler::State::RecoverQueues(
    const std::set<std::string>& paths) {
  std::map<std::string, std::string> lost;
  std::vector<std::string> made;
  std::shared_ptr<QueueConfiguration> next;  // once something has to be made
  for (const std::string& path : paths) {
    const QueueSettings* known = (next != nullptr ? *next : configuration()).Find(path);
    if (known != nullptr && known->leaf) continue;
    if (known != nullptr) {
      lost.emplace(path, "queue " + path + " is a parent now");
      continue;
    }
    if (next == nullptr) next = std::make_shared<QueueConfiguration>(configuration());
    const Status again = AddDynamicQueueAgain(*next, path, options.types);
    if (again.ok()) {
      made.push_back(path);
    } else if (again.error().code == ErrorCode::kFailedPrecondition) {
      lost.emplace(path, "queue " + path + " is not in the configuration any more");
    } else {
      lost.emplace(path, again.error().message);
    }
  }
  if (made.empty()) return lost;
  Configure(std::move(next));
  for (const std::string& path : made) {
    idle_queues.emplace(path, now.monotonic + configuration().dynamic_queue_expiry);
    notices.push_back({.kind = Notice::Kind::kQueueCreated, .queue = path});
  }
  return lost;
}

void CapacityScheduler::State::ExpireDynamicQueues() {
  for (auto it = idle_queues.begin(); it != idle_queues.end();) {
    if (it->second > now.monotonic) {
      ++it;
      continue;
    }
    const std::string path = it->first;
    it = idle_queues.erase(it);
    const std::optional<QueueSlot> queue = tree.Find(path);
    if (!queue || tree.at(*queue).applications > 0 || !tree.settings(*queue).dynamic) continue;
    const QueueSettings* parent = configuration().Find(tree.settings(*queue).parent);
    const bool stays = parent != nullptr && !parent->auto_creation.auto_removal;
    if (stays && !tree.settings(*queue).holds) continue;
    Result<std::shared_ptr<const QueueConfiguration>> without =
        WithoutDynamicQueue(configuration(), path);
    WEIR_CHECK(without.ok(), "a dynamic queue can be taken out");
    const std::string above = tree.settings(*queue).parent;
    Configure(std::move(without).value());
    notices.push_back({.kind = Notice::Kind::kQueueRemoved, .queue = path});
    // A parent that was made along with it is idle from now on.
    const QueueSettings* left = configuration().Find(above);
    if (left == nullptr || !left->dynamic || !left->children.empty()) continue;
    idle_queues.emplace(above, now.monotonic + configuration().dynamic_queue_expiry);
  }
}

void CapacityScheduler::State::ActivityChanged(QueueSlot leaf) {
  const QueueSettings& settings = tree.settings(leaf);
  if (!settings.dynamic) return;
  const QueueSettings* parent = configuration().Find(settings.parent);
  if (parent != nullptr && parent->auto_creation.managed) managed_due.insert(parent->path);
}

void CapacityScheduler::State::BalanceManagedParents() {
  const auto oldest = [this](const std::string& path) -> std::optional<int64_t> {
    const std::optional<QueueSlot> leaf = tree.Find(path);
    if (!leaf || Index(*leaf) >= members.size()) return std::nullopt;
    std::optional<int64_t> first;
    for (const ApplicationSlot slot : members[Index(*leaf)]) {
      if (!first || app(slot).order < *first) first = app(slot).order;
    }
    return first;
  };
  for (const std::string& parent : std::exchange(managed_due, {})) {
    auto balanced = BalanceManagedParent(configuration(), parent, oldest);
    if (balanced != nullptr) Configure(std::move(balanced));
  }
  managed_due.clear();  // what is balanced needs no second look
}

std::optional<Instant> CapacityScheduler::State::NextDeadline() const {
  std::optional<Instant> next;
  if (!tree.held_to_guarantees()) next = preemption.NextDeadline();
  const auto sooner = [&next](const Instant& at) {
    if (!next || at < *next) next = at;
  };
  if (!deadlines.empty()) sooner(deadlines.top().key);
  if (sweep_at) sooner(*sweep_at);
  for (const auto& [path, at] : idle_queues) sooner(at);
  for (const auto& [leaf, plan] : plans) sooner(plan.ends);
  return next;
}

}  // namespace weir::scheduler
