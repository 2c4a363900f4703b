// How a container ended, in words with numbers next to YARN's exit code: one table of causes, each
// looked at in every place that shows it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct EndOfContainer {
  const char* name;
  const char* script;  // once it may go
  int code;
  const char* words;
  bool by_memory_cgroup = false;
};
void PrintTo(const EndOfContainer& end, std::ostream* out) {
  *out << end.name;
}

class ExitCause : public ClusterTest, public ::testing::WithParamInterface<EndOfContainer> {
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
  // The first after the ApplicationMaster's.
  static std::string WorkerOf(const std::string& application) {
    return "container_e01" + application.substr(application.find('_')) + "_01_000002";
  }
};

TEST_P(ExitCause, IsShownWithItsCodeEverywhere) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  if (GetParam().by_memory_cgroup &&
      ReadWholeFile(cluster().LogFile("nm0")).find("nm.cgroups memory enforced") ==
          std::string::npos) {
    GTEST_SKIP() << "no memory controller here";
  }
  const std::string id =
      SubmitShell({"-memory", "64"},
                  "echo $$ >" + Scratch("pid") + "; until [ -e " + Scratch("go") +
                      " ]; do sleep 0.02; done; " + GetParam().script);
  AwaitPid(Scratch("pid"));
  const std::string worker = WorkerOf(id);
  const std::string code = std::to_string(GetParam().code);

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
  const CommandResult container = cluster().Weir({"container", "-status", worker});
  EXPECT_THAT(container.out,
              AllOf(HasSubstr("Exit-Code : " + code + "\n"), HasSubstr(GetParam().words)));
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
                                     true}),
    [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace weir::testing
