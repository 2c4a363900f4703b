// Named resources in whole clusters: which container has which index, through kills of the
// NodeManager; and the node's own variables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace keys = platform::keys;

class NamedResources : public ClusterTest {
 protected:
  // One node with the indices 0 and 3 of yarn.io/gpu, as a program says, and 5 of licence.
  ClusterOptions OneNode() {
    const std::string program = programs_ / "list-gpus";
    WriteWholeFile(program, "#!/bin/sh\necho 'GPU 0: a slow one'\necho 3:7\n");
    EXPECT_EQ(::chmod(program.c_str(), 0755), 0);
    ClusterOptions options = SmallContainers(1);
    options.settings[keys::kResourceTypes] = "yarn.io/gpu,licence";
    options.settings["yarn.nodemanager.resource-type.licence"] = "5";
    options.settings[keys::kNmResourcePlugins] = "yarn.io/gpu";
    options.settings[keys::kNmGpuDiscovery] = program;
    return options;
  }

  // A container that writes what it was given into NAME and runs until NAME.go is there.
  std::string SubmitHolder(const std::string& name, const std::string& resources) {
    return SubmitShell({"-memory", "64", "-resources", resources},
                       "echo $CUDA_VISIBLE_DEVICES/$NVIDIA_VISIBLE_DEVICES/"
                       "$WEIR_RESOURCE_YARN_IO_GPU_INDICES/$WEIR_RESOURCE_LICENCE >" +
                           Scratch(name) + ".new; mv " + Scratch(name) + ".new " + Scratch(name) +
                           "; until [ -e " + Scratch(name) + ".go ]; do sleep 0.05; done");
  }
  std::string Given(const std::string& name) {
    EXPECT_TRUE(AwaitFile(Scratch(name)));
    const std::string text = ReadWholeFile(Scratch(name));
    return text.substr(0, text.find('\n'));
  }
  void Finish(const std::string& name, const std::string& id) {
    WriteWholeFile(Scratch(name) + ".go", "");
    EXPECT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
  }
  std::string NodeStatus() {
    const std::string node = cluster().Address(cluster().NodeAddresses(0), "container").ToString();
    const CommandResult status = cluster().Weir({"node", "-status", node});
    EXPECT_EQ(status.exit_code, 0) << status.ToString();
    return status.out;
  }
  static std::string ContainerOf(const std::string& application) {
    return "container_e01_" + application.substr(application.find('_') + 1) + "_01_000002";
  }
  platform::HttpAnswer NodeGet(const std::string& target) {
    platform::HttpCall call;
    call.server = cluster().Address(cluster().NodeAddresses(0), "http");
    call.target = target;
    auto answer = platform::CallHttp(call);
    EXPECT_TRUE(answer.ok());
    return answer.ok() ? *std::move(answer) : platform::HttpAnswer{};
  }

  const TempDirectory programs_;
};

TEST_F(NamedResources, ContainersHoldTheirIndicesThroughAKillOfTheNodeManager) {
  ASSERT_TRUE(StartCluster(OneNode()));
  const std::string first = SubmitHolder("first", "yarn.io/gpu=1");
  EXPECT_EQ(Given("first"), "0/0/0/");
  const std::string second = SubmitHolder("second", "yarn.io/gpu=1");
  EXPECT_EQ(Given("second"), "3/3/3/");

  const std::string third = SubmitHolder("third", "yarn.io/gpu=1");
  ASSERT_TRUE(WaitUntil(
      [&] {
        const CommandResult told = cluster().Weir({"application", "-explain", third});
        return told.exit_code == 0 && told.out.find("yarn.io/gpu") != std::string::npos &&
               told.out.find("Reason : ") != std::string::npos;
      },
      "the reason why the third waits"));

  const auto check_holders = [&] {
    EXPECT_THAT(NodeStatus(),
                AllOf(HasSubstr("\tyarn.io/gpu index 0 : " + ContainerOf(first) + "\n"),
                      HasSubstr("\tyarn.io/gpu index 3 : " + ContainerOf(second) + "\n")));
    EXPECT_THAT(cluster().Weir({"container", "-status", ContainerOf(second)}).out,
                HasSubstr("\tAssigned-Resources : yarn.io/gpu 3\n"));
    const Json gpu = Json::parse(NodeGet("/ws/v1/node/resources/yarn.io%2Fgpu").body);
    EXPECT_EQ(gpu.at("used"), 2);
    EXPECT_EQ(gpu.at("totalGpuDevices").at(1).at("minorNumber"), 7);
    EXPECT_EQ(gpu.at("assignedGpuDevices").at(1).at("containerId"), ContainerOf(second));
  };
  check_holders();
  EXPECT_THAT(NodeGet("/").body, HasSubstr("index 3"));

  cluster().node(0).Kill();
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  check_holders();
  EXPECT_FALSE(Exists(Scratch("third"))) << "it still waits";

  Finish("second", second);
  EXPECT_EQ(Given("third"), "3/3/3/");
  Finish("first", first);
  Finish("third", third);
  EXPECT_TRUE(WaitUntil(
      [&] {
        const std::string status = NodeStatus();
        return status.find("yarn.io/gpu index 0 : free") != std::string::npos &&
               status.find("yarn.io/gpu index 3 : free") != std::string::npos;
      },
      "all to be free"));
}

TEST_F(NamedResources, WhatIsOnlyCountedIsCountedAndWhoAskedForNoGpuSeesNone) {
  ASSERT_TRUE(StartCluster(OneNode()));
  const std::string id = SubmitHolder("counts", "licence=3");
  EXPECT_EQ(Given("counts"), "/void//3");
  EXPECT_THAT(NodeStatus(), HasSubstr("\tlicence 3 of 5 : " + ContainerOf(id) + "\n"));
  EXPECT_EQ(NodeGet("/ws/v1/node/resources/yarn.io/gpu").status, 200) << "the slash as it is";
  const auto unknown = NodeGet("/ws/v1/node/resources/yarn.io%2Ffpga");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("this node has no resource 'yarn.io/fpga'"));
  Finish("counts", id);
  const CommandResult more = cluster().Weir(
      {"application", "-submit", "-memory", "64", "-resources", "yarn.io/fpga=1", "--", "true"});
  EXPECT_NE(more.exit_code, 0);
  EXPECT_THAT(more.err, AllOf(IsOneLine(), HasSubstr("yarn.io/fpga")));
}

TEST_F(NamedResources, OneContainerTakesSeveralAtOnce) {
  ASSERT_TRUE(StartCluster(OneNode()));
  const std::string id = SubmitHolder("both", "yarn.io/gpu=2");
  EXPECT_EQ(Given("both"), "0,3/0,3/0,3/");
  Finish("both", id);
}

TEST_F(NamedResources, TheNodesVariablesReachContainers) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kNmAdminEnv] = "SITE=vienna,HOMES=$HOME";
  options.settings["yarn.nodemanager.admin-env.PLACES"] = "a,b";
  options.settings[keys::kNmEnvWhitelist] = "WEIR_TEST_PASSED";
  ASSERT_EQ(::setenv("WEIR_TEST_PASSED", "as it is", 1), 0);
  ASSERT_EQ(::setenv("WEIR_TEST_KEPT", "secret", 1), 0);
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitShell({"-memory", "64"}, "env >" + Scratch("env"));
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
  EXPECT_THAT(ReadWholeFile(Scratch("env")),
              AllOf(HasSubstr("SITE=vienna\n"),
                    HasSubstr("PLACES=a,b\n"),
                    HasSubstr(std::string("HOMES=") + ::getenv("HOME") + "\n"),
                    HasSubstr("WEIR_TEST_PASSED=as it is\n"),
                    Not(HasSubstr("WEIR_TEST_KEPT"))));
}

}  // namespace
}  // namespace weir::testing
