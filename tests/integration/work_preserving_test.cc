// Whole clusters whose ResourceManager is killed and started again, alone or with everything else:
// what runs goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/stream_job_test.h"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;

class WorkPreserving : public StreamJobTest {};

TEST_F(WorkPreserving, ASessionAndItsRunningJobGoOnThroughAKill) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  const auto client =
      StartRun("session", {"-p", "2"}, {Trial(), "steady", "6000", Scratch("out")}, "client.log");
  AwaitJob("RUNNING");
  const pid_t master = AwaitOne("weir-appmaster");
  const pid_t worker = AwaitOne("weir-taskmanager");
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(cluster().WaitForNodes(1));
  EXPECT_TRUE(AwaitState(session, "RUNNING"));
  EXPECT_EQ(client->Wait(), 0) << ReadWholeFile(Scratch("client.log"));
  EXPECT_TRUE(IsAlive(master));
  EXPECT_TRUE(IsAlive(worker));
  // It gets new containers from the one that came after.
  const CommandResult second =
      Run("session", {"-p", "4"}, {SequenceSum(), "1", "100", "2", Scratch("sums")});
  EXPECT_EQ(second.exit_code, 0) << second.ToString();
  EXPECT_THAT(Results(Scratch("sums")), ElementsAre("0 2550", "1 2500"));
  StopSession(session);
  EXPECT_TRUE(AwaitNoContainers());
}

TEST_F(WorkPreserving, AllDaemonsKilledAtOnceDisturbNoContainer) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell(
      {"-memory", "64", "-containers", "3"},
      "echo $WEIR_CONTAINER_INDEX >>" + Scratch("ran") + "; echo $$ >" + Scratch("pid-") +
          "$WEIR_CONTAINER_INDEX; until [ -e " + Scratch("go") + " ]; do sleep 0.05; done");
  std::vector<pid_t> before;
  for (const char* index : {"0", "1", "2"}) {
    before.push_back(AwaitPid(Scratch(std::string("pid-") + index)));
  }
  cluster().node(0).Kill();
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  for (const pid_t pid : before) EXPECT_TRUE(IsAlive(pid));
  EXPECT_TRUE(AwaitState(id, "RUNNING"));
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
  std::string ran = ReadWholeFile(Scratch("ran"));
  std::sort(ran.begin(), ran.end());
  EXPECT_EQ(ran, "\n\n\n012") << "each ran once";
  EXPECT_TRUE(AwaitNoContainers());
}

}  // namespace
}  // namespace weir::testing
