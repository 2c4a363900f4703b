// One suite for every backend of the state store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/db.h>

#include <functional>
#include <memory>

#include "common/limits.h"
#include "state-store/memory_store.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"

namespace weir::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A place where stores are opened one after the other.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Result<std::unique_ptr<StateStore>> Open() = 0;
  // Puts bytes under a key past the store. Requires: no store is open.
  virtual void Damage(const std::string& key, const std::string& bytes) = 0;
};

class MemoryBackend final : public Backend {
 public:
  Result<std::unique_ptr<StateStore>> Open() override { return OpenMemoryStore(medium_); }
  void Damage(const std::string& key, const std::string& bytes) override {
    medium_->SetBytes(key, bytes);
  }

 private:
  std::shared_ptr<MemoryMedium> medium_ = std::make_shared<MemoryMedium>();
};

class LevelDbBackend final : public Backend {
 public:
  Result<std::unique_ptr<StateStore>> Open() override {
    return OpenLevelDbStore({.directory = directory_ / "rm/state"});
  }
  void Damage(const std::string& key, const std::string& bytes) override {
    leveldb::DB* opened = nullptr;
    ASSERT_TRUE(leveldb::DB::Open({}, directory_ / "rm/state", &opened).ok());
    const std::unique_ptr<leveldb::DB> database(opened);
    ASSERT_TRUE(database->Put({}, key, bytes).ok());
  }

 private:
  TemporaryDirectory directory_;
};

struct BackendMaker {
  const char* name;
  std::unique_ptr<Backend> (*make)();
};

class StateStoreConformance : public ::testing::TestWithParam<BackendMaker> {
 protected:
  void SetUp() override {
    backend_ = GetParam().make();
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
    Result<EpochRecord> epoch = store_->Open(wall_millis, "weir");
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

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<StateStore> store_;
  Epoch epoch_;
};

TEST_P(StateStoreConformance, StartsEmpty) {
  const Result<LoadedState> state = store_->Load();
  ASSERT_TRUE(state.ok());
  EXPECT_THAT(state->records, IsEmpty());
  EXPECT_THAT(state->quarantined, IsEmpty());
  EXPECT_EQ(store_->name(), GetParam().name);
}

TEST_P(StateStoreConformance, KeepsEveryKindOfRecordOverAReopen) {
  BecomeWriter();
  const std::vector<Record> records = {
      SampleApplication(1), SampleAttempt(1), SampleNode(1), SampleTokenKeys()};
  std::vector<StoreOperation> batch;
  for (const Record& record : records) batch.push_back(Put{record});
  ASSERT_TRUE(Append(batch).ok());
  Reopen();
  const Result<LoadedState> state = store_->Load();
  ASSERT_TRUE(state.ok());
  ASSERT_THAT(state->records, SizeIs(5));  // by key: application, attempt, epoch, node, token-keys
  EXPECT_TRUE(state->records[0] == records[0]);
  EXPECT_TRUE(state->records[1] == records[1]);
  EXPECT_EQ(std::get<EpochRecord>(state->records[2]).epoch, Epoch{1});
  EXPECT_TRUE(state->records[3] == records[2]);
  EXPECT_TRUE(state->records[4] == records[3]);
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
  const Result<EpochRecord> other = store_->Open(kSampleTimestamp, "other");
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
  const Result<EpochRecord> epoch = store_->Open(kSampleTimestamp, "weir");
  ASSERT_FALSE(epoch.ok());
  EXPECT_EQ(epoch.error().code, ErrorCode::kCorruption);
}

TEST_P(StateStoreConformance, RefusesASecondStoreOnTheSamePlace) {
  const Result<std::unique_ptr<StateStore>> second = backend_->Open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.error().message, HasSubstr("is in use by another ResourceManager"));
  EXPECT_NE(second.error().remedy, "");
  BecomeWriter();
  EXPECT_TRUE(Append({Put{SampleNode(1)}}).ok());  // the first one is not disturbed
}

TEST_P(StateStoreConformance, ACloseWritesWhatWasAppendedAndRefusesWhatComesLater) {
  BecomeWriter();
  Answers answers;
  for (int i = 0; i < 100; ++i) store_->Append({Put{SampleNode(i)}}, epoch_, answers.Next(i));
  store_->Close();
  for (const auto& [number, status] : answers.Wait(100)) EXPECT_TRUE(status.ok()) << number;
  EXPECT_EQ(Append({Put{SampleNode(500)}}).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(store_->Load().ok());
  EXPECT_FALSE(store_->Open(1, "weir").ok());
  store_->Close();
  Reopen();
  EXPECT_THAT(Keys(), SizeIs(100));
}

INSTANTIATE_TEST_SUITE_P(Backends,
                         StateStoreConformance,
                         ::testing::Values(BackendMaker{"memory",
                                                        +[]() -> std::unique_ptr<Backend> {
                                                          return std::make_unique<MemoryBackend>();
                                                        }},
                                           BackendMaker{"leveldb",
                                                        +[]() -> std::unique_ptr<Backend> {
                                                          return std::make_unique<LevelDbBackend>();
                                                        }}),
                         [](const ::testing::TestParamInfo<BackendMaker>& made) {
                           return std::string(made.param.name);
                         });

TEST(MemoryStore, FailsEverythingAfterTheFirstFailedWrite) {
  const auto medium = std::make_shared<MemoryMedium>();
  const std::unique_ptr<StateStore> store = OpenMemoryStore(medium).value();
  const Epoch epoch = store->Open(1, "weir").value().epoch;
  medium->FailWrites(Error{ErrorCode::kUnavailable, "the disk is gone", ""});
  EXPECT_EQ(AppendAndWait(*store, {Put{SampleNode(1)}}, epoch).error().code,
            ErrorCode::kUnavailable);
  medium->FailWrites(std::nullopt);
  EXPECT_EQ(AppendAndWait(*store, {Put{SampleNode(2)}}, epoch).error().message, "the disk is gone");
  EXPECT_THAT(medium->Bytes(), SizeIs(1));  // the epoch
}

TEST(LevelDbStore, RefusesAppendsBeyondItsQueue) {
  const TemporaryDirectory directory;
  LevelDbOptions options{.directory = directory / "state"};
  options.queue_limit = 4;
  Answers answers;
  const std::unique_ptr<StateStore> store = OpenLevelDbStore(options).value();
  const Epoch epoch = store->Open(1, "weir").value().epoch;
  // The first answer holds the writer thread until all appends are in: the queue must overflow.
  platform::Mutex gate;
  gate.Lock();
  store->Append({Put{SampleNode(0)}}, epoch, [&](Status) {
    gate.Lock();
    gate.Unlock();
  });
  for (int i = 0; i < 12; ++i) store->Append({Put{SampleNode(1)}}, epoch, answers.Next(i));
  gate.Unlock();
  const auto all = answers.Wait(12);
  EXPECT_TRUE(all.front().second.ok());
  EXPECT_EQ(all.back().second.error().code, ErrorCode::kResourceExhausted);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(all[static_cast<size_t>(i)].first, i);
}

}  // namespace
}  // namespace weir::store
