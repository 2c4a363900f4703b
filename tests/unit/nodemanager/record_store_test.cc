#include "nodemanager/server/record_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "common/limits.h"
#include "core_driver.h"
#include "platform/file_system.h"
#include "state-store/leveldb_engine.h"
#include "tests/integration/small_disk.h"
#include "tests/support/faulty_leveldb_env.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RecordStoreTest : public ::testing::Test {
 protected:
  void Open() {
    store_.reset();
    auto store = RecordStore::Open(directory_ / "records", [this](Event event) {
      platform::MutexLock lock(mutex_);
      if (const auto* kept = std::get_if<RecordsKept>(&event)) kept_ = kept->sequence;
      if (const auto* failed = std::get_if<RecordFailed>(&event)) failed_.push_back(*failed);
    });
    ASSERT_TRUE(store.ok()) << store.error().ToString();
    store_ = std::move(store).value();
  }
  int64_t kept() {
    platform::MutexLock lock(mutex_);
    return kept_;
  }
  static ContainerRecord Record(int64_t number) {
    ContainerRecord record;
    record.token.id = IdOf(number);
    return record;
  }

  const weir::testing::TempDirectory directory_;
  platform::Mutex mutex_;
  int64_t kept_ WEIR_GUARDED_BY(mutex_) = 0;
  std::vector<RecordFailed> failed_ WEIR_GUARDED_BY(mutex_);
  std::unique_ptr<RecordStore> store_;
};

TEST_F(RecordStoreTest, WhatWasKeptIsThereAgainAndWhatWasDroppedIsNot) {
  Open();
  EXPECT_THAT(store_->Load().records, SizeIs(0));
  store_->Keep(1, Record(1));
  store_->Keep(2, Record(2));
  ContainerRecord changed = Record(1);
  changed.phase = RecordedPhase::kLaunched;
  store_->Keep(3, changed);
  store_->Drop(4, ContainerKey(IdOf(2)));
  ASSERT_TRUE(weir::testing::WaitUntil([&] { return kept() == 4; }, "all to be kept"));
  Open();
  const auto loaded = store_->Load();
  EXPECT_THAT(loaded.damaged, SizeIs(0));
  EXPECT_THAT(loaded.records, ElementsAre(NodeRecord(changed)));
}

TEST_F(RecordStoreTest, WhatStillWaitsIsWrittenWhenItCloses) {
  Open();
  for (int64_t i = 1; i <= 500; ++i) store_->Keep(i, Record(i));
  Open();
  EXPECT_THAT(store_->Load().records, SizeIs(500));
}

TEST_F(RecordStoreTest, ARecordThatIsTooLargeFailsAlone) {
  Open();
  store_->Keep(1, Record(1));
  LaunchRecord large{IdOf(2), SleepForEver()};
  large.launch.secrets["s"] = std::string(limits::kRecordBytes, 's');
  store_->Keep(2, large);
  store_->Keep(3, Record(3));
  ASSERT_TRUE(weir::testing::WaitUntil([&] { return kept() == 3; }, "the rest to be kept"));
  platform::MutexLock lock(mutex_);
  ASSERT_THAT(failed_, SizeIs(1));
  EXPECT_EQ(failed_[0].sequence, 2);
  EXPECT_TRUE(failed_[0].alone);
  EXPECT_THAT(failed_[0].error.message, HasSubstr(LaunchKey(IdOf(2))));
}

TEST_F(RecordStoreTest, ADamagedRecordIsNamedAndTheRestLoads) {
  Open();
  store_->Keep(1, Record(1));
  store_->Keep(2, Record(2));
  store_.reset();
  {
    auto engine =
        store::OpenLevelDbEngine(directory_ / "records", store::Durability::kProcess).value();
    ASSERT_TRUE(engine->Write({{ContainerKey(IdOf(1)), "nonsense"}}).ok());
  }
  Open();
  const auto loaded = store_->Load();
  EXPECT_THAT(loaded.records, ElementsAre(NodeRecord(Record(2))));
  EXPECT_THAT(loaded.damaged, ElementsAre(HasSubstr(ContainerKey(IdOf(1)))));
}

// A full disk of some megabytes in the place of the directory.
class FullRecordStore : public RecordStoreTest {
 protected:
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << disk_.WhyNot();
  }
  void OpenOnDisk() {
    store_.reset();
    auto store = RecordStore::Open(disk_.path() + "/records", [this](Event event) {
      platform::MutexLock lock(mutex_);
      if (const auto* kept = std::get_if<RecordsKept>(&event)) kept_ = kept->sequence;
      if (const auto* failed = std::get_if<RecordFailed>(&event)) failed_.push_back(*failed);
    });
    ASSERT_TRUE(store.ok()) << store.error().ToString();
    store_ = std::move(store).value();
  }
  size_t failures() {
    platform::MutexLock lock(mutex_);
    return failed_.size();
  }
  weir::testing::SmallDisk disk_{100};
};

TEST_F(FullRecordStore, ADiskThatIsFullAtTheStartIsNoReasonNotToStartAndLosesNothing) {
  OpenOnDisk();
  for (int64_t i = 1; i <= 100; ++i) store_->Keep(i, Record(i));
  ASSERT_TRUE(weir::testing::WaitUntil([&] { return kept() == 100; }, "all to be kept"));
  store_.reset();
  disk_.FillUpTo(0);
  OpenOnDisk();
  EXPECT_THAT(store_->Load().records, SizeIs(100)) << "there was room held for this";
}

TEST_F(FullRecordStore, WithNothingHeldItBeginsAnewSaysSoAndGoesOnWhenThereIsRoom) {
  OpenOnDisk();
  store_->Keep(1, Record(1));
  ASSERT_TRUE(weir::testing::WaitUntil([&] { return kept() == 1; }, "it to be kept"));
  store_.reset();
  ASSERT_TRUE(platform::FileSystem::Real().Remove(disk_.path() + "/records.reserve").ok());
  disk_.FillUpTo(0);
  OpenOnDisk();
  EXPECT_THAT(store_->Load().records, SizeIs(0));
  store_->Keep(7, Record(2));
  ASSERT_TRUE(weir::testing::WaitUntil([&] { return failures() > 0; }, "it to fail"));
  disk_.MakeRoom();
  ASSERT_TRUE(weir::testing::WaitUntil([&] { return kept() == 7; }, "it to be kept"));
  OpenOnDisk();
  EXPECT_THAT(store_->Load().records, ElementsAre(NodeRecord(Record(2))))
      << "of the one before nobody knows what became of it";
}

// LevelDB's calls fail one at a time, with what a full disk and a broken one say.
class FaultyRecordStore : public RecordStoreTest, public ::testing::WithParamInterface<int> {
 protected:
  ~FaultyRecordStore() override { store_.reset(); }  // it uses the world below
  void Begin(const std::string& path) {
    store_.reset();
    auto store = RecordStore::Open(
        path,
        [this](Event event) {
          platform::MutexLock lock(mutex_);
          if (const auto* kept = std::get_if<RecordsKept>(&event)) kept_ = kept->sequence;
          if (const auto* failed = std::get_if<RecordFailed>(&event)) failed_.push_back(*failed);
        },
        &env_);
    ASSERT_TRUE(store.ok()) << store.error().ToString();
    store_ = std::move(store).value();
  }
  ::testing::AssertionResult AwaitKept(int64_t sequence) {
    return weir::testing::WaitUntil([&] { return kept() == sequence; }, "it to be kept");
  }
  // Two lives of a store on one directory: records come, one changes, one goes.
  void Live(const std::string& path, const char* about) {
    {
      platform::MutexLock lock(mutex_);
      kept_ = 0;
    }
    Begin(path);
    store_->Keep(1, Record(1));
    store_->Keep(2, Record(2));
    ASSERT_TRUE(AwaitKept(2)) << about;
    Begin(path);
    EXPECT_THAT(store_->Load().records, ElementsAre(NodeRecord(Record(1)), NodeRecord(Record(2))))
        << about;
    ContainerRecord changed = Record(1);
    changed.phase = RecordedPhase::kLaunched;
    store_->Keep(3, changed);
    store_->Drop(4, ContainerKey(IdOf(2)));
    ASSERT_TRUE(AwaitKept(4)) << about;
    env_.Heal();
    Begin(path);
    const auto last = store_->Load();
    EXPECT_THAT(last.records, ElementsAre(NodeRecord(changed))) << about;
    EXPECT_THAT(last.damaged, SizeIs(0)) << about;
    store_.reset();
  }
  weir::testing::FaultyLevelDbEnv env_;
};

TEST_P(FaultyRecordStore, EachCallMayFailOnceAndNothingThatWasKeptIsLost) {
  Live(directory_ / "well", "without a fault");
  ASSERT_FALSE(HasFailure());
  const std::vector<std::string> log = env_.log();
  for (const char* call : {"make",
                           "append",
                           "flush",
                           "sync",
                           "close",
                           "rename",
                           "remove",
                           "list",
                           "lock",
                           "read",
                           "open for reading"}) {
    EXPECT_THAT(log, ::testing::Contains(::testing::StartsWith(std::string(call) + " ")));
  }
  for (size_t n = 1; n <= log.size() && !HasFailure(); ++n) {
    env_.FailCall(static_cast<int64_t>(n), GetParam());
    const std::string path = directory_ / std::to_string(n);
    Live(path, log[n - 1].c_str());
    for (const std::string& each : {path, path + ".reserve"}) {
      EXPECT_TRUE(platform::FileSystem::Real().RemoveTree(each).ok());
    }
  }
}

TEST_P(FaultyRecordStore, WhileAllCallsFailItSaysSoAndGoesOnAnewWhenTheyDoNot) {
  const std::string path = directory_ / "records";
  Begin(path);
  store_->Keep(1, Record(1));
  ASSERT_TRUE(AwaitKept(1));
  store_.reset();
  env_.FailFromCall(1, GetParam());
  Begin(path);
  EXPECT_THAT(store_->Load().records, SizeIs(0));
  store_->Keep(7, Record(2));
  ASSERT_TRUE(weir::testing::WaitUntil(
      [&] {
        platform::MutexLock lock(mutex_);
        return !failed_.empty();
      },
      "it to fail"));
  {
    platform::MutexLock lock(mutex_);
    EXPECT_THAT(failed_[0].error.message, HasSubstr(std::strerror(GetParam())));
    EXPECT_FALSE(failed_[0].alone);
  }
  env_.Heal();
  ASSERT_TRUE(AwaitKept(7));
  Begin(path);
  EXPECT_THAT(store_->Load().records, ElementsAre(NodeRecord(Record(2))))
      << "of the one before nobody knows what became of it";
  store_.reset();
}

INSTANTIATE_TEST_SUITE_P(Disks,
                         FaultyRecordStore,
                         ::testing::Values(ENOSPC, EIO),
                         [](const auto& row) { return row.param == EIO ? "EIO" : "ENOSPC"; });

TEST_F(RecordStoreTest, ADamagedDirectoryIsNoReasonNotToStart) {
  Open();
  store_->Keep(1, Record(1));
  store_.reset();
  weir::testing::WriteWholeFile(directory_ / "records/CURRENT", "MANIFEST-999999\n");
  Open();
  store_->Keep(2, Record(2));
  ASSERT_TRUE(weir::testing::WaitUntil([&] { return kept() == 2; }, "it to be kept"));
}

}  // namespace
}  // namespace weir::nm
