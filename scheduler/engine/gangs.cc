// Gangs: n containers at once or none. Nothing is held while a gang waits, but one gang of each
// leaf may hold nodes back for a limited time once it has waited, so that single containers do not
// overtake it for ever.
#include <algorithm>
#include <limits>

#include "scheduler/engine/state.h"

namespace weir::scheduler {

int64_t CapacityScheduler::State::GangRoom(const Group& group,
                                           const Application& application,
                                           const Ask& ask,
                                           int64_t enough) {
  const Constraints& extra = ConstraintsOf(ask);
  const Amounts& each = amounts(ask.shape);
  const bool simple =
      !extra.bounded() && application.blacklist.empty() && (extra.relax || !extra.has_places());
  if (simple) return nodes.Room(group.partition, each, enough);
  int64_t room = 0;
  std::map<std::string, int64_t> on_rack;
  for (auto found = nodes.Find(group.partition, each); found && room < enough;
       found = nodes.Find(group.partition, each, found->next)) {
    const Node& node = nodes.at(found->node);
    if (!extra.relax && extra.has_places()) {
      const bool wanted_node =
          std::find(extra.nodes.begin(), extra.nodes.end(), node.name) != extra.nodes.end() ||
          std::find(extra.racks.begin(), extra.racks.end(), node.rack) != extra.racks.end();
      if (!wanted_node) continue;
    }
    int64_t here = RoomOn(application, ask, found->node);
    if (extra.max_per_rack > 0) {
      const auto known = application.on_rack.find(node.rack);
      const int64_t had = known == application.on_rack.end() ? 0 : known->second;
      int64_t& taken = on_rack[node.rack];
      here = std::min(here, std::max<int64_t>(extra.max_per_rack - had - taken, 0));
      taken += here;
    }
    room += here;
  }
  return room;
}

void CapacityScheduler::State::TryGang(int32_t index, std::vector<Allocation>& out) {
  const bool due = group_at(index).due;
  group_at(index).due = false;
  const Group& group = group_at(index);
  const Line& line = line_at(group.lines.top().item);
  const Ask& ask = *Head(line);
  const Application& application = app(line.application);
  const Amounts& each = amounts(group.shape);
  const LimitMode mode = LimitMode::kRespectExclusivity;
  // For the limits the gang is one thing: the user limit, which grows with what is required, is
  // that for all of it, and as ever only the last container may go beyond it.
  const Amounts whole = each * ask.count;
  const Amounts limit = tree.UserLimit(group.user, group.partition, whole, mode);
  const Amounts before_last =
      tree.user(group.user).shares[Index(group.partition)].used + whole - each;
  const Calculator calculator = configuration().calculator;
  if (Compare(calculator, before_last, limit, tree.total(group.partition)) > 0) {
    ParkByUser(index);
    return;
  }
  const Allowance by_queue = tree.QueueAllowance(group.leaf, group.partition, whole, mode);
  if (by_queue.count <= 0) {
    const QueueSlot binding = by_queue.queue.value >= 0 ? by_queue.queue : group.leaf;
    ParkByQueueLimit(index, binding, by_queue.binding);
    return;
  }
  int64_t room = GangRoom(group, application, ask, ask.count);
  const auto plan = plans.find(group.leaf);
  const bool planned = plan != plans.end() && plan->second.line == group.lines.top().item;
  if (room < ask.count && planned) {
    for (const NodeSlot node : plan->second.nodes) {
      room += TimesFitting(each, nodes.at(node).free());
    }
    if (room >= ask.count) {
      // Together it fits: what was held back is given up and taken in the same breath.
      DropPlan(group.leaf);
      room = GangRoom(group, application, ask, ask.count);
    }
  }
  if (room >= ask.count) {
    if (planned) DropPlan(group.leaf);
    PlaceGang(index, out);
    return;
  }
  if (planned && plan->second.ends <= now.monotonic) {
    DropPlan(group.leaf);
    plan_pause[group.leaf] = now.monotonic + options.gang_pause;
  } else if (due && !planned) {
    PlanGang(index);
  }
  // Nodes that are held back wake it each time; others when what was missing has come together.
  group_at(index).missing = plans.contains(group.leaf) ? 0 : ask.count - room;
  ParkForRoom(index, PendingReason::kGangIncomplete);
  const auto own = plans.find(group.leaf);
  const bool holds = own != plans.end() && own->second.line == group.lines.top().item;
  SetDeadline(index, holds ? own->second.ends : now.monotonic + options.heartbeat);
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
    // GangRoom has counted the same nodes under the same bounds.
    if (!target) break;
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
  std::vector<std::pair<Share, NodeSlot>> candidates;
  for (const NodeSlot node_slot : nodes.All()) {
    const Node& node = nodes.at(node_slot);
    if (!node.open() || node.partition != group.partition || !each.FitsIn(node.capacity) ||
        Unwanted(app(slot), node_slot)) {
      continue;
    }
    candidates.emplace_back(ShareOf(Calculator::kDominant, node.used, node.capacity), node_slot);
  }
  std::sort(candidates.begin(), candidates.end());
  GangPlan plan{.line = line_index, .ends = now.monotonic + options.gang_timeout};
  int64_t promised = 0;
  const int32_t bound = ConstraintsOf(ask).max_per_node;
  for (const auto& [used, node_slot] : candidates) {
    if (promised >= ask.count) break;
    int64_t here = TimesFitting(each, nodes.at(node_slot).capacity);
    if (bound > 0) here = std::min<int64_t>(here, bound);
    promised += here;
    plan.nodes.push_back(node_slot);
  }
  if (promised < ask.count) return;  // it cannot come together on these nodes
  for (const NodeSlot node : plan.nodes) {
    nodes.SetReserved(node, true);
    reservations[node] = {
        .node = node, .application = slot, .line = line_index, .shape = group.shape, .gang = true};
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

}  // namespace weir::scheduler
