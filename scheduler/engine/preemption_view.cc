#include "scheduler/engine/preemption_view.h"

#include <algorithm>
#include <tuple>

#include "scheduler/engine/fair_measure.h"

namespace weir::scheduler {

QueueSnapshot PreemptionView::Snapshot() const {
  return TakeSnapshot(parts_.tree, parts_.labels, parts_.minimum);
}

std::vector<SnapshotUser> PreemptionView::UsersOf(QueueSlot leaf, PartitionSlot partition) const {
  return TakeUsers(parts_.tree, leaf, partition, parts_.minimum);
}

std::vector<ApplicationSlot> PreemptionView::LeastImportantFirst(QueueSlot leaf) const {
  const QueueSettings& settings = parts_.tree.settings(leaf);
  const bool fair = settings.leaf_ordering == LeafOrdering::kFair;
  struct Ranked {
    int64_t first = 0;
    int64_t order = 0;
    ApplicationSlot slot;
  };
  std::vector<Ranked> ranked;
  if (Index(leaf) >= parts_.members.size()) return {};
  for (const ApplicationSlot slot : parts_.members[Index(leaf)]) {
    const Application& application = at(slot);
    if (!application.activated) continue;
    const int64_t measure = FairMeasure(application, parts_.lines, settings.size_based_weight);
    ranked.push_back({.first = fair ? measure : -int64_t{application.priority},
                      .order = application.order,
                      .slot = slot});
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return std::tie(b.first, b.order, b.slot) < std::tie(a.first, a.order, a.slot);
  });
  std::vector<ApplicationSlot> slots;
  slots.reserve(ranked.size());
  for (const Ranked& each : ranked) slots.push_back(each.slot);
  return slots;
}

QueueSlot PreemptionView::LeafOf(ApplicationSlot application) const {
  const bool live = Index(application) < parts_.applications.size() && at(application).live;
  return live ? at(application).leaf : QueueSlot{};
}

int64_t PreemptionView::OrderOf(ApplicationSlot application) const {
  return at(application).order;
}

UserSlot PreemptionView::UserOf(ApplicationSlot application) const {
  return at(application).user;
}

int32_t PreemptionView::PriorityOf(ApplicationSlot application) const {
  return at(application).priority;
}

Amounts PreemptionView::UsedBy(ApplicationSlot application, PartitionSlot partition) const {
  const auto& uses = at(application).uses;
  if (Index(partition) >= uses.size()) return {};
  return uses[Index(partition)].used + uses[Index(partition)].reserved;
}

Amounts PreemptionView::PendingOf(ApplicationSlot application, PartitionSlot partition) const {
  if (!at(application).activated) return {};
  for (const int32_t index : at(application).lines) {
    const Line& line = parts_.lines[static_cast<size_t>(index)];
    if (line.partition == partition) return line.pending;
  }
  return {};
}

PreemptableContainer PreemptionView::Preemptable(ContainerSlot container) const {
  const ContainerTable::Slot& slot = parts_.containers.at(container);
  return {.container = container,
          .partition = parts_.nodes.at(slot.placement.node).partition,
          .shape = slot.placement.shape,
          .priority = slot.placement.priority,
          .master = slot.master,
          .borrowed = slot.borrowed,
          .gang = slot.gang};
}

std::vector<PreemptableContainer> PreemptionView::ContainersOf(ApplicationSlot application) const {
  std::vector<PreemptableContainer> own;
  for (ContainerSlot c = parts_.containers.FirstOfApplication(application); c.value >= 0;
       c = parts_.containers.NextOfApplication(c)) {
    if (!parts_.containers.at(c).leaving) own.push_back(Preemptable(c));
  }
  return own;
}

std::vector<HeldNode> PreemptionView::HeldNodes() const {
  std::vector<HeldNode> held;
  for (const auto& [slot, each] : parts_.reservations) {
    if (each.gang) continue;
    const Node& node = parts_.nodes.at(slot);
    Amounts lacks = parts_.shapes.amounts(each.shape) - node.free();
    for (ContainerSlot c = parts_.containers.FirstOfNode(slot); c.value >= 0;
         c = parts_.containers.NextOfNode(c)) {
      const ContainerTable::Slot& own = parts_.containers.at(c);
      if (own.leaving) lacks -= parts_.shapes.amounts(own.placement.shape);
    }
    held.push_back({.node = slot,
                    .partition = node.partition,
                    .application = each.application,
                    .lacks = lacks,
                    .since = each.since});
  }
  return held;
}

std::vector<NodeContainer> PreemptionView::ContainersOn(NodeSlot node) const {
  std::vector<NodeContainer> own;
  for (ContainerSlot c = parts_.containers.FirstOfNode(node); c.value >= 0;
       c = parts_.containers.NextOfNode(c)) {
    const ContainerTable::Slot& slot = parts_.containers.at(c);
    if (!slot.leaving) own.push_back({slot.placement.application, Preemptable(c)});
  }
  return own;
}

bool PreemptionView::RoomIsWanted(ContainerSlot container,
                                  QueueSlot leaf,
                                  const std::function<bool(ContainerSlot)>& killable) const {
  const NodeSlot slot = parts_.containers.at(container).placement.node;
  const Node& node = parts_.nodes.at(slot);
  Amounts room = node.free();
  for (ContainerSlot c = parts_.containers.FirstOfNode(slot); c.value >= 0;
       c = parts_.containers.NextOfNode(c)) {
    const ContainerTable::Slot& each = parts_.containers.at(c);
    // What is on its way out makes room as well.
    if (each.leaving || killable(c)) room += parts_.shapes.amounts(each.placement.shape);
  }
  if (Index(leaf) >= parts_.members.size()) return false;
  for (const ApplicationSlot application : parts_.members[Index(leaf)]) {
    if (!at(application).activated) continue;
    for (const int32_t index : at(application).lines) {
      const Line& line = parts_.lines[static_cast<size_t>(index)];
      if (line.partition != node.partition || line.asks.empty()) continue;
      const Ask& head = parts_.asks[static_cast<size_t>(line.asks.top().item)];
      if (parts_.shapes.amounts(head.shape).FitsIn(room)) return true;
    }
  }
  return false;
}

std::vector<PreemptionSource::Reservation> PreemptionView::ReservationsOf(
    ApplicationSlot application) const {
  std::vector<PreemptionSource::Reservation> own;
  for (const NodeSlot node : at(application).reservations) {
    const auto& held = parts_.reservations.at(node);
    if (held.gang) continue;  // a plan is not charged to anybody
    own.push_back({.node = node,
                   .partition = parts_.nodes.at(node).partition,
                   .amounts = parts_.shapes.amounts(held.shape)});
  }
  return own;
}

}  // namespace weir::scheduler
