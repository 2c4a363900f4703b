#include "scheduler/preemption/reserved_phase.h"

#include <algorithm>

namespace weir::scheduler {
namespace {

// The first of them that give all that is lacking; none when they cannot. `excess`: what may be
// taken of those that lose by it; shrinks with what is chosen.
template <typename Candidate>
std::vector<Candidate> Enough(const std::vector<Candidate>& candidates,
                              Amounts lacks,
                              std::map<size_t, Amounts>& excess) {
  std::map<size_t, Amounts> left = excess;
  std::vector<Candidate> chosen;
  for (const Candidate& candidate : candidates) {
    if (!AnyPositive(lacks)) break;
    Amounts& of_leaf = left[candidate.position];
    if (candidate.by_excess && !AnyPositive(of_leaf)) continue;
    of_leaf -= candidate.amounts;
    lacks -= candidate.amounts;
    chosen.push_back(candidate);
  }
  if (AnyPositive(lacks)) return {};
  excess = std::move(left);
  return chosen;
}

}  // namespace

bool ReservedPhase::Step(const PreemptionSource& source,
                         const ContainerWarnings& warnings,
                         RoundState& state,
                         int64_t& budget) {
  if (!begun_) {
    begun_ = true;
    for (const HeldNode& held : source.HeldNodes()) {
      if (held.partition == partition_) held_.push_back(held);
    }
    const std::vector<IdealShare>& ideal = state.ideal[Index(partition_)];
    for (const size_t position : state.leaves) {
      if (ideal.empty()) break;
      const SnapshotShare& share = state.share(partition_, position);
      const Amounts ignored =
          ScaleDown(share.guaranteed, kWholeFactor + state.settings.dead_zone, kWholeFactor);
      const bool over = Compare(state.snapshot.calculator,
                                share.used,
                                ignored,
                                state.snapshot.totals[Index(partition_)]) > 0;
      if (over) excess_[position] = ideal[position].excess;
    }
    budget -= static_cast<int64_t>(held_.size());
  }
  for (; next_ < held_.size(); ++next_) {
    if (!state.allowances[Index(partition_)].Left()) break;
    if (budget <= 0) return false;
    budget -= 1 + TakeOn(source, warnings, held_[next_], state);
  }
  return true;
}

int64_t ReservedPhase::TakeOn(const PreemptionSource& source,
                              const ContainerWarnings& warnings,
                              const HeldNode& held,
                              RoundState& state) {
  const PreemptionSettings& settings = state.settings;
  const Calculator calculator = state.snapshot.calculator;
  const auto winner = state.position_of.find(source.LeafOf(held.application));
  const Amounts lacks = Relevant(calculator, held.lacks);
  if (winner == state.position_of.end() || !AnyPositive(lacks)) return 0;
  const SnapshotShare& own = state.share(partition_, winner->second);
  const Duration age = state.started - held.since;
  const bool excess_counts = settings.by_reservation && age >= settings.interval;
  const bool priority_counts = settings.underutilized && age >= settings.reserved_container_delay &&
                               own.used.FitsIn(own.guaranteed);
  if (!excess_counts && !priority_counts) return 0;

  const RoundMarks marks(state, warnings);
  std::vector<Candidate> candidates;
  const std::vector<NodeContainer> all = source.ContainersOn(held.node);
  for (const NodeContainer& each : all) {
    const ContainerMark mark = marks.Of(each.what.container);
    if (each.what.master || each.what.gang != 0 || mark == ContainerMark::kTaken) continue;
    const auto loser = state.position_of.find(source.LeafOf(each.application));
    if (loser == state.position_of.end() || loser->second == winner->second) continue;
    const bool by_priority = priority_counts && !state.queue(loser->second).preemption_disabled &&
                             IsLessImportant(state, loser->second, winner->second);
    if (!by_priority && !excess_counts) continue;
    candidates.push_back({.container = each,
                          .position = loser->second,
                          .amounts = Relevant(calculator, source.shape(each.what.shape)),
                          .by_excess = !by_priority,
                          .warned = mark == ContainerMark::kWarned});
  }
  std::stable_partition(
      candidates.begin(), candidates.end(), [](const Candidate& each) { return each.warned; });

  for (const Candidate& candidate : Enough(candidates, lacks, excess_)) {
    Victims victims;
    victims.containers.push_back(VictimContainer{candidate.container.what.container,
                                                 candidate.container.application,
                                                 partition_,
                                                 candidate.amounts});
    state.allowances[Index(partition_)].taken += candidate.amounts;
    state.Choose(victims, candidate.position, settings.warning, state.queue(winner->second).queue);
  }
  return static_cast<int64_t>(all.size());
}

bool ReservedPhase::IsLessImportant(const RoundState& state, size_t loser, size_t winner) const {
  const auto path_of = [&](size_t position) {
    std::vector<int> path;
    for (int at = static_cast<int>(position); at >= 0;
         at = state.queue(static_cast<size_t>(at)).parent) {
      path.push_back(at);
    }
    std::reverse(path.begin(), path.end());
    return path;
  };
  const std::vector<int> a = path_of(loser);
  const std::vector<int> b = path_of(winner);
  size_t parting = 0;
  while (parting < a.size() && parting < b.size() && a[parting] == b[parting]) ++parting;
  if (parting == 0 || parting >= a.size() || parting >= b.size()) return false;
  const auto at = [&](int position) -> const SnapshotQueue& {
    return state.queue(static_cast<size_t>(position));
  };
  return at(a[parting - 1]).ordering == ParentOrdering::kPriorityUtilization &&
         at(a[parting]).priority < at(b[parting]).priority;
}

}  // namespace weir::scheduler
