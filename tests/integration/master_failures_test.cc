// Whole clusters whose ApplicationMasters are killed: the next attempt runs on another node, and
// goes on with the containers that were kept for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/rm_client.h"
#include "platform/config_keys.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
namespace keys = platform::keys;

class MasterFailures : public ClusterTest {
 protected:
  void Start() {
    ClusterOptions options = SmallContainers(2);
    options.settings[keys::kRmAttemptPause] = "100";
    ASSERT_TRUE(StartCluster(options));
    rm_ = std::make_unique<cli::RmClient>(cluster().Config());
  }
  ApplicationId SubmitMaster(const std::vector<std::string>& command, bool keep) {
    SubmissionContext context;
    context.name = "serve";
    context.type = "TEST";
    context.am_resource = {64, 1};
    context.max_attempts = 2;
    context.keep_containers = keep;
    context.am_launch.command = command;
    const auto id = rm_->Submit(context);
    EXPECT_TRUE(id.ok()) << id.error().ToString();
    return id.ok() ? *id : ApplicationId();
  }
  ApplicationReport Report(const ApplicationId& id) {
    const auto watched = rm_->Get(id);
    EXPECT_TRUE(watched.ok());
    return watched.ok() ? watched->report : ApplicationReport();
  }
  std::unique_ptr<cli::RmClient> rm_;
};

TEST_F(MasterFailures, TheNextOneRunsOnTheOtherNode) {
  ASSERT_NO_FATAL_FAILURE(Start());
  // One that nobody hears of: it is killed long before it would have to register.
  const std::string name = Scratch("pid");
  const ApplicationId id = SubmitMaster(
      {"/bin/sh", "-c", "n=" + name + ".$CONTAINER_ID; echo $$ >$n; exec sleep 1000"}, false);
  ASSERT_TRUE(WaitUntil([&] { return Report(id).am_container.number != 0; }, "it is placed"));
  const ApplicationReport before = Report(id);
  const pid_t pid = AwaitPid(name + "." + before.am_container.ToString());
  ASSERT_GT(pid, 0);
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  ASSERT_TRUE(WaitUntil(
      [&] {
        const ApplicationReport now = Report(id);
        return now.attempt.number == 2 && now.am_container.number != 0;
      },
      "the next attempt has its container"));
  const ApplicationReport after = Report(id);
  EXPECT_NE(after.am_node, before.am_node);
  EXPECT_EQ(after.counted_failures, 1);
  EXPECT_EQ(after.avoided_nodes.size(), 1U);
  EXPECT_GT(AwaitPid(name + "." + after.am_container.ToString()), 0);
  EXPECT_THAT(StatusText(id.ToString()), HasSubstr("1 failure counts of at most 2"));
  EXPECT_THAT(StatusText(id.ToString()), HasSubstr("Avoided Nodes : " + after.avoided_nodes[0]));
  EXPECT_EQ(cluster().Weir({"application", "-kill", id.ToString()}).exit_code, 0);
  EXPECT_TRUE(AwaitState(id.ToString(), "KILLED"));
}

TEST_F(MasterFailures, ItsContainersGoOnUnderTheNextOneIfTheyAreKept) {
  ASSERT_NO_FATAL_FAILURE(Start());
  std::filesystem::create_directory(Scratch("kept"));
  std::filesystem::permissions(Scratch("kept"), std::filesystem::perms(0777));
  const ApplicationId id =
      SubmitMaster({BinaryPath("../tests/keeping_master"), Scratch("kept")}, true);
  const pid_t worker = AwaitPid(Scratch("kept/worker"));
  ASSERT_GT(worker, 0);
  ASSERT_TRUE(WaitUntil([&] { return Report(id).running_containers == 2; }, "both run"));
  const pid_t master = AwaitPid(Scratch("kept/master.1"));
  ASSERT_EQ(kill(master, SIGKILL), 0);
  ASSERT_TRUE(AwaitFile(Scratch("kept/inherited")));
  EXPECT_THAT(ReadWholeFile(Scratch("kept/inherited")), HasSubstr(" RUNNING"));
  EXPECT_TRUE(IsAlive(worker));
  EXPECT_EQ(AwaitPid(Scratch("kept/worker")), worker);
  EXPECT_EQ(Report(id).attempt.number, 2);

  // A ResourceManager that is started again leaves it with the second one too.
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(cluster().WaitForNodes(2));
  ASSERT_TRUE(AwaitState(id.ToString(), "RUNNING"));
  EXPECT_TRUE(IsAlive(worker));
  WriteWholeFile(Scratch("kept/go"), "");
  EXPECT_TRUE(AwaitFinalStatus(id.ToString(), "SUCCEEDED"));
  EXPECT_TRUE(AwaitGone(worker));
}

}  // namespace
}  // namespace weir::testing
