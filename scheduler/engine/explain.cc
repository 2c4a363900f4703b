// Everything there is to know about why an application waits: the limits with their numbers, the
// nodes refused per cause, and what would help.
#include <algorithm>
#include <utility>

#include "scheduler/engine/state.h"

namespace weir::scheduler {
namespace {

constexpr size_t kAsksExplained = 100;

void AddRefused(std::vector<RefusedNodes>& refused, const std::string& cause, int64_t count) {
  if (count > 0) refused.push_back({.cause = cause, .nodes = count});
}

}  // namespace

std::string CapacityScheduler::State::UnblockOf(const Application& application,
                                                const Ask& ask,
                                                PendingReason reason) const {
  const std::string& path = tree.at(application.leaf).path;
  const Amounts& each = amounts(ask.shape);
  const std::string& label = nodes.label(line_at(ask.line).partition);
  switch (reason) {
    case PendingReason::kNoNodes:
      return "start a NodeManager";
    case PendingReason::kNodeLabel:
      return "give a node the label '" + label +
             "' (`weir rmadmin -replaceLabelsOnNode`), or the queue access to it";
    case PendingReason::kNodesUnhealthy:
      return "see `weir node -list -all` for what is wrong with the nodes";
    case PendingReason::kNoFitNode:
      return "ask for less, or add a node with " + Words(each);
    case PendingReason::kInsufficient:
    case PendingReason::kFragmented:
      return "something has to end, or a node with " + Words(each) + " free to come";
    case PendingReason::kUserLimit:
      return "end something of user " + application.user_name +
             ", or raise user-limit-factor or minimum-user-limit-percent of queue " + path;
    case PendingReason::kQueueCapacity:
      return "end something in queue " + path + ", or raise its maximum-capacity";
    case PendingReason::kParentCapacity:
      return "end something below the parent that is at its maximum, or raise its maximum-capacity";
    case PendingReason::kAmLimit:
      return "raise maximum-am-resource-percent of queue " + path + ", or end an application in it";
    case PendingReason::kUserAmLimit:
      return "end an application of user " + application.user_name +
             ", or raise maximum-am-resource-percent or user-limit-factor of queue " + path;
    case PendingReason::kMaxParallelApplications:
      return "end an application, or raise max-parallel-apps";
    case PendingReason::kGangIncomplete:
      return "free room for " + std::to_string(ask.count) + " containers of " + Words(each) +
             " at once, or ask without -gang";
    case PendingReason::kLocalityWait:
      return ConstraintsOf(ask).relax ? "nothing: it goes elsewhere after the locality delay"
                                      : "free room on the nodes or racks that it names";
    case PendingReason::kSpread:
      return "add nodes or racks, or allow more containers on each";
    case PendingReason::kBlacklisted:
      return "take a node off the application's blacklist, or free room on another";
    case PendingReason::kQueueUnknown:
      return "move it (`weir application -movetoqueue`), or have its queue configured again";
    case PendingReason::kReserved:
    case PendingReason::kPreemptionPending:
    case PendingReason::kPriority:
    case PendingReason::kHeadOfLine:
      return "nothing: its turn comes";
    case PendingReason::kRecoveryBarrier:
      return "nothing: the nodes come back, are given up as LOST, or the time for them is over";
    case PendingReason::kNone:
    case PendingReason::kStoring:
    case PendingReason::kLaunching:
    case PendingReason::kAmNotRegistered:
    case PendingReason::kQueueStopped:
    case PendingReason::kMaxApplications:
    case PendingReason::kLaunchBackoff:
    case PendingReason::kAclDenied:
    case PendingReason::kWorkersMissing:
      break;
  }
  return "";
}

Explanation CapacityScheduler::State::Explain(ApplicationSlot slot) const {
  const Application& application = app(slot);
  Explanation told;
  told.application = application.id.application;
  told.queue = tree.at(application.leaf).path;
  told.user = application.user_name;
  told.reason = ReasonOf(slot);

  const PartitionSlot partition = application.lines.empty()
                                      ? application.am_partition
                                      : line_at(application.lines.front()).partition;
  const std::vector<int32_t> in_order = AsksInOrder(application);
  const Amounts first =
      in_order.empty() ? options.types.minimum() : amounts(ask_at(in_order.front()).shape);
  const auto add_limit =
      [&](std::string name, const Amounts& limit, const Amounts& used, bool binds) {
        told.limits.push_back({.name = std::move(name),
                               .limit = options.types.ToResource(limit),
                               .used = options.types.ToResource(used),
                               .binds = binds});
      };
  const QueueShare& own = tree.at(application.leaf).shares[Index(partition)];
  const QueueUser& user = tree.user(application.user);
  const UserShare of_user =
      Index(partition) < user.shares.size() ? user.shares[Index(partition)] : UserShare{};
  add_limit("AM limit of " + told.queue,
            tree.AmLimit(application.leaf, partition),
            own.am_used,
            told.reason == PendingReason::kAmLimit);
  add_limit("AM limit of user " + user.name + " in " + told.queue,
            tree.UserAmLimit(application.user, partition),
            of_user.am_used,
            told.reason == PendingReason::kUserAmLimit);
  add_limit("user limit of " + user.name + " in " + told.queue,
            tree.UserLimit(application.user, partition, first, LimitMode::kRespectExclusivity),
            of_user.used,
            told.reason == PendingReason::kUserLimit);
  const Allowance bound =
      tree.QueueAllowance(application.leaf, partition, first, LimitMode::kRespectExclusivity);
  const bool by_queue =
      told.reason == PendingReason::kQueueCapacity || told.reason == PendingReason::kParentCapacity;
  for (QueueSlot queue = application.leaf; queue.value >= 0; queue = tree.at(queue).parent) {
    const QueueShare& share = tree.at(queue).shares[Index(partition)];
    add_limit("maximum capacity of " + tree.at(queue).path,
              share.maximum,
              share.used,
              by_queue && bound.queue == queue);
  }
  for (const LineKey& each : inactive.contains(application.leaf) && !application.activated
                                 ? inactive.at(application.leaf)
                                 : std::set<LineKey>{}) {
    if (each.line == slot.value) break;
    ++told.applications_ahead;
  }

  for (const PendingAsk& pending : Pending(slot, kAsksExplained)) {
    const Ask& ask = ask_at(application.asks.at(pending.ask.request_id));
    ExplainedAsk explained{.request_id = ask.request_id,
                           .priority = ask.priority,
                           .count = ask.count,
                           .resource = shapes.resource(ask.shape),
                           .label = pending.ask.label,
                           .reason = pending.reason,
                           .detail = pending.detail,
                           .unblock = UnblockOf(application, ask, pending.reason)};
    const PartitionSlot own_partition = line_at(ask.line).partition;
    const NodeTable::Refusals refusals = nodes.CountRefusals(own_partition, amounts(ask.shape));
    AddRefused(explained.refused,
               "may not get containers (unhealthy or draining)",
               refusals.unschedulable);
    AddRefused(explained.refused, "held back for another application", refusals.reserved);
    AddRefused(explained.refused, "too small even when empty", refusals.too_small);
    for (size_t type = 0; type < refusals.short_of.size(); ++type) {
      AddRefused(explained.refused,
                 "not enough " + options.types.at(static_cast<int>(type)).name + " free",
                 refusals.short_of[type]);
    }
    int64_t unwanted = 0;
    int64_t bounded = 0;
    for (const NodeSlot node : nodes.All()) {
      if (nodes.at(node).partition != own_partition || !nodes.at(node).open()) continue;
      if (!amounts(ask.shape).FitsIn(nodes.at(node).free())) continue;
      if (Unwanted(application, nodes.at(node))) {
        ++unwanted;
      } else if (RoomOn(application, ask, node) == 0) {
        ++bounded;
      }
    }
    AddRefused(explained.refused, "blacklisted by the application", unwanted);
    AddRefused(explained.refused, "as many of the application's containers as it allows", bounded);
    told.asks.push_back(std::move(explained));
  }
  told.asks_left_out = static_cast<int64_t>(in_order.size() - told.asks.size());
  if (!told.asks.empty()) {
    told.detail = told.asks.front().detail;
    told.unblock = told.asks.front().unblock;
  }
  if (!application.activated) told.detail = InactiveDetail(application);
  return told;
}

}  // namespace weir::scheduler
