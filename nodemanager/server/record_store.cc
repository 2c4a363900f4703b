#include "nodemanager/server/record_store.h"

#include <pthread.h>

#include <utility>

#include "nodemanager/core/newer_record.h"
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
constexpr int kOpenTries = 3;  // to open it, and to read it
// Opening rewrites the log, which has at most half of it.
constexpr int64_t kReserveBytes = int64_t{8} << 20;
constexpr int64_t kReserveShare = 10;  // of the free room is left alone by it
constexpr size_t kReserveChunk = 1 << 20;
constexpr int kReserveMode = 0600;

void LogDamage(const std::string& directory, const std::string& what, const Error& cause) {
  platform::LogError("nm.records", directory, what, {{"cause", cause.ToString()}});
}

// Reads all of it: damage shows then.
Status Check(StoreEngine& engine) {
  return engine.Scan([](std::string_view, std::string_view) {});
}

Result<std::unique_ptr<StoreEngine>> OpenChecked(const std::string& directory, leveldb::Env* env) {
  WEIR_ASSIGN_OR_RETURN(auto engine,
                        store::OpenLevelDbEngine(directory, Durability::kProcess, env));
  WEIR_RETURN_IF_ERROR(Check(*engine));
  return engine;
}

Result<std::unique_ptr<StoreEngine>> OpenWhateverItTakes(const std::string& directory,
                                                         leveldb::Env* env) {
  auto engine = OpenChecked(directory, env);
  if (engine.ok() || engine.error().code != ErrorCode::kCorruption) return engine;
  LogDamage(directory, "the records are damaged; repairing what can be", engine.error());
  if (const Status repaired = store::RepairLevelDb(directory, nullptr, env); !repaired.ok()) {
    LogDamage(directory, "the records cannot be repaired", repaired.error());
  }
  engine = OpenChecked(directory, env);
  if (engine.ok() || engine.error().code != ErrorCode::kCorruption) return engine;
  LogDamage(directory, "the records are put aside, and begin anew", engine.error());
  platform::FileSystem& files = platform::FileSystem::Real();
  WEIR_RETURN_IF_ERROR(files.RemoveTree(directory + ".damaged"));
  WEIR_RETURN_IF_ERROR(files.Rename(directory, directory + ".damaged"));
  return OpenChecked(directory, env);
}

std::string ReserveOf(const std::string& directory) {
  return directory + ".reserve";
}

bool IsOfDisk(const Error& error) {
  return error.code == ErrorCode::kResourceExhausted || error.code == ErrorCode::kUnavailable;
}

Status WriteReserve(platform::FileSystem& files, const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(auto file, files.Create(path, kReserveMode));
  const std::string chunk(kReserveChunk, '\0');
  for (int64_t done = 0; done < kReserveBytes; done += static_cast<int64_t>(chunk.size())) {
    WEIR_RETURN_IF_ERROR(file->Append(chunk));
  }
  return file->Close();
}

// Where there is plenty of room; without it a disk that is full later costs more, that is all.
void MakeReserve(const std::string& directory) {
  platform::FileSystem& files = platform::FileSystem::Real();
  const std::string path = ReserveOf(directory);
  const auto there = files.Stat(path);
  if (there.ok() && there->size == kReserveBytes) return;
  const auto free = files.FreeBytes(directory);
  if (!free.ok() || *free < kReserveBytes * kReserveShare) return;
  const Status written = WriteReserve(files, path);
  if (written.ok()) return;
  static_cast<void>(files.Remove(path).ok());
  platform::LogWarn("nm.records",
                    path,
                    "no room could be kept for a full disk; the next start tries again",
                    {{"cause", written.error().ToString()}});
}

// A disk that fails once may not fail the next time, and what is there is all that is known of what
// runs here.
Result<std::unique_ptr<StoreEngine>> OpenWithReserve(const std::string& directory,
                                                     leveldb::Env* env) {
  auto engine = OpenWhateverItTakes(directory, env);
  for (int tries = 1; tries < kOpenTries && !engine.ok() && IsOfDisk(engine.error()); ++tries) {
    if (engine.error().code == ErrorCode::kResourceExhausted &&
        platform::FileSystem::Real().Remove(ReserveOf(directory)).ok()) {
      LogDamage(directory, "no room for opening the records; gave up the reserve", engine.error());
    }
    engine = OpenWhateverItTakes(directory, env);
  }
  if (engine.ok()) MakeReserve(directory);
  return engine;
}

}  // namespace

Result<std::unique_ptr<RecordStore>> RecordStore::Open(std::string directory,
                                                       Sink sink,
                                                       leveldb::Env* env) {
  auto opened = OpenWithReserve(directory, env);
  if (!opened.ok() && !IsOfDisk(opened.error())) return std::move(opened).error();
  std::unique_ptr<StoreEngine> engine;
  if (opened.ok()) {
    engine = std::move(opened).value();
  } else {
    LogDamage(directory, "the records cannot be opened; starting without them", opened.error());
  }
  return std::unique_ptr<RecordStore>(
      new RecordStore(std::move(directory), std::move(sink), env, std::move(engine)));
}

RecordStore::RecordStore(std::string directory,
                         Sink sink,
                         leveldb::Env* env,
                         std::unique_ptr<StoreEngine> engine)
    : directory_(std::move(directory)),
      sink_(std::move(sink)),
      env_(env),
      engine_(std::move(engine)),
      read_(engine_ != nullptr) {}

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
  if (engine_ == nullptr) return loaded;
  Status scanned;
  for (int tries = 1; tries <= kOpenTries; ++tries) {
    loaded = {};
    scanned = engine_->Scan([&loaded](std::string_view key, std::string_view value) {
      Result<NodeRecord> record = Decode(key, value);
      if (auto newer = KeyOfNewerRecord(key, value)) {
        loaded.newer.push_back(*std::move(newer));
      } else if (record.ok()) {
        loaded.records.push_back(std::move(record).value());
      } else {
        loaded.damaged.push_back(record.error().ToString());
      }
    });
    if (scanned.ok() || !IsOfDisk(scanned.error())) break;
  }
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

Status RecordStore::OpenAgain() {
  WEIR_ASSIGN_OR_RETURN(auto engine, OpenWhateverItTakes(directory_, env_));
  if (!read_) {
    std::vector<store::EngineOperation> all;
    WEIR_RETURN_IF_ERROR(engine->Scan([&all](std::string_view key, std::string_view) {
      all.push_back({std::string(key), std::nullopt});
    }));
    if (!all.empty()) WEIR_RETURN_IF_ERROR(engine->Write(all));
    read_ = true;
  }
  engine_ = std::move(engine);
  return {};
}

// LevelDB's log is in an unknown state after a write that failed: it is opened again, which reads
// as far as it is whole.
Status RecordStore::Write(const Changes& changes) {
  if (engine_ == nullptr) WEIR_RETURN_IF_ERROR(OpenAgain());
  std::vector<store::EngineOperation> operations;
  for (const auto& [key, value] : changes) operations.push_back({key, value});
  Status written = engine_->Write(operations);
  if (!written.ok()) engine_.reset();
  return written;
}

}  // namespace weir::nm
