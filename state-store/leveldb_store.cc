// The embedded store: one LevelDB directory, every group a synchronous WriteBatch.
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "platform/file_system.h"
#include "platform/log.h"
#include "state-store/directory_lock.h"
#include "state-store/group_commit_store.h"
#include "state-store/leveldb_engine.h"
#include "state-store/state_store.h"

namespace weir::store {
namespace {

// A LevelDB engine with its lock and with what was lost when it was repaired.
class StoreLevelDb final : public StoreEngine {
 public:
  StoreLevelDb(DirectoryLock lock, std::unique_ptr<StoreEngine> engine, EngineFindings findings)
      : lock_(std::move(lock)), engine_(std::move(engine)), findings_(std::move(findings)) {}

  std::string name() const override { return engine_->name(); }
  Status Write(const std::vector<EngineOperation>& operations) override {
    return engine_->Write(operations);
  }
  Result<std::optional<std::string>> Read(const std::string& key) override {
    return engine_->Read(key);
  }
  Status Scan(const Visitor& visitor) override { return engine_->Scan(visitor); }
  EngineFindings findings() const override { return findings_; }

 private:
  const DirectoryLock lock_;  // outlives the engine
  const std::unique_ptr<StoreEngine> engine_;
  const EngineFindings findings_;
};

Status CopyAside(const std::string& directory, const std::string& copy) {
  WEIR_RETURN_IF_ERROR(platform::FileSystem::Real().RemoveTree(copy));
  std::error_code error;
  std::filesystem::copy(directory, copy, std::filesystem::copy_options::recursive, error);
  if (!error) {
    std::filesystem::permissions(copy, std::filesystem::perms::owner_all, error);
  }
  if (!error) return {};
  return Error{error == std::errc::no_space_on_device ? ErrorCode::kResourceExhausted
                                                      : ErrorCode::kUnavailable,
               "the damaged state store " + directory + " cannot be copied to " + copy + ": " +
                   error.message(),
               "copy it, and start again"};
}

Result<std::unique_ptr<StoreEngine>> Repair(const std::string& directory,
                                            const Error& damage,
                                            EngineFindings& findings) {
  const std::string copy = directory + ".damaged";
  WEIR_RETURN_IF_ERROR(CopyAside(directory, copy));
  findings.damaged.push_back(damage.message + "; repaired, the damaged files are in " + copy);
  WEIR_RETURN_IF_ERROR(RepairLevelDb(directory, &findings.damaged));
  return OpenCheckedLevelDb(directory);
}

}  // namespace

Result<std::unique_ptr<StateStore>> OpenLevelDbStore(const LevelDbOptions& options) {
  WEIR_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(options.directory));
  EngineFindings findings;
  Result<std::unique_ptr<StoreEngine>> engine = OpenCheckedLevelDb(options.directory);
  if (!engine.ok() && engine.error().code == ErrorCode::kCorruption) {
    engine = Repair(options.directory, engine.error(), findings);
  }
  if (!engine.ok()) return engine.error();
  return std::unique_ptr<StateStore>(std::make_unique<GroupCommitStore>(
      std::make_unique<StoreLevelDb>(
          std::move(lock), std::move(engine).value(), std::move(findings)),
      options.queue_limit));
}

}  // namespace weir::store
