// Leases of nodes while ZooKeeper is away: the active ResourceManager vouches for them as long as
// the other one says that it is not active, or is not there; when nothing can be told of the other
// one, what runs ends, since it may have been replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>

#include "platform/config_keys.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
namespace keys = platform::keys;

// A container writes a line ten times a second.
constexpr int64_t kLinesPerExpiry = 30;
constexpr char kExpiryMillis[] = "3000";

class LeadershipTest : public ClusterTest {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
    ClusterOptions options = SmallContainers(1);
    options.resource_managers = 2;
    options.settings[keys::kZkAddress] = ensemble_->address();
    options.settings[keys::kZkTimeout] = "1000";
    options.settings[keys::kNmExpiry] = kExpiryMillis;
    options.settings[keys::kNmSigkillDelay] = "200";
    options.settings[keys::kRmHaConfirm] = confirms_ ? "true" : "false";
    ASSERT_TRUE(StartCluster(options));
    ASSERT_TRUE(WaitUntil([&] { return (active_ = cluster().ActiveResourceManager()) != 0; },
                          "one is active"));
  }
  // An application whose only container writes to "lines"; once it does.
  void StartWriting() {
    id_ = SubmitShell({"-memory", "64"},
                      "echo $$ >" + Scratch("pid") + "; until [ -e " + Scratch("go") +
                          " ]; do echo >>" + Scratch("lines") + "; sleep 0.1; done");
    pid_ = AwaitPid(Scratch("pid"));
    ASSERT_GT(pid_, 0);
  }
  int64_t Lines() {
    const std::string text = ReadWholeFile(Scratch("lines"));
    return std::count(text.begin(), text.end(), '\n');
  }
  // For twice as long as a lease could last.
  ::testing::AssertionResult GoesOn() {
    const int64_t enough = Lines() + 2 * kLinesPerExpiry;
    const auto done =
        WaitUntil([&] { return Lines() >= enough || !IsAlive(pid_); }, "the container goes on");
    if (!done) return done;
    if (IsAlive(pid_)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "the container has ended";
  }
  int other() const { return 3 - active_; }

  bool confirms_ = true;
  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  int active_ = 0;
  std::string id_;
  pid_t pid_ = 0;
};

TEST_F(LeadershipTest, TheOtherOnesWordStandsInForZooKeeper) {
  ASSERT_NO_FATAL_FAILURE(StartWriting());
  ensemble_->StopAll();
  EXPECT_TRUE(GoesOn());
  cluster().resource_manager(other()).Kill();
  EXPECT_TRUE(GoesOn()) << "nobody who is not there leads";
  ensemble_->StartServer(0);
  WriteWholeFile(Scratch("go"), "");
  EXPECT_TRUE(AwaitFinalStatus(id_, "SUCCEEDED"));
  EXPECT_THAT(ReadWholeFile(cluster().LogFile("nm0")), ::testing::Not(HasSubstr("the lease ends")));
}

TEST_F(LeadershipTest, WhereNobodyKnowsWhoLeadsWhatRunsEndsAfterItsLease) {
  ASSERT_NO_FATAL_FAILURE(StartWriting());
  cluster().resource_manager(other()).Signal(SIGSTOP);
  ensemble_->StopAll();
  EXPECT_TRUE(AwaitGone(pid_));
  EXPECT_TRUE(cluster().resource_manager(active_).IsRunning());
  EXPECT_THAT(ReadWholeFile(cluster().LogFile("nm0")),
              HasSubstr("ms without a leader that is sure of it"));
  EXPECT_THAT(ReadWholeFile(cluster().LogFile("rm" + std::to_string(active_))),
              HasSubstr("nodes end what runs there after their lease of 2500 ms"));
  // All is well again once they are back.
  cluster().resource_manager(other()).Signal(SIGCONT);
  ensemble_->StartServer(0);
  WriteWholeFile(Scratch("go"), "");
  const std::string next = SubmitShell({"-memory", "64"}, "true");
  EXPECT_TRUE(AwaitFinalStatus(next, "SUCCEEDED"));
}

class VouchesUnasked : public LeadershipTest {
 protected:
  VouchesUnasked() { confirms_ = false; }
};

TEST_F(VouchesUnasked, WhatRunsGoesOnThoughNobodyKnowsWhoLeads) {
  ASSERT_NO_FATAL_FAILURE(StartWriting());
  cluster().resource_manager(other()).Signal(SIGSTOP);
  ensemble_->StopAll();
  EXPECT_TRUE(GoesOn());
  cluster().resource_manager(other()).Signal(SIGCONT);
  ensemble_->StartServer(0);
  WriteWholeFile(Scratch("go"), "");
  EXPECT_TRUE(AwaitFinalStatus(id_, "SUCCEEDED"));
}

}  // namespace
}  // namespace weir::testing
