// `weir application`, `weir node` and `weir logs` against a real cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

namespace fs = std::filesystem;
namespace keys = platform::keys;

constexpr char kNoSuchApplication[] = "application_1_0001";

class CommandApplication : public ClusterTest {
 protected:
  // A cluster whose one node is full with one container of 512 MiB and its master (64 MiB).
  static ClusterOptions OneSmallNode() {
    ClusterOptions options = SmallContainers(1);
    options.node_memory_mb = "768";
    return options;
  }
  void Kill(const std::string& id) {
    const CommandResult killed = cluster().Weir({"application", "-kill", id});
    EXPECT_EQ(killed.exit_code, 0) << killed.ToString();
    EXPECT_TRUE(AwaitState(id, "KILLED"));
  }
};

TEST_F(CommandApplication, RunsACommandInItsContainersWithTheFilesItWasGiven) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  WriteWholeFile(Scratch("greeting.txt"), "a shipped greeting\n");
  WriteWholeFile(Scratch("work.sh"),
                 "cat greeting.txt\necho \"index $WEIR_CONTAINER_INDEX of $1\"\n"
                 "echo to stderr >&2\n");
  const CommandResult run = cluster().Weir({"application",
                                            "-submit",
                                            "-name",
                                            "three greetings",
                                            "-containers",
                                            "3",
                                            "-memory",
                                            "64",
                                            "-file",
                                            Scratch("work.sh"),
                                            "-file",
                                            Scratch("greeting.txt"),
                                            "-wait",
                                            "--",
                                            "/bin/sh",
                                            "work.sh",
                                            "three"});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  const std::string id = run.out.substr(0, run.out.find('\n'));
  EXPECT_THAT(run.err, HasSubstr("finished"));

  const CommandResult logs = cluster().Weir({"logs", "-applicationId", id});
  ASSERT_EQ(logs.exit_code, 0) << logs.ToString();
  EXPECT_THAT(logs.out, HasSubstr("a shipped greeting\nindex 0 of three\n"));
  EXPECT_THAT(logs.out, HasSubstr("a shipped greeting\nindex 1 of three\n"));
  EXPECT_THAT(logs.out, HasSubstr("a shipped greeting\nindex 2 of three\n"));
  EXPECT_THAT(logs.out, HasSubstr("LogType:stderr"));
  EXPECT_THAT(logs.out, HasSubstr("to stderr\n"));

  const CommandResult status = cluster().Weir({"application", "-status", id, "-o", "json"});
  ASSERT_EQ(status.exit_code, 0) << status.ToString();
  const Json app = Json::parse(status.out).at("app");
  EXPECT_EQ(app.at("name"), "three greetings");
  EXPECT_EQ(app.at("state"), "FINISHED");
  EXPECT_EQ(app.at("finalStatus"), "SUCCEEDED");
  EXPECT_EQ(app.at("progress"), 100.0);
  EXPECT_THAT(StatusText(id), HasSubstr("State : FINISHED"));
}

TEST_F(CommandApplication, ListsApplicationsAndNodes) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string runs = SubmitShell({"-memory", "64", "-name", "sleeper"}, "sleep 1000");
  ASSERT_TRUE(AwaitState(runs, "RUNNING"));
  const CommandResult done =
      cluster().Weir({"application", "-submit", "-memory", "64", "-wait", "--", "/bin/true"});
  ASSERT_EQ(done.exit_code, 0) << done.ToString();

  const CommandResult live = cluster().Weir({"application", "-list"});
  EXPECT_THAT(live.out, StartsWith("Total number of applications: 1\n"));
  EXPECT_THAT(live.out, HasSubstr("sleeper"));
  const CommandResult all =
      cluster().Weir({"application", "-list", "-appStates", "ALL", "-o", "json"});
  EXPECT_THAT(Json::parse(all.out).at("apps").at("app"), SizeIs(2)) << all.out;
  const CommandResult unknown = cluster().Weir({"application", "-list", "-appStates", "SLEEPING"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, AllOf(IsOneLine(), HasSubstr("SLEEPING"), HasSubstr("RUNNING")));

  const CommandResult nodes = cluster().Weir({"node", "-list"});
  EXPECT_THAT(nodes.out, StartsWith("Total Nodes:2\n"));
  const CommandResult nodes_json = cluster().Weir({"node", "-list", "-o", "json"});
  const Json list = Json::parse(nodes_json.out).at("nodes").at("node");
  ASSERT_THAT(list, SizeIs(2)) << nodes_json.out;
  // The address that the list and the RM's page show is one for people, too.
  std::string pages;
  for (const Json& node : list) {
    platform::HttpCall call;
    call.server = *HostPort::Parse(node.at("nodeHTTPAddress").get<std::string>());
    call.target = "/";
    const auto page = platform::CallHttp(call);
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->status, 200);
    pages += page->body;
  }
  EXPECT_THAT(pages, AllOf(HasSubstr("<html"), HasSubstr("container_")));
  const CommandResult one = cluster().Weir({"node", "-status", list.at(0).at("id")});
  EXPECT_EQ(one.exit_code, 0) << one.ToString();
  EXPECT_THAT(one.out, HasSubstr("Memory-Capacity : 4096MB"));
  const CommandResult one_json =
      cluster().Weir({"node", "-status", list.at(0).at("id"), "-o", "json"});
  EXPECT_EQ(Json::parse(one_json.out).at("node").at("uuid"), list.at(0).at("uuid"))
      << one_json.ToString();
  EXPECT_EQ(cluster().Weir({"node", "-status", "nowhere:1"}).exit_code, 3);
  Kill(runs);
}

TEST_F(CommandApplication, ListsContainersAndShowsOne) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell({"-memory", "64"}, "echo > " + Scratch("up") + "; sleep 1000");
  ASSERT_TRUE(AwaitFile(Scratch("up")));
  const auto weir = [this](const std::string& verb, const std::string& name) {
    return cluster().Weir({"container", verb, name});
  };
  EXPECT_THAT(weir("-list", id).out, StartsWith("Total number of containers :2\n"));
  const CommandResult json = cluster().Weir({"container", "-list", id, "-o", "json"});
  const std::string second = "_01_000002";
  ASSERT_THAT(json.out, HasSubstr(second)) << json.ToString();
  const size_t end = json.out.find(second) + second.size();
  const size_t begin = json.out.rfind("container_", end);
  const std::string container = json.out.substr(begin, end - begin);
  const CommandResult one = weir("-status", container);
  EXPECT_EQ(one.exit_code, 0) << one.ToString();
  EXPECT_THAT(one.out, HasSubstr("\tContainer-Id : " + container + "\n"));
  EXPECT_THAT(one.out, HasSubstr("\tExit-Code : N/A\n"));

  const std::string digits = id.substr(id.find('_'));
  EXPECT_THAT(weir("-list", "appattempt" + digits + "_000001").out, HasSubstr(container));
  EXPECT_THAT(weir("-list", "appattempt" + digits + "_000002").out, HasSubstr("containers :0\n"));
  const std::string none = container.substr(0, container.size() - 1) + "9";
  EXPECT_EQ(weir("-status", none).exit_code, 3);
  EXPECT_THAT(weir("-status", none).err, AllOf(IsOneLine(), HasSubstr(none)));
  EXPECT_EQ(weir("-list", "nonsense").exit_code, 2);
  Kill(id);
}

TEST_F(CommandApplication, StartsAFailedContainerAgainInItsPlace) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const auto submit = [this](const std::string& codes, const std::string& script) {
    return cluster().Weir({"application",
                           "-submit",
                           "-memory",
                           "64",
                           "-retries",
                           "2",
                           "-retryOn",
                           codes,
                           "-wait",
                           "--",
                           "/bin/sh",
                           "-c",
                           script});
  };
  // One byte more in its directory at each start: the third finds what the first two left.
  const std::string third = "echo run; printf . >>tries; test $(wc -c <tries) -ge 3 || exit 75";
  const CommandResult run = submit("75,76", third);
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  const std::string id = run.out.substr(0, run.out.find('\n'));
  EXPECT_THAT(cluster().Weir({"logs", "-applicationId", id}).out, HasSubstr("run\nrun\nrun\n"));

  const CommandResult in_vain = submit("75", "exit 75");
  EXPECT_EQ(in_vain.exit_code, 8) << in_vain.ToString();
  EXPECT_THAT(in_vain.err, HasSubstr("started again in its place 2 times, and no more"));
  const CommandResult other_code = submit("75", "exit 3");
  EXPECT_THAT(other_code.err, AllOf(HasSubstr("exit status 3"), Not(HasSubstr("started again"))));
  const CommandResult no_code = submit("75,x", "exit 3");
  EXPECT_EQ(no_code.exit_code, 2);
  EXPECT_THAT(no_code.err, AllOf(IsOneLine(), HasSubstr("'x'")));
}

TEST_F(CommandApplication, ShowsTheLogsOfAContainerThatStillRuns) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell(
      {"-memory", "64"}, "echo I am working; echo $$ > " + Scratch("pid") + "; sleep 1000");
  ASSERT_NE(AwaitPid(Scratch("pid")), 0);
  const CommandResult logs = cluster().Weir({"logs", "-applicationId", id});
  EXPECT_EQ(logs.exit_code, 0) << logs.ToString();
  EXPECT_THAT(logs.out, HasSubstr("I am working\n"));
  Kill(id);
}

TEST_F(CommandApplication, SaysThatLogsAreGoneOrThatAContainerNeverStarted) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kRmMaxAttempts] = "1";
  ASSERT_TRUE(StartCluster(options));
  const std::string ran = SubmitShell({"-memory", "64"}, "echo hello");
  ASSERT_TRUE(AwaitState(ran, "FINISHED"));
  ASSERT_TRUE(AwaitNoContainers());
  fs::remove_all(cluster().NodeDir(0) + "/logs/" + ran);
  const CommandResult gone = cluster().Weir({"logs", "-applicationId", ran});
  EXPECT_EQ(gone.exit_code, 3) << gone.ToString();
  EXPECT_THAT(gone.err,
              AllOf(HasSubstr("are gone"), HasSubstr(keys::kNmLogRetain), Not(HasSubstr("404"))));

  // Its file is lost before the node fetches it.
  WriteWholeFile(Scratch("greeting.txt"), "a greeting that is lost\n");
  cluster().node(0).Signal(SIGSTOP);
  const std::string lost = SubmitShell({"-memory", "64", "-file", Scratch("greeting.txt")}, "true");
  for (const fs::path& file : PathsBelow(cluster().work_dir() + "/rm/staging")) {
    if (fs::is_regular_file(file)) fs::remove(file);
  }
  cluster().node(0).Signal(SIGCONT);
  ASSERT_TRUE(
      WaitUntil([&] { return Application(lost).at("finalStatus") == "FAILED"; }, "it fails"));
  const CommandResult never = cluster().Weir({"logs", "-applicationId", lost});
  EXPECT_EQ(never.exit_code, 3) << never.ToString();
  EXPECT_THAT(never.err,
              AllOf(HasSubstr("never started"), HasSubstr("weir application -status " + lost)));
}

TEST_F(CommandApplication, ShipsAFileWithAnyNameAndRefusesTwoOfOneName) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string odd = Scratch("a b=c,d.txt");
  WriteWholeFile(odd, "the odd one\n");
  const CommandResult run = cluster().Weir({"application",
                                            "-submit",
                                            "-memory",
                                            "64",
                                            "-file",
                                            odd,
                                            "-wait",
                                            "--",
                                            "/bin/grep",
                                            "-q",
                                            "the odd one",
                                            "a b=c,d.txt"});
  EXPECT_EQ(run.exit_code, 0) << run.ToString();
  const CommandResult twice =
      cluster().Weir({"application", "-submit", "-file", odd, "-file", odd, "--", "/bin/true"});
  EXPECT_EQ(twice.exit_code, 2) << twice.ToString();
  EXPECT_THAT(twice.err, AllOf(IsOneLine(), HasSubstr("'a b=c,d.txt'")));
}

TEST_F(CommandApplication, RefusesALogFileThatNoContainerHas) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell({"-memory", "64", "-wait"}, "true");
  const CommandResult none =
      cluster().Weir({"logs", "-applicationId", id, "-log_files", "stdout,syslog"});
  EXPECT_EQ(none.exit_code, 3) << none.ToString();
  EXPECT_THAT(none.err, AllOf(IsOneLine(), HasSubstr("'syslog'"), HasSubstr("stderr, stdout")));
}

TEST_F(CommandApplication, SaysWhyAnUploadIsRefused) {
  ClusterOptions options = SmallContainers(1);
  options.settings["weir.staging.max-bytes"] = "1000";
  ASSERT_TRUE(StartCluster(options));
  WriteWholeFile(Scratch("big"), std::string(2000, 'x'));
  const CommandResult run =
      cluster().Weir({"application", "-submit", "-file", Scratch("big"), "--", "/bin/true"});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr(Scratch("big")), Not(HasSubstr("{"))));
}

TEST_F(CommandApplication, WarnsOfAKeyThatIsMistyped) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult typo =
      cluster().Weir({"node", "-list", "-D", "yarn.resourcemanger.hostname=127.0.0.1"});
  EXPECT_EQ(typo.exit_code, 0) << typo.ToString();
  EXPECT_THAT(typo.err, AllOf(IsOneLine(), HasSubstr("'yarn.resourcemanager.hostname'")));
  const CommandResult own = cluster().Weir({"node", "-list", "-D", "my.job.key=1"});
  EXPECT_THAT(own.err, IsEmpty());
}

TEST_F(CommandApplication, NamesContainerNodeAndCauseWhenACommandFails) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult run = cluster().Weir({"application",
                                            "-submit",
                                            "-memory",
                                            "64",
                                            "-wait",
                                            "--",
                                            "/bin/sh",
                                            "-c",
                                            "echo out of paper >&2; exit 7"});
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  const std::string id = run.out.substr(0, run.out.find('\n'));
  const std::string why = Application(id).at("diagnostics");
  EXPECT_THAT(why, HasSubstr("container_"));
  EXPECT_THAT(why, HasSubstr(cluster().NodeAddresses(0).at("container")));
  EXPECT_THAT(why, HasSubstr("7"));
  EXPECT_THAT(why, HasSubstr("out of paper"));
  EXPECT_THAT(run.err, HasSubstr("container_"));
  EXPECT_EQ(Application(id).at("state"), "FINISHED");
  EXPECT_EQ(Application(id).at("finalStatus"), "FAILED");
}

TEST_F(CommandApplication, NamesACommandThatCannotBeStarted) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult run = cluster().Weir(
      {"application", "-submit", "-memory", "64", "-wait", "--", "/no/such/program"});
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, HasSubstr("/no/such/program"));
}

TEST_F(CommandApplication, LeavesNothingOfAKilledCommandThatHidesAndIgnoresSigterm) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  // One child in a session of its own whose parent has gone, and a leader that ignores SIGTERM.
  const std::string id = SubmitShell({"-memory", "64"},
                                     "trap '' TERM\n"
                                     "(setsid sh -c 'trap \"\" TERM; echo $$ > " +
                                         Scratch("hidden") +
                                         "; while :; do sleep 1000; done' &)\n"
                                         "echo $$ > " +
                                         Scratch("leader") +
                                         "\n"
                                         "while :; do sleep 1000; done\n");
  const pid_t hidden = AwaitPid(Scratch("hidden"));
  const pid_t leader = AwaitPid(Scratch("leader"));
  ASSERT_TRUE(IsAlive(hidden) && IsAlive(leader));
  Kill(id);
  EXPECT_TRUE(AwaitGone(hidden));
  EXPECT_TRUE(AwaitGone(leader));
  const CommandResult again = cluster().Weir({"application", "-kill", id});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.out, HasSubstr("already finished"));
}

TEST_F(CommandApplication, LeavesNothingOfAFinishedCommandThatHides) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult run =
      cluster().Weir({"application",
                      "-submit",
                      "-memory",
                      "64",
                      "-wait",
                      "--",
                      "/bin/sh",
                      "-c",
                      "(setsid sh -c 'trap \"\" TERM; echo $$ > " + Scratch("hidden") +
                          "; while :; do sleep 1000; done' &); while [ ! -s " + Scratch("hidden") +
                          " ]; do sleep 0.01; done"});
  EXPECT_EQ(run.exit_code, 0) << run.ToString();
  EXPECT_TRUE(AwaitGone(AwaitPid(Scratch("hidden"))));
}

TEST_F(CommandApplication, RefusesAContainerLargerThanEveryNodeUnlessItIsToWait) {
  ASSERT_TRUE(StartCluster(OneSmallNode()));
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, std::vector<std::string>{"-wait"}}) {
    std::vector<std::string> words = {"application", "-submit", "-memory", "1024"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "/bin/true"});
    const CommandResult run = cluster().Weir(words);
    EXPECT_EQ(run.exit_code, 7) << run.ToString();
    EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr("1024"), HasSubstr("-queue-timeout")));
    EXPECT_THAT(run.out, IsEmpty());
  }
  EXPECT_EQ(Rest("/ws/v1/cluster/metrics").at("clusterMetrics").at("appsSubmitted"), 0);

  const CommandResult run = cluster().Weir(
      {"application", "-submit", "-memory", "1024", "-queue-timeout", "1h", "--", "/bin/true"});
  EXPECT_EQ(run.exit_code, 7) << run.ToString();
  EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr("1024"), HasSubstr("waits")));
  const std::string id = run.out.substr(0, run.out.find('\n'));
  ASSERT_TRUE(AwaitState(id, "RUNNING"));
  ASSERT_TRUE(WaitUntil([&] { return StatusText(id).find("Waiting : no\n") == std::string::npos; },
                        "the status names a reason"));
  EXPECT_THAT(StatusText(id), AllOf(HasSubstr("NO_FIT_NODE"), HasSubstr("1024")));
  Kill(id);
}

TEST_F(CommandApplication, RefusesAContainerLargerThanTheMaximum) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult run =
      cluster().Weir({"application", "-submit", "-memory", "100g", "--", "/bin/true"});
  EXPECT_EQ(run.exit_code, 2) << run.ToString();
  EXPECT_THAT(run.err, AllOf(IsOneLine(), HasSubstr("102400"), HasSubstr("8192")));
  EXPECT_THAT(run.out, IsEmpty());
  const CommandResult cpus =
      cluster().Weir({"application", "-submit", "-vcores", "100", "--", "/bin/true"});
  EXPECT_EQ(cpus.exit_code, 2) << cpus.ToString();
  EXPECT_EQ(Rest("/ws/v1/cluster/metrics").at("clusterMetrics").at("appsSubmitted"), 0);
}

TEST_F(CommandApplication, QueuesUpWhenTheClusterIsFullAndSaysWhy) {
  ASSERT_TRUE(StartCluster(OneSmallNode()));
  const std::string first = SubmitShell({"-memory", "448"}, "sleep 1000");
  ASSERT_TRUE(AwaitState(first, "RUNNING"));
  ASSERT_TRUE(WaitUntil([&] { return Application(first).value("allocatedMB", 0) > 640; },
                        "the first application holds most of the node"));
  const std::string second = SubmitShell({"-memory", "64"}, "true");
  ASSERT_TRUE(
      WaitUntil([&] { return StatusText(second).find("Waiting : no\n") == std::string::npos; },
                "the status names a reason"));
  EXPECT_THAT(StatusText(second), HasSubstr("State : ACCEPTED"));
  EXPECT_EQ(Application(second).at("state"), "ACCEPTED");

  const CommandResult third = cluster().Weir({"application",
                                              "-submit",
                                              "-memory",
                                              "64",
                                              "-wait",
                                              "-queue-timeout",
                                              "200ms",
                                              "--",
                                              "/bin/true"});
  EXPECT_EQ(third.exit_code, 8) << third.ToString();
  EXPECT_THAT(third.err, HasSubstr("200 ms"));

  Kill(first);
  EXPECT_TRUE(AwaitState(second, "FINISHED"));
}

TEST_F(CommandApplication, FailsAfterTheQueueTimeoutWhenItsContainersCannotBePlaced) {
  ASSERT_TRUE(StartCluster(OneSmallNode()));
  const CommandResult run = cluster().Weir({"application",
                                            "-submit",
                                            "-memory",
                                            "1024",
                                            "-wait",
                                            "-queue-timeout",
                                            "500ms",
                                            "--",
                                            "/bin/true"});
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, HasSubstr("1024"));
}

TEST_F(CommandApplication, AnswersEachMistakeWithOneLineAndAnExitCodeOfItsKind) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  struct Mistake {
    std::vector<std::string> words;
    int exit_code;
    std::string names;
  };
  const std::vector<Mistake> mistakes = {
      {{"aplication", "-list"}, 2, "aplication"},
      {{"application", "-lst"}, 2, "-lst"},
      {{"application"}, 2, "-submit"},
      {{"application", "-submit"}, 2, "command"},
      {{"application", "-submit", "-containers", "0", "--", "true"}, 2, "-containers"},
      {{"application", "-submit", "-memory", "much", "--", "true"}, 2, "much"},
      {{"application", "-submit", "-file", "/no/such/file", "--", "true"}, 3, "/no/such/file"},
      {{"application", "-submit", "-file", "/etc", "--", "true"}, 2, "/etc is a directory"},
      {{"application", "-submit", "-appStates", "ALL", "--", "true"}, 2, "-appStates"},
      {{"application", "-submit", "-queue", "fast", "--", "true"}, 3, "fast"},
      {{"application", "-list", "extra"}, 2, "'extra'"},
      {{"application", "-list", "-containers", "3"}, 2, "-containers"},
      {{"application", "-status", kNoSuchApplication, "extra"}, 2, "'extra'"},
      {{"application", "-kill", kNoSuchApplication, "-name", "x"}, 2, "-name"},
      {{"application", "-status", kNoSuchApplication}, 3, kNoSuchApplication},
      {{"application", "-kill", kNoSuchApplication}, 3, kNoSuchApplication},
      {{"application", "-status", "seven"}, 2, "seven"},
      {{"logs", "-applicationId", kNoSuchApplication}, 3, kNoSuchApplication},
      {{"logs", "-applicationId", kNoSuchApplication, "extra"}, 2, "'extra'"},
      {{"node", "-list", "-o", "yaml"}, 2, "yaml"},
      {{"node", "-list", "extra"}, 2, "'extra'"},
      {{"node", "-status", "nowhere:1", "-all"}, 2, "-all"},
      {{"--conf", "/tmp", "node", "-list"}, 2, "after it"},
      {{"session", "list", "-tm", "1g"}, 2, "-tm"},
      {{"session", "stop", "-n", "1"}, 2, "-n"},
      {{"job", "list", "--", "extra"}, 2, "'--'"},
  };
  for (const Mistake& mistake : mistakes) {
    const CommandResult result = cluster().Weir(mistake.words);
    EXPECT_EQ(result.exit_code, mistake.exit_code) << result.ToString();
    EXPECT_THAT(result.err, AllOf(IsOneLine(), HasSubstr(mistake.names)));
    EXPECT_THAT(result.out, IsEmpty());
  }
  EXPECT_EQ(Rest("/ws/v1/cluster/metrics").at("clusterMetrics").at("appsSubmitted"), 0);
}

TEST_F(CommandApplication, SaysThatNoResourceManagerRuns) {
  ProcessCluster none;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"application", "-list"},
        {"application", "-submit", "--", "/bin/true"},
        {"run", "-t", "per-job", BinaryPath("../examples/sequence_sum.so"), "1", "2", "1"},
        {"node", "-list"},
        {"logs", "-applicationId", kNoSuchApplication},
        {"session", "start", "-d"},
        {"job", "list"}}) {
    const CommandResult result = none.Weir(words);
    EXPECT_EQ(result.exit_code, 5) << result.ToString();
    EXPECT_THAT(result.err, AllOf(IsOneLine(), HasSubstr("ResourceManager")));
  }
}

}  // namespace
}  // namespace weir::testing
