// Where an ask with wishes of its own may go: nodes, racks, anywhere, by the time it has waited;
// bounds per node and rack, unwanted nodes, spreading.
//
// YARN counts missed node heartbeats before it gives up a better place. With N nodes one heartbeat
// interval offers N nodes, so `delay` missed offers are delay / N intervals (docs/scheduler.md).
#include <algorithm>
#include <set>

#include "scheduler/engine/state.h"

namespace weir::scheduler {

bool CapacityScheduler::State::IsSolo(const Application& application, const Ask& ask) const {
  return ask.constraints >= 0 || !application.blacklist.empty();
}

bool CapacityScheduler::State::Unwanted(const Application& application, const Node& node) {
  const std::vector<std::string>& unwanted = application.blacklist;
  return !unwanted.empty() && (std::binary_search(unwanted.begin(), unwanted.end(), node.name) ||
                               std::binary_search(unwanted.begin(), unwanted.end(), node.id.uuid));
}

void CapacityScheduler::State::CountPlaces(Application& application) {
  if (application.counts_places) return;
  application.counts_places = true;
  const ApplicationSlot slot{static_cast<int32_t>(&application - applications.data())};
  for (const ContainerSlot container : containers.OfApplication(slot)) {
    const NodeSlot node = containers.at(container).placement.node;
    ++application.on_node[node.value];
    ++application.on_rack[nodes.at(node).rack];
  }
}

int64_t CapacityScheduler::State::RoomOn(const Application& application,
                                         const Ask& ask,
                                         NodeSlot slot) const {
  const Node& node = nodes.at(slot);
  // A node that lacks something gets nothing, even of what it has: as in NodeTable's searches.
  if (!node.open() || !amounts(ask.shape).FitsIn(node.free()) || Unwanted(application, node)) {
    return 0;
  }
  int64_t room = TimesFitting(amounts(ask.shape), node.free());
  const Constraints& extra = ConstraintsOf(ask);
  const auto bound = [&room](int32_t most, const auto& counts, const auto& key) {
    if (most <= 0) return;
    const auto found = counts.find(key);
    room = std::min<int64_t>(room, most - (found == counts.end() ? 0 : found->second));
  };
  bound(extra.max_per_node, application.on_node, slot.value);
  bound(extra.max_per_rack, application.on_rack, node.rack);
  return std::max<int64_t>(room, 0);
}

Duration CapacityScheduler::State::RackDelay(PartitionSlot partition) const {
  const int64_t count = std::max<int64_t>(nodes.nodes(partition), 1);
  const int64_t missed = std::min<int64_t>(count, configuration().node_locality_delay);
  return options.heartbeat * missed / count;
}

Duration CapacityScheduler::State::AnywhereDelay(const Ask& ask, PartitionSlot partition) const {
  const int64_t count = std::max<int64_t>(nodes.nodes(partition), 1);
  const QueueConfiguration& settings = configuration();
  if (settings.rack_locality_additional_delay >= 0) {
    const int64_t missed = std::min<int64_t>(
        count, int64_t{settings.node_locality_delay} + settings.rack_locality_additional_delay);
    return options.heartbeat * missed / count;
  }
  // YARN's formula: outstanding x min(locations / nodes, 1) missed offers, at most all nodes, where
  // the locations are the named nodes, their racks and the named racks. Exact, in 1 / nodes^2.
  const Constraints& extra = ConstraintsOf(ask);
  std::set<std::string> racks(extra.racks.begin(), extra.racks.end());
  for (const std::string& name : extra.nodes) {
    for (const NodeSlot node : nodes.Named(name)) racks.insert(nodes.at(node).rack);
  }
  const auto locations = static_cast<int64_t>(extra.nodes.size() + racks.size());
  const int64_t missed = std::min(count * count, ask.count * std::min(locations, count));
  return std::max(RackDelay(partition), options.heartbeat * missed / (count * count));
}

std::optional<CapacityScheduler::State::Target> CapacityScheduler::State::SearchLocal(
    const Application& application, const Ask& ask, PartitionSlot partition) {
  for (const std::string& name : ConstraintsOf(ask).nodes) {
    for (const NodeSlot node : nodes.Named(name)) {
      if (nodes.at(node).partition != partition) continue;
      const int64_t room = RoomOn(application, ask, node);
      if (room > 0) return Target{.node = node, .room = room};
    }
  }
  return std::nullopt;
}

std::optional<CapacityScheduler::State::Target> CapacityScheduler::State::SearchRacks(
    const Application& application, const Ask& ask, PartitionSlot partition) {
  const Constraints& extra = ConstraintsOf(ask);
  std::set<std::string> racks(extra.racks.begin(), extra.racks.end());
  if (extra.relax) {
    for (const std::string& name : extra.nodes) {
      for (const NodeSlot node : nodes.Named(name)) racks.insert(nodes.at(node).rack);
    }
  }
  const Amounts& each = amounts(ask.shape);
  for (const std::string& rack : racks) {
    auto found = nodes.FindInRack(partition, rack, each);
    for (; found; found = nodes.FindInRack(partition, rack, each, found->next)) {
      const int64_t room = RoomOn(application, ask, found->node);
      if (room > 0) return Target{.node = found->node, .room = room};
    }
  }
  return std::nullopt;
}

// Spreading goes on after the node (or in the rack after the one) that the last spread container
// went to, and around: every node gets one before any gets a second.
std::optional<CapacityScheduler::State::Target> CapacityScheduler::State::SearchAnywhere(
    const Application& application, const Ask& ask, PartitionSlot partition) {
  const Amounts& each = amounts(ask.shape);
  const Spread spread = ConstraintsOf(ask).spread;
  const SearchPosition start = spread == Spread::kPack ? SearchPosition{} : spread_from;
  for (int round = 0; round < 2; ++round) {
    auto found = nodes.Find(partition, each, round == 0 ? start : SearchPosition{});
    for (; found; found = nodes.Find(partition, each, found->next)) {
      int64_t room = RoomOn(application, ask, found->node);
      if (room <= 0) continue;
      if (spread != Spread::kPack) {
        room = 1;
        spread_from = found->next;
        if (spread == Spread::kRacks) {
          spread_from = nodes.NextRack(partition, found->next).value_or(SearchPosition{});
        }
      }
      return Target{.node = found->node, .room = room};
    }
    if (spread == Spread::kPack) break;
  }
  return std::nullopt;
}

// The best place that the ask may go to by now, and when it may go further.
CapacityScheduler::State::Found CapacityScheduler::State::SearchByLocality(
    const Application& application, const Ask& ask, Instant since, PartitionSlot partition) {
  const Constraints& extra = ConstraintsOf(ask);
  Found found;
  if (!extra.has_places() || (extra.relax && configuration().node_locality_delay < 0)) {
    found.target = SearchAnywhere(application, ask, partition);
    return found;
  }
  found.target = SearchLocal(application, ask, partition);
  found.local = found.target.has_value();
  if (found.target) return found;
  const Instant racks_at = extra.nodes.empty() ? since : since + RackDelay(partition);
  const Instant anywhere_at = since + AnywhereDelay(ask, partition);
  if (extra.relax || !extra.racks.empty()) {
    if (racks_at > now.monotonic) {
      found.next = racks_at;
    } else {
      found.target = SearchRacks(application, ask, partition);
      found.local = found.target.has_value() && configuration().rack_locality_full_reset;
    }
  }
  if (found.target || !extra.relax) return found;
  if (anywhere_at > now.monotonic) {
    found.next = found.next ? std::min(*found.next, anywhere_at) : anywhere_at;
  } else {
    found.target = SearchAnywhere(application, ask, partition);
  }
  return found;
}

// Why nothing was found although the limits allow it.
PendingReason CapacityScheduler::State::ReasonWithoutPlace(const Application& application,
                                                           const Ask& ask,
                                                           bool waits,
                                                           PartitionSlot partition) const {
  const Constraints& extra = ConstraintsOf(ask);
  const Amounts& each = amounts(ask.shape);
  auto found = nodes.Find(partition, each);
  if (!found) return ReasonWithoutRoom(partition, each);
  if (waits || (extra.has_places() && !extra.relax)) return PendingReason::kLocalityWait;
  if (!extra.bounded()) return PendingReason::kBlacklisted;
  // Both wishes may be in the way: the bounds are named when a node is there that he would take.
  for (; found; found = nodes.Find(partition, each, found->next)) {
    if (!Unwanted(application, nodes.at(found->node))) return PendingReason::kSpread;
  }
  return PendingReason::kBlacklisted;
}

void CapacityScheduler::State::TrySolo(int32_t index, size_t limit, std::vector<Allocation>& out) {
  const int32_t line_index = group_at(index).lines.top().item;
  const Line& line = line_at(line_index);
  const Ask& ask = *Head(line);
  if (ConstraintsOf(ask).gang) {
    TryGang(index, out);
    return;
  }
  const PartitionSlot partition = line.partition;
  const Application& application = app(line.application);
  group_at(index).due = false;
  if (!application.reservations.empty()) UnreserveFor(index);
  Refusal refusal;
  const int64_t allowed =
      Allowed(group_at(index), LimitMode::kRespectExclusivity, partition, refusal);
  std::optional<Instant> next;
  if (allowed > 0) {
    const Instant since = line.locality_since.value_or(now.monotonic);
    line_at(line_index).locality_since = since;
    const Found found = SearchByLocality(application, ask, since, partition);
    if (found.target) {
      if (found.local) line_at(line_index).locality_since.reset();
      group_at(index).since.reset();
      const int64_t count = std::min({allowed, found.target->room, static_cast<int64_t>(limit)});
      Place(line_index, found.target->node, count, 0, out);
      return;
    }
    next = found.next;
    refusal.reason = ReasonWithoutPlace(application, ask, next.has_value(), partition);
  }
  const bool may_borrow = MayBorrow(group_at(index));
  const bool waited = now.monotonic - Since(index) >= options.heartbeat;
  if (may_borrow && waited && TryBorrow(index, limit, out)) return;
  const bool may_reserve = refusal.waits == Waits::kRoom && !ConstraintsOf(ask).bounded() &&
                           !nodes.Find(partition, amounts(ask.shape)) &&
                           MayReserve(group_at(index));
  if (may_reserve && waited) TryReserve(index);
  Park(index, refusal);
  if (may_borrow || may_reserve) SetDeadline(index, now.monotonic + options.heartbeat);
  if (next) SetDeadline(index, *next);
}

}  // namespace weir::scheduler
