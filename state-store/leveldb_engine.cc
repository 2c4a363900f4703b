#include "state-store/leveldb_engine.h"

#include <leveldb/db.h>
#include <leveldb/env.h>
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

}  // namespace

Status RepairLevelDb(const std::string& directory, std::vector<std::string>* dropped) {
  leveldb::Options options;
  std::vector<std::string> ignored;
  LossLogger logger(dropped == nullptr ? ignored : *dropped);
  options.info_log = &logger;
  options.paranoid_checks = true;  // else damaged blocks would stay
  const leveldb::Status status = leveldb::RepairDB(directory, options);
  if (status.ok()) return {};
  return TranslateLevelDbStatus(status, "repair", directory);
}

Result<std::unique_ptr<StoreEngine>> OpenLevelDbEngine(const std::string& directory,
                                                       Durability durability) {
  WEIR_RETURN_IF_ERROR(PrepareDirectory(directory));
  leveldb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = durability == Durability::kMachine;
  leveldb::DB* database = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, directory, &database);
  if (!status.ok()) return TranslateLevelDbStatus(status, "open", directory);
  return std::unique_ptr<StoreEngine>(std::make_unique<LevelDbEngine>(
      directory, std::unique_ptr<leveldb::DB>(database), durability));
}

}  // namespace weir::store
