// How a container ended, in words with numbers next to YARN's exit code: one table of causes, each
// looked at in every place that shows it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

namespace keys = platform::keys;

enum class EndedBy { kItself, kMemoryCgroup, kMemoryCheck, kItsOwner };

struct EndOfContainer {
  const char* name;
  const char* script;  // once it may go
  int code;
  const char* words;
  EndedBy by = EndedBy::kItself;
};
void PrintTo(const EndOfContainer& end, std::ostream* out) {
  *out << end.name;
}

class CausesShown : public ClusterTest {
 protected:
  std::string Get(const HostPort& server, const std::string& target) {
    platform::HttpCall call;
    call.server = server;
    call.target = target;
    const auto answer = platform::CallHttp(call);
    return answer.ok() && answer->status == 200 ? answer->body : "";
  }
  std::string OfNode(const std::string& target) {
    return Get(cluster().Address(cluster().NodeAddresses(0), "http"), target);
  }
  // The first is the ApplicationMaster's.
  static std::string ContainerOf(const std::string& application, int number) {
    return "container_e01" + application.substr(application.find('_')) + "_01_00000" +
           std::to_string(number);
  }
  static ClusterOptions OptionsFor(EndedBy by) {
    ClusterOptions options = SmallContainers(1);
    if (by == EndedBy::kMemoryCheck) {
      options.settings[keys::kCgroups] = "off";
      options.settings[keys::kNmMonitorInterval] = "100";
    }
    return options;
  }
  // Where the ResourceManager, or who asks it, tells of the container's end alone.
  void ExpectInItsStatus(const std::string& container, const std::string& code, const char* words) {
    const CommandResult status = cluster().Weir({"container", "-status", container});
    EXPECT_THAT(status.out, AllOf(HasSubstr("Exit-Code : " + code + "\n"), HasSubstr(words)));
  }
};

class ExitCause : public CausesShown, public ::testing::WithParamInterface<EndOfContainer> {};

TEST_P(ExitCause, IsShownWithItsCodeEverywhere) {
  ASSERT_TRUE(StartCluster(OptionsFor(GetParam().by)));
  if (GetParam().by == EndedBy::kMemoryCgroup &&
      ReadWholeFile(cluster().LogFile("nm0")).find("nm.cgroups memory enforced") ==
          std::string::npos) {
    GTEST_SKIP() << "no memory controller here";
  }
  const std::string id =
      SubmitShell({"-memory", "64"},
                  "trap : TERM; echo $$ >" + Scratch("pid") + "; until [ -e " + Scratch("go") +
                      " ]; do sleep 0.02; done; " + GetParam().script);
  AwaitPid(Scratch("pid"));
  const std::string worker = ContainerOf(id, 2);
  const std::string code = std::to_string(GetParam().code);
  if (GetParam().by == EndedBy::kItsOwner) {
    const CommandResult sent =
        cluster().Weir({"container", "-signal", worker, "GRACEFUL_SHUTDOWN"});
    ASSERT_EQ(sent.exit_code, 0) << sent.ToString();
  }

  // A node shows it until the ResourceManager knows it.
  cluster().resource_manager().Signal(SIGSTOP);
  WriteWholeFile(Scratch("go"), "");
  Json shown;
  const auto ended = WaitUntil(
      [&] {
        const Json answer = Json::parse(OfNode("/ws/v1/node/containers/" + worker), nullptr, false);
        shown = answer.is_object() ? answer.value("container", Json()) : Json();
        return shown.is_object() && shown.value("exitCode", -1000) != -1000;
      },
      "the node has seen its end");
  const std::string list = OfNode("/ws/v1/node/containers");
  const std::string page = OfNode("/");
  cluster().resource_manager().Signal(SIGCONT);
  ASSERT_TRUE(ended) << shown.dump();
  EXPECT_EQ(shown.value("exitCode", 0), GetParam().code);
  EXPECT_THAT(shown.value("diagnostics", ""), HasSubstr(GetParam().words));
  EXPECT_THAT(list, AllOf(HasSubstr("\"exitCode\":" + code), HasSubstr(GetParam().words)));
  EXPECT_THAT(page, AllOf(HasSubstr("\"number\">" + code + "<"), HasSubstr(GetParam().words)));

  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  const std::string sentence = "ended with exit code " + code + ": ";
  const auto tells = AllOf(HasSubstr(worker), HasSubstr(sentence), HasSubstr(GetParam().words));
  EXPECT_THAT(Application(id).value("diagnostics", ""), tells);
  EXPECT_THAT(Get(cluster().ResourceManagerHttp(), "/"), tells);
  EXPECT_THAT(Get(cluster().ResourceManagerHttp(), "/ws/v1/cluster/apps"), tells);
  EXPECT_THAT(StatusText(id), tells);
  const CommandResult json = cluster().Weir({"application", "-status", id, "-o", "json"});
  EXPECT_THAT(json.out, tells);
  ExpectInItsStatus(worker, code, GetParam().words);
  const CommandResult containers = cluster().Weir({"container", "-list", id, "-o", "json"});
  EXPECT_THAT(containers.out,
              AllOf(HasSubstr("\"containerExitStatus\":" + code), HasSubstr(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(
    Shown,
    ExitCause,
    ::testing::Values(EndOfContainer{"AnExitStatus", "exit 42", 42, "exit status 42"},
                      EndOfContainer{"ACrash", "kill -SEGV $$", 139, "died of SIGSEGV"},
                      EndOfContainer{"AKillByHand", "kill -KILL $$", 137, "died of SIGKILL"},
                      EndOfContainer{"TheKernelForMemory",
                                     "exec tail /dev/zero",
                                     -104,
                                     "killed by the kernel at its memory limit: peak 64 MiB of 64 "
                                     "MiB",
                                     EndedBy::kMemoryCgroup},
                      EndOfContainer{"TheNodeForMemory",
                                     "head -c 200m /dev/zero | tail -c 200m | sleep 1000",
                                     -104,
                                     "is running beyond physical memory limits. Current usage: ",
                                     EndedBy::kMemoryCheck},
                      EndOfContainer{"ItsOwner",
                                     "exit 0",
                                     143,
                                     "asked to end with GRACEFUL_SHUTDOWN by ",
                                     EndedBy::kItsOwner}),
    [](const auto& of) { return of.param.name; });

// Ended from above: the application tells of its ApplicationMaster's end.
TEST_F(CausesShown, ThatOfAnApplicationMasterStandsInItsApplications) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kRmMaxAttempts] = "1";
  ASSERT_TRUE(StartCluster(options));
  const std::string id =
      SubmitShell({"-memory", "64"}, "echo $$ >" + Scratch("pid") + "; sleep 1000");
  AwaitPid(Scratch("pid"));
  const std::string master = ContainerOf(id, 1);
  const CommandResult sent = cluster().Weir({"container", "-signal", master, "FORCEFUL_SHUTDOWN"});
  ASSERT_EQ(sent.exit_code, 0) << sent.ToString();
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  constexpr char kWords[] = "killed with FORCEFUL_SHUTDOWN by ";
  const auto tells = AllOf(HasSubstr(master), HasSubstr("code 137: "), HasSubstr(kWords));
  EXPECT_THAT(Application(id).value("diagnostics", ""), tells);
  EXPECT_THAT(Get(cluster().ResourceManagerHttp(), "/"), tells);
  EXPECT_THAT(Get(cluster().ResourceManagerHttp(), "/ws/v1/cluster/apps"), tells);
  EXPECT_THAT(StatusText(id), tells);
  ExpectInItsStatus(master, "137", kWords);
}

}  // namespace
}  // namespace weir::testing
