#include "state-store/group_commit_store.h"

#include <utility>

#include "state-store/epoch_rules.h"

namespace weir::store {

GroupCommitStore::GroupCommitStore(std::unique_ptr<StoreEngine> engine, size_t queue_limit)
    : name_(engine->name()), queue_limit_(queue_limit), engine_(std::move(engine)) {
  writer_ = std::thread([this] { Run(); });
}

GroupCommitStore::~GroupCommitStore() {
  Close();
}

Result<LoadedState> GroupCommitStore::Load() {
  platform::MutexLock lock(engine_mutex_);
  if (engine_ == nullptr) return ClosedStore(name_);
  EngineFindings findings = engine_->findings();
  LoadedState state{.quarantined = std::move(findings.damaged), .notes = std::move(findings.notes)};
  Status refused;
  WEIR_RETURN_IF_ERROR(engine_->Scan([&](std::string_view key, std::string_view value) {
    if (refused.ok()) refused = LoadValue(Place(), key, value, state);
  }));
  WEIR_RETURN_IF_ERROR(std::move(refused));
  return state;
}

Result<EpochRecord> GroupCommitStore::Open(const OpenRequest& request) {
  platform::MutexLock lock(engine_mutex_);
  if (engine_ == nullptr) return ClosedStore(name_);
  WEIR_ASSIGN_OR_RETURN(const std::optional<std::string> stored, engine_->Read(EpochKey()));
  WEIR_ASSIGN_OR_RETURN(const std::optional<EpochRecord> epoch,
                        ReadEpoch(Place(), stored, request.at_least));
  if (!epoch) WEIR_RETURN_IF_ERROR(CheckIsNew(request));
  WEIR_ASSIGN_OR_RETURN(const EpochRecord next, NextEpoch(Place(), epoch, request));
  WEIR_ASSIGN_OR_RETURN(std::string bytes, Encode(next));
  WEIR_RETURN_IF_ERROR(engine_->Write({{.key = EpochKey(), .value = std::move(bytes)}}));
  epoch_ = next.epoch;
  return next;
}

// The first epoch may begin on nothing only: where there are records there was an epoch, and a
// number that was used before would let two ResourceManagers pass for one.
Status GroupCommitStore::CheckIsNew(const OpenRequest& request) {
  const EngineFindings findings = engine_->findings();
  bool empty = findings.damaged.empty();
  WEIR_RETURN_IF_ERROR(
      engine_->Scan([&empty](std::string_view, std::string_view) { empty = false; }));
  if (empty) return CheckMayBegin(Place(), request);
  if (request.at_least.value == 0) return EpochIsGone(Place());
  return {};
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
  done(ClosedStore(name_));
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
  WEIR_RETURN_IF_ERROR(CheckEpoch(name_, pending.epoch, epoch_));
  if (failure_) return *failure_;
  if (pending.refused) return FullQueue(name_, queue_limit_);
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
