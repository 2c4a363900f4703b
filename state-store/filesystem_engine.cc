#include "state-store/filesystem_engine.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "common/strings.h"
#include "platform/crypto.h"
#include "platform/log.h"
#include "state-store/directory_lock.h"
#include "state-store/frame_log.h"

namespace weir::store {
namespace {

using platform::FileSystem;
using platform::WritableFile;

constexpr int64_t kFileBytesMax = int64_t{8} << 30;
constexpr size_t kSnapshotFrameBytes = 256u << 10;
constexpr size_t kQuarantinedFiles = 16;
constexpr int kFileMode = 0600;

// The name of a file, taken apart: "log-7-00112233aabbccdd".
struct FileName {
  std::string text;
  bool snapshot = false;
  uint64_t generation = 0;
  uint64_t salt = 0;
};

std::string HexOf(uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((number >> shift) & 0xff));
  }
  return HexEncode(bytes);
}

FileName MakeName(bool snapshot, uint64_t generation) {
  FileName name{.snapshot = snapshot, .generation = generation};
  for (const char c : platform::RandomBytes(sizeof(name.salt))) {
    name.salt = name.salt << 8 | static_cast<unsigned char>(c);
  }
  name.text = std::string(snapshot ? "snapshot-" : "log-") + std::to_string(generation) + "-" +
              HexOf(name.salt);
  return name;
}

std::optional<FileName> ParseName(const std::string& text) {
  const std::vector<std::string_view> parts = Split(text, '-');
  if (parts.size() != 3 || (parts[0] != "log" && parts[0] != "snapshot")) return std::nullopt;
  const std::optional<int64_t> generation = ParseInt64(parts[1]);
  const std::optional<std::string> salt = HexDecode(parts[2]);
  if (!generation || *generation < 1 || !salt || salt->size() != 8) return std::nullopt;
  FileName name{.text = text,
                .snapshot = parts[0] == "snapshot",
                .generation = static_cast<uint64_t>(*generation)};
  for (const char c : *salt) name.salt = name.salt << 8 | static_cast<unsigned char>(c);
  return name;
}

class FilesystemEngine final : public StoreEngine {
 public:
  FilesystemEngine(FilesystemEngineOptions options, DirectoryLock lock)
      : options_(std::move(options)), files_(*options_.files), lock_(std::move(lock)) {}

  Status Recover();

  std::string name() const override { return "filesystem"; }
  Status Write(const std::vector<EngineOperation>& operations) override;
  Result<std::optional<std::string>> Read(const std::string& key) override {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  Status Scan(const Visitor& visitor) override {
    for (const auto& [key, value] : values_) visitor(key, value);
    return {};
  }
  EngineFindings findings() const override { return findings_; }

 private:
  std::string PathOf(const std::string& name) const { return options_.directory + "/" + name; }
  Result<std::vector<FileName>> FindFiles();
  Status ReadSnapshot(const FileName& name);
  Status ReadLog(const FileName& name, bool newest);
  Result<ParsedLog> Parse(const FileName& name, const std::string& bytes);
  Status CutTail(const FileName& name, const std::string& bytes, size_t whole_bytes);
  Status StartLog(uint64_t generation);
  void TrySnapshot();
  Status Snapshot();
  Status WriteSnapshotFile(const std::string& path, uint64_t salt);
  void RemoveOlderThan(uint64_t generation);
  void Quarantine(const std::string& name);
  void Apply(EngineOperation operation);

  const FilesystemEngineOptions options_;
  FileSystem& files_;
  const DirectoryLock lock_;

  std::map<std::string, std::string, std::less<>> values_;
  int64_t live_bytes_ = 0;  // of keys and values
  EngineFindings findings_;
  std::vector<std::string> damaged_files_;

  FileName log_name_;
  std::unique_ptr<WritableFile> log_;
  int64_t log_bytes_ = 0;
  int64_t next_snapshot_ = 0;  // size of the log at which one is due
  uint64_t last_number_ = 0;
  std::optional<Error> failure_;
};

void FilesystemEngine::Apply(EngineOperation operation) {
  const auto found = values_.find(operation.key);
  if (found != values_.end()) {
    live_bytes_ -= static_cast<int64_t>(found->first.size() + found->second.size());
    if (!operation.value) values_.erase(found);
  }
  if (!operation.value) return;
  live_bytes_ += static_cast<int64_t>(operation.key.size() + operation.value->size());
  values_.insert_or_assign(std::move(operation.key), *std::move(operation.value));
}

// Snapshots first, then by generation. What a crash left half-written is removed.
Result<std::vector<FileName>> FilesystemEngine::FindFiles() {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(options_.directory));
  std::vector<FileName> found;
  for (const std::string& text : names) {
    if (text.ends_with(".tmp") && !options_.read_only)
      WEIR_RETURN_IF_ERROR(files_.Remove(PathOf(text)));
    if (std::optional<FileName> name = ParseName(text)) found.push_back(*std::move(name));
  }
  std::sort(found.begin(), found.end(), [](const FileName& a, const FileName& b) {
    return std::tuple(!a.snapshot, a.generation, a.text) <
           std::tuple(!b.snapshot, b.generation, b.text);
  });
  return found;
}

Status FilesystemEngine::Recover() {
  WEIR_ASSIGN_OR_RETURN(const std::vector<FileName> found, FindFiles());
  const FileName* snapshot = nullptr;
  for (const FileName& name : found) {
    if (name.snapshot) snapshot = &name;  // the newest is the last
  }
  const uint64_t base = snapshot == nullptr ? 0 : snapshot->generation;
  if (snapshot != nullptr) WEIR_RETURN_IF_ERROR(ReadSnapshot(*snapshot));
  uint64_t newest = base;
  for (const FileName& name : found) {
    if (name.snapshot || name.generation < base) continue;
    newest = name.generation;
    WEIR_RETURN_IF_ERROR(ReadLog(name, &name == &found.back()));
  }
  if (options_.read_only) return {};
  if (snapshot != nullptr) RemoveOlderThan(base);
  if (log_ == nullptr) WEIR_RETURN_IF_ERROR(StartLog(newest + 1));
  next_snapshot_ = std::max(options_.snapshot_bytes, live_bytes_);
  // Damage is left behind: what could be read is written anew.
  if (!damaged_files_.empty()) TrySnapshot();
  return {};
}

Result<ParsedLog> FilesystemEngine::Parse(const FileName& name, const std::string& bytes) {
  WEIR_ASSIGN_OR_RETURN(
      ParsedLog log,
      ParseLog(PathOf(name.text), bytes, name.salt, [this](EngineOperation operation) {
        Apply(std::move(operation));
      }));
  for (const std::string& damage : log.damaged) {
    findings_.damaged.push_back(PathOf(name.text) + ", " + damage);
  }
  if (!log.damaged.empty()) damaged_files_.push_back(name.text);
  return log;
}

Status FilesystemEngine::ReadSnapshot(const FileName& name) {
  WEIR_ASSIGN_OR_RETURN(const std::string bytes, files_.ReadFile(PathOf(name.text), kFileBytesMax));
  WEIR_ASSIGN_OR_RETURN(const ParsedLog log, Parse(name, bytes));
  last_number_ = log.last_number;
  if (log.ends_with_mark && log.whole_bytes == bytes.size()) return {};
  // It was renamed when it was whole.
  findings_.damaged.push_back(PathOf(name.text) + ", from byte " + std::to_string(log.whole_bytes) +
                              " on: the end of it is missing");
  if (log.damaged.empty()) damaged_files_.push_back(name.text);
  return {};
}

Status FilesystemEngine::ReadLog(const FileName& name, bool newest) {
  const std::string path = PathOf(name.text);
  WEIR_ASSIGN_OR_RETURN(const std::string bytes, files_.ReadFile(path, kFileBytesMax));
  const size_t damages = findings_.damaged.size();
  WEIR_ASSIGN_OR_RETURN(const ParsedLog log, Parse(name, bytes));
  if (log.frames > 0) {
    if (last_number_ > 0 && log.first_number > last_number_ + 1) {
      findings_.damaged.push_back(path + ": groups " + std::to_string(last_number_ + 1) + " to " +
                                  std::to_string(log.first_number - 1) + " before it are missing");
    }
    last_number_ = std::max(last_number_, log.last_number);
  }
  const bool damaged = findings_.damaged.size() > damages;
  if (log.whole_bytes < bytes.size() && !damaged) {
    findings_.notes.push_back(
        path + ": the last " + std::to_string(bytes.size() - log.whole_bytes) +
        " bytes are not a whole group and are left out: a write that was cut, never acknowledged");
  }
  if (!newest || damaged || options_.read_only) return {};
  if (log.whole_bytes < kFileHeaderBytes) return files_.Remove(path);  // no group was ever in it
  if (log.whole_bytes < bytes.size()) {
    WEIR_RETURN_IF_ERROR(files_.Truncate(path, static_cast<int64_t>(log.whole_bytes)));
  }
  WEIR_ASSIGN_OR_RETURN(log_, files_.OpenForAppending(path, kFileMode));
  WEIR_RETURN_IF_ERROR(log_->Sync());  // the cut
  log_name_ = name;
  log_bytes_ = static_cast<int64_t>(log.whole_bytes);
  return {};
}

Status FilesystemEngine::StartLog(uint64_t generation) {
  FileName name = MakeName(false, generation);
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> log,
                        files_.Create(PathOf(name.text), kFileMode));
  Status made = log->Append(EncodeFileHeader());
  if (made.ok()) made = log->Sync();
  if (made.ok()) made = files_.SyncDirectory(options_.directory);
  if (!made.ok()) {
    static_cast<void>(files_.Remove(PathOf(name.text)));  // an empty log does no harm
    return made;
  }
  log_ = std::move(log);
  log_name_ = std::move(name);
  log_bytes_ = static_cast<int64_t>(kFileHeaderBytes);
  return {};
}

Status FilesystemEngine::Write(const std::vector<EngineOperation>& operations) {
  if (failure_) return *failure_;
  const std::string frame = EncodeFrame(log_name_.salt, last_number_ + 1, operations);
  Status written = log_->Append(frame);
  if (written.ok()) written = log_->Sync();
  if (!written.ok()) {
    failure_ = written.error();
    return *failure_;
  }
  ++last_number_;
  log_bytes_ += static_cast<int64_t>(frame.size());
  for (const EngineOperation& operation : operations) Apply(operation);
  if (log_bytes_ >= next_snapshot_) TrySnapshot();
  return {};
}

void FilesystemEngine::TrySnapshot() {
  const Status snapshot = Snapshot();
  if (snapshot.ok()) return;
  platform::LogWarn("rm.store",
                    options_.directory,
                    "no snapshot; the log grows on",
                    {{"cause", snapshot.error().ToString()}});
  next_snapshot_ = std::max(next_snapshot_, log_bytes_ + log_bytes_ / 2);
}

Status FilesystemEngine::WriteSnapshotFile(const std::string& path, uint64_t salt) {
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files_.Create(path, kFileMode));
  WEIR_RETURN_IF_ERROR(file->Append(EncodeFileHeader()));
  std::vector<EngineOperation> part;
  size_t part_bytes = 0;
  for (const auto& [key, value] : values_) {
    part.push_back({.key = key, .value = value});
    part_bytes += key.size() + value.size();
    if (part_bytes < kSnapshotFrameBytes) continue;
    WEIR_RETURN_IF_ERROR(file->Append(EncodeFrame(salt, last_number_, part)));
    part.clear();
    part_bytes = 0;
  }
  if (!part.empty()) {
    WEIR_RETURN_IF_ERROR(file->Append(EncodeFrame(salt, last_number_, part)));
  }
  WEIR_RETURN_IF_ERROR(file->Append(EncodeFrame(salt, last_number_, {})));
  WEIR_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

Status FilesystemEngine::Snapshot() {
  const uint64_t generation = log_name_.generation + 1;
  const FileName name = MakeName(true, generation);
  const std::string path = PathOf(name.text);
  Status written = WriteSnapshotFile(path + ".tmp", name.salt);
  // From here on writes go to the new log; the old ones and it are everything, with the snapshot
  // or without.
  if (written.ok()) written = StartLog(generation);
  if (written.ok()) written = files_.Rename(path + ".tmp", path);
  if (written.ok()) written = files_.SyncDirectory(options_.directory);
  if (!written.ok()) {
    static_cast<void>(files_.Remove(path + ".tmp"));  // the next opening removes it
    return written;
  }
  next_snapshot_ = std::max(options_.snapshot_bytes, live_bytes_);
  RemoveOlderThan(generation);
  return {};
}

// What is left over does no harm: it is older than the snapshot.
void FilesystemEngine::RemoveOlderThan(uint64_t generation) {
  const auto found = FindFiles();
  if (!found.ok()) return;
  for (const FileName& name : *found) {
    if (name.generation >= generation) continue;
    const bool damaged =
        std::find(damaged_files_.begin(), damaged_files_.end(), name.text) != damaged_files_.end();
    if (damaged) {
      Quarantine(name.text);
    } else {
      static_cast<void>(files_.Remove(PathOf(name.text)));
    }
  }
}

void FilesystemEngine::Quarantine(const std::string& name) {
  const std::string directory = PathOf("quarantine");
  const auto kept = files_.List(directory);
  if (kept.ok() && kept->size() >= kQuarantinedFiles) {
    static_cast<void>(files_.Remove(PathOf(name)));
    return;
  }
  Status moved = files_.MakeDirectories(directory, 0700);
  if (moved.ok()) moved = files_.Rename(PathOf(name), directory + "/" + name);
  if (!moved.ok()) {
    platform::LogWarn("rm.store", name, "cannot be set aside", {{"cause", moved.error().message}});
  }
}

}  // namespace

Result<std::unique_ptr<StoreEngine>> OpenFilesystemEngine(const FilesystemEngineOptions& options) {
  WEIR_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(options.directory));
  auto engine = std::make_unique<FilesystemEngine>(options, std::move(lock));
  WEIR_RETURN_IF_ERROR(engine->Recover());
  return std::unique_ptr<StoreEngine>(std::move(engine));
}

}  // namespace weir::store
