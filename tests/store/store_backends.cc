#include "tests/store/store_backends.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/check.h"
#include "platform/file_system.h"
#include "state-store/epoch_rules.h"
#include "state-store/filesystem_engine.h"
#include "state-store/group_commit_store.h"
#include "state-store/leveldb_engine.h"
#include "state-store/memory_store.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_store.h"
#include "tests/store/store_fixture.h"
#include "tests/support/zookeeper_ensemble.h"

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

// One server for all tests of the program; each has a place of its own in it.
testing::ZooKeeperEnsemble& SharedZooKeeper() {
  static testing::ZooKeeperEnsemble shared({.sync = false});
  static const bool started = shared.Start();
  WEIR_CHECK(started, "ZooKeeper starts");
  return shared;
}

class ZookeeperBackend final : public Backend {
 public:
  ZookeeperBackend() {
    static int number = 0;
    options_.session.servers = SharedZooKeeper().address();
    options_.session.password = "the secret of the tests";
    options_.parent = "/weir/tests";
    options_.cluster_id = "place." + std::to_string(++number);
  }
  Result<std::unique_ptr<StateStore>> Open() override {
    options_.queue_limit = queue_limit;
    return OpenZookeeperStore(options_);
  }
  void Damage(const std::string& key, const std::string& bytes) override {
    const ZkLayout layout(options_.parent, options_.cluster_id);
    const std::string path = key == EpochKey() ? layout.epoch() : layout.RecordPath(key);
    ZookeeperClient client(options_.session, [](uint64_t, ZooKeeperSession::State) {});
    ASSERT_TRUE(client.Renew().ok());
    ASSERT_TRUE(client.AwaitConnection().ok());
    const bool exists = client.Get(path).value().exists;
    const ZkOutcome put =
        client
            .Multi({{.kind = exists ? ZkOperation::Kind::kSet : ZkOperation::Kind::kCreate,
                     .path = path,
                     .data = bytes}})
            .value();
    ASSERT_EQ(put.code, ZkCode::kOk) << put.text;
  }

 private:
  ZookeeperStoreOptions options_;
};

}  // namespace

std::vector<BackendKind> AllBackends() {
  return {BackendKind::kMemory,
          BackendKind::kLevelDb,
          BackendKind::kFilesystem,
          BackendKind::kZookeeper};
}

std::string NameOf(BackendKind kind) {
  switch (kind) {
    case BackendKind::kMemory:
      return "memory";
    case BackendKind::kLevelDb:
      return "leveldb";
    case BackendKind::kFilesystem:
      return "filesystem";
    case BackendKind::kZookeeper:
      return "zookeeper";
  }
  WEIR_CHECK(false, "an unknown backend");
}

std::string WhyNot(BackendKind kind) {
  return kind == BackendKind::kZookeeper ? testing::ZooKeeperEnsemble::WhyNot() : "";
}

std::unique_ptr<Backend> MakeBackend(BackendKind kind) {
  switch (kind) {
    case BackendKind::kMemory:
      return std::make_unique<MemoryBackend>();
    case BackendKind::kLevelDb:
      return std::make_unique<LevelDbBackend>();
    case BackendKind::kFilesystem:
      return std::make_unique<FilesystemBackend>();
    case BackendKind::kZookeeper:
      return std::make_unique<ZookeeperBackend>();
  }
  WEIR_CHECK(false, "an unknown backend");
}

}  // namespace weir::store
