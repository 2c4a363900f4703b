#include "nodemanager/server/record_store.h"

#include <pthread.h>

#include <utility>

#include "platform/file_system.h"
#include "platform/log.h"
#include "state-store/leveldb_engine.h"

namespace weir::nm {
namespace {

using platform::MutexLock;
using store::Durability;
using store::StoreEngine;

constexpr Duration kRetry = milliseconds(500);
constexpr int kLastTries = 2;  // of the destructor

void LogDamage(const std::string& directory, const std::string& what, const Error& cause) {
  platform::LogError("nm.records", directory, what, {{"cause", cause.ToString()}});
}

// Reads all of it: damage shows then.
Status Check(StoreEngine& engine) {
  return engine.Scan([](std::string_view, std::string_view) {});
}

Result<std::unique_ptr<StoreEngine>> OpenChecked(const std::string& directory) {
  WEIR_ASSIGN_OR_RETURN(auto engine, store::OpenLevelDbEngine(directory, Durability::kProcess));
  WEIR_RETURN_IF_ERROR(Check(*engine));
  return engine;
}

Result<std::unique_ptr<StoreEngine>> OpenWhateverItTakes(const std::string& directory) {
  auto engine = OpenChecked(directory);
  if (engine.ok() || engine.error().code != ErrorCode::kCorruption) return engine;
  LogDamage(directory, "the records are damaged; repairing what can be", engine.error());
  if (const Status repaired = store::RepairLevelDb(directory); !repaired.ok()) {
    LogDamage(directory, "the records cannot be repaired", repaired.error());
  }
  engine = OpenChecked(directory);
  if (engine.ok() || engine.error().code != ErrorCode::kCorruption) return engine;
  LogDamage(directory, "the records are put aside, and begin anew", engine.error());
  platform::FileSystem& files = platform::FileSystem::Real();
  WEIR_RETURN_IF_ERROR(files.RemoveTree(directory + ".damaged"));
  WEIR_RETURN_IF_ERROR(files.Rename(directory, directory + ".damaged"));
  return OpenChecked(directory);
}

}  // namespace

Result<std::unique_ptr<RecordStore>> RecordStore::Open(std::string directory, Sink sink) {
  WEIR_ASSIGN_OR_RETURN(auto engine, OpenWhateverItTakes(directory));
  return std::unique_ptr<RecordStore>(
      new RecordStore(std::move(directory), std::move(sink), std::move(engine)));
}

RecordStore::RecordStore(std::string directory, Sink sink, std::unique_ptr<StoreEngine> engine)
    : directory_(std::move(directory)), sink_(std::move(sink)), engine_(std::move(engine)) {}

RecordStore::~RecordStore() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

RecordStore::Loaded RecordStore::Load() {
  Loaded loaded;
  const Status scanned = engine_->Scan([&loaded](std::string_view key, std::string_view value) {
    Result<NodeRecord> record = Decode(key, value);
    if (record.ok()) {
      loaded.records.push_back(std::move(record).value());
    } else {
      loaded.damaged.push_back(record.error().ToString());
    }
  });
  if (!scanned.ok()) loaded.damaged.push_back(scanned.error().ToString());
  return loaded;
}

void RecordStore::Keep(int64_t sequence, const NodeRecord& record) {
  Result<std::string> bytes = Encode(record);
  if (bytes.ok()) return Add(sequence, KeyOf(record), std::move(bytes).value());
  platform::LogError("nm.records", "-", "not kept", {{"cause", bytes.error().ToString()}});
  sink_(RecordFailed{sequence, bytes.error(), true});
}

void RecordStore::Drop(int64_t sequence, const std::string& key) {
  Add(sequence, key, std::nullopt);
}

void RecordStore::Add(int64_t sequence, std::string key, std::optional<std::string> value) {
  {
    MutexLock lock(mutex_);
    waiting_[std::move(key)] = std::move(value);
    sequence_ = std::max(sequence_, sequence);
    if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  }
  changed_.NotifyAll();
}

void RecordStore::Run() {
  pthread_setname_np(pthread_self(), "nm-records");
  Changes changes;  // not written yet
  int64_t sequence = 0;
  int tries_left = kLastTries;
  bool failing = false;
  while (true) {
    {
      MutexLock lock(mutex_);
      if (failing && !closing_) changed_.WaitFor(mutex_, kRetry);
      while (!failing && waiting_.empty() && !closing_) changed_.Wait(mutex_);
      // What came since wins over what could not be written.
      waiting_.merge(changes);
      changes = std::exchange(waiting_, {});
      sequence = sequence_;
      if (closing_ && (changes.empty() || tries_left-- == 0)) return;
    }
    const Status written = Write(changes);
    if (written.ok()) {
      if (std::exchange(failing, false)) {
        platform::LogInfo("nm.records", directory_, "records can be written again");
      }
      changes.clear();
      sink_(RecordsKept{sequence});
      continue;
    }
    if (!std::exchange(failing, true)) {
      LogDamage(directory_, "records cannot be written; trying on", written.error());
    }
    sink_(RecordFailed{sequence, written.error()});
  }
}

// LevelDB's log is in an unknown state after a write that failed: it is opened again, which reads
// as far as it is whole.
Status RecordStore::Write(const Changes& changes) {
  if (engine_ == nullptr) {
    WEIR_ASSIGN_OR_RETURN(engine_, store::OpenLevelDbEngine(directory_, Durability::kProcess));
  }
  std::vector<store::EngineOperation> operations;
  for (const auto& [key, value] : changes) operations.push_back({key, value});
  Status written = engine_->Write(operations);
  if (!written.ok()) engine_.reset();
  return written;
}

}  // namespace weir::nm
