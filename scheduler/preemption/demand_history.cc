#include "scheduler/preemption/demand_history.h"

#include <algorithm>

#include "scheduler/preemption/ideal_assignment.h"

namespace weir::scheduler {

void DemandHistory::BeginRound() {
  std::erase_if(records_, [this](const auto& entry) {
    const Record& record = entry.second;
    const bool blank =
        record.lasted == 0 && record.patience == kFirstPatience && record.taken.IsZero();
    return blank || record.observed < round_;
  });
  ++round_;
}

Amounts DemandHistory::Observe(QueueSlot leaf,
                               PartitionSlot partition,
                               const Amounts& used,
                               const Amounts& pending) {
  const Key key{leaf, partition};
  auto found = records_.find(key);
  if (found == records_.end()) {
    if (!AnyPositive(pending)) return Amounts();
    found = records_.emplace(key, Record()).first;
  }
  Record& record = found->second;
  const Amounts steady = Least(record.pending, pending);
  record.observed = round_;
  record.pending = pending;
  record.lasted = AnyPositive(pending) ? std::min(record.lasted + 1, kLongestPatience * 2) : 0;
  Age(record, used + pending);
  return record.lasted >= record.patience ? steady : Amounts();
}

void DemandHistory::Age(Record& record, const Amounts& wanted) {
  if (!record.taken.IsZero()) {
    bool needed = false;  // half of what was taken, in some type
    for (int i = 0; i < record.taken.types(); ++i) {
      const int64_t taken = record.taken[i];
      if (taken > 0 && wanted[i] - record.used_before[i] > taken / 2) needed = true;
    }
    if (!needed) {
      record.patience = std::min(record.patience * 2, kLongestPatience);
      record.last_change = round_;
    }
    if (!needed || round_ - record.last_taken > kFlipRounds) record.taken = Amounts();
  }
  if (record.patience > kFirstPatience && round_ - record.last_change >= kQuietRounds) {
    record.patience /= 2;
    record.last_change = round_;
  }
}

void DemandHistory::Taken(QueueSlot leaf,
                          PartitionSlot partition,
                          const Amounts& used,
                          const Amounts& amounts) {
  Record& record = records_[Key{leaf, partition}];
  record.observed = round_;
  if (record.taken.IsZero()) record.used_before = used;
  record.taken =
      FloorAtZero(Least(record.taken + amounts, used + record.pending - record.used_before));
  record.last_taken = round_;
}

const DemandHistory::Record* DemandHistory::Find(QueueSlot leaf, PartitionSlot partition) const {
  const auto found = records_.find(Key{leaf, partition});
  return found == records_.end() ? nullptr : &found->second;
}

void DemandHistory::SetLacking(QueueSlot leaf, PartitionSlot partition, bool lacking) {
  const auto found = records_.find(Key{leaf, partition});
  if (found == records_.end()) return;  // no demand, so nothing lacks
  int32_t& lacked = found->second.lacked;
  lacked = lacking ? std::min(lacked + 1, kLastingRounds) : 0;
}

int32_t DemandHistory::LackedFor(QueueSlot leaf, PartitionSlot partition) const {
  const Record* record = Find(leaf, partition);
  return record == nullptr ? 0 : record->lacked;
}

int32_t DemandHistory::Lasted(QueueSlot leaf, PartitionSlot partition) const {
  const Record* record = Find(leaf, partition);
  return record == nullptr ? 0 : record->lasted;
}

int32_t DemandHistory::Patience(QueueSlot leaf, PartitionSlot partition) const {
  const Record* record = Find(leaf, partition);
  return record == nullptr ? kFirstPatience : record->patience;
}

std::vector<PartitionSlot> DemandHistory::WaitingIn(QueueSlot leaf) const {
  std::vector<PartitionSlot> partitions;
  for (auto at = records_.lower_bound(Key{leaf, PartitionSlot{0}});
       at != records_.end() && at->first.first == leaf;
       ++at) {
    if (at->second.lasted > 0) partitions.push_back(at->first.second);
  }
  return partitions;
}

Amounts DemandHistory::TakenFor(QueueSlot leaf, PartitionSlot partition) const {
  const Record* record = Find(leaf, partition);
  return record == nullptr ? Amounts() : record->taken;
}

Amounts DemandHistory::Sheltered(QueueSlot leaf, PartitionSlot partition) const {
  const Record* record = Find(leaf, partition);
  if (record == nullptr || round_ - record->last_taken > kShelterRounds) return Amounts();
  return record->taken;
}

}  // namespace weir::scheduler
