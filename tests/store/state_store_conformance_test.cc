// One suite for every backend of the state store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "common/limits.h"
#include "common/random.h"
#include "state-store/memory_store.h"
#include "state-store/records_bytes.h"
#include "tests/store/damage.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_backends.h"
#include "tests/store/store_fixture.h"

namespace weir::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StateStoreConformance : public ::testing::TestWithParam<BackendKind> {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNot(GetParam()); !why.empty()) GTEST_SKIP() << why;
    backend_ = MakeBackend(GetParam());
    Reopen();
  }
  // Closes the store and opens one on what it left, under the next epoch.
  void Reopen() {
    if (store_ != nullptr) store_->Close();
    store_.reset();
    Result<std::unique_ptr<StateStore>> store = backend_->Open();
    ASSERT_TRUE(store.ok()) << store.error().ToString();
    store_ = std::move(store).value();
  }
  EpochRecord BecomeWriter(int64_t wall_millis = kSampleTimestamp) {
    Result<EpochRecord> epoch = store_->Open({.wall_millis = wall_millis, .cluster_id = "weir"});
    EXPECT_TRUE(epoch.ok());
    epoch_ = epoch->epoch;
    return *epoch;
  }
  Status Append(std::vector<StoreOperation> batch) {
    return AppendAndWait(*store_, std::move(batch), epoch_);
  }
  // What is stored, without the epoch's record.
  std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    Result<LoadedState> state = store_->Load();
    EXPECT_TRUE(state.ok());
    for (const Record& record : state->records) {
      if (!std::holds_alternative<EpochRecord>(record)) keys.push_back(KeyOf(record));
    }
    return keys;
  }

  // What is stored, without the epoch's record; in key order, each key once.
  std::map<std::string, Record> Image() {
    std::map<std::string, Record> image;
    const Result<LoadedState> state = store_->Load();
    EXPECT_TRUE(state.ok());
    if (!state.ok()) return image;
    EXPECT_THAT(state->quarantined, IsEmpty());
    std::string last;
    for (const Record& record : state->records) {
      const std::string key = KeyOf(record);
      EXPECT_LT(last, key);
      last = key;
      if (!std::holds_alternative<EpochRecord>(record)) image.emplace(key, record);
    }
    return image;
  }
  // One change, of few keys and many sizes, done to `expected` as well.
  static StoreOperation RandomOperation(Random& random, std::map<std::string, Record>& expected) {
    Record record = SampleNode(static_cast<int>(random.Below(20)));
    if (random.Chance(1, 2)) {
      ApplicationRecord application = SampleApplication(static_cast<int32_t>(random.Below(20)));
      application.diagnostics.assign(random.Below(4000), static_cast<char>(random.Below(256)));
      record = application;
    } else {
      std::get<NodeRecord>(record).capacity.memory_mib =
          static_cast<int64_t>(random.Below(1 << 20));
    }
    const std::string key = KeyOf(record);
    if (random.Chance(1, 3)) {
      expected.erase(key);
      return Delete{key};
    }
    expected.insert_or_assign(key, record);
    return Put{record};
  }

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<StateStore> store_;
  Epoch epoch_;
};

TEST_P(StateStoreConformance, StartsEmpty) {
  const Result<LoadedState> state = store_->Load();
  ASSERT_TRUE(state.ok());
  EXPECT_THAT(state->records, IsEmpty());
  EXPECT_THAT(state->quarantined, IsEmpty());
  EXPECT_EQ(store_->name(), NameOf(GetParam()));
}

TEST_P(StateStoreConformance, KeepsEveryKindOfRecordOverAReopen) {
  BecomeWriter();
  std::map<std::string, Record> records;
  std::set<size_t> kinds;
  std::vector<StoreOperation> batch;
  for (const Record& record : SampleRecords()) {
    kinds.insert(record.index());
    if (std::holds_alternative<EpochRecord>(record)) continue;  // the store's own
    if (!records.emplace(KeyOf(record), record).second) continue;
    batch.push_back(Put{record});
  }
  ASSERT_THAT(kinds, SizeIs(std::variant_size_v<Record>));
  ASSERT_TRUE(Append(batch).ok());
  Reopen();
  EXPECT_EQ(Image(), records);
}

// Whatever was put and deleted, in batches of every size, over many openings: what a new one finds
// is what a map would have.
TEST_P(StateStoreConformance, ARandomHistoryLeavesTheSameImage) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::map<std::string, Record> expected;
    store_ = nullptr;
    backend_ = MakeBackend(GetParam());
    for (int opening = 0; opening < 8; ++opening) {
      Reopen();
      BecomeWriter();
      Answers answers;
      const size_t batches = random.Below(60);
      for (size_t i = 0; i < batches; ++i) {
        std::vector<StoreOperation> batch;
        for (uint64_t n = random.Below(6); n > 0; --n) {
          batch.push_back(RandomOperation(random, expected));
        }
        store_->Append(std::move(batch), epoch_, answers.Next(static_cast<int>(i)));
      }
      for (const auto& [number, status] : answers.Wait(batches)) {
        ASSERT_TRUE(status.ok()) << number << ": " << status.error().ToString();
      }
      if (random.Chance(1, 2)) {
        ASSERT_EQ(Image(), expected) << "while it is open";
      }
    }
    Reopen();
    ASSERT_EQ(Image(), expected);
    ASSERT_FALSE(expected.empty());
  }
}

TEST_P(StateStoreConformance, ReplacesAndDeletes) {
  BecomeWriter();
  ASSERT_TRUE(Append({Put{SampleNode(1)}, Put{SampleNode(2)}}).ok());
  NodeRecord changed = SampleNode(2);
  changed.rack = "/other";
  ASSERT_TRUE(Append({Delete{KeyOf(SampleNode(1))}, Put{changed}, Delete{"node/none"}}).ok());
  Reopen();
  const Result<LoadedState> state = store_->Load();
  ASSERT_TRUE(state.ok());
  EXPECT_THAT(Keys(), ElementsAre("node/node-2"));
  EXPECT_EQ(std::get<NodeRecord>(state->records[1]).rack, "/other");
}

TEST_P(StateStoreConformance, TheLastChangeOfAKeyInABatchWins) {
  BecomeWriter();
  ASSERT_TRUE(Append({Put{SampleNode(1)}, Delete{KeyOf(SampleNode(1))}}).ok());
  EXPECT_THAT(Keys(), IsEmpty());
  ASSERT_TRUE(Append({Delete{KeyOf(SampleNode(1))}, Put{SampleNode(1)}}).ok());
  EXPECT_THAT(Keys(), ElementsAre("node/node-1"));
}

TEST_P(StateStoreConformance, AnswersInTheOrderOfTheAppends) {
  BecomeWriter();
  Answers answers;
  constexpr int kAppends = 2000;
  for (int i = 0; i < kAppends; ++i) {
    store_->Append({Put{SampleNode(i)}, Delete{KeyOf(SampleNode(i - 1))}}, epoch_, answers.Next(i));
  }
  store_->Close();
  const auto all = answers.Wait(kAppends);
  for (int i = 0; i < kAppends; ++i) {
    EXPECT_EQ(all[static_cast<size_t>(i)].first, i);
    EXPECT_TRUE(all[static_cast<size_t>(i)].second.ok());
  }
  Reopen();
  EXPECT_THAT(Keys(), ElementsAre("node/node-1999"));
}

TEST_P(StateStoreConformance, EveryOpenGetsAHigherEpochAndTimestamp) {
  const EpochRecord first = BecomeWriter(1000);
  EXPECT_EQ(first.epoch, Epoch{1});
  EXPECT_EQ(first.cluster_timestamp, 1000);
  Reopen();
  const EpochRecord second = BecomeWriter(500);  // the clock went back
  EXPECT_EQ(second.epoch, Epoch{2});
  EXPECT_EQ(second.cluster_timestamp, 1001);
  Reopen();
  EXPECT_EQ(BecomeWriter(5000).cluster_timestamp, 5000);
}

TEST_P(StateStoreConformance, RefusesAnotherCluster) {
  BecomeWriter();
  const Result<EpochRecord> other =
      store_->Open({.wall_millis = kSampleTimestamp, .cluster_id = "other"});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(other.error().message, HasSubstr("'weir'"));
  EXPECT_THAT(other.error().message, HasSubstr("'other'"));
}

TEST_P(StateStoreConformance, FencesAnOlderEpochAndNotTheNewerOne) {
  BecomeWriter();
  const Epoch old = epoch_;
  BecomeWriter();
  const Status fenced = AppendAndWait(*store_, {Put{SampleNode(1)}}, old);
  ASSERT_FALSE(fenced.ok());
  EXPECT_EQ(fenced.error().code, ErrorCode::kFenced);
  EXPECT_THAT(Keys(), IsEmpty());
  EXPECT_TRUE(Append({Put{SampleNode(2)}}).ok());
  EXPECT_THAT(Keys(), ElementsAre("node/node-2"));
}

TEST_P(StateStoreConformance, RefusesToWriteBeforeItIsOpened) {
  const Status early = AppendAndWait(*store_, {Put{SampleNode(1)}}, {1});
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(Keys(), IsEmpty());
}

TEST_P(StateStoreConformance, AnOversizedRecordFailsItsWholeBatchAndAllAfterIt) {
  BecomeWriter();
  ASSERT_TRUE(Append({Put{SampleNode(1)}}).ok());
  ApplicationRecord huge = SampleApplication(1);
  huge.diagnostics.assign(limits::kRecordBytes, 'x');
  const Status refused = Append({Put{SampleNode(2)}, Put{huge}, Delete{KeyOf(SampleNode(1))}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_FALSE(Append({Put{SampleNode(3)}}).ok());
  Reopen();
  EXPECT_THAT(Keys(), ElementsAre("node/node-1"));
}

TEST_P(StateStoreConformance, RefusesABatchThatTouchesTheEpoch) {
  BecomeWriter();
  EXPECT_EQ(Append({Put{SampleEpoch()}}).error().code, ErrorCode::kInvalidArgument);
  Reopen();
  BecomeWriter();
  EXPECT_EQ(Append({Delete{KeyOf(EpochRecord{})}}).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(StateStoreConformance, QuarantinesDamagedRecordsAndLoadsTheOthers) {
  BecomeWriter();
  ASSERT_TRUE(Append({Put{SampleNode(1)}, Put{SampleNode(2)}, Put{SampleApplication(1)}}).ok());
  store_->Close();
  store_.reset();
  std::string damaged = Encode(SampleNode(2)).value();
  damaged[7] = static_cast<char>(damaged[7] ^ 0x10);
  backend_->Damage("node/node-2", damaged);
  backend_->Damage("zebra", "stripes of an unknown animal");
  Reopen();
  const Result<LoadedState> state = store_->Load();
  ASSERT_TRUE(state.ok());
  EXPECT_THAT(Keys(), ElementsAre(KeyOf(SampleApplication(1)), "node/node-1"));
  EXPECT_THAT(state->quarantined, ElementsAre(HasSubstr("node/node-2"), HasSubstr("zebra")));
  EXPECT_EQ(BecomeWriter().epoch, Epoch{2});  // it does not keep anybody from becoming active
}

TEST_P(StateStoreConformance, RefusesToOpenWithADamagedEpoch) {
  BecomeWriter();
  store_->Close();
  store_.reset();
  backend_->Damage("epoch", "garbage");
  Reopen();
  const Result<EpochRecord> epoch =
      store_->Open({.wall_millis = kSampleTimestamp, .cluster_id = "weir"});
  ASSERT_FALSE(epoch.ok());
  EXPECT_EQ(epoch.error().code, ErrorCode::kCorruption);
}

TEST_P(StateStoreConformance, ASecondWriterIsRefusedOrFencesTheFirst) {
  BecomeWriter();
  Result<std::unique_ptr<StateStore>> second = backend_->Open();
  if (!store_->can_fence()) {
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(second.error().message, HasSubstr("is in use by another ResourceManager"));
    EXPECT_NE(second.error().remedy, "");
    EXPECT_TRUE(Append({Put{SampleNode(1)}}).ok());  // the first one is not disturbed
    return;
  }
  ASSERT_TRUE(second.ok()) << second.error().ToString();
  ASSERT_TRUE(Append({Put{SampleNode(1)}}).ok());  // a reader disturbs nobody
  const Result<EpochRecord> taken =
      (*second)->Open({.wall_millis = kSampleTimestamp, .cluster_id = "weir"});
  ASSERT_TRUE(taken.ok()) << taken.error().ToString();
  EXPECT_GT(taken->epoch, epoch_);
  EXPECT_EQ(Append({Put{SampleNode(2)}}).error().code, ErrorCode::kFenced);
  EXPECT_TRUE(AppendAndWait(**second, {Put{SampleNode(3)}}, taken->epoch).ok());
  store_ = std::move(second).value();
  EXPECT_THAT(Keys(), ElementsAre("node/node-1", "node/node-3"));
}

TEST_P(StateStoreConformance, ConfirmsItsWriterUntilAnotherOneTakesOver) {
  const auto confirmed = [](StateStore& store) {
    std::promise<bool> answer;
    store.Confirm([&answer](bool ours) { answer.set_value(ours); });
    return answer.get_future().get();
  };
  BecomeWriter();
  EXPECT_TRUE(confirmed(*store_));
  if (!store_->can_fence()) return;
  Result<std::unique_ptr<StateStore>> second = backend_->Open();
  ASSERT_TRUE(second.ok()) << second.error().ToString();
  EXPECT_TRUE(confirmed(*store_)) << "a reader takes nothing over";
  ASSERT_TRUE((*second)->Open({.wall_millis = kSampleTimestamp, .cluster_id = "weir"}).ok());
  EXPECT_FALSE(confirmed(*store_));
  EXPECT_TRUE(confirmed(**second));
}

TEST_P(StateStoreConformance, IsRefusedWhenANewerVersionHasWrittenIt) {
  BecomeWriter();
  ASSERT_TRUE(Append({Put{SampleNode(1)}}).ok());
  for (const Record& record : {Record(SampleNode(1)), Record(SampleEpoch())}) {
    store_->Close();
    store_.reset();
    std::string newer = Encode(record).value();
    newer[0] = kRecordVersion + 1;
    Reseal(newer);
    backend_->Damage(KeyOf(record), newer);
    Reopen();
    const Result<LoadedState> state = store_->Load();
    ASSERT_FALSE(state.ok()) << KeyOf(record);
    EXPECT_EQ(state.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(state.error().message, HasSubstr("a newer version of Weir"));
    EXPECT_THAT(state.error().message, HasSubstr(KeyOf(record)));
    EXPECT_NE(state.error().remedy, "");
  }
  const Result<EpochRecord> epoch = store_->Open({.wall_millis = 1, .cluster_id = "weir"});
  ASSERT_FALSE(epoch.ok());
  EXPECT_EQ(epoch.error().code, ErrorCode::kFailedPrecondition);
}

TEST_P(StateStoreConformance, StaysAboveTheEpochThatTheOpenerKnows) {
  const OpenRequest request{
      .wall_millis = kSampleTimestamp, .cluster_id = "weir", .at_least = {41}};
  EXPECT_EQ(store_->Open(request)->epoch, Epoch{42});
  EXPECT_EQ(store_->Open(request)->epoch, Epoch{43});
}

TEST_P(StateStoreConformance, ADamagedEpochGivesWayToOneThatTheOpenerKnows) {
  BecomeWriter();
  ASSERT_TRUE(Append({Put{SampleNode(1)}}).ok());
  store_->Close();
  store_.reset();
  backend_->Damage("epoch", "garbage");
  Reopen();
  const Result<EpochRecord> epoch =
      store_->Open({.wall_millis = 1, .cluster_id = "weir", .at_least = {7}});
  ASSERT_TRUE(epoch.ok()) << epoch.error().ToString();
  EXPECT_EQ(epoch->epoch, Epoch{8});
  EXPECT_THAT(Keys(), ElementsAre("node/node-1"));
}

TEST_P(StateStoreConformance, IsReadWhileItIsWritten) {
  BecomeWriter();
  constexpr int kAppends = 500;
  Answers answers;
  std::thread writer([&] {
    for (int i = 0; i < kAppends; ++i) {
      // Two records at a time: a reader of a store that reads in one go sees both or none.
      store_->Append({Put{SampleNode(2 * i)}, Put{SampleNode(2 * i + 1)}}, epoch_, answers.Next(i));
    }
  });
  size_t seen = 0;
  for (int i = 0; i < 5; ++i) {
    const Result<LoadedState> state = store_->Load();
    ASSERT_TRUE(state.ok()) << state.error().ToString();
    EXPECT_THAT(state->quarantined, IsEmpty());
    EXPECT_GE(state->records.size(), seen);
    seen = state->records.size();
  }
  writer.join();
  answers.Wait(kAppends);
  EXPECT_THAT(Keys(), SizeIs(2 * kAppends));
}

TEST_P(StateStoreConformance, RefusesAppendsBeyondItsQueue) {
  store_->Close();
  store_.reset();
  backend_->queue_limit = 4;
  Reopen();
  BecomeWriter();
  Answers answers;
  // The first answer holds the store's thread until all appends are in: the queue must overflow.
  platform::Mutex gate;
  gate.Lock();
  store_->Append({Put{SampleNode(0)}}, epoch_, [&](Status) {
    gate.Lock();
    gate.Unlock();
  });
  constexpr int kAppends = 600;
  for (int i = 0; i < kAppends; ++i) {
    store_->Append({Put{SampleNode(1)}}, epoch_, answers.Next(i));
  }
  gate.Unlock();
  const auto all = answers.Wait(kAppends);
  EXPECT_TRUE(all.front().second.ok());
  EXPECT_EQ(all.back().second.error().code, ErrorCode::kResourceExhausted);
  for (int i = 0; i < kAppends; ++i) EXPECT_EQ(all[static_cast<size_t>(i)].first, i);
  EXPECT_FALSE(Append({Put{SampleNode(2)}}).ok()) << "after a failure everything fails";
}

TEST_P(StateStoreConformance, ACloseWritesWhatWasAppendedAndRefusesWhatComesLater) {
  BecomeWriter();
  Answers answers;
  for (int i = 0; i < 100; ++i) store_->Append({Put{SampleNode(i)}}, epoch_, answers.Next(i));
  store_->Close();
  for (const auto& [number, status] : answers.Wait(100)) EXPECT_TRUE(status.ok()) << number;
  EXPECT_EQ(Append({Put{SampleNode(500)}}).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(store_->Load().ok());
  EXPECT_FALSE(store_->Open({.wall_millis = 1, .cluster_id = "weir"}).ok());
  store_->Close();
  Reopen();
  EXPECT_THAT(Keys(), SizeIs(100));
}

INSTANTIATE_TEST_SUITE_P(Backends,
                         StateStoreConformance,
                         ::testing::ValuesIn(AllBackends()),
                         [](const ::testing::TestParamInfo<BackendKind>& made) {
                           return NameOf(made.param);
                         });

TEST(MemoryStore, FailsEverythingAfterTheFirstFailedWrite) {
  const auto medium = std::make_shared<MemoryMedium>();
  const std::unique_ptr<StateStore> store = OpenMemoryStore(medium).value();
  const Epoch epoch = store->Open({.wall_millis = 1, .cluster_id = "weir"}).value().epoch;
  medium->FailWrites(Error{ErrorCode::kUnavailable, "the disk is gone", ""});
  EXPECT_EQ(AppendAndWait(*store, {Put{SampleNode(1)}}, epoch).error().code,
            ErrorCode::kUnavailable);
  medium->FailWrites(std::nullopt);
  EXPECT_EQ(AppendAndWait(*store, {Put{SampleNode(2)}}, epoch).error().message, "the disk is gone");
  EXPECT_THAT(medium->Bytes(), SizeIs(1));  // the epoch
}

}  // namespace
}  // namespace weir::store
