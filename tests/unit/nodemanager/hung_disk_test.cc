// One of a node's disks hangs or fails: what is on it is given up, and nothing else waits for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor_fixture.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

// What touches a path with "/slow" waits for as long as it is stuck.
class SlowFileSystem : public weir::testing::FaultyFileSystem {
 public:
  using FaultyFileSystem::FaultyFileSystem;
  Status MakeDirectories(const std::string& path, int mode) override {
    Pass(path);
    return FaultyFileSystem::MakeDirectories(path, mode);
  }
  Result<std::vector<std::string>> List(const std::string& path) override {
    Pass(path);
    return FaultyFileSystem::List(path);
  }
  Status RemoveTree(const std::string& path) override {
    Pass(path);
    return FaultyFileSystem::RemoveTree(path);
  }
  void Stick(bool stuck) {
    {
      platform::MutexLock lock(mutex_);
      stuck_ = stuck;
    }
    changed_.NotifyAll();
  }

 private:
  void Pass(const std::string& path) {
    if (path.find("/slow") == std::string::npos) return;
    platform::MutexLock lock(mutex_);
    while (stuck_) changed_.Wait(mutex_);
  }

  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool stuck_ WEIR_GUARDED_BY(mutex_) = false;
};

// Containers with an odd number are on the disk that is slow.
class HungDiskTest : public ::testing::Test {
 protected:
  HungDiskTest() {
    ProcessExecutorOptions options;
    options.launch_binary = std::string(::getenv("WEIR_BIN_DIR")) + "/weir-launch";
    options.disk_patience = milliseconds(300);
    auto executor = ProcessExecutor::Start(options, files_, directories_, box_.Sink());
    EXPECT_TRUE(executor.ok());
    executor_ = std::move(executor).value();
  }
  ~HungDiskTest() override { files_.Stick(false); }

  static ContainerId IdOf(int64_t number) {
    return ContainerId::Make({{1'700'000'000'000 + ::getpid(), 8}, 1}, Epoch{1}, number);
  }
  void Localize(int64_t number, const std::string& script = "exit 3") {
    ContainerTokenIdentifier token;
    token.id = IdOf(number);
    token.user = "ann";
    token.resource = {512, 1};
    LaunchContext launch;
    launch.command = {"/bin/sh", "-c", script};
    executor_->Localize(token, launch, {});
  }
  // From the start to the end.
  void Run(int64_t number) {
    Localize(number);
    ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(number)));
    executor_->Launch(IdOf(number));
    ASSERT_TRUE(box_.Await<Exited>(IdOf(number)));
    ASSERT_TRUE(box_.Await<Drained>(IdOf(number)));
  }
  bool HasWork(int64_t number) const {
    return files_.Stat(directories_.Work("ann", IdOf(number))).ok();
  }

  TemporaryDirectory temporary_;
  mutable SlowFileSystem files_{platform::FileSystem::Real()};
  const ContainerDirectories directories_{
      {temporary_.path() + "/good", temporary_.path() + "/slow"},
      {temporary_.path() + "/log"},
      temporary_.path() + "/notes"};
  EventBox box_;
  std::unique_ptr<ProcessExecutor> executor_;
};

TEST_F(HungDiskTest, WhatIsPreparedOnItFailsAsTheNodesFaultAndOthersGoOn) {
  files_.Stick(true);
  for (const int64_t number : {1, 3, 5, 7}) Localize(number);
  Run(2);
  for (const int64_t number : {1, 3, 5, 7}) {
    const auto failed = box_.Await<LocalizationFailed>(IdOf(number));
    ASSERT_TRUE(failed);
    EXPECT_TRUE(failed->of_node);
    EXPECT_THAT(failed->error.message, HasSubstr("a disk does not answer"));
    EXPECT_THAT(failed->error.message, HasSubstr("/slow"));
  }
  // Told once, and what was made too late is removed again.
  files_.Stick(false);
  EXPECT_TRUE(testing::WaitUntil([&] { return !HasWork(1) && !HasWork(7); }, "nothing to be left"));
  Run(9);
  EXPECT_FALSE(box_.Has<LocalizationDone>());
  EXPECT_FALSE(box_.Has<LocalizationFailed>());
}

TEST_F(HungDiskTest, WhatIsRemovedFromItIsGivenUpAndOthersAreRemoved) {
  for (const int64_t number : {1, 2, 3, 4}) Run(number);
  files_.Stick(true);
  for (const int64_t number : {1, 2, 3, 4}) executor_->CleanUp(IdOf(number));
  for (const int64_t number : {2, 4}) {
    ASSERT_TRUE(box_.Await<CleanedUp>(IdOf(number)));
    EXPECT_FALSE(HasWork(number));
  }
  for (const int64_t number : {1, 3}) {
    ASSERT_TRUE(box_.Await<CleanedUp>(IdOf(number)));
    executor_->Forget(IdOf(number));
  }
  executor_->CleanUpApplication(IdOf(1).attempt.application);
  const std::string good =
      temporary_.path() + "/good/usercache/ann/appcache/" + IdOf(1).attempt.application.ToString();
  EXPECT_TRUE(testing::WaitUntil([&] { return !files_.Stat(good).ok(); }, "the application's"));
  Run(6);
  files_.Stick(false);
  EXPECT_TRUE(testing::WaitUntil([&] { return !HasWork(1) && !HasWork(3); }, "it to go on"));
  EXPECT_FALSE(box_.Has<CleanedUp>()) << "each is told once";
}

TEST_F(HungDiskTest, AnApplicationIsRemovedFromAllDisksButTheOneThatFails) {
  for (const char* bad : {"/good", "/slow"}) {
    Run(1);
    Run(2);
    files_.FailPaths(bad, {ErrorCode::kUnavailable, "Input/output error", ""});
    executor_->CleanUpApplication(IdOf(1).attempt.application);
    const int64_t other = std::string(bad) == "/good" ? 1 : 2;
    EXPECT_TRUE(testing::WaitUntil(
        [&] {
          return !platform::FileSystem::Real().Stat(directories_.Work("ann", IdOf(other))).ok();
        },
        "the other to be removed"));
    files_.Heal();
  }
}

TEST(ContainerDirectories, DisksAreNotTouchedForWhatWasNeverOnThem) {
  const TemporaryDirectory top;
  platform::FileSystem& files = platform::FileSystem::Real();
  const ContainerDirectories directories(
      {top.path() + "/local"}, {top.path() + "/log0", top.path() + "/log1"}, top.path() + "/notes");
  ASSERT_TRUE(directories.PrepareNode(files).ok());
  const auto id = ContainerId::Make({{1'700'000'000'000, 8}, 1}, Epoch{1}, 2);
  const std::string elsewhere =
      top.path() + "/log1/" + id.attempt.application.ToString() + "/" + id.ToString();
  // Nobody has said that there is anything of that application: so nobody looks.
  ASSERT_TRUE(files.MakeDirectories(elsewhere, 0755).ok());
  EXPECT_THAT(directories.Log(id), HasSubstr("/log0/"));
  // The next NodeManager reads once what there is.
  const ContainerDirectories next(
      {top.path() + "/local"}, {top.path() + "/log0", top.path() + "/log1"}, top.path() + "/notes");
  ASSERT_TRUE(next.PrepareNode(files).ok());
  EXPECT_EQ(next.Log(id), elsewhere);
  // A remembered place is not looked up.
  directories.Settle(id);
  EXPECT_THAT(directories.Log(id), HasSubstr("/log0/"));
}

}  // namespace
}  // namespace weir::nm
