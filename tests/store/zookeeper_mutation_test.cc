// 10,000 damaged nodes of a store in a real ZooKeeper: whatever is done to records, changes, the
// head and the holder, the next one becomes the writer, names what it lost and has everything else.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_store.h"
#include "tests/store/damage.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::store {
namespace {

using Kind = ZkOperation::Kind;
using testing::ZooKeeperEnsemble;

constexpr int kMutations = 10'000;
constexpr int kAtOnce = 50;
constexpr int kRecords = 150;

class ZookeeperMutations : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(testing::ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
    client_ = std::make_unique<ZookeeperClient>(Options().session,
                                                [](uint64_t, ZooKeeperSession::State) {});
    ASSERT_TRUE(client_->Renew().ok());
    ASSERT_TRUE(client_->AwaitConnection().ok());
    MakeOriginal();
  }

  ZookeeperStoreOptions Options() {
    ZookeeperStoreOptions options;
    options.session.servers = ensemble_->address();
    options.session.password = "secret";
    options.cluster_id = "test";
    return options;
  }

  void MakeOriginal() {
    std::vector<Record> records = SampleRecords();
    for (int i = 2; i < kRecords; ++i) records.push_back(SampleApplication(i));
    const auto store = OpenZookeeperStore(Options()).value();
    const Epoch epoch = store->Open({.wall_millis = 1, .cluster_id = "test"})->epoch;
    for (const Record& record : records) {
      if (std::holds_alternative<EpochRecord>(record)) continue;
      original_[KeyOf(record)] = Encode(record).value();
      ASSERT_TRUE(AppendAndWait(*store, {Put{record}}, epoch).ok());
    }
  }

  // Whatever is there now gives way to `bytes`, or to nothing.
  void Make(const std::string& path,
            const std::optional<std::string>& bytes,
            std::vector<ZkOperation>& operations) {
    const bool exists = client_->Get(path)->exists;
    if (!exists && !bytes) return;
    operations.push_back({.kind = !bytes    ? Kind::kDelete
                                  : !exists ? Kind::kCreate
                                            : Kind::kSet,
                          .path = path,
                          .data = bytes.value_or("")});
  }
  void Apply(std::vector<ZkOperation> operations) {
    if (operations.empty()) return;
    const Result<ZkOutcome> done = client_->Multi(std::move(operations));
    ASSERT_TRUE(done.ok());
    ASSERT_EQ(done->code, ZkCode::kOk) << done->text;
  }

  // What becomes of these bytes; nothing = the node goes.
  static std::optional<std::string> Spoilt(Random& random, std::string bytes) {
    switch (random.Below(6)) {
      case 0:
        return std::nullopt;
      case 1:
        return "of somebody else";
      case 2:
        return "";
      default:
        Mutate(random, bytes);
        return bytes;
    }
  }

  // One round of mutations; the records that were touched, and what they are now.
  std::map<std::string, std::optional<std::string>> Damage(Random& random) {
    std::map<std::string, std::optional<std::string>> touched;
    std::vector<ZkOperation> operations;
    const auto spoil = [&](const std::string& path) {
      Make(path, Spoilt(random, client_->Get(path)->data), operations);
    };
    spoil(layout_.head());
    if (random.Chance(1, 2)) {
      Make(layout_.holder(), Spoilt(random, "process 12 on host"), operations);
    } else {
      spoil(layout_.ChangesPath(random.Below(ZkLayout::kChangeSlots)));
    }
    // Where the last groups are.
    const std::optional<ZkHead> head = DecodeHead(client_->Get(layout_.head())->data);
    if (head) {
      const std::string path = layout_.ChangesPath(head->number);
      const bool twice = std::any_of(operations.begin(), operations.end(), [&](const auto& done) {
        return done.path == path;
      });
      if (!twice) spoil(path);
    }
    while (touched.size() < kAtOnce - 3) {
      auto at = original_.begin();
      std::advance(at, random.Below(original_.size()));
      if (touched.contains(at->first)) continue;
      const std::optional<std::string> bytes = Spoilt(random, at->second);
      Make(layout_.RecordPath(at->first), bytes, operations);
      touched[at->first] = bytes;
    }
    Apply(std::move(operations));
    return touched;
  }

  // Everything that was not touched is there, everything that was touched is named or gone.
  void Check(const LoadedState& state,
             const std::map<std::string, std::optional<std::string>>& touched) {
    std::map<std::string, std::string> read;
    for (const Record& record : state.records) read[KeyOf(record)] = Encode(record).value();
    for (const auto& [key, bytes] : original_) {
      const auto found = touched.find(key);
      if (found == touched.end() || found->second == bytes) {
        ASSERT_EQ(read[key], bytes) << key;
        continue;
      }
      ASSERT_FALSE(read.contains(key)) << key << " is damaged";
      if (!found->second) continue;
      ASSERT_TRUE(IsNamed(state, key)) << key << " is missing, and nothing is said";
      ++named_;
    }
  }
  static bool IsNamed(const LoadedState& state, const std::string& text) {
    return std::any_of(
        state.quarantined.begin(), state.quarantined.end(), [&text](const std::string& named) {
          return named.find(text) != named.npos;
        });
  }

  // Opens the store, reads it and writes to it.
  void BecomeWriter(const std::map<std::string, std::optional<std::string>>& touched) {
    const ZkNode head = *client_->Get(layout_.head());
    const bool sound = head.exists && DecodeHead(head.data).has_value();
    const auto store = OpenZookeeperStore(Options()).value();
    const Result<EpochRecord> epoch = store->Open({.wall_millis = 1, .cluster_id = "test"});
    ASSERT_TRUE(epoch.ok()) << epoch.error().ToString();
    ASSERT_EQ(epoch->epoch, Epoch{last_epoch_ + 1});
    last_epoch_ = epoch->epoch.value;
    const Result<LoadedState> state = store->Load();
    ASSERT_TRUE(state.ok()) << state.error().ToString();
    Check(*state, touched);
    ASSERT_EQ(IsNamed(*state, layout_.head()), !sound) << head.data;
    heads_ += sound ? 0 : 1;
    const Status written = AppendAndWait(*store, {Put{SampleNode(1)}}, epoch->epoch);
    ASSERT_TRUE(written.ok()) << written.error().ToString();
  }

  void Restore(const std::map<std::string, std::optional<std::string>>& touched) {
    std::vector<ZkOperation> operations;
    for (const auto& [key, bytes] : touched) {
      Make(layout_.RecordPath(key), original_.at(key), operations);
    }
    Apply(std::move(operations));
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  std::unique_ptr<ZookeeperClient> client_;
  const ZkLayout layout_{"/weir", "test"};
  std::map<std::string, std::string> original_;
  int64_t last_epoch_ = 1;
  int named_ = 0;
  int heads_ = 0;
};

TEST_F(ZookeeperMutations, NobodyIsKeptFromWritingAndWhatIsLostIsNamed) {
  const auto follower = OpenZookeeperStore(Options()).value();
  Random random(20261130);
  for (int i = 0; i < kMutations; i += kAtOnce) {
    SCOPED_TRACE("from mutation " + std::to_string(i));
    const auto touched = Damage(random);
    ASSERT_TRUE(follower->Follow().ok());
    BecomeWriter(touched);
    if (HasFatalFailure()) return;
    Restore(touched);
    if (HasFatalFailure()) return;
  }
  // Otherwise the test would hardly test anything.
  EXPECT_GT(named_, kMutations / 2);
  EXPECT_GT(heads_, kMutations / kAtOnce / 4);
  RecordProperty("named", named_);
  RecordProperty("heads", heads_);
}

}  // namespace
}  // namespace weir::store
