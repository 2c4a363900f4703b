// Signals to containers in a cluster of processes: what programs make of them, and how it is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/container_fixture.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Signal : public ContainerFixture {
 protected:
  // A worker that sets its traps and then works until it ends otherwise.
  std::string SubmitTrapped(const std::string& traps) {
    const std::string id =
        SubmitShell({"-memory", "64"},
                    traps + "; echo $$ >" + Scratch("pid") + "; while :; do sleep 0.02; done");
    AwaitPid(Scratch("pid"));
    return id;
  }
  std::string LogOf(const std::string& container) {
    return cluster().Weir({"logs", "-containerId", container}).out;
  }
};

TEST_F(Signal, AThreadDumpIsInTheLogsAndTheProgramGoesOn) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitTrapped("trap 'echo \"Full thread dump: main waits\"' QUIT");
  const std::string worker = WorkerOf(id);
  const CommandResult sent = Container({"-signal", worker});
  EXPECT_EQ(sent.out, worker + " was sent OUTPUT_THREAD_DUMP\n") << sent.ToString();
  EXPECT_TRUE(WaitUntil([&] { return LogOf(worker).find("Full thread dump") != std::string::npos; },
                        "the dump is in the logs"));
  EXPECT_THAT(Status(worker), HasSubstr("State : RUNNING"));
  KillAndAwait(id);
}

TEST_F(Signal, AGracefulShutdownLeavesTheTimeThatIsNeeded) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  // More than the time between SIGTERM and SIGKILL of a stop.
  const std::string id =
      SubmitTrapped("trap 'echo asked; sleep 1; echo \"all is put away\"; exit 0' TERM");
  const std::string worker = WorkerOf(id);
  const CommandResult sent = Container({"-signal", worker, "graceful_shutdown"});
  EXPECT_EQ(sent.out, worker + " was sent GRACEFUL_SHUTDOWN\n") << sent.ToString();
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  EXPECT_THAT(LogOf(worker), HasSubstr("all is put away"));
  EXPECT_THAT(Status(worker),
              AllOf(HasSubstr("Exit-Code : 143"),
                    HasSubstr("asked to end with GRACEFUL_SHUTDOWN by "),
                    HasSubstr("; exit status 0 ")));
  EXPECT_TRUE(AwaitNoContainers());
}

TEST_F(Signal, AForcefulShutdownWaitsForNobody) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitTrapped("trap '' TERM; setsid sleep 1000 & (sleep 1000 &)");
  const std::string worker = WorkerOf(id);
  // It takes no notice of the gentle one, which is not repeated.
  EXPECT_EQ(Container({"-signal", worker, "GRACEFUL_SHUTDOWN"}).exit_code, 0);
  EXPECT_EQ(Container({"-signal", worker, "FORCEFUL_SHUTDOWN"}).exit_code, 0);
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  EXPECT_THAT(Status(worker),
              AllOf(HasSubstr("Exit-Code : 137"),
                    HasSubstr("killed with FORCEFUL_SHUTDOWN by "),
                    HasSubstr("; died of SIGKILL ")));
  EXPECT_TRUE(AwaitNoContainers());
}

TEST_F(Signal, OneThatIsShutDownIsNotStartedAgain) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell({"-memory", "64", "-retries", "5"},
                                     "echo $$ >>" + Scratch("pid") + "; sleep 1000");
  AwaitPid(Scratch("pid"));
  const std::string worker = WorkerOf(id);
  EXPECT_EQ(Container({"-signal", worker, "GRACEFUL_SHUTDOWN"}).exit_code, 0);
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  EXPECT_THAT(ReadWholeFile(Scratch("pid")), IsOneLine());
  EXPECT_THAT(Status(worker), HasSubstr("Exit-Code : 143"));
}

TEST_F(Signal, WhatCannotBeDoneIsRefusedInOneLine) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitTrapped("true");
  const std::string worker = WorkerOf(id);
  const CommandResult odd = Container({"-signal", worker, "SIGHUP"});
  EXPECT_THAT(odd.err,
              AllOf(HasSubstr("'SIGHUP' is no signal for a container"),
                    HasSubstr("OUTPUT_THREAD_DUMP, GRACEFUL_SHUTDOWN, FORCEFUL_SHUTDOWN")));
  const std::string unknown = worker.substr(0, worker.size() - 6) + "000099";
  EXPECT_THAT(Container({"-signal", unknown}).err, HasSubstr("there is no container " + unknown));
  KillAndAwait(id);
  const CommandResult late = Container({"-signal", worker});
  EXPECT_NE(late.exit_code, 0);
  EXPECT_THAT(late.err, AllOf(HasSubstr("is over (KILL"), IsOneLine()));
}

// Whoever is silent is told of when it is heard again.
TEST_F(Signal, ANodeThatIsAwayActsWhenItIsBack) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitTrapped("trap 'echo \"Full thread dump\"' QUIT");
  const std::string worker = WorkerOf(id);
  cluster().node(0).Kill();
  Process client({.argv = {BinaryPath("weir"), "container", "-signal", worker},
                  .environment = {{"WEIR_OPTS", "'-Dweir.work.dir=" + cluster().work_dir() + "'"}},
                  .log_file = Scratch("client.log")});
  ASSERT_TRUE(cluster().StartNode(0));
  EXPECT_EQ(client.Wait(), 0);
  EXPECT_TRUE(WaitUntil([&] { return LogOf(worker).find("Full thread dump") != std::string::npos; },
                        "the dump is in the logs"));
  KillAndAwait(id);
}

}  // namespace
}  // namespace weir::testing
