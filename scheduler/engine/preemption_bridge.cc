// Carries out what the preemption monitor decides: warnings to ApplicationMasters, containers
// stopped, reservations given up.
#include <set>

#include "scheduler/engine/preemption_view.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {

PreemptionView CapacityScheduler::State::View() const {
  return PreemptionView({.labels = labels,
                         .minimum = minimum,
                         .tree = tree,
                         .nodes = nodes,
                         .containers = containers,
                         .shapes = shapes,
                         .applications = applications,
                         .members = members,
                         .lines = lines,
                         .asks = asks,
                         .reservations = reservations});
}

bool CapacityScheduler::State::PreemptionStep(Now at) {
  now = at;
  if (tree.held_to_guarantees()) return false;
  RefreshTotals();
  const bool more = preemption.Step(View(), now);
  for (const PreemptionOrder& order : preemption.TakeOrders()) {
    Notice notice{
        .container = order.container, .application = order.application, .deadline = order.deadline};
    switch (order.kind) {
      case PreemptionOrder::Kind::kWarn:
        notice.kind = Notice::Kind::kPreemptionWarning;
        break;
      case PreemptionOrder::Kind::kCancel:
        notice.kind = Notice::Kind::kPreemptionCancelled;
        break;
      case PreemptionOrder::Kind::kPreempt:
        notice.kind = Notice::Kind::kPreempt;
        break;
      case PreemptionOrder::Kind::kUnreserve:
        DropReservation(order.node);
        continue;
    }
    if (!containers.IsLive(order.container)) continue;
    if (order.kind == PreemptionOrder::Kind::kPreempt) containers.SetLeaving(order.container);
    if (order.beneficiary.value >= 0) notice.queue = tree.at(order.beneficiary).path;
    notices.push_back(std::move(notice));
  }
  return more;
}

bool CapacityScheduler::State::PreemptsFor(QueueSlot leaf) const {
  if (!configuration().preemption.enabled) return false;
  for (const PreemptionClaim& claim : preemption.ClaimsOf(leaf)) {
    if (!claim.warned.IsZero() || !claim.leaving.IsZero()) return true;
  }
  return false;
}

// Two rounds, since demand counts from the second one on.
std::vector<ContainerSlot> CapacityScheduler::State::FindVictims() {
  PreemptionMonitor trial(configuration().preemption);
  std::vector<ContainerSlot> victims;
  Now at = now;
  for (int round = 0; round < 2; ++round) {
    while (trial.Step(View(), at)) {
    }
    for (const PreemptionOrder& order : trial.TakeOrders()) {
      if (order.kind == PreemptionOrder::Kind::kWarn) victims.push_back(order.container);
    }
    at.monotonic += configuration().preemption.interval;
  }
  return victims;
}

}  // namespace weir::scheduler
