// Reading a LevelDB directory without changing what is in it, even when it is damaged.
#include <stdlib.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "platform/file_system.h"
#include "state-store/leveldb_engine.h"

namespace weir::store {
namespace {

// Of a directory of our own, gone with the engine.
class RepairedCopy final : public StoreEngine {
 public:
  explicit RepairedCopy(std::string path) : path_(std::move(path)) {}
  ~RepairedCopy() override {
    engine_.reset();
    // What cannot be removed is in the system's place for such things, and ours alone.
    static_cast<void>(platform::FileSystem::Real().RemoveTree(path_));
  }

  // Copies, repairs and opens.
  Status Make(const std::string& directory, const Error& damage);

  std::string name() const override { return engine_->name(); }
  Status Write(const std::vector<EngineOperation>&) override {
    return Error{ErrorCode::kFailedPrecondition, "the store is open for reading only", ""};
  }
  Result<std::optional<std::string>> Read(const std::string& key) override {
    return engine_->Read(key);
  }
  Status Scan(const Visitor& visitor) override { return engine_->Scan(visitor); }
  EngineFindings findings() const override { return findings_; }

 private:
  const std::string path_;
  std::unique_ptr<StoreEngine> engine_;
  EngineFindings findings_;
};

Status RepairedCopy::Make(const std::string& directory, const Error& damage) {
  const std::string copy = path_ + "/store";
  std::error_code error;
  std::filesystem::copy(directory, copy, std::filesystem::copy_options::recursive, error);
  if (error) {
    return Error{error == std::errc::no_space_on_device ? ErrorCode::kResourceExhausted
                                                        : ErrorCode::kUnavailable,
                 "the damaged state store " + directory + " cannot be copied to " + copy + ": " +
                     error.message(),
                 "set TMPDIR to a directory with room for it"};
  }
  findings_.damaged.push_back(damage.message);
  std::vector<std::string> lost;
  WEIR_RETURN_IF_ERROR(RepairLevelDb(copy, &lost));
  for (std::string& line : lost) {
    for (size_t at = line.find(copy); at != std::string::npos; at = line.find(copy)) {
      line.replace(at, copy.size(), directory);
    }
    findings_.damaged.push_back(std::move(line));
  }
  WEIR_ASSIGN_OR_RETURN(engine_, OpenCheckedLevelDb(copy));
  return {};
}

}  // namespace

Result<std::unique_ptr<StoreEngine>> OpenCheckedLevelDb(const std::string& directory) {
  WEIR_ASSIGN_OR_RETURN(auto engine, OpenLevelDbEngine(directory, Durability::kMachine));
  WEIR_RETURN_IF_ERROR(engine->Scan([](std::string_view, std::string_view) {}));
  return engine;
}

Result<std::unique_ptr<StoreEngine>> ReadLevelDb(const std::string& directory) {
  Result<std::unique_ptr<StoreEngine>> engine = OpenCheckedLevelDb(directory);
  if (engine.ok() || engine.error().code != ErrorCode::kCorruption) return engine;
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "weir-store-XXXXXX").string();
  if (error || ::mkdtemp(path.data()) == nullptr) {
    Error unread = std::move(engine).error();
    unread.message += "; and no directory for a copy to repair can be made (" + path + ")";
    unread.remedy = "set TMPDIR to a directory with room for it";
    return unread;
  }
  auto copy = std::make_unique<RepairedCopy>(path);
  WEIR_RETURN_IF_ERROR(copy->Make(directory, engine.error()));
  return std::unique_ptr<StoreEngine>(std::move(copy));
}

}  // namespace weir::store
