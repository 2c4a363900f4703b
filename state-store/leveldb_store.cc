// The embedded store: one LevelDB directory, locked by one process, every group a synchronous
// WriteBatch. Readable by its owner only: it holds keys.
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "state-store/group_commit_store.h"
#include "state-store/leveldb_status.h"
#include "state-store/state_store.h"
#include "state-store/store_engine.h"

namespace weir::store {
namespace {

class LevelDbEngine final : public StoreEngine {
 public:
  LevelDbEngine(std::string directory, std::unique_ptr<leveldb::DB> database)
      : directory_(std::move(directory)), database_(std::move(database)) {}

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
    options.sync = true;
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
               "give the ResourceManager a directory of its own that it may write to"};
}

}  // namespace

Result<std::unique_ptr<StateStore>> OpenLevelDbStore(const LevelDbOptions& options) {
  WEIR_RETURN_IF_ERROR(PrepareDirectory(options.directory));
  leveldb::Options database_options;
  database_options.create_if_missing = true;
  // A damaged log is reported, not skipped: what it held was acknowledged to somebody.
  database_options.paranoid_checks = true;
  leveldb::DB* database = nullptr;
  const leveldb::Status status = leveldb::DB::Open(database_options, options.directory, &database);
  if (!status.ok()) return TranslateLevelDbStatus(status, "open", options.directory);
  return std::unique_ptr<StateStore>(std::make_unique<GroupCommitStore>(
      std::make_unique<LevelDbEngine>(options.directory, std::unique_ptr<leveldb::DB>(database)),
      options.queue_limit));
}

}  // namespace weir::store
