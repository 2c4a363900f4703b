// Containers that use more memory than they may, on a real node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

namespace keys = platform::keys;

// Holds so many MiB until somebody ends it: the middle of the pipeline keeps what it has read until
// the end has room for it, which it never has.
std::string Hold(int mib) {
  const std::string bytes = std::to_string(int64_t{mib} << 20);
  return "head -c " + bytes + " /dev/zero | tail -c " + bytes + " | sleep 1000000";
}

class Memory : public ClusterTest {
 protected:
  static ClusterOptions LookedAtOften() {
    ClusterOptions options = SmallContainers(1);
    options.node_memory_mb = "1024";
    options.settings[keys::kNmMonitorInterval] = "100";
    return options;
  }
  int64_t Used() {
    const auto addresses = cluster().NodeAddresses(0);
    platform::HttpCall call;
    call.server = cluster().Address(addresses, "http");
    call.target = "/ws/v1/node/info";
    const auto answer = platform::CallHttp(call);
    if (!answer.ok()) return 0;
    const Json info = Json::parse(answer->body, nullptr, false);
    return info["nodeInfo"]["resourceUtilization"].value("aggregatedContainersPhysicalMemoryMB",
                                                         int64_t{0});
  }
};

TEST_F(Memory, InDynamicModeAContainerAboveItsSizeLivesUntilTheNodeIsNearItsLimit) {
  ClusterOptions options = LookedAtOften();
  options.settings[keys::kNmDynamicMemory] = "0.5";  // 1024 MiB; someone has to go from 972 on
  options.node_memory_mb = "2048";
  ASSERT_TRUE(StartCluster(options));
  const std::string hog = SubmitShell({"-memory", "128"}, Hold(600));
  ASSERT_TRUE(WaitUntil([&] { return Used() >= 600; }, "the first one holds its memory"));
  EXPECT_EQ(Application(hog).value("state", ""), "RUNNING") << "the node has room";
  const std::string modest = SubmitShell({"-memory", "512"}, Hold(380));
  ASSERT_TRUE(AwaitFinalStatus(hog, "FAILED"));
  const std::string why = Application(hog).value("diagnostics", "");
  EXPECT_THAT(why, HasSubstr("is running beyond physical memory limits. Current usage: "));
  EXPECT_THAT(why, HasSubstr(" of 128.0 MB physical memory used; "));
  EXPECT_THAT(why, HasSubstr("of the 1.0 GB that they may use together. Killing container."));
  EXPECT_THAT(why, HasSubstr("(tail)"));
  ASSERT_TRUE(WaitUntil([&] { return Used() >= 380; }, "the second one holds its memory"));
  EXPECT_EQ(Application(modest).value("state", ""), "RUNNING");
  const CommandResult killed = cluster().Weir({"application", "-kill", modest});
  EXPECT_EQ(killed.exit_code, 0) << killed.ToString();
  EXPECT_TRUE(AwaitState(modest, "KILLED"));
}

// Where the kernel holds no container to its size, the NodeManager does.
TEST_F(Memory, WithoutCgroupsAContainerBeyondItsSizeIsStoppedByItsNode) {
  ClusterOptions options = LookedAtOften();
  options.settings[keys::kCgroups] = "off";
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitShell({"-memory", "64"}, Hold(200));
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  const std::string said = StatusText(id);
  EXPECT_THAT(said, HasSubstr("ended with exit code -104: Container [pid="));
  EXPECT_THAT(said, HasSubstr("is running beyond physical memory limits. Current usage: "));
  EXPECT_THAT(said, HasSubstr(" of 64.0 MB physical memory used; "));
  EXPECT_THAT(said, HasSubstr("Killing container.\nDump of the process-tree for container_"));
  EXPECT_THAT(said, HasSubstr("(tail)"));
}

TEST_F(Memory, AContainerBeyondItsVirtualMemoryIsStoppedWhenThatIsAskedFor) {
  ClusterOptions options = LookedAtOften();
  options.settings[keys::kNmVirtualCheck] = "true";
  options.settings[keys::kNmVirtualRatio] = "1.0";
  options.settings[keys::kMemoryEnforced] = "false";  // else the kernel is there first
  // Programs that share much and use little: their own sum is above 128 MiB without using it.
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitShell({"-memory", "64"}, Hold(40) + "& " + Hold(40) + "; wait");
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  const std::string why = Application(id).value("diagnostics", "");
  EXPECT_THAT(why, HasSubstr("is running beyond virtual memory limits. Current usage: "));
  EXPECT_THAT(why, HasSubstr("Dump of the process-tree for "));
}

}  // namespace
}  // namespace weir::testing
