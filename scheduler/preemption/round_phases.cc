#include "scheduler/preemption/round_phases.h"

#include <algorithm>

namespace weir::scheduler {
namespace {

// Choosing a container costs about as much as looking at this many.
constexpr int64_t kChoosingCost = 4;

}  // namespace

bool DemandPhase::Step(const PreemptionSource& source,
                       DemandHistory& history,
                       RoundState& state,
                       int64_t& budget) {
  for (; Index(partition_) < state.partitions(); ++partition_.value, leaf_ = 0) {
    for (; leaf_ < state.leaves.size(); ++leaf_) {
      if (!begun_) Begin(source, state, budget);
      const size_t position = state.leaves[leaf_];
      const QueueSlot leaf = state.queue(position).queue;
      while (true) {
        if (budget <= 0) return false;
        const ApplicationSlot application = walk_.Next(source, leaf);
        if (application.value < 0) break;
        --budget;
        const auto room = room_.find(source.UserOf(application));
        if (room == room_.end()) continue;
        const Amounts wanted =
            Relevant(state.snapshot.calculator, source.PendingOf(application, partition_));
        const Amounts let = FloorAtZero(Least(wanted, room->second));
        room->second -= let;
        pending_ += let;
      }
      const SnapshotShare& share = state.share(partition_, position);
      state.demand[Index(partition_)][position] =
          history.Observe(leaf, partition_, share.used, Least(pending_, share.pending));
      begun_ = false;
    }
  }
  return true;
}

void DemandPhase::Begin(const PreemptionSource& source, const RoundState& state, int64_t& budget) {
  begun_ = true;
  --budget;
  walk_ = ApplicationWalk();
  room_.clear();
  pending_ = Amounts();
  const size_t position = state.leaves[leaf_];
  if (!AnyPositive(state.share(partition_, position).pending)) return;
  const SnapshotQueue& leaf = state.queue(position);
  walk_.applications = source.LeastImportantFirst(leaf.queue);
  const std::vector<SnapshotUser> users = source.UsersOf(leaf.queue, partition_);
  // Placement's limit grows with every container that its users get. What counts is where that
  // leads: to the guarantee, and in balance mode beyond.
  const SnapshotShare& share = state.share(partition_, position);
  const Amounts expected = state.settings.balance_after_satisfied
                               ? Least(share.used + share.pending, share.maximum)
                               : Amounts();
  const std::vector<Amounts> limits =
      AllUsersLimits(state.snapshot, leaf, partition_, users, expected);
  for (size_t i = 0; i < users.size(); ++i) {
    room_.emplace(users[i].user, FloorAtZero(Most(users[i].limit, limits[i]) - users[i].used));
    --budget;
  }
}

bool TakingPhase::Step(const PreemptionSource& source,
                       const ContainerWarnings& warnings,
                       RoundState& state,
                       int64_t& budget) {
  const RoundMarks marks(state, warnings);
  RoundAllowance& allowance = state.allowances[Index(partition_)];
  const std::vector<IdealShare>& ideal = state.ideal[Index(partition_)];
  const Duration warning = balance_ ? state.settings.balance_warning : state.settings.warning;
  if (ideal.empty()) return true;
  for (; leaf_ < state.leaves.size(); ++leaf_, begun_ = false) {
    const size_t position = state.leaves[leaf_];
    if (!AnyPositive(ideal[position].to_take)) continue;
    const QueueSlot leaf = state.queue(position).queue;
    if (!begun_) BeginLeaf(source, state, position);
    while (take_.Open() && allowance.Left()) {
      if (budget <= 0) return false;
      const ApplicationSlot application = walk_.Next(source, leaf);
      if (application.value < 0) {
        if (!NextPhase(source, state, leaf)) break;
        continue;
      }
      Victims victims;
      budget -= 1 + TakeFrom(source, marks, application, phase_, take_, allowance, victims);
      budget -= kChoosingCost * static_cast<int64_t>(victims.containers.size());
      state.Choose(victims, position, warning, std::nullopt);
    }
  }
  return true;
}

void TakingPhase::BeginLeaf(const PreemptionSource& source,
                            const RoundState& state,
                            size_t position) {
  const size_t at = Index(partition_);
  const IdealShare& ideal = state.ideal[at][position];
  const SnapshotShare& share = state.share(partition_, position);
  begun_ = true;
  take_ = Take();
  take_.partition = partition_;
  take_.asked = ideal.to_take;
  take_.open = ideal.to_take;
  take_.excess = ideal.excess;
  take_.held = share.used - state.leaving[at][position];
  take_.floor = balance_ ? ideal.ideal : share.guaranteed;
  take_.conservative = state.settings.conservative_drf;
  take_.am_limit = share.am_limit;
  least_important_first_ = source.LeastImportantFirst(state.queue(position).queue);
  BeginPhase(source, state.queue(position).queue, TakePhase::kReservations);
}

void TakingPhase::BeginPhase(const PreemptionSource& source, QueueSlot leaf, TakePhase phase) {
  phase_ = phase;
  walk_ = ApplicationWalk();
  walk_.applications = least_important_first_;
  if (phase != TakePhase::kBorrowed) return;
  std::vector<std::pair<int64_t, ApplicationSlot>> newest_first;
  for (const ApplicationSlot application : least_important_first_) {
    if (source.LeafOf(application) != leaf) continue;
    newest_first.emplace_back(-source.OrderOf(application), application);
  }
  std::sort(newest_first.begin(), newest_first.end());
  walk_.applications.clear();
  for (const auto& entry : newest_first) walk_.applications.push_back(entry.second);
}

bool TakingPhase::NextPhase(const PreemptionSource& source,
                            const RoundState& state,
                            QueueSlot leaf) {
  const bool enough_masters = Compare(state.snapshot.calculator,
                                      take_.spared_masters,
                                      take_.am_limit,
                                      state.snapshot.totals[Index(partition_)]) > 0;
  switch (phase_) {
    case TakePhase::kReservations:
      BeginPhase(source,
                 leaf,
                 partition_ == kDefaultPartition ? TakePhase::kContainers : TakePhase::kBorrowed);
      return true;
    case TakePhase::kBorrowed:
      BeginPhase(source, leaf, TakePhase::kContainers);
      return true;
    case TakePhase::kContainers:
      if (take_.passed_large_gang) {
        BeginPhase(source, leaf, TakePhase::kLargeGangs);
        return true;
      }
      break;
    case TakePhase::kLargeGangs:
      break;
    case TakePhase::kMasters:
      return false;
  }
  if (!enough_masters) return false;
  BeginPhase(source, leaf, TakePhase::kMasters);
  return true;
}

}  // namespace weir::scheduler
