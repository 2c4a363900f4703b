#include "state-store/leveldb_engine.h"

#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/table.h>
#include <leveldb/write_batch.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "common/strings.h"
#include "platform/file_system.h"
#include "state-store/leveldb_status.h"

namespace weir::store {
namespace {

class LevelDbEngine final : public StoreEngine {
 public:
  LevelDbEngine(std::string directory, std::unique_ptr<leveldb::DB> database, Durability durability)
      : directory_(std::move(directory)), database_(std::move(database)), durability_(durability) {}

  std::string name() const override { return "leveldb"; }

  Status Write(const std::vector<EngineOperation>& operations) override {
    leveldb::WriteBatch batch;
    for (const EngineOperation& operation : operations) {
      if (operation.value) {
        batch.Put(operation.key, *operation.value);
      } else {
        batch.Delete(operation.key);
      }
    }
    leveldb::WriteOptions options;
    options.sync = durability_ == Durability::kMachine;
    const leveldb::Status status = database_->Write(options, &batch);
    if (!status.ok()) return TranslateLevelDbStatus(status, "write to", directory_);
    return {};
  }

  Result<std::optional<std::string>> Read(const std::string& key) override {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    std::string value;
    const leveldb::Status status = database_->Get(options, key, &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return TranslateLevelDbStatus(status, "read", directory_);
    return std::optional<std::string>(std::move(value));
  }

  Status Scan(const Visitor& visitor) override {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    const std::unique_ptr<leveldb::Iterator> iterator(database_->NewIterator(options));
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      const leveldb::Slice key = iterator->key();
      const leveldb::Slice value = iterator->value();
      visitor({key.data(), key.size()}, {value.data(), value.size()});
    }
    if (!iterator->status().ok()) {
      return TranslateLevelDbStatus(iterator->status(), "read", directory_);
    }
    return {};
  }

 private:
  const std::string directory_;
  const std::unique_ptr<leveldb::DB> database_;
  const Durability durability_;
};

Status PrepareDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) {
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  }
  if (!error) return {};
  const ErrorCode code =
      error == std::errc::no_space_on_device ? ErrorCode::kResourceExhausted
      : error == std::errc::permission_denied || error == std::errc::operation_not_permitted
          ? ErrorCode::kPermissionDenied
          : ErrorCode::kUnavailable;
  return Error{code,
               "cannot make the state store's directory " + directory + ": " + error.message(),
               "give the daemon a directory of its own that it may write to"};
}

// Keeps the lines that tell of something lost.
class LossLogger final : public leveldb::Logger {
 public:
  explicit LossLogger(std::vector<std::string>& lines) : lines_(lines) {}

  void Logv(const char* format, va_list arguments) override {
    std::array<char, 512> buffer{};
    std::vsnprintf(buffer.data(), buffer.size(), format, arguments);
    const std::string line(Trim(buffer.data()));
    if (lines_.size() >= kLinesMax) return;
    for (const char* word : {"dropping", "ignoring", "Corruption", "error", "dropped"}) {
      if (line.find(word) != std::string::npos) return lines_.push_back(line);
    }
  }

 private:
  static constexpr size_t kLinesMax = 100;
  std::vector<std::string>& lines_;
};

// Whether the table has a key that LevelDB's repair can use: its own key ends with 8 bytes, of
// which the first is a kind, 0 or 1.
bool HasUsableKey(const std::string& path) {
  leveldb::Env& env = *leveldb::Env::Default();
  uint64_t size = 0;
  leveldb::RandomAccessFile* opened = nullptr;
  if (!env.GetFileSize(path, &size).ok() || !env.NewRandomAccessFile(path, &opened).ok()) {
    return false;
  }
  const std::unique_ptr<leveldb::RandomAccessFile> file(opened);
  leveldb::Options table_options;
  table_options.paranoid_checks = true;
  leveldb::Table* made = nullptr;
  if (!leveldb::Table::Open(table_options, file.get(), size, &made).ok()) return false;
  const std::unique_ptr<leveldb::Table> table(made);
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> iterator(table->NewIterator(options));
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const leveldb::Slice key = iterator->key();
    if (key.size() >= 8 && static_cast<unsigned char>(key[key.size() - 8]) <= 1) return true;
  }
  return false;
}

// LevelDB's repair ends the process on a table in which it finds no key; such a one has nothing to
// lose.
Status DropEmptyTables(const std::string& directory, std::vector<std::string>& dropped) {
  platform::FileSystem& files = platform::FileSystem::Real();
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    if (!name.ends_with(".ldb") && !name.ends_with(".sst")) continue;
    const std::string path = directory + "/" + name;
    if (HasUsableKey(path)) continue;
    dropped.push_back(path + ": no record of it can be read");
    WEIR_RETURN_IF_ERROR(files.Remove(path));
  }
  return {};
}

}  // namespace

Status RepairLevelDb(const std::string& directory,
                     std::vector<std::string>* dropped,
                     leveldb::Env* env) {
  leveldb::Options options;
  if (env != nullptr) options.env = env;
  std::vector<std::string> ignored;
  std::vector<std::string>& lost = dropped == nullptr ? ignored : *dropped;
  WEIR_RETURN_IF_ERROR(DropEmptyTables(directory, lost));
  LossLogger logger(lost);
  options.info_log = &logger;
  options.paranoid_checks = true;  // else damaged blocks would stay
  const leveldb::Status status = leveldb::RepairDB(directory, options);
  if (status.ok()) return {};
  return TranslateLevelDbStatus(status, "repair", directory);
}

Result<std::unique_ptr<StoreEngine>> OpenLevelDbEngine(const std::string& directory,
                                                       Durability durability,
                                                       leveldb::Env* env) {
  WEIR_RETURN_IF_ERROR(PrepareDirectory(directory));
  leveldb::Options options;
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  leveldb::DB* database = nullptr;
  leveldb::Status status = leveldb::DB::Open(options, directory, &database);
  // Of a log as a crash of the machine leaves it; not of one that cannot be read just now.
  if (status.IsCorruption() && durability == Durability::kProcess) {
    options.paranoid_checks = false;
    status = leveldb::DB::Open(options, directory, &database);
  }
  if (!status.ok()) return TranslateLevelDbStatus(status, "open", directory);
  return std::unique_ptr<StoreEngine>(std::make_unique<LevelDbEngine>(
      directory, std::unique_ptr<leveldb::DB>(database), durability));
}

}  // namespace weir::store
