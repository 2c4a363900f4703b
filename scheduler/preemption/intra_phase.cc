#include <algorithm>

#include "scheduler/preemption/round_phases.h"

namespace weir::scheduler {

bool IntraPhase::Step(const PreemptionSource& source,
                      const ContainerWarnings& warnings,
                      const Asked& asked_before,
                      Asked& asked,
                      RoundState& state,
                      int64_t& budget) {
  for (; leaf_ < state.leaves.size(); ++leaf_, stage_ = Stage::kBegin) {
    const size_t position = state.leaves[leaf_];
    if (!Concerns(state, position)) continue;
    if (stage_ == Stage::kBegin) Begin(source, state, position);
    while (stage_ == Stage::kGather) {
      if (budget <= 0) return false;
      const ApplicationSlot application = walk_.Next(source, state.queue(position).queue);
      if (application.value < 0) {
        Compute(state, position);
        budget -= static_cast<int64_t>(applications_.size());
      } else {
        Gather(source, asked_before, asked, state, application, budget);
      }
    }
    while (next_ < slots_.size() && state.allowances[Index(partition_)].Left()) {
      if (budget <= 0) return false;
      budget -= 1 + TakeOne(source, warnings, state, position);
    }
  }
  return true;
}

bool IntraPhase::Concerns(const RoundState& state, size_t position) const {
  const SnapshotQueue& leaf = state.queue(position);
  const SnapshotShare& share = state.share(partition_, position);
  if (leaf.intra_preemption_disabled || !AnyPositive(share.pending)) return false;
  const Amounts threshold =
      ScaleUp(share.guaranteed, state.settings.intra_minimum_threshold, kWholeFactor);
  return Compare(state.snapshot.calculator,
                 share.used,
                 threshold,
                 state.snapshot.totals[Index(partition_)]) >= 0;
}

void IntraPhase::Begin(const PreemptionSource& source, const RoundState& state, size_t position) {
  const SnapshotQueue& leaf = state.queue(position);
  stage_ = Stage::kGather;
  walk_ = ApplicationWalk();
  walk_.applications = source.LeastImportantFirst(leaf.queue);
  user_index_.clear();
  users_.clear();
  slots_.clear();
  applications_.clear();
  next_ = 0;
  const std::vector<SnapshotUser> users = source.UsersOf(leaf.queue, partition_);
  const std::vector<Amounts> limits = AllUsersLimits(state.snapshot, leaf, partition_, users);
  for (size_t i = 0; i < users.size(); ++i) {
    user_index_.emplace(users[i].user, static_cast<int>(i));
    users_.push_back(IntraUser{users[i].used, limits[i]});
  }
}

void IntraPhase::Gather(const PreemptionSource& source,
                        const Asked& asked_before,
                        Asked& asked,
                        const RoundState& state,
                        ApplicationSlot application,
                        int64_t& budget) {
  --budget;
  const auto user = user_index_.find(source.UserOf(application));
  if (user == user_index_.end()) return;  // it came after the users were read
  const Calculator calculator = state.snapshot.calculator;
  const std::pair<ApplicationSlot, PartitionSlot> key{application, partition_};
  IntraApplication entry;
  entry.user = user->second;
  entry.priority = source.PriorityOf(application);
  entry.used = Relevant(calculator, source.UsedBy(application, partition_));
  const Amounts pending = Relevant(calculator, source.PendingOf(application, partition_));
  if (AnyPositive(pending)) {
    asked.emplace(key, pending);
    const auto before = asked_before.find(key);
    if (before != asked_before.end()) entry.pending = Least(before->second, pending);
  }
  const auto leaving = state.leaving_of.find(key);
  if (leaving != state.leaving_of.end()) {
    entry.selected = leaving->second;
    users_[static_cast<size_t>(entry.user)].used -= leaving->second;
  }
  const std::vector<PreemptableContainer> containers = source.ContainersOf(application);
  for (const PreemptableContainer& container : containers) {
    if (!container.master || container.partition != partition_) continue;
    entry.masters += Relevant(calculator, source.shape(container.shape));
  }
  budget -= static_cast<int64_t>(containers.size());
  slots_.push_back(application);
  applications_.push_back(entry);
}

void IntraPhase::Compute(const RoundState& state, size_t position) {
  const size_t at = Index(partition_);
  const SnapshotShare& share = state.share(partition_, position);
  // What nobody uses, and what the queue may claim from others, is not taken from its own.
  Amounts free = state.snapshot.totals[at];
  for (const size_t leaf : state.leaves) free -= state.share(partition_, leaf).used;
  IntraSettings with;
  with.priority_first = state.settings.intra_priority_first;
  with.room = Most(share.used, Least(share.maximum, share.used + FloorAtZero(free)));
  if (!state.ideal[at].empty()) with.room = Most(with.room, state.ideal[at][position].ideal);
  with.maximum = ScaleUp(share.guaranteed.IsZero() ? share.used : share.guaranteed,
                         state.settings.intra_maximum,
                         kWholeFactor);
  std::reverse(applications_.begin(), applications_.end());
  shares_ = ComputeIntraQueue(with, users_, applications_);
  std::reverse(applications_.begin(), applications_.end());
  std::reverse(shares_.begin(), shares_.end());
  stage_ = Stage::kTake;
}

int64_t IntraPhase::TakeOne(const PreemptionSource& source,
                            const ContainerWarnings& warnings,
                            RoundState& state,
                            size_t position) {
  const size_t i = next_++;
  if (!AnyPositive(shares_[i].to_take)) return 0;
  if (source.LeafOf(slots_[i]) != state.queue(position).queue) return 0;
  IntraUser& user = users_[static_cast<size_t>(applications_[i].user)];
  Take take;
  take.partition = partition_;
  take.asked = shares_[i].to_take;
  take.open = shares_[i].to_take;
  take.excess = shares_[i].to_take;
  take.held = user.used;
  take.conservative = state.settings.intra_conservative_drf;
  if (shares_[i].keep_user_limit) take.floor = user.limit;
  const RoundMarks marks(state, warnings);
  RoundAllowance& allowance = state.allowances[Index(partition_)];
  int64_t looked_at = 0;
  for (const TakePhase phase :
       {TakePhase::kReservations, TakePhase::kContainers, TakePhase::kLargeGangs}) {
    if (phase == TakePhase::kLargeGangs && !take.passed_large_gang) break;
    if (!take.Open()) break;
    Victims victims;
    looked_at += TakeFrom(source, marks, slots_[i], phase, take, allowance, victims);
    state.Choose(victims, position, state.settings.warning, state.queue(position).queue);
  }
  user.used = take.held;
  return looked_at;
}

}  // namespace weir::scheduler
