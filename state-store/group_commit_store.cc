#include "state-store/group_commit_store.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace weir::store {
namespace {

const std::string& EpochKey() {
  static const std::string key = KeyOf(EpochRecord{});
  return key;
}

// The batch in bytes, at the end of `operations`; on failure nothing is added.
Status EncodeBatch(const std::vector<StoreOperation>& batch,
                   std::vector<EngineOperation>& operations,
                   size_t& bytes) {
  const size_t before = operations.size();
  for (const StoreOperation& operation : batch) {
    EngineOperation encoded;
    if (const Put* put = std::get_if<Put>(&operation)) {
      encoded.key = KeyOf(put->record);
      Result<std::string> value = Encode(put->record);
      if (!value.ok()) {
        operations.resize(before);
        return value.error();
      }
      encoded.value = std::move(value).value();
      bytes += encoded.value->size();
    } else {
      encoded.key = std::get<Delete>(operation).key;
    }
    if (encoded.key == EpochKey()) {
      operations.resize(before);
      return Error{ErrorCode::kInvalidArgument,
                   "a batch tried to change the store's epoch",
                   "only opening the store changes its epoch"};
    }
    bytes += encoded.key.size();
    operations.push_back(std::move(encoded));
  }
  return {};
}

}  // namespace

GroupCommitStore::GroupCommitStore(std::unique_ptr<StoreEngine> engine, size_t queue_limit)
    : name_(engine->name()), queue_limit_(queue_limit), engine_(std::move(engine)) {
  writer_ = std::thread([this] { Run(); });
}

GroupCommitStore::~GroupCommitStore() {
  Close();
}

Error GroupCommitStore::ClosedError(const std::string& name) {
  return {ErrorCode::kFailedPrecondition, "the " + name + " state store is closed", ""};
}

Result<LoadedState> GroupCommitStore::Load() {
  platform::MutexLock lock(engine_mutex_);
  if (engine_ == nullptr) return ClosedError(name_);
  LoadedState state;
  WEIR_RETURN_IF_ERROR(engine_->Scan([&state](std::string_view key, std::string_view value) {
    Result<Record> record = Decode(key, value);
    if (record.ok()) {
      state.records.push_back(std::move(record).value());
    } else {
      state.quarantined.push_back(record.error().ToString());
    }
  }));
  return state;
}

Result<std::optional<EpochRecord>> GroupCommitStore::StoredEpoch() {
  WEIR_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, engine_->Read(EpochKey()));
  if (!bytes) return std::optional<EpochRecord>();
  Result<Record> record = Decode(EpochKey(), *bytes);
  if (!record.ok()) {
    return Error{
        ErrorCode::kCorruption,
        "the epoch of the " + name_ + " state store cannot be read: " + record.error().ToString(),
        "restore the store from a copy, or start with an empty one"};
  }
  return std::optional<EpochRecord>(std::get<EpochRecord>(record.value()));
}

Result<EpochRecord> GroupCommitStore::Open(int64_t wall_millis, const std::string& cluster_id) {
  platform::MutexLock lock(engine_mutex_);
  if (engine_ == nullptr) return ClosedError(name_);
  WEIR_ASSIGN_OR_RETURN(const std::optional<EpochRecord> stored, StoredEpoch());
  EpochRecord next{.epoch = {1}, .cluster_timestamp = wall_millis, .cluster_id = cluster_id};
  if (stored) {
    if (stored->cluster_id != cluster_id) {
      return Error{ErrorCode::kFailedPrecondition,
                   "the " + name_ + " state store belongs to cluster '" + stored->cluster_id +
                       "', not to '" + cluster_id + "'",
                   "use the store of this cluster, or set the cluster id to the store's"};
    }
    next.epoch = {stored->epoch.value + 1};
    next.cluster_timestamp = std::max(wall_millis, stored->cluster_timestamp + 1);
  }
  WEIR_ASSIGN_OR_RETURN(std::string bytes, Encode(next));
  WEIR_RETURN_IF_ERROR(engine_->Write({{.key = EpochKey(), .value = std::move(bytes)}}));
  epoch_ = next.epoch;
  return next;
}

void GroupCommitStore::Append(std::vector<StoreOperation> batch, Epoch epoch, Done done) {
  {
    platform::MutexLock lock(mutex_);
    if (!closing_) {
      const bool refused = queue_.size() >= queue_limit_;
      if (refused) batch.clear();
      queue_.push_back(
          {.batch = std::move(batch), .epoch = epoch, .done = std::move(done), .refused = refused});
      changed_.NotifyOne();
      return;
    }
  }
  done(ClosedError(name_));
}

void GroupCommitStore::Run() {
  for (;;) {
    std::deque<Pending> taken;
    {
      platform::MutexLock lock(mutex_);
      while (queue_.empty() && !closing_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      taken.swap(queue_);
    }
    while (!taken.empty()) CommitGroup(taken);
  }
}

Status GroupCommitStore::Check(const Pending& pending) {
  if (pending.epoch < epoch_) {
    return Error{ErrorCode::kFenced,
                 "a write under epoch " + std::to_string(pending.epoch.value) +
                     " came too late: the " + name_ + " state store is at epoch " +
                     std::to_string(epoch_.value),
                 "another ResourceManager has become active"};
  }
  if (pending.epoch > epoch_) {
    return Error{ErrorCode::kFailedPrecondition,
                 "a write under epoch " + std::to_string(pending.epoch.value) + ", but the " +
                     name_ + " state store is at epoch " + std::to_string(epoch_.value),
                 ""};
  }
  if (failure_) return *failure_;
  if (pending.refused) {
    return Error{ErrorCode::kResourceExhausted,
                 "more than " + std::to_string(queue_limit_) + " writes wait for the " + name_ +
                     " state store",
                 "the disk does not keep up"};
  }
  return {};
}

void GroupCommitStore::CommitGroup(std::deque<Pending>& taken) {
  std::vector<Answer> answers;
  std::vector<EngineOperation> operations;
  size_t bytes = 0;
  {
    platform::MutexLock lock(engine_mutex_);
    while (!taken.empty() && bytes < kGroupBytes) {
      Pending pending = std::move(taken.front());
      taken.pop_front();
      Status status = Check(pending);
      if (status.ok()) status = EncodeBatch(pending.batch, operations, bytes);
      const bool fenced = !status.ok() && status.error().code == ErrorCode::kFenced;
      if (!status.ok() && !failure_ && !fenced) failure_ = status.error();
      answers.push_back({.done = std::move(pending.done), .status = std::move(status)});
    }
    const Status written = operations.empty() ? Status() : engine_->Write(operations);
    if (!written.ok()) {
      failure_ = written.error();
      for (Answer& answer : answers) {
        if (answer.status.ok()) answer.status = written.error();
      }
    }
  }
  for (Answer& answer : answers) answer.done(std::move(answer.status));
}

void GroupCommitStore::Close() {
  platform::MutexLock one(close_mutex_);
  {
    platform::MutexLock lock(mutex_);
    closing_ = true;
    changed_.NotifyAll();
  }
  if (writer_.joinable()) writer_.join();
  platform::MutexLock lock(engine_mutex_);
  engine_.reset();  // gives the lock on the directory back
}

}  // namespace weir::store
