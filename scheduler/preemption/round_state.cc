#include "scheduler/preemption/round_state.h"

#include <algorithm>
#include <functional>

namespace weir::scheduler {
namespace {

bool AnyDemand(const std::vector<Amounts>& demand) {
  return std::any_of(demand.begin(), demand.end(), AnyPositive);
}

bool AnyReserved(const RoundState& state, PartitionSlot partition) {
  return std::any_of(state.leaves.begin(), state.leaves.end(), [&](size_t position) {
    return AnyPositive(state.share(partition, position).reserved);
  });
}

std::vector<IdealQueue> IdealQueues(const RoundState& state,
                                    PartitionSlot partition,
                                    bool reserved_counts) {
  std::vector<IdealQueue> queues;
  for (size_t i = 0; i < state.snapshot.queues.size(); ++i) {
    const SnapshotQueue& from = state.snapshot.queues[i];
    const SnapshotShare& share = from.shares[Index(partition)];
    IdealQueue queue;
    queue.parent = from.parent;
    queue.leaf = from.leaf;
    queue.priority = from.priority;
    queue.ordering = from.ordering;
    queue.preemption_disabled = from.preemption_disabled;
    queue.guaranteed = share.guaranteed;
    queue.maximum = share.maximum;
    queue.used = share.used;
    queue.demand = state.demand[Index(partition)][i];
    if (reserved_counts && from.leaf) queue.demand += share.reserved;
    queue.leaving = state.leaving[Index(partition)][i];
    queues.push_back(std::move(queue));
  }
  return queues;
}

// Fills in what is sheltered. False when there is nothing, or somebody has lacked for too long.
bool Shelter(const RoundState& state,
             PartitionSlot partition,
             const DemandHistory& history,
             std::vector<IdealQueue>& queues) {
  bool any = false;
  for (const size_t position : state.leaves) {
    const QueueSlot leaf = state.queue(position).queue;
    if (history.LackedFor(leaf, partition) >= DemandHistory::kLastingRounds) return false;
    queues[position].sheltered = history.Sheltered(leaf, partition);
    any = any || !queues[position].sheltered.IsZero();
  }
  return any;
}

}  // namespace

ApplicationSlot ApplicationWalk::Next(const PreemptionSource& source, QueueSlot leaf) {
  while (next < applications.size()) {
    const ApplicationSlot application = applications[next++];
    if (source.LeafOf(application) == leaf) return application;
  }
  return ApplicationSlot();
}

void Beneficiaries::Add(QueueSlot leaf, Share lacks) {
  heap_.push_back(Entry{0, leaf, std::max<Share>(lacks, 1)});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

QueueSlot Beneficiaries::Next(Share share, QueueSlot otherwise) {
  if (heap_.empty()) return otherwise;
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  Entry& entry = heap_.back();
  const QueueSlot leaf = entry.leaf;
  entry.progress += ScaleDown(Amounts{std::max<Share>(share, 1)}, kWholeShare, entry.lacks)[0];
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  return leaf;
}

void ChosenList::Add(ContainerSlot container, const ChosenContainer& chosen) {
  if (Index(container) >= entry_of_.size()) entry_of_.resize(Index(container) + 1, -1);
  entry_of_[Index(container)] = size_++;
  if (blocks_.empty() || blocks_.back().size() == kBlock) {
    blocks_.emplace_back();
    blocks_.back().reserve(kBlock);
  }
  blocks_.back().push_back(Entry{container, chosen});
}

void ChosenList::Remove(ContainerSlot container) {
  if (!Contains(container)) return;
  int32_t& at = entry_of_[Index(container)];
  const auto index = static_cast<size_t>(at);
  blocks_[index / kBlock][index % kBlock].container = ContainerSlot();
  at = -1;
}

RoundState::RoundState(const PreemptionSettings& with,
                       QueueSnapshot queues,
                       const ContainerWarnings& warnings,
                       Instant began)
    : settings(with),
      started(began),
      snapshot(std::move(queues)),
      demand(partitions(), std::vector<Amounts>(snapshot.queues.size())),
      leaving(demand),
      ideal(partitions()),
      beneficiaries(partitions()) {
  for (size_t i = 0; i < snapshot.queues.size(); ++i) {
    if (snapshot.queues[i].leaf) leaves.push_back(i);
    position_of.emplace(snapshot.queues[i].queue, i);
  }
  for (const Amounts& total : snapshot.totals) {
    RoundAllowance allowance;
    allowance.calculator = snapshot.calculator;
    allowance.total = total;
    allowance.allowed =
        ShareOf(snapshot.calculator, ScaleDown(total, settings.per_round, kWholeFactor), total);
    allowances.push_back(allowance);
  }
  for (const auto& [container, gone] : warnings.leaving()) {
    leaving_of[{gone.application, gone.partition}] += gone.amounts;
    const auto position = position_of.find(gone.leaf);
    if (position == position_of.end() || Index(gone.partition) >= partitions()) continue;
    leaving[Index(gone.partition)][position->second] += gone.amounts;
  }
}

void RoundState::ComputePartition(PartitionSlot partition,
                                  Purpose purpose,
                                  DemandHistory& history) {
  const bool reserved_counts = purpose == Purpose::kReserved || settings.reserved_balance;
  const size_t at = Index(partition);
  std::erase_if(under_served,
                [&](const UnderServed& entry) { return entry.partition == partition; });
  beneficiaries[at] = Beneficiaries();
  ideal[at].clear();
  const bool waiting = AnyDemand(demand[at]) || (reserved_counts && AnyReserved(*this, partition));
  IdealSettings with;
  with.calculator = snapshot.calculator;
  with.total = snapshot.totals[at];
  with.per_round = settings.per_round;
  with.dead_zone = settings.dead_zone;
  with.natural_termination = settings.natural_termination;
  with.balance = purpose == Purpose::kBalance;
  std::vector<IdealQueue> queues;
  if (waiting) {
    queues = IdealQueues(*this, partition, reserved_counts);
    ideal[at] = ComputeIdeal(with, queues);
  }
  for (const size_t position : leaves) {
    const bool lacks = waiting && AnyPositive(ideal[at][position].lacks);
    if (purpose == Purpose::kGuarantees) {
      history.SetLacking(queue(position).queue, partition, lacks);
    }
  }
  if (!waiting) return;
  if (Shelter(*this, partition, history, queues)) ideal[at] = ComputeIdeal(with, queues);
  for (const size_t position : leaves) {
    const Amounts& lacks = ideal[at][position].lacks;
    if (!AnyPositive(lacks)) continue;
    under_served.push_back(UnderServed{queue(position).queue, partition, lacks});
    beneficiaries[at].Add(queue(position).queue,
                          ShareOf(snapshot.calculator, lacks, snapshot.totals[at]));
  }
}

void RoundState::Choose(const Victims& victims,
                        size_t position,
                        Duration warning,
                        std::optional<QueueSlot> for_whom) {
  const QueueSlot leaf = queue(position).queue;
  for (const VictimContainer& victim : victims.containers) {
    const size_t at = Index(victim.partition);
    if (at >= partitions()) continue;
    const Share share = ShareOf(snapshot.calculator, victim.amounts, snapshot.totals[at]);
    const QueueSlot beneficiary =
        for_whom ? *for_whom : beneficiaries[at].Next(share, /*otherwise=*/leaf);
    chosen.Add(
        victim.container,
        ChosenContainer{
            victim.application, victim.partition, leaf, beneficiary, victim.amounts, warning});
    leaving[at][position] += victim.amounts;
    leaving_of[{victim.application, victim.partition}] += victim.amounts;
  }
  for (const VictimReservation& victim : victims.reservations) {
    reservations.push_back(victim);
    given_up.emplace(victim.application, victim.node);
    leaving[Index(victim.partition)][position] += victim.amounts;
    leaving_of[{victim.application, victim.partition}] += victim.amounts;
  }
}

ContainerMark RoundMarks::Of(ContainerSlot container) const {
  if (state_.chosen.Contains(container) || warnings_.Leaving(container)) {
    return ContainerMark::kTaken;
  }
  return warnings_.Standing(container) ? ContainerMark::kWarned : ContainerMark::kNone;
}

bool RoundMarks::GivenUp(ApplicationSlot application, NodeSlot node) const {
  return state_.given_up.contains({application, node});
}

}  // namespace weir::scheduler
