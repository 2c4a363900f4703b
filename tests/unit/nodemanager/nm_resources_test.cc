// A NodeManager with indices of named resources, between a ResourceManager and an ApplicationMaster
// that are the test: what it registers, what it refuses at start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "node_manager_process.h"

namespace weir::nm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class NodeManagerResources : public NodeManagerProcess {
 protected:
  std::string Program(const std::string& body) {
    const std::string path = directory_ / "list";
    weir::testing::WriteWholeFile(path, "#!/bin/sh\n" + body + "\n");
    EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
    return path;
  }
  // What it says when it does not start.
  std::string Refusal(const std::vector<std::string>& settings) {
    std::vector<std::string> arguments = Arguments();
    for (const std::string& setting : settings) {
      arguments.insert(arguments.end(), {"-D", setting});
    }
    const auto result = weir::testing::RunCommand(arguments);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_FALSE(result.timed_out);
    EXPECT_EQ(rm_->registrations(), 0);
    return result.err;
  }
};

TEST_F(NodeManagerResources, RegistersAsManyAsThereAreIndices) {
  Configure("yarn.resource-types=yarn.io/gpu,card");
  Configure("yarn.nodemanager.resource-plugins=yarn.io/gpu,card");
  Configure("yarn.nodemanager.resource-plugins.gpu.allowed-gpu-devices=0:0,1:1,2:4");
  Configure("yarn.nodemanager.resource-plugins.card.path-to-discovery-executables=" +
            Program("echo 5; echo 9"));
  StartNode();
  Resource expected{2048, 8};
  expected.SetNamed("yarn.io/gpu", 3);
  expected.SetNamed("card", 2);
  EXPECT_EQ(rm_->last_registration().capacity, expected);
  EXPECT_THAT(weir::testing::ReadWholeFile(directory_ / "log"),
              AllOf(HasSubstr("given out by index indices=0,1,2 by=configuration"),
                    HasSubstr("given out by index indices=5,9 by=discovery")));
}

// The other attempt has what it needs to hold, and the node knows better than its ResourceManager.
TEST_F(NodeManagerResources, RefusesAStartThatTheIndicesDoNotReachFor) {
  Configure("yarn.resource-types=yarn.io/gpu");
  Configure("yarn.nodemanager.resource-plugins=yarn.io/gpu");
  Configure("yarn.nodemanager.resource-plugins.gpu.allowed-gpu-devices=0");
  StartNode();
  ASSERT_TRUE(AwaitRegistered());
  auto client = Connect();
  const auto start = [&](int64_t number) {
    ContainerTokenIdentifier token = rm_->Token(kAttempt, number);
    token.resource.SetNamed("yarn.io/gpu", 1);
    return Start(*client, rm_->keys().Sign(token), Shell("sleep 1000"));
  };
  ASSERT_TRUE(start(1).ok());
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  EXPECT_THAT(Get("/ws/v1/node/containers/" + IdOf(1).ToString()).body,
              HasSubstr("\"assignedResources\":{\"yarn.io/gpu\":[0]}"));
  const Status refused = start(2);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("yarn.io/gpu"));
}

TEST_F(NodeManagerResources, DoesNotStartWithAFaultAndNamesKeyAndRemedy) {
  const std::string types = "yarn.resource-types=yarn.io/gpu,card,byte,a/card,CARD";
  const std::string unit = "yarn.resource-types.byte.units=Ki";
  const std::string plugins = "yarn.nodemanager.resource-plugins";
  const std::string list = plugins + ".gpu.allowed-gpu-devices";
  const std::string program = plugins + ".gpu.path-to-discovery-executables";
  const std::string good = "yarn.resource-types=yarn.io/gpu,card";
  struct Case {
    std::vector<std::string> settings;
    std::vector<std::string> says;
  };
  for (const Case& c : std::vector<Case>{
           {{plugins + "=yarn.io/gpu"}, {plugins + " (-D)", "not in yarn.resource-types"}},
           {{good, plugins + "=yarn.io/gpu", list + "=0:0,0:1"}, {list, "index 0 stands twice"}},
           {{good, plugins + "=yarn.io/gpu", list + "=x"}, {list, "'x' is no device"}},
           {{good, plugins + "=card"}, {plugins + ".card.allowed-card-devices", "discover"}},
           {{good, plugins + "=yarn.io/gpu", program + "=nvidia-smi"}, {program, "relative path"}},
           {{good, plugins + "=yarn.io/gpu", program + "=/no/such/smi"}, {program, "/no/such/smi"}},
           {{good, plugins + "=yarn.io/gpu", program + "=" + Program("echo 0; echo x")},
            {program, directory_ / "list -L", "line 2 of its output, 'x'"}},
           {{good,
             plugins + "=yarn.io/gpu",
             list + "=0,1",
             "yarn.nodemanager.resource-type.yarn.io/gpu=4"},
            {"yarn.nodemanager.resource-type.yarn.io/gpu is 4", "there are 2 devices"}},
           {{types, unit, plugins + "=byte"}, {"byte has the unit Ki"}},
           {{types, plugins + "=card,a/card"}, {"two types are called card"}},
           {{types}, {"WEIR_RESOURCE_CARD"}},
           {{"yarn.nodemanager.admin-env=A"},
            {"yarn.nodemanager.admin-env (-D)", "'A' sets nothing"}},
           {{"yarn.nodemanager.admin-env.NM_PORT=1"},
            {"yarn.nodemanager.admin-env.NM_PORT (-D)", "set by the NodeManager"}},
           {{"yarn.nodemanager.env-whitelist=LD_*"},
            {"yarn.nodemanager.env-whitelist (-D)", "name each variable in full"}},
           {{"yarn.nodemanager.container-retry-minimum-interval-ms=0"},
            {"yarn.nodemanager.container-retry-minimum-interval-ms"}},
       }) {
    const std::string said = Refusal(c.settings);
    for (const std::string& part : c.says) EXPECT_THAT(said, HasSubstr(part));
  }
}

// A hanging program: the key says for how long.
TEST_F(NodeManagerResources, DoesNotWaitForEverForADiscoveryProgram) {
  EXPECT_THAT(Refusal({"yarn.resource-types=yarn.io/gpu",
                       "yarn.nodemanager.resource-plugins=yarn.io/gpu",
                       "yarn.nodemanager.resource-plugins.gpu.path-to-discovery-executables=" +
                           Program("sleep 1000"),
                       "weir.nodemanager.resource-plugins.discovery-timeout-ms=300"}),
              HasSubstr("list -L did not end within 300 ms and was killed"));
}

TEST_F(NodeManagerResources, RetriesInPlaceComeAfterTheConfiguredInterval) {
  Configure("yarn.nodemanager.container-retry-minimum-interval-ms=20");
  StartNode();
  LaunchContext launch = Shell("printf . >>tries; test $(wc -c <tries) -ge 3");
  launch.retry = {.on = RetryOn::kAnyFailure, .max_retries = 2};
  StartByRm(1, launch);
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, 0);
  EXPECT_THAT(weir::testing::ReadWholeFile(directory_ / "log"),
              AllOf(HasSubstr("retry 1 of 2 in 20 ms"), HasSubstr("retry 2 of 2 in 20 ms")));
}

}  // namespace
}  // namespace weir::nm
