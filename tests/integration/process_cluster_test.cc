#include "tests/support/process_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/http_client.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ProcessCluster, StartsKillsAndStartsAResourceManagerAgain) {
  {
    ProcessCluster cluster;
    ASSERT_TRUE(cluster.StartResourceManager());
    const HostPort first = cluster.ResourceManagerHttp();
    EXPECT_NE(first.port, 0);
    const CommandResult nodes = cluster.Weir({"node", "-list"});
    EXPECT_EQ(nodes.exit_code, 0) << nodes.ToString();
    cluster.resource_manager().Kill();
    platform::HttpCall call;
    call.server = first;
    EXPECT_EQ(platform::CallHttp(call).error().code, ErrorCode::kUnavailable);
    // The address file of the one that was killed is still there, and is not taken for the new.
    ASSERT_TRUE(cluster.StartResourceManager());
    call.server = cluster.ResourceManagerHttp();
    call.target = "/ws/v1/cluster/info";
    const auto info = platform::CallHttp(call);
    ASSERT_TRUE(info.ok()) << info.error().ToString();
    EXPECT_EQ(info->status, 200);
    EXPECT_THAT(info->body, HasSubstr("clusterInfo"));
    EXPECT_EQ(cluster.EndResourceManager(), 0);
  }
  EXPECT_THAT(Descendants(), IsEmpty());
}

TEST(ProcessCluster, SaysWhyADaemonDoesNotStart) {
  ClusterOptions options;
  options.settings = {{"weir.log.level", "loud"}};
  ProcessCluster cluster(options);
  const auto started = cluster.StartResourceManager();
  ASSERT_FALSE(started);
  EXPECT_THAT(std::string(started.message()), HasSubstr("rm ended with 2 at its start"));
  EXPECT_THAT(std::string(started.message()), HasSubstr("'loud' is not a log level"));
}

TEST(ProcessCluster, RefusesAPollParkThatWouldSpinOrNeverEnd) {
  for (const char* park : {"0", "999999999"}) {
    ClusterOptions options;
    options.settings = {{"weir.poll.park-ms", park}};
    ProcessCluster cluster(options);
    const auto started = cluster.StartResourceManager();
    ASSERT_FALSE(started);
    EXPECT_THAT(std::string(started.message()), HasSubstr("rm ended with 2 at its start"));
    EXPECT_THAT(std::string(started.message()), HasSubstr("weir.poll.park-ms"));
    EXPECT_THAT(std::string(started.message()), HasSubstr("from 100 to 60000"));
  }
}

}  // namespace
}  // namespace weir::testing
