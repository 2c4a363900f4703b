#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "platform/crypto.h"
#include "resourcemanager/server/recovery.h"
#include "resourcemanager/server/staging_store.h"

namespace weir::rm {
namespace {

using platform::FileSystem;

const WallTime kNoon = WallFromMillis(1'700'000'000'000);
const ApplicationId kFirst{1'700'000'000'000, 1};
const ApplicationId kSecond{1'700'000'000'000, 2};

class StagingStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "weir-staging-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    store_ = MakeStore();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<StagingStore> MakeStore() {
    auto made = std::make_unique<StagingStore>(FileSystem::Real(), directory_ + "/staging", 1000);
    const Status opened = made->Open();
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().ToString());
    return made;
  }

  // As the HTTP server would: the bytes in a file of the incoming directory, hashed.
  StagingStore::Upload Received(const std::string& bytes) {
    const std::string file = store_->incoming_directory() + "/upload-" + std::to_string(++uploads_);
    std::ofstream(file) << bytes;
    const std::string sha256 = platform::Sha256Hex(bytes);
    return {sha256, sha256, file, static_cast<int64_t>(bytes.size())};
  }
  // The name under which the bytes landed.
  std::string Land(const std::string& bytes, WallTime now = kNoon) {
    const StagingStore::Upload upload = Received(bytes);
    const Status landed = store_->Land(upload, now);
    EXPECT_TRUE(landed.ok()) << (landed.ok() ? "" : landed.error().ToString());
    return upload.announced_sha256;
  }
  bool IsOnDisk(const std::string& sha256) const {
    return std::filesystem::exists(directory_ + "/staging/" + sha256);
  }

  std::string directory_;
  std::unique_ptr<StagingStore> store_;
  int uploads_ = 0;
};

TEST_F(StagingStoreTest, KeepsAnUploadUnderItsHash) {
  const std::string sha256 = Land("hello");
  const auto path = store_->PathOf(sha256);
  ASSERT_TRUE(path.ok());
  std::ifstream file(*path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "hello");
  EXPECT_EQ(store_->totals().files, 1u);
  EXPECT_EQ(store_->totals().bytes, 5);
}

TEST_F(StagingStoreTest, RefusesAnUploadWhoseHashIsAnotherAndNamesBoth) {
  StagingStore::Upload upload = Received("hello");
  upload.announced_sha256 = platform::Sha256Hex("other");
  const Status landed = store_->Land(upload, kNoon);
  ASSERT_FALSE(landed.ok());
  EXPECT_EQ(landed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(landed.error().message.find(upload.announced_sha256), std::string::npos);
  EXPECT_NE(landed.error().message.find(upload.actual_sha256), std::string::npos);
  EXPECT_FALSE(IsOnDisk(upload.announced_sha256));
  EXPECT_EQ(store_->totals().files, 0u);
}

TEST_F(StagingStoreTest, RefusesNamesThatAreNoHash) {
  for (const char* name : {"", "..", "../../etc/passwd", "ABCDEF", "incoming"}) {
    StagingStore::Upload upload = Received("hello");
    upload.announced_sha256 = name;
    EXPECT_FALSE(store_->Land(upload, kNoon).ok()) << name;
    EXPECT_FALSE(store_->PathOf(name).ok()) << name;
  }
}

TEST_F(StagingStoreTest, TakesTheSameFileTwiceAndCountsItOnce) {
  Land("hello");
  Land("hello");
  EXPECT_EQ(store_->totals().files, 1u);
  EXPECT_EQ(store_->totals().bytes, 5);
}

TEST_F(StagingStoreTest, RefusesToGrowOverItsBound) {
  Land(std::string(600, 'a'));
  const Status landed = store_->Land(Received(std::string(401, 'b')), kNoon);
  ASSERT_FALSE(landed.ok());
  EXPECT_EQ(landed.error().code, ErrorCode::kResourceExhausted);
  Land(std::string(400, 'c'));
  EXPECT_EQ(store_->totals().bytes, 1000);
}

TEST_F(StagingStoreTest, DeletesAFileWhenItsLastApplicationEnds) {
  const std::string shared = Land("shared");
  const std::string own = Land("own");
  store_->AddReferences(kFirst, {own, shared});
  store_->AddReferences(kSecond, {shared});
  store_->Forget(kFirst);
  EXPECT_FALSE(IsOnDisk(own));
  EXPECT_TRUE(IsOnDisk(shared));
  EXPECT_FALSE(store_->RefersTo(kFirst, shared));
  EXPECT_TRUE(store_->RefersTo(kSecond, shared));
  store_->Forget(kSecond);
  EXPECT_FALSE(IsOnDisk(shared));
  EXPECT_EQ(store_->totals().bytes, 0);
  store_->Forget(kSecond);  // again: nothing happens
}

TEST_F(StagingStoreTest, CountsAReferenceOnceHoweverOftenItIsAdded) {
  const std::string sha256 = Land("hello");
  store_->AddReferences(kFirst, {sha256});
  store_->AddReferences(kFirst, {sha256});
  store_->Forget(kFirst);
  EXPECT_FALSE(IsOnDisk(sha256));
}

TEST_F(StagingStoreTest, KeepsAPinnedFileWhenItsApplicationEnds) {
  const std::string sha256 = Land("hello");
  store_->AddReferences(kFirst, {sha256});
  ASSERT_TRUE(store_->Pin({sha256}).ok());
  store_->Forget(kFirst);
  EXPECT_TRUE(IsOnDisk(sha256));
  store_->AddReferences(kSecond, {sha256});
  store_->Unpin({sha256});
  EXPECT_TRUE(IsOnDisk(sha256));
  store_->Forget(kSecond);
  EXPECT_FALSE(IsOnDisk(sha256));
}

TEST_F(StagingStoreTest, KeepsAFileUploadedAgainUntilSomeoneClaimsIt) {
  const std::string sha256 = Land("hello");
  store_->AddReferences(kFirst, {sha256});
  Land("hello");  // another client is about to submit
  store_->Forget(kFirst);
  EXPECT_TRUE(IsOnDisk(sha256));
}

TEST_F(StagingStoreTest, PinsAllFilesOrNone) {
  const std::string present = Land("hello");
  const std::string missing = platform::Sha256Hex("missing");
  const Status pinned = store_->Pin({present, missing});
  ASSERT_FALSE(pinned.ok());
  EXPECT_EQ(pinned.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(pinned.error().message.find(missing), std::string::npos);
  EXPECT_EQ(store_->Sweep(kNoon + StagingStore::kUnclaimedLife + seconds(1)), 1u);
}

TEST_F(StagingStoreTest, SweepsOnlyWhatNobodyClaimedInTime) {
  const std::string claimed = Land("claimed");
  const std::string stale = Land("stale");
  const std::string fresh = Land("fresh", kNoon + seconds(3000));
  store_->AddReferences(kFirst, {claimed});
  EXPECT_EQ(store_->Sweep(kNoon + StagingStore::kUnclaimedLife), 0u);
  EXPECT_EQ(store_->Sweep(kNoon + StagingStore::kUnclaimedLife + seconds(1)), 1u);
  EXPECT_TRUE(IsOnDisk(claimed));
  EXPECT_FALSE(IsOnDisk(stale));
  EXPECT_TRUE(IsOnDisk(fresh));
}

TEST_F(StagingStoreTest, TakesUpItsFilesAfterARestartAndDropsHalfUploads) {
  const std::string sha256 = Land("hello");
  const StagingStore::Upload half = Received("half an upl");
  store_ = MakeStore();
  EXPECT_EQ(store_->totals().bytes, 5);
  EXPECT_FALSE(std::filesystem::exists(half.file));
  store_->AddReferences(kFirst, {sha256});
  EXPECT_TRUE(store_->RefersTo(kFirst, sha256));
  store_->Forget(kFirst);
  EXPECT_FALSE(IsOnDisk(sha256));
}

TEST(StagedFilesOf, ListsEachStagedFileOnce) {
  LaunchContext launch;
  launch.local_resources["a"].uri = "staging:bbb";
  launch.local_resources["b"].uri = "file:/etc/hosts";
  launch.local_resources["c"].uri = "staging:aaa";
  launch.local_resources["d"].uri = "staging:bbb";
  EXPECT_EQ(StagedFilesOf(launch), (std::vector<std::string>{"aaa", "bbb"}));
}

store::Record ApplicationWith(const ApplicationId& id,
                              ApplicationState state,
                              const std::vector<std::string>& sha256) {
  store::ApplicationRecord record;
  record.id = id;
  record.state = state;
  for (const std::string& name : sha256) {
    record.context.am_launch.local_resources[name].uri = "staging:" + name;
  }
  return record;
}

// As when another ResourceManager, with another directory, has taken them.
TEST_F(StagingStoreTest, NamesTheLiveApplicationsWhoseFilesAreNotThere) {
  const std::string here = Land("here");
  const std::string elsewhere = platform::Sha256Hex("elsewhere");
  const ApplicationId over{1'700'000'000'000, 3};
  FollowedState state{CoreOptions{}};
  state.Follow({.whole = true,
                .put = {ApplicationWith(kFirst, ApplicationState::kSubmitted, {here}),
                        ApplicationWith(kSecond, ApplicationState::kSubmitted, {here, elsewhere}),
                        ApplicationWith(over, ApplicationState::kFinished, {elsewhere})},
                .gone = {}});
  EXPECT_EQ(RecoverReferences(std::move(state.staged), *store_), 1u);
  EXPECT_TRUE(store_->RefersTo(kSecond, elsewhere)) << "it may come again";
}

// As a standby has followed them, and then somebody ends.
TEST_F(StagingStoreTest, KeepsWhatTheApplicationsNeedThatWereFollowed) {
  const std::string shared = Land("shared");
  const std::string own = Land("own");
  const std::string former = Land("former");
  FollowedState state{CoreOptions{}};
  state.Follow({.whole = true,
                .put = {ApplicationWith(kFirst, ApplicationState::kSubmitted, {former})},
                .gone = {}});
  const ApplicationId third{1'700'000'000'000, 3};
  state.Follow({.whole = false,
                .put = {ApplicationWith(kFirst, ApplicationState::kFinished, {former}),
                        ApplicationWith(kSecond, ApplicationState::kSubmitted, {shared, own}),
                        ApplicationWith(third, ApplicationState::kSubmitted, {shared})},
                .gone = {}});
  EXPECT_EQ(RecoverReferences(std::move(state.staged), *store_), 0u);
  EXPECT_FALSE(store_->RefersTo(kFirst, former));
  EXPECT_TRUE(store_->RefersTo(third, shared));
  store_->Forget(kSecond);
  EXPECT_FALSE(store_->PathOf(own).ok());
  EXPECT_TRUE(store_->PathOf(shared).ok());
  store_->Forget(third);
  EXPECT_FALSE(store_->PathOf(shared).ok());
  EXPECT_TRUE(store_->PathOf(former).ok()) << "it goes unclaimed";
}

}  // namespace
}  // namespace weir::rm
