// Gangs: n containers at once or none. Nothing is held while a gang waits, but one gang of each
// leaf may hold nodes back for a limited time once it has waited, so that single containers do not
// overtake it for ever.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/check.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {

bool CapacityScheduler::State::MayGoTo(const Application& application,
                                       const Ask& ask,
                                       const Node& node) const {
  const Constraints& extra = ConstraintsOf(ask);
  if (Unwanted(application, node)) return false;
  if (extra.relax || !extra.has_places()) return true;
  return std::find(extra.nodes.begin(), extra.nodes.end(), node.name) != extra.nodes.end() ||
         std::find(extra.racks.begin(), extra.racks.end(), node.rack) != extra.racks.end();
}

// Counts up containers under the bounds of an ask, node by node, as if each were taken.
class CapacityScheduler::State::BoundedRoom {
 public:
  BoundedRoom(const Application& application, const Constraints& extra)
      : application_(application), extra_(extra) {}
  // Of `fitting` ones on this node, how many the bounds allow besides those counted before.
  int64_t Take(NodeSlot slot, const Node& node, int64_t fitting) {
    const auto had = [](const auto& counts, const auto& key) -> int64_t {
      const auto found = counts.find(key);
      return found == counts.end() ? 0 : found->second;
    };
    int64_t here = fitting;
    if (extra_.max_per_node > 0) {
      here = std::min(here, extra_.max_per_node - had(application_.on_node, slot.value));
    }
    if (extra_.max_per_rack > 0) {
      const int64_t taken = had(taken_on_rack_, node.rack);
      here = std::min(here, extra_.max_per_rack - had(application_.on_rack, node.rack) - taken);
    }
    here = std::max<int64_t>(here, 0);
    if (extra_.max_per_rack > 0) taken_on_rack_[node.rack] += here;
    return here;
  }

 private:
  const Application& application_;
  const Constraints& extra_;
  std::map<std::string, int64_t> taken_on_rack_;
};

// How many of the gang the open nodes have room for, and those of `plan`, which are held back for
// it; counted up to `enough`.
int64_t CapacityScheduler::State::GangRoom(const Group& group,
                                           const Application& application,
                                           const Ask& ask,
                                           const GangPlan* plan) const {
  const Constraints& extra = ConstraintsOf(ask);
  const Amounts& each = amounts(group.shape);
  const bool simple =
      !extra.bounded() && application.blacklist.empty() && (extra.relax || !extra.has_places());
  int64_t room = 0;
  BoundedRoom bounded(application, extra);
  const auto count = [&](NodeSlot slot) {
    const Node& node = nodes.at(slot);
    if (!each.FitsIn(node.free()) || !MayGoTo(application, ask, node)) return;
    room += bounded.Take(slot, node, TimesFitting(each, node.free()));
  };
  if (simple) {
    room = nodes.Room(group.partition, each, ask.count);
  } else {
    for (auto found = nodes.Find(group.partition, each); found && room < ask.count;
         found = nodes.Find(group.partition, each, found->next)) {
      count(found->node);
    }
  }
  if (plan == nullptr) return room;
  for (size_t i = 0; i < plan->nodes.size() && room < ask.count; ++i) count(plan->nodes[i]);
  return room;
}

void CapacityScheduler::State::TryGang(int32_t index, std::vector<Allocation>& out) {
  const bool due = std::exchange(group_at(index).due, false);
  const Group& group = group_at(index);
  const int32_t line_index = group.lines.top().item;
  const Ask& ask = *Head(line_at(line_index));
  const Application& application = app(line_at(line_index).application);
  const auto found = plans.find(group.leaf);
  const GangPlan* plan =
      found != plans.end() && found->second.line == line_index ? &found->second : nullptr;
  const Refusal refusal = GangLimits(group, ask);
  if (refusal.waits != Waits::kReady) {
    // What it holds back helps nobody while a limit is in the way.
    if (plan != nullptr) DropPlan(group.leaf);
    Park(index, refusal);
    return;
  }
  const int64_t room = GangRoom(group, application, ask, plan);
  if (room >= ask.count) {
    // What was held back is given up and taken in the same breath.
    if (plan != nullptr) DropPlan(group.leaf);
    PlaceGang(index, out);
    return;
  }
  if (due && plan == nullptr) PlanGang(index);
  // Nodes that are held back wake it each time; others when what was missing has come together.
  group_at(index).missing = plans.contains(group.leaf) ? 0 : ask.count - room;
  ParkForRoom(index, PendingReason::kGangIncomplete);
  if (!plans.contains(group.leaf)) SetDeadline(index, now.monotonic + options.heartbeat);
}

// For the limits the gang is one thing: the user limit, which grows with what is required, is that
// for all of it, and as ever only the last container may go beyond it.
Refusal CapacityScheduler::State::GangLimits(const Group& group, const Ask& ask) const {
  const LimitMode mode = LimitMode::kRespectExclusivity;
  const Amounts& each = amounts(group.shape);
  const Amounts whole = each * ask.count;
  const Amounts limit = tree.UserLimit(group.user, group.partition, whole, mode);
  const Amounts before_last =
      tree.user(group.user).shares[Index(group.partition)].used + whole - each;
  const Calculator calculator = configuration().calculator;
  if (Compare(calculator, before_last, limit, tree.total(group.partition)) > 0) {
    return {.waits = Waits::kGangUserLimit, .reason = PendingReason::kUserLimit};
  }
  const Allowance by_queue = tree.QueueAllowance(group.leaf, group.partition, whole, mode);
  if (by_queue.count > 0) return {.waits = Waits::kReady, .reason = PendingReason::kNone};
  return {.waits = Waits::kQueueLimit,
          .reason = by_queue.binding,
          .binding = by_queue.queue.value >= 0 ? by_queue.queue : group.leaf};
}

void CapacityScheduler::State::PlaceGang(int32_t index, std::vector<Allocation>& out) {
  const int32_t line_index = group_at(index).lines.top().item;
  const Line& line = line_at(line_index);
  const ApplicationSlot slot = line.application;
  const PartitionSlot partition = line.partition;
  const int32_t ask_index = line.asks.top().item;
  int32_t left = ask_at(ask_index).count;
  const int32_t gang = app(slot).next_gang++;
  const Constraints extra = ConstraintsOf(ask_at(ask_index));
  while (left > 0) {
    const Ask& ask = ask_at(ask_index);
    std::optional<Target> target;
    if (extra.has_places()) target = SearchLocal(app(slot), ask, partition);
    if (!target && extra.has_places()) target = SearchRacks(app(slot), ask, partition);
    if (!target && (extra.relax || !extra.has_places())) {
      target = SearchAnywhere(app(slot), ask, partition);
    }
    WEIR_CHECK(target.has_value(), "GangRoom has counted the same nodes under the same bounds");
    left -= Place(line_index, target->node, std::min<int64_t>(left, target->room), gang, out);
  }
}

void CapacityScheduler::State::PlanGang(int32_t index) {
  const Group& group = group_at(index);
  if (plans.contains(group.leaf)) return;
  const auto pause = plan_pause.find(group.leaf);
  if (pause != plan_pause.end() && pause->second > now.monotonic) return;
  const int32_t line_index = group.lines.top().item;
  const Ask& ask = *Head(line_at(line_index));
  const Amounts& each = amounts(group.shape);
  const ApplicationSlot slot = line_at(line_index).application;

  // The emptiest nodes first: they need to lose least.
  const Application& application = app(slot);
  std::vector<std::pair<Share, NodeSlot>> candidates;
  for (const NodeSlot node_slot : nodes.All()) {
    const Node& node = nodes.at(node_slot);
    if (!node.open() || node.partition != group.partition || !each.FitsIn(node.capacity) ||
        !MayGoTo(application, ask, node)) {
      continue;
    }
    candidates.emplace_back(ShareOf(Calculator::kDominant, node.used, node.capacity), node_slot);
  }
  std::sort(candidates.begin(), candidates.end());
  GangPlan plan{.line = line_index, .ends = now.monotonic + options.gang_timeout};
  int64_t promised = 0;
  BoundedRoom bounded(application, ConstraintsOf(ask));
  for (const auto& [used, node_slot] : candidates) {
    if (promised >= ask.count) break;
    const Node& node = nodes.at(node_slot);
    const int64_t here = bounded.Take(node_slot, node, TimesFitting(each, node.capacity));
    if (here == 0) continue;
    promised += here;
    plan.nodes.push_back(node_slot);
  }
  if (promised < ask.count) return;  // it cannot come together on these nodes
  for (const NodeSlot node : plan.nodes) {
    nodes.SetReserved(node, true);
    reservations[node] = {.node = node,
                          .application = slot,
                          .line = line_index,
                          .shape = group.shape,
                          .gang = true,
                          .number = ++last_reservation};
    app(slot).reservations.push_back(node);
  }
  plans[group.leaf] = std::move(plan);
}

void CapacityScheduler::State::DropPlan(QueueSlot leaf) {
  const auto found = plans.find(leaf);
  if (found == plans.end()) return;
  const GangPlan plan = std::move(found->second);
  plans.erase(found);
  for (const NodeSlot node : plan.nodes) {
    std::erase(app(reservations.at(node).application).reservations, node);
    reservations.erase(node);
    nodes.SetReserved(node, false);
  }
  for (const NodeSlot node : plan.nodes) WakeForNode(node);
}

void CapacityScheduler::State::EndPlans() {
  std::vector<QueueSlot> over;
  for (const auto& [leaf, plan] : plans) {
    if (plan.ends <= now.monotonic) over.push_back(leaf);
  }
  for (const QueueSlot leaf : over) {
    const int32_t line = plans.at(leaf).line;
    DropPlan(leaf);
    plan_pause[leaf] = now.monotonic + options.gang_pause;
    const int32_t group = line_at(line).group;
    if (group >= 0 && group_at(group).waits != Waits::kReady) Rouse(group);
  }
}

}  // namespace weir::scheduler
