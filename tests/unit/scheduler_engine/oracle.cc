// What could still be placed, found by going over all nodes, and whether the reasons say so.
#include <rapidcheck.h>

#include <algorithm>
#include <limits>
#include <string>

#include "tests/unit/scheduler_engine/model.h"

namespace weir::scheduler {
namespace {

void Require(bool holds, const std::string& what) {
  if (!holds) RC_FAIL(what);
}

bool Names(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool HasPlaces(const ContainerAsk& ask) {
  return !ask.nodes.empty() || !ask.racks.empty();
}

}  // namespace

struct EngineModel::Prospect {
  bool user_allows = false;
  bool queue_allows = false;
  bool stopped = false;        // an earlier ask may have stopped a queue above
  bool access = false;         // the queue may use the label
  int64_t nodes = 0;           // with the label
  int64_t schedulable = 0;     // of those
  bool some_capacity = false;  // a schedulable one could take it when empty
  bool fits = false;           // an open one has room, whatever the ask says about places
  bool anywhere = false;       // one where it may go, now or after a while
  bool local = false;          // one that it names
  bool can_borrow = false;
  bool holds = false;  // nodes are held back for it
  int64_t gang_room = 0;
};

bool EngineModel::IsOpen(NodeSlot slot) const {
  return nodes_.at(slot).schedulable && !reserved_.contains(slot);
}

int64_t EngineModel::Room(const Application& application,
                          const ContainerAsk& ask,
                          NodeSlot slot) const {
  const Node& node = nodes_.at(slot);
  const Amounts each = amounts(ask.resource);
  if (!each.FitsIn(node.capacity - node.used) || application.blacklist.contains(node.name)) {
    return 0;
  }
  if (!ask.relax_locality && !Names(ask.nodes, node.name) && !Names(ask.racks, node.rack)) return 0;
  int64_t room = TimesFitting(each, node.capacity - node.used);
  if (ask.max_per_node > 0) {
    room = std::min(room, ask.max_per_node - On(application, nullptr, slot));
  }
  if (ask.max_per_rack > 0) {
    room = std::min(room, ask.max_per_rack - On(application, &node.rack, slot));
  }
  return std::max<int64_t>(room, 0);
}

int64_t EngineModel::GangRoom(const Application& application, const ContainerAsk& ask) const {
  std::map<std::string, int64_t> by_rack;
  for (const auto& [slot, node] : nodes_) {
    if (node.label == ask.label && IsOpen(slot)) by_rack[node.rack] += Room(application, ask, slot);
  }
  int64_t room = 0;
  for (const auto& [rack, count] : by_rack) {
    int64_t most = std::numeric_limits<int64_t>::max();
    if (ask.max_per_rack > 0) most = ask.max_per_rack - On(application, &rack, NodeSlot{});
    room += std::min(count, std::max<int64_t>(most, 0));
  }
  return room;
}

bool EngineModel::QueueRefuses(const Application& application, const ContainerAsk& ask) const {
  return tree_
             .QueueAllowance(tree_.user(application.slot).leaf,
                             partition(ask.label),
                             amounts(ask.resource),
                             LimitMode::kRespectExclusivity)
             .count <= 0;
}

bool EngineModel::QueueStopped(const Application& application, PartitionSlot at) const {
  for (const auto& [slot, other] : applications_) {
    if (!other.activated || other.asks.empty()) continue;
    const ContainerAsk& head = other.asks.begin()->second;
    if (partition(head.label) != at || head.gang || !QueueRefuses(other, head)) continue;
    // They share root at least: which queue was stopped is for the tables to check.
    if (&other != &application) return true;
  }
  return false;
}

EngineModel::Prospect EngineModel::Look(const Application& application,
                                        const ContainerAsk& ask) const {
  const PartitionSlot at = partition(ask.label);
  const Amounts each = amounts(ask.resource);
  const QueueSlot leaf = tree_.user(application.slot).leaf;
  Prospect prospect;
  const LimitMode mode = LimitMode::kRespectExclusivity;
  prospect.user_allows = tree_.UserAllowance(application.slot, at, each, mode).count > 0;
  prospect.queue_allows = !QueueRefuses(application, ask);
  prospect.stopped = QueueStopped(application, at);
  prospect.access = tree_.at(leaf).shares[Index(at)].accessible;
  for (const auto& [slot, node] : nodes_) {
    const bool room = each.FitsIn(node.capacity - node.used) && IsOpen(slot);
    if (node.label != ask.label) {
      const bool borrowable =
          ask.label.empty() && exclusive_.contains(node.label) && !exclusive_.at(node.label) &&
          !ask.gang && !application.containers.empty() && (ask.relax_locality || !HasPlaces(ask));
      const PartitionSlot other = partition(node.label);
      prospect.can_borrow |=
          borrowable && room && Room(application, ask, slot) > 0 &&
          tree_.UserAllowance(application.slot, other, each, LimitMode::kIgnoreExclusivity).count >
              0;
      continue;
    }
    ++prospect.nodes;
    const auto held = reserved_.find(slot);
    prospect.holds |=
        held != reserved_.end() && &applications_.at(held->second.holder) == &application;
    if (!node.schedulable) continue;
    ++prospect.schedulable;
    prospect.some_capacity |= each.FitsIn(node.capacity);
    prospect.fits |= room;
    if (!room || Room(application, ask, slot) == 0) continue;
    prospect.anywhere = true;
    prospect.local |=
        Names(ask.nodes, node.name) || (ask.nodes.empty() && Names(ask.racks, node.rack));
  }
  if (ask.gang) prospect.gang_room = GangRoom(application, ask);
  return prospect;
}

void EngineModel::CheckNothingLeft(const CapacityScheduler& scheduler, Now now) const {
  const std::optional<Instant> next = scheduler.NextDeadline();
  std::optional<Duration> until_next;
  if (next) until_next = *next - now.monotonic;
  for (const auto& [slot, application] : applications_) {
    if (application.asks.empty()) continue;
    CheckHead(slot, scheduler, until_next);
  }
}

void EngineModel::CheckHead(ApplicationSlot slot,
                            const CapacityScheduler& scheduler,
                            std::optional<Duration> until_next) const {
  const Application& application = applications_.at(slot);
  const ContainerAsk& ask = application.asks.begin()->second;
  const PendingReason reason = scheduler.pending_reason(slot);
  const std::string who = "application " + std::to_string(slot.value) + " (" +
                          std::string(PendingReasonName(reason)) + ") ";
  if (!application.activated) {
    Require(reason == PendingReason::kAmLimit || reason == PendingReason::kUserAmLimit ||
                reason == PendingReason::kMaxParallelApplications,
            who + "is inactive for no reason");
    const PendingReason own =
        tree_.CheckActivation(application.slot, partition(application.label), application.am);
    Require(own != PendingReason::kNone ||
                (until_next && *until_next <= std::chrono::milliseconds(100)),
            who + "could run and is not looked at again");
    return;
  }
  const Prospect prospect = Look(application, ask);
  const bool soon = until_next && *until_next <= options_.heartbeat;
  if (ask.gang) {
    const bool all = prospect.gang_room >= ask.count && GangAllowed(application, ask);
    Require(!all || prospect.stopped, who + "is a gang that fits and is not placed");
  } else if (prospect.user_allows && prospect.queue_allows && !prospect.stopped) {
    const bool waits = HasPlaces(ask) && ask.relax_locality && !prospect.local;
    Require(!prospect.anywhere || (waits && soon), who + "fits and is not placed");
  }
  Require(!prospect.can_borrow || soon, who + "could borrow and never tries");
  CheckReason(prospect, ask, reason, who);
}

void EngineModel::CheckReason(const Prospect& prospect,
                              const ContainerAsk& ask,
                              PendingReason reason,
                              const std::string& who) const {
  const bool stands = [&] {
    switch (reason) {
      case PendingReason::kUserLimit:
        return ask.gang || !prospect.user_allows;
      case PendingReason::kQueueCapacity:
      case PendingReason::kParentCapacity:
        return ask.gang || !prospect.queue_allows || prospect.stopped;
      case PendingReason::kNodeLabel:
        return !prospect.access || (!ask.label.empty() && prospect.nodes == 0);
      case PendingReason::kNoNodes:
        return ask.label.empty() && prospect.nodes == 0;
      case PendingReason::kNodesUnhealthy:
        return prospect.nodes > 0 && prospect.schedulable == 0;
      case PendingReason::kNoFitNode:
        return prospect.schedulable > 0 && !prospect.some_capacity;
      case PendingReason::kInsufficient:
      case PendingReason::kFragmented:
        return prospect.some_capacity && !prospect.fits;
      case PendingReason::kReserved:
        return prospect.holds && !prospect.fits;
      case PendingReason::kGangIncomplete:
        return ask.gang && prospect.gang_room < ask.count;
      case PendingReason::kLocalityWait:
        return HasPlaces(ask) && prospect.fits && !prospect.local;
      case PendingReason::kSpread:
        return (ask.max_per_node > 0 || ask.max_per_rack > 0) && prospect.fits;
      case PendingReason::kBlacklisted:
        return prospect.fits && !prospect.anywhere;
      case PendingReason::kPreemptionPending:
        return !prospect.fits;
      case PendingReason::kNone:
      case PendingReason::kPriority:
      case PendingReason::kHeadOfLine:
      case PendingReason::kStoring:
      case PendingReason::kLaunching:
      case PendingReason::kAmNotRegistered:
      case PendingReason::kQueueUnknown:
      case PendingReason::kQueueStopped:
      case PendingReason::kMaxApplications:
      case PendingReason::kAmLimit:
      case PendingReason::kUserAmLimit:
      case PendingReason::kMaxParallelApplications:
      case PendingReason::kRecoveryBarrier:
      case PendingReason::kLaunchBackoff:
      case PendingReason::kAclDenied:
      case PendingReason::kWorkersMissing:
        return false;
    }
    return false;
  }();
  Require(stands, who + "does not wait for that");
}

void EngineModel::CheckReasons(const CapacityScheduler& scheduler) const {
  for (const auto& [slot, application] : applications_) {
    const std::vector<PendingAsk> pending = scheduler.pending(slot, 1'000);
    Require(pending.size() == application.asks.size(), "not every ask that waits is told");
    size_t i = 0;
    for (const auto& [key, ask] : application.asks) {
      const PendingAsk& told = pending[i++];
      Require(told.ask == ask, "another ask is told than was asked");
      Require(told.reason != PendingReason::kNone && !told.detail.empty(),
              "an ask waits without a reason");
      Require(i > 1 || told.reason == scheduler.pending_reason(slot), "two reasons for one ask");
    }
  }
}

}  // namespace weir::scheduler
