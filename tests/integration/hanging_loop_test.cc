// An active ResourceManager that hangs although its session with ZooKeeper goes on: it ends itself,
// and another one leads.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "platform/config_keys.h"
#include "tests/integration/stream_job_test.h"
#include "tests/support/stopped_thread.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

class HangingLoop : public StreamJobTest {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    if (const std::string why = StoppedThread::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
  }
  ClusterOptions Adjusted(ClusterOptions options) override {
    options.resource_managers = 2;
    options.settings[platform::keys::kZkAddress] = ensemble_->address();
    // So long that nobody can have waited for its end.
    options.settings[platform::keys::kZkTimeout] = "60000";
    options.settings[platform::keys::kRmHaTransitionLimit] = transition_limit_;
    return options;
  }

  int AwaitSomeActive() {
    int active = 0;
    EXPECT_TRUE(WaitUntil([&] { return (active = cluster().ActiveResourceManager()) != 0; },
                          "one is active"));
    return active;
  }
  std::string LogOf(int number) {
    return ReadWholeFile(cluster().LogFile("rm" + std::to_string(number)));
  }
  void ExpectReplacedWhenHeld(const std::string& loop);

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  std::string transition_limit_ = "60000";
};

void HangingLoop::ExpectReplacedWhenHeld(const std::string& loop) {
  ExpectContainersGoOn([&] {
    const int active = AwaitSomeActive();
    StoppedThread held(cluster().resource_manager(active).pid(), loop);
    ASSERT_TRUE(held.is_held());
    ASSERT_TRUE(WaitUntil([&] { return held.HasEnded(); }, "it has ended itself"));
    EXPECT_EQ(cluster().resource_manager(active).Wait(), 1);
    EXPECT_THAT(LogOf(active), HasSubstr("loop=" + loop));
    EXPECT_THAT(LogOf(active), HasSubstr("lock=\"given back\""));
    ASSERT_TRUE(cluster().AwaitActive(3 - active));
    ASSERT_TRUE(cluster().WaitForNodes(1));
    // Whoever starts it again gets a standby.
    ASSERT_TRUE(cluster().StartResourceManager(active));
    EXPECT_EQ(cluster().RoleOf(active), "STANDBY");
  });
}

TEST_F(HangingLoop, OfTheCoreEndsTheProcessAndAnotherLeads) {
  ExpectReplacedWhenHeld("rm-core");
}

TEST_F(HangingLoop, OfInputAndOutputEndsTheProcessAndAnotherLeads) {
  ExpectReplacedWhenHeld("rm-io");
}

// It makes and ends the active part; what is there goes on without it, and could not be ended.
TEST_F(HangingLoop, OfTheRolesEndsTheProcessAndAnotherLeads) {
  transition_limit_ = "5000";
  ExpectReplacedWhenHeld("rm-role");
}

// A log that takes no more bytes holds up everybody who writes to it, and so would hold up who says
// that the loop hangs.
class BlockedLog : public HangingLoop {
 protected:
  // Starts rm1 again, its standard error a pipe that nobody reads, and makes it active.
  void MakeOneWithAPipeActive() {
    ASSERT_TRUE(cluster().EndResourceManager(1).has_value());
    ASSERT_TRUE(cluster().AwaitActive(2));
    const std::string log = cluster().LogFile("rm1");
    ASSERT_EQ(::unlink(log.c_str()), 0);
    ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
    pipe_ = platform::FileDescriptor(::open(log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    ASSERT_TRUE(pipe_.valid());
    ASSERT_TRUE(cluster().StartResourceManager(1));
    const CommandResult changed = cluster().Weir({"rmadmin", "-failover", "rm2", "rm1"});
    ASSERT_EQ(changed.exit_code, 0) << changed.ToString();
    ASSERT_TRUE(cluster().WaitForNodes(1));
  }
  void FillPipe() {
    const std::string chunk(4096, '.');
    while (::write(pipe_.get(), chunk.data(), chunk.size()) > 0) continue;
    while (::write(pipe_.get(), chunk.data(), 1) > 0) continue;
    ASSERT_EQ(errno, EAGAIN);
  }
  void RemovePipe() {
    pipe_.Close();
    ::unlink(cluster().LogFile("rm1").c_str());
  }

  platform::FileDescriptor pipe_;
};

TEST_F(BlockedLog, EndsTheProcessAndAnotherLeads) {
  ExpectContainersGoOn([this] {
    ASSERT_NO_FATAL_FAILURE(MakeOneWithAPipeActive());
    FillPipe();
    const auto job = StartRun("application", {}, {Trial(), "steady", "10"}, "client.log");
    EXPECT_EQ(cluster().resource_manager(1).Wait(), 1);
    RemovePipe();
    ASSERT_TRUE(cluster().AwaitActive(2));
    ASSERT_TRUE(cluster().WaitForNodes(1));
    EXPECT_EQ(job->Wait(), 0) << ReadWholeFile(Scratch("client.log"));
  });
}

}  // namespace
}  // namespace weir::testing
