#include "tests/store/store_backends.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/check.h"
#include "platform/file_system.h"
#include "state-store/filesystem_engine.h"
#include "state-store/group_commit_store.h"
#include "state-store/leveldb_engine.h"
#include "state-store/memory_store.h"
#include "tests/store/store_fixture.h"

namespace weir::store {
namespace {

class MemoryBackend final : public Backend {
 public:
  Result<std::unique_ptr<StateStore>> Open() override {
    return OpenMemoryStore(medium_, queue_limit);
  }
  void Damage(const std::string& key, const std::string& bytes) override {
    medium_->SetBytes(key, bytes);
  }

 private:
  std::shared_ptr<MemoryMedium> medium_ = std::make_shared<MemoryMedium>();
};

void WriteTo(Result<std::unique_ptr<StoreEngine>> engine,
             const std::string& key,
             const std::string& bytes) {
  ASSERT_TRUE(engine.ok()) << engine.error().ToString();
  ASSERT_TRUE((*engine)->Write({{.key = key, .value = bytes}}).ok());
}

class LevelDbBackend final : public Backend {
 public:
  Result<std::unique_ptr<StateStore>> Open() override {
    return OpenLevelDbStore({.directory = path_, .queue_limit = queue_limit});
  }
  void Damage(const std::string& key, const std::string& bytes) override {
    WriteTo(OpenLevelDbEngine(path_, Durability::kMachine), key, bytes);
  }

 private:
  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "rm/state";
};

class FilesystemBackend final : public Backend {
 public:
  Result<std::unique_ptr<StateStore>> Open() override {
    // Snapshots come often, so that all tests meet them.
    return OpenFilesystemStore(
        {.directory = path_, .queue_limit = queue_limit, .snapshot_bytes = 4096});
  }
  void Damage(const std::string& key, const std::string& bytes) override {
    WriteTo(OpenFilesystemEngine({.directory = path_, .files = &platform::FileSystem::Real()}),
            key,
            bytes);
  }

 private:
  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "rm/state";
};

}  // namespace

std::vector<BackendKind> AllBackends() {
  return {BackendKind::kMemory, BackendKind::kLevelDb, BackendKind::kFilesystem};
}

std::string NameOf(BackendKind kind) {
  switch (kind) {
    case BackendKind::kMemory:
      return "memory";
    case BackendKind::kLevelDb:
      return "leveldb";
    case BackendKind::kFilesystem:
      return "filesystem";
  }
  WEIR_CHECK(false, "an unknown backend");
}

std::string WhyNot(BackendKind) {
  return "";
}

std::unique_ptr<Backend> MakeBackend(BackendKind kind) {
  switch (kind) {
    case BackendKind::kMemory:
      return std::make_unique<MemoryBackend>();
    case BackendKind::kLevelDb:
      return std::make_unique<LevelDbBackend>();
    case BackendKind::kFilesystem:
      return std::make_unique<FilesystemBackend>();
  }
  WEIR_CHECK(false, "an unknown backend");
}

}  // namespace weir::store
