// Why something waits: the code, from what the engine knows at any time, and the sentence with its
// numbers, made only when somebody asks.
#include <algorithm>

#include "scheduler/engine/state.h"

namespace weir::scheduler {
namespace {

std::string Count(int64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

PendingReason CapacityScheduler::State::ReasonWithoutRoom(PartitionSlot partition,
                                                          const Amounts& shape) const {
  if (nodes.nodes(partition) == 0) {
    return partition == kDefaultPartition ? PendingReason::kNoNodes : PendingReason::kNodeLabel;
  }
  if (nodes.schedulable_nodes(partition) == 0) return PendingReason::kNodesUnhealthy;
  if (!nodes.SomeCapacityFits(partition, shape)) return PendingReason::kNoFitNode;
  if (shape.FitsIn(nodes.open_free(partition))) return PendingReason::kFragmented;
  return PendingReason::kInsufficient;
}

// A limit that is reached because there are no nodes for it says less than that there are none.
PendingReason CapacityScheduler::State::ReasonAtLimit(const Group& group,
                                                      PendingReason limit) const {
  const PendingReason room = ReasonWithoutRoom(group.partition, amounts(group.shape));
  const bool hopeless = room == PendingReason::kNoNodes || room == PendingReason::kNodeLabel ||
                        room == PendingReason::kNodesUnhealthy || room == PendingReason::kNoFitNode;
  return hopeless ? room : limit;
}

PendingReason CapacityScheduler::State::ReasonOf(const Group& group,
                                                 const Application& application) const {
  switch (group.waits) {
    case Waits::kReady: {
      for (QueueSlot queue = group.leaf; queue.value >= 0; queue = tree.at(queue).parent) {
        const QueueLane* own = FindLane(queue, group.partition);
        if (own != nullptr && own->parked) return ReasonAtLimit(group, own->reason);
      }
      return PendingReason::kPriority;
    }
    case Waits::kRoom:
      if (group.reason == PendingReason::kGangIncomplete) return ReasonAtLimit(group, group.reason);
      // Others may have taken the room since, wherever it was that this one could not go.
      if (group.solo && nodes.Find(group.partition, amounts(group.shape))) return group.reason;
      if (PreemptsFor(group.leaf)) return PendingReason::kPreemptionPending;
      for (const NodeSlot node : application.reservations) {
        if (reservations.at(node).shape == group.shape) return PendingReason::kReserved;
      }
      return ReasonWithoutRoom(group.partition, amounts(group.shape));
    case Waits::kUserLimit:
    case Waits::kGangUserLimit:
    case Waits::kQueueLimit:
      return ReasonAtLimit(group, group.reason);
    case Waits::kNowhere:
      break;
  }
  return PendingReason::kPriority;
}

PendingReason CapacityScheduler::State::ReasonOf(ApplicationSlot slot) const {
  const Application& application = app(slot);
  if (!application.activated) return application.inactive;
  for (const int32_t line : application.lines) {
    if (line_at(line).group >= 0) return ReasonOf(group_at(line_at(line).group), application);
  }
  return PendingReason::kNone;
}

std::vector<int32_t> CapacityScheduler::State::AsksInOrder(const Application& application) const {
  std::vector<int32_t> in_order;
  for (const int32_t line : application.lines) {
    auto entries = line_at(line).asks.entries();
    std::sort(
        entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    for (const auto& entry : entries) in_order.push_back(entry.item);
  }
  return in_order;
}

std::vector<PendingAsk> CapacityScheduler::State::Pending(ApplicationSlot slot,
                                                          size_t limit) const {
  const Application& application = app(slot);
  std::vector<PendingAsk> pending;
  for (const int32_t index : AsksInOrder(application)) {
    if (pending.size() >= limit) break;
    const Ask& ask = ask_at(index);
    const Line& line = line_at(ask.line);
    PendingReason reason = application.inactive;
    if (application.activated) {
      const Ask* head = Head(line);
      const bool as_head = head->shape == ask.shape && head->constraints < 0 && ask.constraints < 0;
      reason = head == &ask || as_head ? ReasonOf(group_at(line.group), application)
                                       : PendingReason::kHeadOfLine;
    }
    pending.push_back({.ask = ToContainerAsk(ask),
                       .reason = reason,
                       .detail = DetailOf(application, ask, reason)});
  }
  return pending;
}

std::string CapacityScheduler::State::InactiveDetail(const Application& application) const {
  const QueueSlot leaf = application.leaf;
  const std::string& path = tree.at(leaf).path;
  const PartitionSlot partition = application.am_partition;
  const Amounts in_use = tree.at(leaf).shares[Index(partition)].am_used;
  if (application.inactive == PendingReason::kAmLimit) {
    return "its ApplicationMaster needs " + Words(application.am) +
           "; ApplicationMasters of queue " + path + " use " + Words(in_use) + " of the " +
           Words(tree.AmLimit(leaf, partition)) + " that they may";
  }
  if (application.inactive == PendingReason::kUserAmLimit) {
    return "its ApplicationMaster needs " + Words(application.am) + "; those of user " +
           application.user_name + " in queue " + path + " may use " +
           Words(tree.UserAmLimit(application.user, partition));
  }
  if (application.inactive == PendingReason::kMaxParallelApplications) {
    return std::to_string(tree.at(leaf).activated) + " applications run in queue " + path +
           ": it, a parent or user " + application.user_name +
           " has as many as max-parallel-apps allows";
  }
  if (application.inactive == PendingReason::kQueueUnknown) {
    return "queue " + path + " gives nothing out; what its applications have runs on";
  }
  return "it has not been looked at yet";
}

std::string CapacityScheduler::State::DetailOf(const Application& application,
                                               const Ask& ask,
                                               PendingReason reason) const {
  if (!application.activated) return InactiveDetail(application);
  const Line& line = line_at(ask.line);
  const PartitionSlot partition = line.partition;
  const Amounts& each = amounts(ask.shape);
  const std::string what = Count(ask.count, "container of ", "containers of ") + Words(each);
  const std::string& label = nodes.label(partition);
  const std::string where = label.empty() ? "" : " with label " + label;
  const int64_t open = nodes.schedulable_nodes(partition);
  const std::string on_nodes = Count(open, "node", "nodes") + where;
  const std::string& path = tree.at(application.leaf).path;
  const auto limit_of = [&](QueueSlot queue) {
    const QueueShare& share = tree.at(queue).shares[Index(partition)];
    return "queue " + tree.at(queue).path + " uses " + Words(share.used) + " of its maximum " +
           Words(share.maximum);
  };
  switch (reason) {
    case PendingReason::kNoNodes:
      return what + ": no node is registered";
    case PendingReason::kNodeLabel:
      return what + ": queue " + path + " has no node" + where + " that it may use";
    case PendingReason::kNodesUnhealthy:
      return what + ": none of " + Count(nodes.nodes(partition), "node", "nodes") + where +
             " may get containers now";
    case PendingReason::kNoFitNode:
      return what + " fit on no node: " + on_nodes + " with at most " +
             Words(nodes.LargestCapacity(partition));
    case PendingReason::kInsufficient:
      return what + ": " + Words(nodes.open_free(partition)) + " is free in all on " + on_nodes;
    case PendingReason::kFragmented:
      return what + ": " + Words(nodes.open_free(partition)) + " is free in all on " + on_nodes +
             ", but at most " + Words(nodes.LargestFree(partition)) + " on one";
    case PendingReason::kUserLimit: {
      const Amounts limit =
          tree.UserLimit(application.user, partition, each, LimitMode::kRespectExclusivity);
      const QueueUser& user = tree.user(application.user);
      const Amounts used =
          Index(partition) < user.shares.size() ? user.shares[Index(partition)].used : Amounts{};
      return what + ": user " + user.name + " uses " + Words(used) + " of the " + Words(limit) +
             " that one user may have of queue " + path + " now";
    }
    case PendingReason::kQueueCapacity:
    case PendingReason::kParentCapacity: {
      const Allowance bound =
          tree.QueueAllowance(application.leaf, partition, each, LimitMode::kRespectExclusivity);
      return what + ": " + limit_of(bound.queue.value >= 0 ? bound.queue : application.leaf);
    }
    case PendingReason::kRecoveryBarrier: {
      const Allowance bound =
          tree.QueueAllowance(application.leaf, partition, each, LimitMode::kRespectExclusivity);
      const QueueSlot queue = bound.queue.value >= 0 ? bound.queue : application.leaf;
      const QueueShare& share = tree.at(queue).shares[Index(partition)];
      return what + ": after a restart queue " + tree.at(queue).path + " gets no more than its " +
             "guarantee of what is there, " + Words(share.guaranteed) + " (it uses " +
             Words(share.used) + "), until the nodes of before are back";
    }
    case PendingReason::kGangIncomplete: {
      const int64_t room = nodes.Room(partition, each, ask.count);
      return what + " are wanted all at once: there is room for " + std::to_string(room) + " on " +
             on_nodes;
    }
    case PendingReason::kLocalityWait:
      return what + ": waits for " +
             Count(static_cast<int64_t>(ConstraintsOf(ask).nodes.size()), "node", "nodes") +
             " and " +
             Count(static_cast<int64_t>(ConstraintsOf(ask).racks.size()), "rack", "racks") +
             (ConstraintsOf(ask).relax ? " that it would like best" : " that alone will do");
    case PendingReason::kSpread:
      return what + ": every node with room has as many of it as it allows (" +
             std::to_string(ConstraintsOf(ask).max_per_node) + " per node, " +
             std::to_string(ConstraintsOf(ask).max_per_rack) + " per rack, 0 = no bound)";
    case PendingReason::kBlacklisted:
      return what + ": every node with room is among the " +
             Count(static_cast<int64_t>(application.blacklist.size()), "node", "nodes") +
             " that it does not want";
    case PendingReason::kReserved: {
      std::string names;
      for (const NodeSlot node : application.reservations) {
        names += (names.empty() ? "" : ", ") + nodes.at(node).name;
      }
      return what + ": held back for it until there is room: " + names;
    }
    case PendingReason::kPreemptionPending:
      return what + ": containers of queues over their guarantee are being taken back for queue " +
             path;
    case PendingReason::kHeadOfLine: {
      const Ask* head = Head(line);
      return what + ": request " + std::to_string(head->request_id) + " (priority " +
             std::to_string(head->priority) + ") of the same application goes first";
    }
    case PendingReason::kPriority:
      return what + ": others go first";
    case PendingReason::kNone:
    case PendingReason::kStoring:
    case PendingReason::kLaunching:
    case PendingReason::kAmNotRegistered:
    case PendingReason::kQueueUnknown:
    case PendingReason::kQueueStopped:
    case PendingReason::kMaxApplications:
    case PendingReason::kAmLimit:
    case PendingReason::kUserAmLimit:
    case PendingReason::kMaxParallelApplications:
    case PendingReason::kLaunchBackoff:
    case PendingReason::kAclDenied:
    case PendingReason::kWorkersMissing:
      break;
  }
  return what;
}

}  // namespace weir::scheduler
