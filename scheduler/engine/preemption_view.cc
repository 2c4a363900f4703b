#include "scheduler/engine/preemption_view.h"

#include <algorithm>
#include <tuple>

namespace weir::scheduler {

QueueSnapshot PreemptionView::Snapshot() const {
  return TakeSnapshot(parts_.tree, parts_.labels, parts_.minimum);
}

std::vector<SnapshotUser> PreemptionView::UsersOf(QueueSlot leaf, PartitionSlot partition) const {
  return TakeUsers(parts_.tree, leaf, partition, parts_.minimum);
}

std::vector<ApplicationSlot> PreemptionView::LeastImportantFirst(QueueSlot leaf) const {
  const bool fair = parts_.tree.settings(leaf).leaf_ordering == LeafOrdering::kFair;
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
    int64_t memory = 0;
    for (const PartitionUse& use : application.uses) memory += use.used[Amounts::kMemory];
    ranked.push_back({.first = fair ? memory : -int64_t{application.priority},
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

std::vector<PreemptableContainer> PreemptionView::ContainersOf(ApplicationSlot application) const {
  std::vector<PreemptableContainer> own;
  for (ContainerSlot c = parts_.containers.FirstOfApplication(application); c.value >= 0;
       c = parts_.containers.NextOfApplication(c)) {
    const ContainerTable::Slot& slot = parts_.containers.at(c);
    if (slot.leaving) continue;
    own.push_back({.container = c,
                   .partition = parts_.nodes.at(slot.placement.node).partition,
                   .shape = slot.placement.shape,
                   .priority = slot.placement.priority,
                   .master = slot.master,
                   .borrowed = slot.borrowed,
                   .gang = slot.gang});
  }
  return own;
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
