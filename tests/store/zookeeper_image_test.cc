// A copy that follows a writer in a real ZooKeeper, at every distance.
#include "state-store/zookeeper_image.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <variant>

#include "state-store/zookeeper_store.h"
#include "tests/store/sample_records.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::store {
namespace {

using testing::ZooKeeperEnsemble;

constexpr char kPlace[] = "the test's store";

class ZookeeperImageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(testing::ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
    writer_ = OpenZookeeperStore(Options()).value();
    epoch_ = Become(*writer_);
    client_ = std::make_unique<ZookeeperClient>(Options().session,
                                                [](uint64_t, ZooKeeperSession::State) {});
    ASSERT_TRUE(client_->Renew().ok());
    image_ = std::make_unique<ZookeeperImage>(*client_, layout_, kPlace);
  }

  ZookeeperStoreOptions Options() {
    ZookeeperStoreOptions options;
    options.session.servers = ensemble_->address();
    options.session.password = "secret";
    options.cluster_id = "test";
    return options;
  }
  static Epoch Become(StateStore& store) {
    return store.Open({.wall_millis = kSampleTimestamp, .cluster_id = "test"})->epoch;
  }

  // One after the other, so that each is a group of its own.
  void Write(StoreOperation operation) {
    std::promise<Status> stored;
    writer_->Append({std::move(operation)}, epoch_, [&](const Status& s) { stored.set_value(s); });
    const Status status = stored.get_future().get();
    ASSERT_TRUE(status.ok()) << status.error().ToString();
  }

  // The copy is what somebody who reads everything finds.
  void ExpectExact() {
    ASSERT_TRUE(image_->Refresh().ok());
    const LoadedState copy = image_->Copy().value();
    const LoadedState all = OpenZookeeperStore(Options()).value()->Load().value();
    EXPECT_EQ(copy.records, all.records);
    EXPECT_TRUE(copy.quarantined.empty());
    Apply(image_->TakeChanges().value().records);
    std::map<std::string, Record> by_key;
    for (const Record& record : all.records) {
      if (!std::holds_alternative<EpochRecord>(record)) by_key.emplace(KeyOf(record), record);
    }
    EXPECT_EQ(taken_, by_key) << "what was taken adds up to what is there";
  }
  void Apply(const RecordChanges& changes) {
    if (changes.whole) taken_.clear();
    for (const Record& record : changes.put) taken_.insert_or_assign(KeyOf(record), record);
    for (const Record& record : changes.gone) {
      ASSERT_TRUE(taken_.contains(KeyOf(record)));
      EXPECT_EQ(taken_.at(KeyOf(record)), record) << "as it was known last";
      taken_.erase(KeyOf(record));
    }
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  const ZkLayout layout_{"/weir", "test"};
  std::unique_ptr<StateStore> writer_;
  Epoch epoch_;
  std::unique_ptr<ZookeeperClient> client_;
  std::unique_ptr<ZookeeperImage> image_;
  std::map<std::string, Record> taken_;
};

TEST_F(ZookeeperImageTest, FollowsWithoutReadingEverythingAgain) {
  Write(Put{SampleNode(0)});
  ExpectExact();
  std::mt19937_64 random(7);
  for (int round = 0; round < 30; ++round) {
    const int changes = static_cast<int>(random() % 6);
    for (int i = 0; i < changes; ++i) {
      const Record node = SampleNode(static_cast<int>(random() % 20));
      Write(random() % 3 == 0 ? StoreOperation(Delete{KeyOf(node)}) : StoreOperation(Put{node}));
    }
    ExpectExact();
  }
  EXPECT_EQ(image_->whole_readings(), 1);
}

TEST_F(ZookeeperImageTest, KeepsWhatHasChangedUntilItIsTaken) {
  for (int i = 0; i < 3; ++i) Write(Put{SampleNode(i)});
  ExpectExact();
  EXPECT_TRUE(image_->TakeChanges()->records.put.empty()) << "it is taken already";
  Write(Put{SampleNode(3)});
  ASSERT_TRUE(image_->Refresh().ok());
  Write(Delete{KeyOf(SampleNode(1))});
  Write(Put{SampleNode(4)});
  ASSERT_TRUE(image_->Refresh().ok());
  Write(Delete{KeyOf(SampleNode(4))});
  ASSERT_TRUE(image_->Refresh().ok());
  const RecordChanges changes = image_->TakeChanges()->records;
  EXPECT_FALSE(changes.whole);
  EXPECT_EQ(changes.put, std::vector<Record>{SampleNode(3)});
  EXPECT_EQ(changes.gone, std::vector<Record>{SampleNode(1)}) << "of the fourth nobody has heard";
  image_->ChangeAll();
  EXPECT_TRUE(image_->TakeChanges()->records.whole);
}

TEST_F(ZookeeperImageTest, ReadsEverythingAgainWhenTheChangesDoNotReachBack) {
  Write(Put{SampleNode(0)});
  ExpectExact();
  for (int i = 0; i < static_cast<int>(ZkLayout::kChangeSlots); ++i) Write(Put{SampleNode(i % 50)});
  ExpectExact();
  EXPECT_EQ(image_->whole_readings(), 2);
}

TEST_F(ZookeeperImageTest, FollowsFromOneWriterToTheNext) {
  Write(Put{SampleNode(0)});
  ExpectExact();
  const std::unique_ptr<StateStore> former = std::move(writer_);
  writer_ = OpenZookeeperStore(Options()).value();
  epoch_ = Become(*writer_);
  Write(Put{SampleNode(1)});
  Write(Delete{KeyOf(SampleNode(0))});
  ExpectExact();
  EXPECT_EQ(image_->whole_readings(), 1);
}

// Follow, then Open and Load on the same store: what was written last is there, and the writer
// knows all nodes.
TEST_F(ZookeeperImageTest, AFollowerThatTakesOverHasEverything) {
  const std::unique_ptr<StateStore> follower = OpenZookeeperStore(Options()).value();
  for (int i = 0; i < 10; ++i) {
    Write(Put{SampleNode(i)});
    if (i % 3 == 0) {
      ASSERT_TRUE(follower->Follow().ok());
    }
  }
  Write(Delete{KeyOf(SampleNode(4))});
  const Epoch next = Become(*follower);
  const LoadedState state = follower->Load().value();
  EXPECT_EQ(state.records, OpenZookeeperStore(Options()).value()->Load()->records);
  for (const int number : {4, 5}) {
    std::promise<Status> stored;
    follower->Append(
        {Put{SampleNode(number)}}, next, [&](const Status& status) { stored.set_value(status); });
    const Status status = stored.get_future().get();
    EXPECT_TRUE(status.ok()) << status.error().ToString();
  }
}

// The same, but by what has changed.
TEST_F(ZookeeperImageTest, AFollowerThatTakesOverHearsOfTheRest) {
  const std::unique_ptr<StateStore> follower = OpenZookeeperStore(Options()).value();
  Write(Put{SampleNode(0)});
  Write(Put{SampleNode(1)});
  EXPECT_TRUE(follower->Follow()->records.whole);
  Write(Put{SampleNode(2)});
  Write(Delete{KeyOf(SampleNode(0))});
  const Epoch next = Become(*follower);
  const RecordChanges rest = follower->Follow()->records;
  EXPECT_FALSE(rest.whole);
  EXPECT_EQ(rest.put, std::vector<Record>{SampleNode(2)});
  EXPECT_EQ(rest.gone, std::vector<Record>{SampleNode(0)});
  follower->EndFollowing();
  std::promise<Status> stored;
  follower->Append(
      {Put{SampleNode(2)}}, next, [&](const Status& status) { stored.set_value(status); });
  EXPECT_TRUE(stored.get_future().get().ok());
  const std::unique_ptr<StateStore> reader = OpenZookeeperStore(Options()).value();
  EXPECT_EQ(follower->Load()->records, reader->Load()->records) << "it reads everything anew";
}

}  // namespace
}  // namespace weir::store
