#include "tests/simulation/sim_store.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "state-store/frame_log.h"

namespace weir::simulation {
namespace {

constexpr uint64_t kSalt = 7;

}  // namespace

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
  if (torn_) Reread();
  const store::EpochRecord next =
      NextEpochRecord(Find(store::KeyOf(store::EpochRecord{})), wall_millis);
  Apply({.sequence = 0, .operations = {store::Put{next}}});
  handlers_ = std::move(handlers);
  failed_ = false;
  handlers_.opened(Opened{.epoch = next, .records = Load()});
}

void SimStore::Crash() {
  ++incarnation_;
  // A batch may be on the disk although nobody was told; behind one that failed nothing is tried.
  while (!under_way_.empty() && !torn_ && random_.Chance(1, 2)) {
    trace_.Line("store", "batch " + std::to_string(under_way_.front().sequence) + " survives");
    Apply(under_way_.front());
    under_way_.pop_front();
  }
  if (!under_way_.empty()) Tear(under_way_.front());
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
    if (!std::exchange(failed_, true)) {
      if (random_.Chance(1, 2)) {
        Apply(batch);
      } else {
        Tear(batch);
      }
    }
    handlers_.done({.sequence = batch.sequence,
                    .status = Error{ErrorCode::kUnavailable, "the disk failed", ""}});
    return;
  }
  Apply(batch);
  handlers_.done({.sequence = batch.sequence, .status = {}});
}

std::vector<store::EngineOperation> SimStore::InBytes(const Batch& batch) {
  std::vector<store::EngineOperation> operations;
  for (const store::StoreOperation& operation : batch.operations) {
    if (const auto* erased = std::get_if<store::Delete>(&operation)) {
      operations.push_back({.key = erased->key, .value = std::nullopt});
      continue;
    }
    const store::Record& record = std::get<store::Put>(operation).record;
    Result<std::string> bytes = store::Encode(record);
    if (!bytes.ok()) {
      fault_ = bytes.error().ToString();
      continue;
    }
    operations.push_back({.key = store::KeyOf(record), .value = *std::move(bytes)});
  }
  return operations;
}

void SimStore::Apply(const Batch& batch) {
  if (log_.empty()) log_ = store::EncodeFileHeader();
  const std::vector<store::EngineOperation> operations = InBytes(batch);
  log_ += store::EncodeFrame(kSalt, ++frames_, operations);
  for (const store::EngineOperation& operation : operations) {
    if (operation.value) {
      durable_[operation.key] = *operation.value;
    } else {
      durable_.erase(operation.key);
    }
  }
}

void SimStore::Tear(const Batch& batch) {
  if (torn_) return;
  const std::string frame = store::EncodeFrame(kSalt, frames_ + 1, InBytes(batch));
  const size_t there = faults_.TearWrite(frame.size());
  if (there == 0) return;
  trace_.Line("store",
              "batch " + std::to_string(batch.sequence) + " is torn after " +
                  std::to_string(there) + " of " + std::to_string(frame.size()) + " bytes");
  log_ += frame.substr(0, there);
  torn_ = true;
}

void SimStore::Reread() {
  std::map<std::string, std::string> read;
  const Result<store::ParsedLog> parsed =
      store::ParseLog("log", log_, kSalt, [&read](store::EngineOperation operation) {
        if (operation.value) {
          read[operation.key] = *std::move(operation.value);
        } else {
          read.erase(operation.key);
        }
      });
  if (!parsed.ok() || parsed->frames != frames_ || !parsed->damaged.empty() || read != durable_) {
    fault_ = "a torn write is not as if it were absent";
    return;
  }
  log_.resize(parsed->whole_bytes);
  torn_ = false;
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
