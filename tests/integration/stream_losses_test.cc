// Stream jobs that lose a part of their program or of the cluster on the way: the cause is said,
// and nothing of them is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/stream_job_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace fs = std::filesystem;
namespace keys = platform::keys;

class StreamLosses : public StreamJobTest {
 protected:
  // As TaskManagers write it; of a job that is none of ours.
  static std::string ForeignFile() { return ".part-" + std::string(32, '0') + "-0-x.inprogress"; }
  static std::vector<std::string> Names(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  // Of the page of a cluster's jobs; true as well when the cluster has ended already.
  bool JobPageSays(const std::string& id, const std::string& state) {
    const Json application = Application(id);
    if (application.at("state") == "FINISHED") return true;
    const std::string url = application.at("trackingUrl");
    const std::string host = url.substr(url.find("//") + 2);
    const auto server = HostPort::Parse(host.substr(0, host.find('/')));
    if (!server.ok()) return false;
    platform::HttpCall call;
    call.server = *server;
    call.target = "/jobs";
    const auto answer = platform::CallHttp(call);
    return answer.ok() && answer->body.find(state) != std::string::npos;
  }
};

TEST_F(StreamLosses, KillsAClusterWhoseTaskManagerHangsAndLeavesNothing) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult run = Run("per-job", {"-d"}, {Trial(), "steady", kForever, Scratch("out")});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  AwaitJob("RUNNING");
  ASSERT_TRUE(WaitUntil([&] { return OpenFiles(Scratch("out")) == 1; }, "the task writes"));
  // It cannot clean up after itself: it will be ended by SIGKILL.
  ASSERT_EQ(::kill(AwaitOne("weir-taskmanager"), SIGSTOP), 0);
  const std::string id = Applications().at(0).at("id");
  EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
  ASSERT_TRUE(AwaitState(id, "KILLED"));
  EXPECT_TRUE(AwaitNoContainers());
  EXPECT_TRUE(HasNoResults(Scratch("out")));
}

// The NodeManager is ended in the moment in which the job has ended, but its cluster has not.
TEST_F(StreamLosses, TellsHowAJobEndedAlthoughItsNodeIsRestartedRightAfter) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  for (const char* mode : {"per-job", "application"}) {
    SCOPED_TRACE(mode);
    const std::string out = Scratch(std::string("out-") + mode);
    // Nobody fetches the end of the job: the cluster waits a while for somebody who does.
    const CommandResult run = Run(mode, {"-d"}, {SequenceSum(), "1", "100", "2", out});
    ASSERT_EQ(run.exit_code, 0) << run.ToString();
    const std::string id = Applications().at(0).at("id");
    ASSERT_TRUE(WaitUntil([&] { return JobPageSays(id, "FINISHED"); }, "the job has finished"));
    EXPECT_EQ(cluster().EndNode(0), 0);
    ASSERT_TRUE(cluster().StartNode(0));
    ASSERT_TRUE(AwaitState(id, "FINISHED"));
    EXPECT_EQ(Application(id).at("finalStatus"), "SUCCEEDED") << Application(id).dump();
    EXPECT_THAT(Results(out), ElementsAre("0 2550", "1 2500"));
    ASSERT_TRUE(cluster().WaitForNodes(1));
  }
}

TEST_F(StreamLosses, FailsWhenAUserFunctionThrowsOrEndsTheProcess) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string session = StartSession();
  for (const char* mode : kModes) {
    SCOPED_TRACE(mode);
    const CommandResult thrown = Run(mode, {"-p", "4"}, {Trial(), "throw", "1000", Scratch("out")});
    EXPECT_EQ(thrown.exit_code, 8) << thrown.ToString();
    EXPECT_THAT(thrown.err, AllOf(HasSubstr("five is too much"), HasSubstr("task '")));
    const CommandResult aborted =
        Run(mode, {"-p", "4"}, {Trial(), "abort", "1000", Scratch("out")});
    EXPECT_EQ(aborted.exit_code, 8) << aborted.ToString();
    EXPECT_THAT(aborted.err, AllOf(HasSubstr("SIGABRT"), HasSubstr("container_")));
    EXPECT_FALSE(fs::exists(Scratch("out/part-00000")));
  }
  const CommandResult good =
      Run("session", {"-p", "4"}, {SequenceSum(), "1", "100", "2", Scratch("good")});
  EXPECT_EQ(good.exit_code, 0) << good.ToString();
  EXPECT_THAT(Results(Scratch("good")), ElementsAre("0 2550", "1 2500"));
  StopSession(session);
}

TEST_F(StreamLosses, FailsWithTheCauseWhenATaskManagerIsKilled) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  for (const char* mode : kModes) {
    SCOPED_TRACE(mode);
    const std::string session = mode == kModes[0] ? StartSession() : "";
    const auto client = StartRun(
        mode, {"-p", "2"}, {Trial(), "steady", kForever, Scratch("out")}, std::string(mode));
    AwaitJob("RUNNING");
    ASSERT_EQ(::kill(AwaitOne("weir-taskmanager"), SIGKILL), 0);
    EXPECT_EQ(client->Wait(), 8);
    EXPECT_THAT(ReadWholeFile(Scratch(mode)),
                AllOf(HasSubstr("FAILED"), HasSubstr("SIGKILL"), HasSubstr("container_")));
    if (!session.empty()) {
      const CommandResult good =
          Run("session", {"-p", "2"}, {SequenceSum(), "1", "100", "2", Scratch("good")});
      EXPECT_EQ(good.exit_code, 0) << good.ToString();
      StopSession(session);
    } else {
      const Json app = Applications().at(0);
      EXPECT_EQ(app.at("finalStatus"), "FAILED");
      EXPECT_THAT(app.at("diagnostics").get<std::string>(), HasSubstr("SIGKILL"));
    }
    EXPECT_TRUE(AwaitNoContainers());
    EXPECT_FALSE(fs::exists(Scratch("out/part-00000")));
  }
}

TEST_F(StreamLosses, LeavesNothingWhenATaskManagerIsKilledWhileItWrites) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string out = Scratch("out");
  fs::create_directory(out);
  WriteWholeFile(out + "/" + ForeignFile(), "of another job\n");
  for (const char* mode : kModes) {
    SCOPED_TRACE(mode);
    const std::string session = mode == kModes[0] ? StartSession() : "";
    const auto client =
        StartRun(mode, {"-p", "4"}, {Trial(), "steady", kForever, out}, std::string(mode));
    AwaitJob("RUNNING");
    ASSERT_TRUE(WaitUntil([&] { return OpenFiles(out) == 4; }, "all four tasks write"));
    const auto task_managers = ProcessesOf("weir-taskmanager");
    ASSERT_THAT(task_managers, SizeIs(2));
    ASSERT_EQ(::kill(task_managers.front(), SIGKILL), 0);
    EXPECT_EQ(client->Wait(), 8);
    EXPECT_THAT(ReadWholeFile(Scratch(mode)), AllOf(HasSubstr("FAILED"), HasSubstr("SIGKILL")));
    // The job is told to have failed when nothing of it is left, not earlier.
    EXPECT_THAT(Names(out), ElementsAre(ForeignFile()));
    if (!session.empty()) StopSession(session);
    EXPECT_TRUE(AwaitNoContainers());
    EXPECT_THAT(Names(out), ElementsAre(ForeignFile()));
  }
}

TEST_F(StreamLosses, WithdrawsWhatWasPublishedWhenAnotherResultCannotBe) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string session = StartSession();
  const std::string out = Scratch("out");
  const auto client =
      StartRun("session", {"-p", "4"}, {Trial(), "steady", "4000", out}, "client.log");
  ASSERT_TRUE(WaitUntil([&] { return OpenFiles(out) == 4; }, "all four tasks write"));
  WriteWholeFile(out + "/part-00003", "of somebody else\n");
  EXPECT_EQ(client->Wait(), 8);
  EXPECT_THAT(ReadWholeFile(Scratch("client.log")),
              AllOf(HasSubstr("FAILED"), HasSubstr("part-00003: another file has this name")));
  EXPECT_THAT(Names(out), ElementsAre("part-00003"));
  EXPECT_EQ(ReadWholeFile(out + "/part-00003"), "of somebody else\n");
  StopSession(session);
}

TEST_F(StreamLosses, FailsWithTheCauseWhenTheJobManagerIsKilled) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  for (const char* mode : kModes) {
    SCOPED_TRACE(mode);
    const std::string session = mode == kModes[0] ? StartSession() : "";
    const auto client = StartRun(
        mode, {"-p", "2"}, {Trial(), "steady", kForever, Scratch("out")}, std::string(mode));
    AwaitJob("RUNNING");
    ASSERT_EQ(::kill(AwaitOne("weir-appmaster"), SIGKILL), 0);
    EXPECT_EQ(client->Wait(), 8);
    EXPECT_THAT(ReadWholeFile(Scratch(mode)), AllOf(HasSubstr("FAILED"), HasSubstr("SIGKILL")));
    const std::string id = Applications().at(0).at("id");
    EXPECT_TRUE(AwaitState(id, "FAILED"));
    EXPECT_THAT(Application(id).at("diagnostics").get<std::string>(), HasSubstr("SIGKILL"));
    EXPECT_TRUE(AwaitNoContainers());
    EXPECT_FALSE(fs::exists(Scratch("out/part-00000")));
  }
}

// Nobody is left who could clean up.
TEST_F(StreamLosses, LeavesNothingWhenJobManagerAndTaskManagersAreKilledTogether) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string out = Scratch("out");
  for (const char* mode : kModes) {
    SCOPED_TRACE(mode);
    if (mode == kModes[0]) StartSession();
    const auto client =
        StartRun(mode, {"-p", "4"}, {Trial(), "steady", kForever, out}, std::string(mode));
    ASSERT_TRUE(WaitUntil([&] { return OpenFiles(out) == 4; }, "all four tasks write"));
    std::vector<pid_t> all = ProcessesOf("weir-taskmanager");
    ASSERT_THAT(all, SizeIs(2));
    all.push_back(AwaitOne("weir-appmaster"));
    for (const pid_t pid : all) ASSERT_EQ(::kill(pid, SIGSTOP), 0);  // none reacts to another's end
    for (const pid_t pid : all) ASSERT_EQ(::kill(pid, SIGKILL), 0);
    EXPECT_EQ(client->Wait(), 8);
    EXPECT_THAT(ReadWholeFile(Scratch(mode)), AllOf(HasSubstr("FAILED"), HasSubstr("SIGKILL")));
    EXPECT_TRUE(AwaitNoContainers());
    EXPECT_TRUE(HasNoResults(out));
  }
}

TEST_F(StreamLosses, FailsWithTheCauseWhenTheNodeOfATaskManagerIsLost) {
  ClusterOptions options = SmallContainers(2);
  options.node_memory_mb = "256";  // the JobManager and one TaskManager, or two TaskManagers
  options.settings[keys::kNmExpiry] = "4000";
  ASSERT_TRUE(StartCluster(options));
  const auto client =
      StartRun("per-job", {"-p", "6"}, {Trial(), "steady", kForever, Scratch("out")}, "client.log");
  AwaitJob("RUNNING");
  const std::string master =
      fs::read_symlink("/proc/" + std::to_string(AwaitOne("weir-appmaster")) + "/cwd");
  const int other = master.starts_with(cluster().NodeDir(0)) ? 1 : 0;
  cluster().node(other).Kill();
  EXPECT_EQ(client->Wait(), 8);
  EXPECT_THAT(ReadWholeFile(Scratch("client.log")), HasSubstr("lost"));
  ASSERT_TRUE(cluster().StartNode(other));
}

TEST_F(StreamLosses, EndsAsItShouldAlthoughTheResourceManagerIsRestarted) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const auto client =
      StartRun("per-job", {}, {Trial(), "steady", "4000", Scratch("out")}, "client.log");
  AwaitJob("RUNNING");
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  EXPECT_EQ(client->Wait(), 0) << ReadWholeFile(Scratch("client.log"));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  EXPECT_TRUE(AwaitNoContainers());
}

}  // namespace
}  // namespace weir::testing
