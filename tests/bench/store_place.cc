#include "tests/bench/store_place.h"

#include <sys/stat.h>

#include <optional>
#include <utility>

#include "common/random.h"
#include "platform/config_keys.h"
#include "platform/mutex.h"

namespace weir::bench {
namespace {

constexpr size_t kSubmissionBytes = 1024;
constexpr int64_t kTimestamp = 1'700'000'000'000;
constexpr size_t kFillInFlight = 256;
constexpr int kServers = 3;
constexpr char kSecret[] = "the secret of the cluster of the benchmark";

// Appends with a bounded number under way; the first failure is kept.
class Filler {
 public:
  Filler(store::StateStore& to, Epoch epoch) : to_(to), epoch_(epoch) {}

  void Append(std::vector<store::StoreOperation> batch) {
    {
      platform::MutexLock lock(mutex_);
      while (under_way_ >= kFillInFlight) changed_.Wait(mutex_);
      ++under_way_;
    }
    to_.Append(std::move(batch), epoch_, [this](const Status& status) {
      platform::MutexLock lock(mutex_);
      --under_way_;
      if (!status.ok() && !failure_) failure_ = status.error();
      changed_.NotifyAll();
    });
  }
  Status Finish() {
    platform::MutexLock lock(mutex_);
    while (under_way_ > 0) changed_.Wait(mutex_);
    if (failure_) return *failure_;
    return {};
  }

 private:
  store::StateStore& to_;
  const Epoch epoch_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  size_t under_way_ WEIR_GUARDED_BY(mutex_) = 0;
  std::optional<Error> failure_ WEIR_GUARDED_BY(mutex_);
};

store::NodeRecord NodeOf(int64_t number) {
  store::NodeRecord node;
  node.id = NodeId{"bench-node-" + std::to_string(number)};
  node.address = {"127.0.0.1", static_cast<uint16_t>(1 + number)};
  node.http_address = "127.0.0.1:" + std::to_string(20'001 + number);
  node.capacity = {1 << 20, 1 << 10};
  return node;
}

}  // namespace

Result<std::unique_ptr<StorePlace>> StorePlace::Make(StoreChoice choice) {
  auto place = std::make_unique<StorePlace>(choice);
  if (choice != StoreChoice::kZookeeper) return place;
  if (const std::string why = testing::ZooKeeperEnsemble::WhyNot(); !why.empty()) {
    return Error{ErrorCode::kFailedPrecondition, why, ""};
  }
  place->ensemble_ = std::make_unique<testing::ZooKeeperEnsemble>(
      testing::ZooKeeperSettings{.servers = kServers, .heap_mb = 512});
  if (place->ensemble_->Start()) return place;
  return Error{ErrorCode::kUnavailable, "ZooKeeper does not start", ""};
}

Result<std::unique_ptr<store::StateStore>> StorePlace::Open() const {
  const std::string directory = directory_ / "store";
  switch (choice_) {
    case StoreChoice::kLevelDb:
      return store::OpenLevelDbStore({.directory = directory});
    case StoreChoice::kFilesystem:
      return store::OpenFilesystemStore({.directory = directory});
    case StoreChoice::kZookeeper:
      return store::OpenZookeeperStore(Zookeeper());
  }
  return Error{ErrorCode::kInvalidArgument, "an unknown store", ""};
}

store::ZookeeperStoreOptions StorePlace::Zookeeper() const {
  store::ZookeeperStoreOptions options;
  options.session.servers = ensemble_->address();
  options.session.password = store::ZookeeperPassword(kSecret);
  options.cluster_id = kBenchCluster;
  return options;
}

store::OpenRequest StorePlace::Request() {
  return {.wall_millis = kTimestamp, .cluster_id = kBenchCluster};
}

testing::ClusterOptions::Settings StorePlace::Settings() const {
  testing::ClusterOptions::Settings settings = {{platform::keys::kClusterId, kBenchCluster}};
  switch (choice_) {
    case StoreChoice::kLevelDb:
      settings[platform::keys::kRmStoreClass] = "leveldb";
      break;
    case StoreChoice::kFilesystem:
      settings[platform::keys::kRmStoreClass] = "filesystem";
      break;
    case StoreChoice::kZookeeper:
      settings[platform::keys::kRmStoreClass] = "zookeeper";
      settings[platform::keys::kZkAddress] = ensemble_->address();
      break;
  }
  return settings;
}

Status StorePlace::WriteSecret(const std::string& file) const {
  testing::WriteWholeFile(file, std::string(kSecret) + "\n");
  if (::chmod(file.c_str(), 0600) == 0) return {};
  return Error{ErrorCode::kUnavailable, "cannot set the mode of " + file, ""};
}

SubmissionContext SubmissionOf(int64_t number) {
  SubmissionContext context;
  context.name = "durable";
  context.type = "WEIR_COMMAND";
  context.queue = "root.default";
  context.am_resource = {1024, 1};
  Random random(static_cast<uint64_t>(number) + 1);
  std::string filler;
  while (filler.size() < kSubmissionBytes - 200) {
    filler.push_back(static_cast<char>('!' + random.Below(90)));
  }
  context.am_launch.command = {"/bin/sh", "-c", filler};
  return context;
}

store::ApplicationRecord ApplicationOf(int64_t number) {
  store::ApplicationRecord record;
  record.id = {.cluster_timestamp = kTimestamp, .sequence = static_cast<int32_t>(number)};
  record.idempotency_key = "bench-" + std::to_string(number);
  record.user = "bench";
  record.queue = "root.default";
  record.context = SubmissionOf(number);
  return record;
}

Status Fill(store::StateStore& to, Epoch epoch, int64_t applications, int64_t nodes) {
  Filler filler(to, epoch);
  for (int64_t number = 0; number < nodes; ++number) {
    filler.Append({store::Put{NodeOf(number)}});
  }
  for (int64_t number = 1; number <= applications; ++number) {
    const store::ApplicationRecord application = ApplicationOf(number);
    const AttemptId attempt{.application = application.id, .number = 1};
    filler.Append(
        {store::Put{application},
         store::Put{store::AttemptRecord{.id = attempt,
                                         .am_container = ContainerId::Make(attempt, epoch, 1),
                                         .am_node = NodeOf(number % nodes).id}}});
  }
  return filler.Finish();
}

}  // namespace weir::bench
