#include "tests/simulation/sim_store.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace weir::simulation {

store::EpochRecord NextEpochRecord(const std::optional<store::Record>& stored,
                                   int64_t wall_millis) {
  store::EpochRecord next{
      .epoch = {1}, .cluster_timestamp = wall_millis, .cluster_id = "simulation"};
  if (stored) {
    const auto& record = std::get<store::EpochRecord>(*stored);
    next.epoch = {record.epoch.value + 1};
    next.cluster_timestamp = std::max(wall_millis, record.cluster_timestamp + 1);
  }
  return next;
}

void SimStore::Open(int64_t wall_millis, Handlers handlers) {
  Crash();
  const store::EpochRecord next =
      NextEpochRecord(Find(store::KeyOf(store::EpochRecord{})), wall_millis);
  Apply({.sequence = 0, .operations = {store::Put{next}}});
  handlers_ = std::move(handlers);
  failed_ = false;
  handlers_.opened(Opened{.epoch = next, .records = Load()});
}

void SimStore::Crash() {
  ++incarnation_;
  // A batch may be on the disk although nobody was told.
  while (!under_way_.empty() && random_.Chance(1, 2)) {
    trace_.Line("store", "batch " + std::to_string(under_way_.front().sequence) + " survives");
    Apply(under_way_.front());
    under_way_.pop_front();
  }
  under_way_.clear();
}

void SimStore::Append(uint64_t sequence, std::vector<store::StoreOperation> batch) {
  under_way_.push_back({.sequence = sequence, .operations = std::move(batch)});
  last_due_ = std::max(last_due_, queue_.now() + faults_.StoreDelay());
  queue_.At(last_due_, [this, incarnation = incarnation_] { Commit(incarnation); });
}

void SimStore::Commit(uint64_t incarnation) {
  if (incarnation != incarnation_) return;
  const Batch batch = std::move(under_way_.front());
  under_way_.pop_front();
  if (failed_ || faults_.FailStoreWrite()) {
    trace_.Line("store", "batch " + std::to_string(batch.sequence) + " fails");
    // Nobody knows whether the first that failed is there; later ones are not tried.
    if (!std::exchange(failed_, true) && random_.Chance(1, 2)) Apply(batch);
    handlers_.done({.sequence = batch.sequence,
                    .status = Error{ErrorCode::kUnavailable, "the disk failed", ""}});
    return;
  }
  Apply(batch);
  handlers_.done({.sequence = batch.sequence, .status = {}});
}

void SimStore::Apply(const Batch& batch) {
  for (const store::StoreOperation& operation : batch.operations) {
    if (const auto* erased = std::get_if<store::Delete>(&operation)) {
      durable_.erase(erased->key);
      continue;
    }
    const store::Record& record = std::get<store::Put>(operation).record;
    const Result<std::string> bytes = store::Encode(record);
    if (!bytes.ok()) {
      fault_ = bytes.error().ToString();
      continue;
    }
    durable_[store::KeyOf(record)] = *bytes;
  }
}

std::vector<store::Record> SimStore::Load() const {
  std::vector<store::Record> records;
  for (const auto& [key, bytes] : durable_) {
    Result<store::Record> record = store::Decode(key, bytes);
    if (record.ok()) records.push_back(std::move(record).value());
  }
  return records;
}

std::optional<store::Record> SimStore::Find(const std::string& key) const {
  const auto found = durable_.find(key);
  if (found == durable_.end()) return std::nullopt;
  Result<store::Record> record = store::Decode(key, found->second);
  if (!record.ok()) return std::nullopt;
  return std::move(record).value();
}

}  // namespace weir::simulation
