// Applications that come, go, move and change their rank.
#include <algorithm>
#include <iterator>
#include <utility>

#include "common/check.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {
namespace {

// Usage that falls anywhere may raise the AM limit of any queue: all who wait are looked at again,
// but not more often than this.
constexpr Duration kSweepDelay = std::chrono::milliseconds(100);

}  // namespace

PartitionSlot CapacityScheduler::State::PartitionFor(const Application& application,
                                                     const std::string& label) const {
  const std::string& wanted_label = !label.empty() ? label
                                    : !application.default_label.empty()
                                        ? application.default_label
                                        : tree.settings(application.leaf).default_label;
  return nodes.FindPartition(wanted_label).value_or(kDefaultPartition);
}

ApplicationSlot CapacityScheduler::State::AddApplication(const ApplicationSpec& spec) {
  const Result<QueueSlot> leaf = MakeQueue(spec.queue);
  WEIR_CHECK(leaf.ok(), "queue " + spec.queue + " is placed and checked first");
  if (unused_applications.empty()) {
    unused_applications.push_back(static_cast<int32_t>(applications.size()));
    applications.emplace_back();
  }
  const ApplicationSlot slot{unused_applications.back()};
  unused_applications.pop_back();
  Application& application = app(slot);
  application = {};
  application.id = spec.id;
  application.user_name = spec.user;
  application.priority = spec.priority;
  application.order = spec.order;
  application.live = true;
  application.am = options.types.KnownPartsOf(spec.am_resource);
  application.default_label = spec.default_label;
  EnterLeaf(slot, *leaf);
  application.am_partition = PartitionFor(application, spec.am_label);
  if (spec.runs && !tree.settings(*leaf).holds) Activate(slot);
  return slot;
}

void CapacityScheduler::State::EnterLeaf(ApplicationSlot slot, QueueSlot leaf) {
  Application& application = app(slot);
  application.leaf = leaf;
  application.user = tree.AddApplication(leaf, application.user_name);
  if (members.size() <= Index(leaf)) members.resize(Index(leaf) + 1);
  application.member_place = static_cast<int32_t>(members[Index(leaf)].size());
  members[Index(leaf)].push_back(slot);
  application.inactive =
      tree.settings(leaf).holds ? PendingReason::kQueueUnknown : PendingReason::kPriority;
  const LineKey key{
      .first = -int64_t{application.priority}, .order = application.order, .line = slot.value};
  inactive[leaf].insert(key);
  newcomers[leaf].insert(key);
  idle_queues.erase(tree.at(leaf).path);
  if (tree.at(leaf).applications == 1) ActivityChanged(leaf);
}

void CapacityScheduler::State::LeaveLeaf(ApplicationSlot slot) {
  Application& application = app(slot);
  const QueueSlot leaf = application.leaf;
  if (application.activated) {
    Deactivate(slot);
  } else {
    inactive[leaf].erase(
        {.first = -int64_t{application.priority}, .order = application.order, .line = slot.value});
    if (inactive[leaf].empty()) inactive.erase(leaf);
    sweep_due = true;  // AM limits of users depend on how many wait
  }
  std::vector<ApplicationSlot>& fellows = members[Index(leaf)];
  app(fellows.back()).member_place = application.member_place;
  fellows[static_cast<size_t>(application.member_place)] = fellows.back();
  fellows.pop_back();
  for (const QueueSlot stopped : tree.RemoveApplication(application.user)) {
    notices.push_back({.kind = Notice::Kind::kQueueStopped, .queue = tree.at(stopped).path});
  }
  if (tree.settings(leaf).dynamic && tree.at(leaf).applications == 0) {
    const bool at_once = tree.settings(leaf).holds;
    idle_queues[tree.at(leaf).path] =
        at_once ? now.monotonic : now.monotonic + configuration().dynamic_queue_expiry;
    ActivityChanged(leaf);
  }
}

std::vector<ContainerSlot> CapacityScheduler::State::RemoveApplication(ApplicationSlot slot) {
  DropReservations(slot);
  Withdraw(slot);
  std::vector<ContainerSlot> released = containers.OfApplication(slot);
  for (const ContainerSlot container : released) Release(container);
  LeaveLeaf(slot);
  Application& application = app(slot);
  for (const int32_t line : application.lines) {
    line_at(line) = {};
    unused_lines.push_back(line);
  }
  application = {};
  unused_applications.push_back(slot.value);
  return released;
}

Status CapacityScheduler::State::CheckMove(ApplicationSlot slot, const std::string& path) const {
  const Application& application = app(slot);
  if (tree.at(application.leaf).path == path) return {};
  const std::optional<QueueSlot> target = tree.Find(path);
  if (!target || !tree.settings(*target).leaf) {
    return Error{ErrorCode::kNotFound,
                 "queue " + path + " is not a leaf queue",
                 "see `weir queue -list all`"};
  }
  WEIR_RETURN_IF_ERROR(tree.CheckSubmission(*target, application.user_name));
  const QueueSettings& settings = tree.settings(*target);
  for (const int32_t line : application.lines) {
    const std::string& label = nodes.label(line_at(line).partition);
    const bool may_use = label.empty() || settings.every_label ||
                         std::binary_search(settings.labels.begin(), settings.labels.end(), label);
    if (may_use || line_at(line).asks.empty()) continue;
    return Error{ErrorCode::kFailedPrecondition,
                 application.id.application.ToString() + " wants nodes with the label '" + label +
                     "', which queue " + path + " may not use",
                 "add it to accessible-node-labels of " + path};
  }
  return {};
}

Status CapacityScheduler::State::MoveApplication(ApplicationSlot slot, const std::string& path) {
  WEIR_RETURN_IF_ERROR(CheckMove(slot, path));
  Application& application = app(slot);
  if (tree.at(application.leaf).path == path) return {};
  const QueueSlot target = *tree.Find(path);
  DropReservations(slot);
  for (const int32_t line : application.lines) LeaveGroup(line);
  const std::vector<ContainerSlot> own = containers.OfApplication(slot);
  for (const ContainerSlot container : own) {
    const ContainerPlacement& placement = containers.at(container).placement;
    tree.Discharge(
        application.user, nodes.at(placement.node).partition, amounts(placement.shape), 1);
  }
  const UserSlot old_user = application.user;
  for (size_t p = 0; p < application.uses.size(); ++p) {
    UsageFell(old_user, {static_cast<int32_t>(p)});
  }
  const bool was_activated = application.activated;
  LeaveLeaf(slot);
  EnterLeaf(slot, target);
  for (const ContainerSlot container : own) {
    const ContainerPlacement& placement = containers.at(container).placement;
    const PartitionSlot partition = nodes.at(placement.node).partition;
    lane(target, partition);
    tree.Charge(application.user, partition, amounts(placement.shape), 1);
    OrderChanged(target, partition);
    WakeUsers(target, partition);
  }
  // What runs goes on running: its ApplicationMaster is there already.
  if (!own.empty()) Activate(slot);
  if (!own.empty() && !was_activated) {
    notices.push_back({.kind = Notice::Kind::kActivated, .application = slot});
  }
  return {};
}

void CapacityScheduler::State::SetPriority(ApplicationSlot slot, int32_t priority) {
  Application& application = app(slot);
  if (!application.activated) {
    std::set<LineKey>& waiting = inactive[application.leaf];
    waiting.erase(
        {.first = -int64_t{application.priority}, .order = application.order, .line = slot.value});
    waiting.insert({.first = -int64_t{priority}, .order = application.order, .line = slot.value});
    LimitsMayAllow(application.leaf);
  }
  application.priority = priority;
  for (const int32_t line : application.lines) KeyChanged(line);
}

void CapacityScheduler::State::ContinueApplication(ApplicationSlot slot, const AttemptId& id) {
  app(slot).id = id;
  const std::vector<std::string> unwanted = app(slot).blacklist;
  ChangeBlacklist(slot, {}, unwanted);
}

void CapacityScheduler::State::ChangeBlacklist(ApplicationSlot slot,
                                               const std::vector<std::string>& add,
                                               const std::vector<std::string>& remove) {
  Application& application = app(slot);
  std::vector<std::string>& names = application.blacklist;
  const std::vector<std::string> before = names;
  names.insert(names.end(), add.begin(), add.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : remove) std::erase(names, name);
  if (names == before) return;
  DropReservations(slot);  // one may be unwanted now
  for (const int32_t line : application.lines) {
    LeaveGroup(line);
    SettleLine(line);
  }
}

// --- activation: which applications may run

void CapacityScheduler::State::Activate(ApplicationSlot slot) {
  Application& application = app(slot);
  inactive[application.leaf].erase(
      {.first = -int64_t{application.priority}, .order = application.order, .line = slot.value});
  if (inactive[application.leaf].empty()) inactive.erase(application.leaf);
  application.activated = true;
  application.inactive = PendingReason::kNone;
  tree.Activate(application.user, application.am_partition, application.am);
  sweep_due = true;  // one user less may wait: the AM limits of the others grow
  for (const int32_t line : application.lines) {
    const Line& each = line_at(line);
    tree.ChangePending(application.leaf, each.partition, each.pending, each.containers);
    SettleLine(line);
  }
  NoteAsking(application);
}

void CapacityScheduler::State::Deactivate(ApplicationSlot slot) {
  Application& application = app(slot);
  for (const int32_t line : application.lines) {
    const Line& each = line_at(line);
    LeaveGroup(line);
    tree.ChangePending(
        application.leaf, each.partition, Amounts{} - each.pending, -each.containers);
  }
  application.activated = false;
  NoteAsking(application);
  tree.Deactivate(application.user, application.am_partition, application.am);
  LimitsMayAllow(application.leaf);
  // Limits over several queues may let another leaf's application go on.
  sweep_due = true;
}

void CapacityScheduler::State::PlanSweep() {
  if (sweep_due && !inactive.empty() && !sweep_at) sweep_at = now.monotonic + kSweepDelay;
}

void CapacityScheduler::State::ActivatePending() {
  PlanSweep();
  if (sweep_at && *sweep_at <= now.monotonic) {
    for (const auto& [leaf, waiting] : inactive) activation_due.insert(leaf);
    sweep_at.reset();
    sweep_due = false;
  }
  while (!activation_due.empty()) {
    const QueueSlot leaf = *activation_due.begin();
    activation_due.erase(activation_due.begin());
    newcomers.erase(leaf);
    const auto waiting = inactive.find(leaf);
    if (waiting == inactive.end()) continue;
    ActivateIn(leaf, {waiting->second.begin(), waiting->second.end()});
  }
  for (const auto& [leaf, keys] : std::exchange(newcomers, {})) ActivateNewcomers(leaf, keys);
}

// One more that waits leaves the others no more room than they had: only it is looked at. But where
// limits may have grown since the others were, it does not go before them.
void CapacityScheduler::State::ActivateNewcomers(QueueSlot leaf, const std::set<LineKey>& keys) {
  const auto waiting = inactive.find(leaf);
  if (waiting == inactive.end()) return;
  std::vector<LineKey> looked_at;
  // Some may have gone, or run already.
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(looked_at), [&](const LineKey& key) {
    return waiting->second.contains(key);
  });
  const auto may_go = [&](const LineKey& key) {
    const Application& application = app({key.line});
    return tree.CheckActivation(application.user, application.am_partition, application.am) ==
           PendingReason::kNone;
  };
  if (sweep_due && std::any_of(looked_at.begin(), looked_at.end(), may_go)) {
    looked_at.assign(waiting->second.begin(), waiting->second.end());
  }
  ActivateIn(leaf, looked_at);
}

// Those behind one that must wait are examined all the same, as in YARN.
void CapacityScheduler::State::ActivateIn(QueueSlot leaf, const std::vector<LineKey>& waiting) {
  if (tree.settings(leaf).holds) return;
  // Once a limit of the queue refuses some amount it refuses as much or more of the same.
  std::optional<Amounts> refused;
  for (const LineKey& each : waiting) {
    const ApplicationSlot slot{each.line};
    Application& application = app(slot);
    const bool hopeless =
        refused && application.am_partition == kDefaultPartition && refused->FitsIn(application.am);
    if (hopeless) {
      application.inactive = PendingReason::kAmLimit;
      continue;
    }
    application.inactive =
        tree.CheckActivation(application.user, application.am_partition, application.am);
    if (application.inactive == PendingReason::kNone) {
      Activate(slot);
      notices.push_back({.kind = Notice::Kind::kActivated, .application = slot});
    } else if (application.inactive == PendingReason::kAmLimit &&
               application.am_partition == kDefaultPartition) {
      refused = application.am;
    }
  }
}

}  // namespace weir::scheduler
