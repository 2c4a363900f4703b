// Stream jobs that cannot run or are stopped: what is said, with which exit code, and that nothing
// is left. And what the commands show of those that run. Those that lose something on the way are
// in stream_losses_test.cc.
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
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;
namespace keys = platform::keys;

std::string TestLibrary(const std::string& name) {
  return BinaryPath("../tests/libraries/" + name + ".so");
}

class StreamFailures : public StreamJobTest {
 protected:
  // One node that holds a JobManager (128 MiB) and two TaskManagers (128 MiB each).
  static ClusterOptions RoomForTwoTaskManagers() {
    ClusterOptions options = SmallContainers(1);
    options.node_memory_mb = "384";
    return options;
  }
  static std::string WebPage(const std::string& url) {
    const std::string host = url.substr(url.find("//") + 2);
    const auto server = HostPort::Parse(host.substr(0, host.find('/')));
    EXPECT_TRUE(server.ok()) << url;
    if (!server.ok()) return "";
    platform::HttpCall call;
    call.server = *server;
    call.target = "/";
    const auto answer = platform::CallHttp(call);
    EXPECT_TRUE(answer.ok()) << url;
    return answer.ok() ? answer->body : "";
  }
  Json JobNamed(const std::string& id) {
    for (const Json& job : Jobs()) {
      if (job.at("jid") == id) return job;
    }
    return nullptr;
  }
};

// --- jobs that are refused before anything is started

TEST_F(StreamFailures, RefusesBadJobsWithOneLineAndStartsNothing) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  struct Bad {
    std::vector<std::string> options;
    std::vector<std::string> job;
    int exit_code;
    std::string says;
  };
  WriteWholeFile(Scratch("text"), "a text\n");
  const std::string out = Scratch("out");
  const std::vector<Bad> all = {
      {{}, {"/no/such/job.so"}, 9, "/no/such/job.so"},
      {{}, {Scratch("")}, 9, "not a shared library"},
      {{}, {Scratch("text")}, 9, "not a shared library"},
      {{}, {TestLibrary("test_no_entry")}, 9, "no entry point"},
      {{}, {TestLibrary("test_other_abi")}, 9, "another version"},
      {{}, {TestLibrary("test_misbehaving"), "throw"}, 9, "no such input"},
      {{}, {TestLibrary("test_misbehaving"), "throw-int"}, 9, "threw"},
      {{}, {TestLibrary("test_misbehaving"), "exit"}, 9, "ended its process"},
      {{}, {TestLibrary("test_misbehaving"), "abort"}, 9, "crashed"},
      {{}, {TestLibrary("test_misbehaving"), "no-sink"}, 9, "sink"},
      {{}, {TestLibrary("test_misbehaving"), "parallelism"}, 9, "parallelism"},
      {{}, {TestLibrary("test_misbehaving")}, 9, "threw"},
      {{}, {WordCount(), "--input", Scratch("text")}, 9, "usage"},
      {{"-p", "0"}, {WordCount(), "--input", Scratch("text"), "--output", out}, 2, "-p"},
      {{"-p", "-1"}, {WordCount(), "--input", Scratch("text"), "--output", out}, 2, "-p"},
      {{"-p", "many"}, {WordCount(), "--input", Scratch("text"), "--output", out}, 2, "many"},
      {{}, {WordCount(), "--input", "/no/such/text", "--output", out}, 3, "/no/such/text"},
      {{}, {}, 2, "job library"},
      {{"-q"}, {WordCount()}, 2, "-q"},
  };
  for (const char* mode : kModes) {
    for (const Bad& bad : all) {
      const CommandResult run = Run(mode, bad.options, bad.job);
      EXPECT_EQ(run.exit_code, bad.exit_code) << mode << " " << run.ToString();
      EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr(bad.says))) << mode;
      EXPECT_THAT(run.out, IsEmpty());
    }
  }
  EXPECT_EQ(Run("fast", {}, {WordCount()}).exit_code, 2);
  EXPECT_THAT(Applications(), IsEmpty());
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(StreamFailures, RefusesDefinitionsThatTheClusterCouldNotStartWith) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  for (const std::string& definition : {std::string("weir.taskmanager.data.port=9-8"),
                                        std::string("weir.taskmanager.data.port=70000"),
                                        std::string("weir.appmaster.port-range=http"),
                                        std::string("weir.poll.park-ms=0"),
                                        std::string("weir.taskmanager.idle-timeout=soon")}) {
    const std::string key = definition.substr(0, definition.find('='));
    for (const char* mode : {"per-job", "application"}) {
      const CommandResult run =
          Run(mode, {"-D", definition}, {SequenceSum(), "1", "9", "2", Scratch("out")});
      EXPECT_EQ(run.exit_code, 2) << run.ToString();
      EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr(key)));
    }
    const CommandResult session = cluster().Weir({"session", "start", "-D", definition});
    EXPECT_EQ(session.exit_code, 2) << session.ToString();
    EXPECT_THAT(session.err, AllOf(IsOneLine(), HasSubstr(key)));
  }
  EXPECT_THAT(Applications(), IsEmpty());
}

TEST_F(StreamFailures, RefusesAnInputThatMayNotBeRead) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  WriteWholeFile(Scratch("text"), "a text\n");
  fs::permissions(Scratch("text"), fs::perms::none);
  // Root may read everything: then the command runs as nobody.
  std::vector<std::string> argv;
  if (geteuid() == 0) {
    argv = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    std::vector<std::string> probe = argv;
    probe.insert(probe.end(), {"test", "-x", BinaryPath("weir-graph"), "-a", "-r", WordCount()});
    const CommandResult may = RunCommand(probe);
    if (may.exit_code != 0) GTEST_SKIP() << "nobody may not run this build " << may.ToString();
  }
  for (const std::string& word : {BinaryPath("weir"),
                                  std::string("run"),
                                  std::string("-t"),
                                  std::string("per-job"),
                                  "-D" + std::string(keys::kWorkDir) + "=" + cluster().work_dir(),
                                  WordCount(),
                                  std::string("--input"),
                                  Scratch("text"),
                                  std::string("--output"),
                                  Scratch("out")}) {
    argv.push_back(word);
  }
  const CommandResult run = RunCommand(argv);
  EXPECT_EQ(run.exit_code, 4) << run.ToString();
  EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr(Scratch("text"))));
  EXPECT_THAT(Applications(), IsEmpty());
}

TEST_F(StreamFailures, RefusesContainersLargerThanTheMaximumAndSessionsThatAreNotThere) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  for (const char* option : {"-tm", "-jm"}) {
    const CommandResult session = cluster().Weir({"session", "start", "-d", option, "100g"});
    EXPECT_EQ(session.exit_code, 2) << session.ToString();
    EXPECT_THAT(session.err, AllOf(IsOneLine(), HasSubstr("102400")));
    const CommandResult run =
        cluster().Weir({"run", "-t", "per-job", option, "100g", SequenceSum(), "1", "10", "2"});
    EXPECT_EQ(run.exit_code, 2) << run.ToString();
    EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr("102400")));
  }
  EXPECT_THAT(Applications(), IsEmpty());
  const CommandResult none = Run("session", {}, {SequenceSum(), "1", "10", "2"});
  EXPECT_EQ(none.exit_code, 3) << none.ToString();
  EXPECT_THAT(none.err, AllOf(IsOneLine(), HasSubstr("session start")));
  const CommandResult unknown =
      Run("session", {"-id", "application_1_0001"}, {SequenceSum(), "1", "10", "2"});
  EXPECT_EQ(unknown.exit_code, 3) << unknown.ToString();
  EXPECT_EQ(cluster().Weir({"session", "stop"}).exit_code, 3);
  EXPECT_EQ(cluster().Weir({"job", "cancel", std::string(32, '0')}).exit_code, 3);
  EXPECT_EQ(cluster().Weir({"job", "status", std::string(32, '0')}).exit_code, 3);
}

TEST_F(StreamFailures, RefusesContainersLargerThanEveryNode) {
  ASSERT_TRUE(StartCluster(RoomForTwoTaskManagers()));
  for (const std::vector<std::string>& sizes :
       {std::vector<std::string>{"-jm", "512", "-tm", "128"}, {"-jm", "128", "-tm", "512"}}) {
    std::vector<std::string> session = {"session", "start", "-d"};
    session.insert(session.end(), sizes.begin(), sizes.end());
    std::vector<CommandResult> all = {cluster().Weir(session)};
    for (const char* mode : {"per-job", "application"}) {
      std::vector<std::string> words = {"run", "-t", mode};
      words.insert(words.end(), sizes.begin(), sizes.end());
      words.insert(words.end(), {SequenceSum(), "1", "9", "2"});
      all.push_back(cluster().Weir(words));
    }
    for (const CommandResult& refused : all) {
      EXPECT_EQ(refused.exit_code, 7) << refused.ToString();
      EXPECT_THAT(
          refused.err,
          AllOf(IsOneLine(), HasSubstr("512"), HasSubstr("larger than each of the 1 nodes")));
      EXPECT_THAT(refused.out, IsEmpty());
    }
  }
  EXPECT_THAT(Applications(), IsEmpty());
}

TEST_F(StreamFailures, KeepsOldResultsAndSaysSo) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  fs::create_directory(Scratch("out"));
  WriteWholeFile(Scratch("out/part-00000"), "precious\n");
  for (const char* mode : {"per-job", "application"}) {
    const CommandResult run = Run(mode, {}, {SequenceSum(), "1", "10", "2", Scratch("out")});
    EXPECT_EQ(run.exit_code, 8) << run.ToString();
    EXPECT_THAT(run.err, HasSubstr("already has results"));
  }
  EXPECT_EQ(ReadWholeFile(Scratch("out/part-00000")), "precious\n");
  EXPECT_THAT(Results(Scratch("out")), SizeIs(1));
}

// --- jobs that wait

TEST_F(StreamFailures, WaitsForSlotsWithTheReasonAndFailsAfterTheQueueTimeout) {
  ASSERT_TRUE(StartCluster(RoomForTwoTaskManagers()));
  for (const char* mode : {"per-job", "application"}) {
    const CommandResult run = Run(mode,
                                  {"-p", "8", "--queue-timeout", "2s"},
                                  {SequenceSum(), "1", "100", "2", Scratch("out")});
    EXPECT_EQ(run.exit_code, 8) << run.ToString();
    EXPECT_THAT(run.err, AllOf(HasSubstr("8 needed"), HasSubstr("2000 ms")));
    EXPECT_THAT(run.err, HasSubstr("<memory:128, vCores:1>"));
  }
  const std::string session = StartSession();
  const CommandResult run = Run("session",
                                {"-p", "8", "--queue-timeout", "2s"},
                                {SequenceSum(), "1", "100", "2", Scratch("out")});
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, AllOf(HasSubstr("8 needed"), HasSubstr("2000 ms")));
  EXPECT_TRUE(HasNoResults(Scratch("out")));
  // The session is not hurt.
  const CommandResult small =
      Run("session", {"-p", "2"}, {SequenceSum(), "1", "100", "2", Scratch("small")});
  EXPECT_EQ(small.exit_code, 0) << small.ToString();
  EXPECT_THAT(Results(Scratch("small")), ElementsAre("0 2550", "1 2500"));
  StopSession(session);
}

TEST_F(StreamFailures, ShowsAWaitingJobAndCancelsIt) {
  ASSERT_TRUE(StartCluster(RoomForTwoTaskManagers()));
  const std::string session = StartSession();
  const CommandResult run =
      Run("session", {"-p", "8", "-d"}, {SequenceSum(), "1", "100", "2", Scratch("out")});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  const std::string job = AwaitJob("CREATED");
  EXPECT_THAT(run.out, HasSubstr(job));
  const CommandResult status = cluster().Weir({"job", "status", job});
  EXPECT_EQ(status.exit_code, 0) << status.ToString();
  EXPECT_THAT(status.out, AllOf(HasSubstr("Waiting : "), HasSubstr("8 needed")));
  const CommandResult cancel = cluster().Weir({"job", "cancel", job});
  EXPECT_EQ(cancel.exit_code, 0) << cancel.ToString();
  EXPECT_EQ(cancel.out, "Cancelling job " + job + ".\nCancelled job " + job + ".\n");
  EXPECT_EQ(JobNamed(job).at("state"), "CANCELED");
  const CommandResult again = cluster().Weir({"job", "cancel", job});
  EXPECT_EQ(again.exit_code, 0) << again.ToString();
  EXPECT_EQ(again.out, "Job " + job + " is cancelled already.\n");
  StopSession(session);
}

TEST_F(StreamFailures, RefusesOptionsThatDoNotBelongToTheTarget) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  struct Foreign {
    const char* target;
    const char* option;
    const char* value;
  };
  for (const Foreign& foreign : {Foreign{"session", "-tm", "64"},
                                 {"session", "-s", "2"},
                                 {"session", "-nm", "name"},
                                 {"per-job", "-id", "application_1_0001"},
                                 {"application", "-id", "application_1_0001"}}) {
    const CommandResult run = cluster().Weir(
        {"run", "-t", foreign.target, foreign.option, foreign.value, SequenceSum(), "1", "9", "2"});
    EXPECT_EQ(run.exit_code, 2) << run.ToString();
    EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr(foreign.option), HasSubstr(foreign.target)));
  }
  EXPECT_THAT(Applications(), IsEmpty());
}

TEST_F(StreamFailures, SaysHowToNameOneOfSeveralSessions) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string one = StartSession();
  const std::string other = StartSession();
  const CommandResult stop = cluster().Weir({"session", "stop"});
  EXPECT_EQ(stop.exit_code, 6) << stop.ToString();
  EXPECT_THAT(stop.err, AllOf(IsOneLine(), HasSubstr("weir session stop ID")));
  const CommandResult run = Run("session", {}, {SequenceSum(), "1", "9", "2"});
  EXPECT_EQ(run.exit_code, 6) << run.ToString();
  EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr("-id")));
  StopSession(one);
  StopSession(other);
}

TEST_F(StreamFailures, SaysWhyItsJobManagerIsNotPlaced) {
  ASSERT_TRUE(StartCluster(RoomForTwoTaskManagers()));
  const CommandResult run = cluster().Weir({"run",
                                            "-t",
                                            "per-job",
                                            "-jm",
                                            "1g",
                                            "--queue-timeout",
                                            "1s",
                                            SequenceSum(),
                                            "1",
                                            "10",
                                            "2"});
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, AllOf(HasSubstr("<memory:1024, vCores:1>"), HasSubstr("1000 ms")));
}

// --- jobs that are stopped

TEST_F(StreamFailures, CancelsARunningJobAndPublishesNothing) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string session = StartSession();
  const auto client =
      StartRun("session", {"-p", "4"}, {Trial(), "steady", kForever, Scratch("out")}, "client.log");
  const std::string job = AwaitJob("RUNNING");
  EXPECT_EQ(JobNamed(job).at("name"), "trial steady");
  const CommandResult json = cluster().Weir({"job", "status", job, "-o", "json"});
  EXPECT_EQ(Json::parse(json.out).at("state"), "RUNNING");
  // The address that 'session start' and the RM's page show is one for people.
  const std::string page = WebPage(Application(session).at("trackingUrl").get<std::string>());
  EXPECT_THAT(page, AllOf(HasSubstr("<html"), HasSubstr(job), HasSubstr("trial steady")));
  const Json vertices = Json::parse(json.out).at("vertices");
  ASSERT_THAT(vertices, SizeIs(2)) << json.out;
  EXPECT_EQ(vertices.at(0).at("parallelism"), 4);
  // A job is RUNNING before the last of its tasks is.
  CommandResult text;
  EXPECT_TRUE(WaitUntil(
      [&] {
        text = cluster().Weir({"job", "status", job});
        return text.out.find("RUNNING:4") != std::string::npos;
      },
      "all tasks running"));
  EXPECT_THAT(text.out, HasSubstr("sequence"));
  const CommandResult list = cluster().Weir({"session", "list", "-o", "json"});
  EXPECT_THAT(Json::parse(list.out).at("apps").at("app"), SizeIs(1));
  const CommandResult cancel = cluster().Weir({"job", "cancel", job});
  EXPECT_EQ(cancel.exit_code, 0) << cancel.ToString();
  EXPECT_EQ(JobNamed(job).at("state"), "CANCELED") << "it is cancelled when that is said";
  EXPECT_TRUE(HasNoResults(Scratch("out")));
  EXPECT_EQ(client->Wait(), 8);
  EXPECT_THAT(ReadWholeFile(Scratch("client.log")), HasSubstr("CANCELED"));
  EXPECT_TRUE(HasNoResults(Scratch("out")));
  StopSession(session);
}

TEST_F(StreamFailures, SaysThatAJobIsStillBeingCancelledAndThatAnEndedOneCannotBe) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  const CommandResult run = Run("session", {"-d"}, {Trial(), "steady", kForever, Scratch("out")});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  const std::string job = AwaitJob("RUNNING");
  // It cannot end its task.
  const pid_t worker = AwaitOne("weir-taskmanager");
  ASSERT_EQ(::kill(worker, SIGSTOP), 0);
  const CommandResult detached = cluster().Weir({"job", "cancel", job, "-d"});
  EXPECT_EQ(detached.exit_code, 0) << detached.ToString();
  EXPECT_EQ(detached.out, "Cancelling job " + job + ".\n");
  EXPECT_EQ(JobNamed(job).at("state"), "CANCELLING");
  ASSERT_EQ(::kill(worker, SIGCONT), 0);
  EXPECT_EQ(cluster().Weir({"job", "cancel", job}).exit_code, 0);
  EXPECT_EQ(JobNamed(job).at("state"), "CANCELED");

  const CommandResult good = Run("session", {}, {SequenceSum(), "1", "9", "2", Scratch("good")});
  EXPECT_EQ(good.exit_code, 0) << good.ToString();
  const std::string ended = AwaitJob("FINISHED");
  const CommandResult late = cluster().Weir({"job", "cancel", ended});
  EXPECT_EQ(late.exit_code, 6) << late.ToString();
  EXPECT_THAT(late.err, AllOf(IsOneLine(), HasSubstr(ended), HasSubstr("FINISHED")));
  StopSession(session);
}

TEST_F(StreamFailures, EndsASessionWithARunningJob) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  const auto client =
      StartRun("session", {}, {Trial(), "steady", kForever, Scratch("out")}, "client.log");
  AwaitJob("RUNNING");
  StopSession(session);
  EXPECT_EQ(client->Wait(), 8);
  EXPECT_TRUE(HasNoResults(Scratch("out")));
}

TEST_F(StreamFailures, KillsAClusterWithItsJob) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult run = Run("per-job", {"-d"}, {Trial(), "steady", kForever, Scratch("out")});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  AwaitJob("RUNNING");
  const std::string id = Applications().at(0).at("id");
  EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
  ASSERT_TRUE(AwaitState(id, "KILLED"));
  EXPECT_TRUE(AwaitNoContainers());
  EXPECT_TRUE(HasNoResults(Scratch("out")));
}

// It reaches the JobManager when the application has ended, and still learns how the job did.
TEST_F(StreamFailures, TellsASlowClientHowItsJobEnded) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const auto client =
      StartRun("per-job", {}, {SequenceSum(), "1", "100", "2", Scratch("out")}, "client.log");
  ASSERT_TRUE(WaitUntil(
      [&] { return ReadWholeFile(Scratch("client.log")).find("submitted") != std::string::npos; },
      "the client has submitted"));
  client->Signal(SIGSTOP);
  ASSERT_TRUE(WaitUntil([&] { return Applications().size() == 1; }, "there is the application"));
  EXPECT_TRUE(AwaitState(Applications().at(0).at("id"), "FINISHED"));
  client->Signal(SIGCONT);
  EXPECT_EQ(client->Wait(), 0);
  EXPECT_THAT(ReadWholeFile(Scratch("client.log")),
              AllOf(HasSubstr("FINISHED in"), HasSubstr("part-00000")));
}

// --- sessions

TEST_F(StreamFailures, GivesIdleTaskManagersBackAndGetsNewOnes) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string session = StartSession({"-D", "weir.taskmanager.idle-timeout=300ms"});
  for (const char* directory : {"first", "second"}) {
    const CommandResult run =
        Run("session", {"-p", "4"}, {SequenceSum(), "1", "100", "2", Scratch(directory)});
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
    EXPECT_THAT(Results(Scratch(directory)), ElementsAre("0 2550", "1 2500"));
    EXPECT_TRUE(WaitUntil([] { return ProcessesOf("weir-taskmanager").empty(); },
                          "the TaskManagers are given back"));
    EXPECT_EQ(Application(session).at("state"), "RUNNING");
  }
  StopSession(session);
}

TEST_F(StreamFailures, RunsSeveralJobsOfASessionSideBySide) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string session = StartSession();
  std::vector<std::unique_ptr<Process>> clients;
  for (int i = 0; i < 4; ++i) {
    const std::string directory = Scratch("out" + std::to_string(i));
    clients.push_back(StartRun("session",
                               {"-p", "2"},
                               {SequenceSum(), "1", "100000", "2", directory},
                               "client" + std::to_string(i)));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(clients[static_cast<size_t>(i)]->Wait(), 0)
        << ReadWholeFile(Scratch("client" + std::to_string(i)));
    EXPECT_THAT(Results(Scratch("out" + std::to_string(i))),
                ElementsAre("0 2500050000", "1 2500000000"));
  }
  const Json jobs = Jobs();
  EXPECT_THAT(jobs, SizeIs(4));
  StopSession(session);
}

TEST_F(StreamFailures, PrintsIntoTheLogsAndRunsDetached) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  for (const char* mode : {"per-job", "application"}) {
    const CommandResult run = Run(mode, {"-d"}, {SequenceSum(), "1", "100", "2"});
    ASSERT_EQ(run.exit_code, 0) << run.ToString();
    EXPECT_THAT(run.out, HasSubstr("JobID"));
    const std::string id = run.out.substr(0, run.out.find('\n'));
    ASSERT_TRUE(AwaitState(id, "FINISHED"));
    EXPECT_EQ(Application(id).at("finalStatus"), "SUCCEEDED");
    const CommandResult logs = cluster().Weir({"logs", "-applicationId", id});
    EXPECT_EQ(logs.exit_code, 0) << logs.ToString();
    EXPECT_THAT(logs.out, AllOf(HasSubstr("0 2550\n"), HasSubstr("1 2500\n")));
  }
}

}  // namespace
}  // namespace weir::testing
