#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "resourcemanager/server/rest_json.h"

namespace weir::rm {
namespace {

using Json = nlohmann::json;

const Now kNow{Instant{}, WallFromMillis(1'700'000'060'000)};

ApplicationReport RunningApplication() {
  ApplicationReport report;
  report.id = {1'700'000'000'000, 7};
  report.name = "word count";
  report.type = "WEIR_STREAM";
  report.user = "ann";
  report.queue = "root.default";
  report.priority = 3;
  report.state = ApplicationState::kRunning;
  report.progress = 0.1f;
  report.tracking_url = "http://127.0.0.1:4242/";
  report.am_address = {"127.0.0.1", 4243};
  report.started = WallFromMillis(1'700'000'010'000);
  report.launched = WallFromMillis(1'700'000'011'000);
  report.attempt = {report.id, 1};
  report.am_container = ContainerId::Make(report.attempt, Epoch{3}, 1);
  report.am_node = NodeId{"4d1f"};
  report.am_node_http_address = "127.0.0.1:8042";
  report.allocated = {3072, 3};
  report.running_containers = 3;
  report.memory_seconds = 6144;
  report.vcore_seconds = 6;
  return report;
}

std::set<std::string> NamesIn(const Json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

TEST(RestJson, AnswersAnEmptyListWithAnEmptyObject) {
  EXPECT_EQ(ApplicationsJson({}, kNow), R"({"apps":{}})");
  EXPECT_EQ(NodesJson({}), R"({"nodes":{}})");
}

TEST(RestJson, ShowsARunningApplicationInYarnsFields) {
  const Json app =
      Json::parse(ApplicationJson({RunningApplication(), "127.0.0.1:45454"}, kNow)).at("app");
  EXPECT_EQ(app.at("id"), "application_1700000000000_0007");
  EXPECT_EQ(app.at("user"), "ann");
  EXPECT_EQ(app.at("name"), "word count");
  EXPECT_EQ(app.at("queue"), "root.default");
  EXPECT_EQ(app.at("state"), "RUNNING");
  EXPECT_EQ(app.at("finalStatus"), "UNDEFINED");
  EXPECT_EQ(app.at("progress").dump(), "10.0");
  EXPECT_EQ(app.at("trackingUI"), "ApplicationMaster");
  EXPECT_EQ(app.at("trackingUrl"), "http://127.0.0.1:4242/");
  EXPECT_EQ(app.at("clusterId"), 1'700'000'000'000);
  EXPECT_EQ(app.at("applicationType"), "WEIR_STREAM");
  EXPECT_EQ(app.at("priority"), 3);
  EXPECT_EQ(app.at("startedTime"), 1'700'000'010'000);
  EXPECT_EQ(app.at("launchTime"), 1'700'000'011'000);
  EXPECT_EQ(app.at("finishedTime"), 0);
  EXPECT_EQ(app.at("elapsedTime"), 50'000);
  EXPECT_EQ(app.at("amContainerLogs"),
            "http://127.0.0.1:8042/node/containerlogs/"
            "container_e03_1700000000000_0007_01_000001/ann");
  EXPECT_EQ(app.at("amHostHttpAddress"), "127.0.0.1:8042");
  EXPECT_EQ(app.at("amRPCAddress"), "127.0.0.1:4243");
  EXPECT_EQ(app.at("masterNodeId"), "127.0.0.1:45454");
  EXPECT_EQ(app.at("allocatedMB"), 3072);
  EXPECT_EQ(app.at("allocatedVCores"), 3);
  EXPECT_EQ(app.at("runningContainers"), 3);
  EXPECT_EQ(app.at("memorySeconds"), 6144);
  EXPECT_EQ(app.at("vcoreSeconds"), 6);
}

TEST(RestJson, ShowsWhyAnApplicationWaits) {
  ApplicationReport report;
  report.state = ApplicationState::kAccepted;
  report.pending_detail = "no node is registered";
  const Json app = Json::parse(ApplicationJson({report, ""}, kNow)).at("app");
  EXPECT_EQ(app.at("diagnostics"), "no node is registered");
  EXPECT_EQ(app.at("trackingUI"), "UNASSIGNED");
  EXPECT_FALSE(app.contains("amContainerLogs"));
  EXPECT_FALSE(app.contains("masterNodeId"));
}

TEST(RestJson, ShowsAFinishedApplicationWithoutResources) {
  ApplicationReport report = RunningApplication();
  report.state = ApplicationState::kFinished;
  report.final_status = FinalStatus::kSucceeded;
  report.progress = 1;
  report.finished = WallFromMillis(1'700'000'030'000);
  const Json app = Json::parse(ApplicationJson({report, ""}, kNow)).at("app");
  EXPECT_EQ(app.at("state"), "FINISHED");
  EXPECT_EQ(app.at("finalStatus"), "SUCCEEDED");
  EXPECT_EQ(app.at("trackingUI"), "History");
  EXPECT_EQ(app.at("elapsedTime"), 20'000);
  EXPECT_EQ(app.at("progress").dump(), "100.0");
  EXPECT_EQ(app.at("allocatedMB"), -1);
  EXPECT_EQ(app.at("runningContainers"), -1);
}

TEST(RestJson, ReplacesBytesThatAreNotText) {
  ApplicationReport report = RunningApplication();
  report.diagnostics = "bad \xff byte";
  const Json app = Json::parse(ApplicationJson({report, ""}, kNow)).at("app");
  EXPECT_EQ(app.at("diagnostics"), "bad \xef\xbf\xbd byte");
}

TEST(RestJson, ShowsANodeInYarnsFields) {
  NodeReport node;
  node.id = {"4d1f"};
  node.name = "127.0.0.1:45454";
  node.rack = "/default-rack";
  node.http_address = "127.0.0.1:8042";
  node.state = NodeState::kRunning;
  node.capacity = {8192, 8};
  node.used = {2048, 2};
  node.containers = 2;
  node.last_heartbeat = WallFromMillis(1'700'000'059'000);
  const Json json = Json::parse(NodesJson({node})).at("nodes").at("node").at(0);
  EXPECT_EQ(json.at("id"), "127.0.0.1:45454");
  EXPECT_EQ(json.at("nodeHostName"), "127.0.0.1");
  EXPECT_EQ(json.at("nodeHTTPAddress"), "127.0.0.1:8042");
  EXPECT_EQ(json.at("state"), "RUNNING");
  EXPECT_EQ(json.at("rack"), "/default-rack");
  EXPECT_EQ(json.at("numContainers"), 2);
  EXPECT_EQ(json.at("usedMemoryMB"), 2048);
  EXPECT_EQ(json.at("availMemoryMB"), 6144);
  EXPECT_EQ(json.at("usedVirtualCores"), 2);
  EXPECT_EQ(json.at("availableVirtualCores"), 6);
  EXPECT_EQ(json.at("lastHealthUpdate"), 1'700'000'059'000);
  EXPECT_EQ(json.at("totalResource").at("memory"), 8192);
  EXPECT_EQ(json.at("totalResource").at("resourceInformations").at("resourceInformation").at(0),
            Json::parse(R"({"attributes":{},"maximumAllocation":9223372036854775807,
                            "minimumAllocation":0,"name":"memory-mb",
                            "resourceType":"COUNTABLE","units":"Mi","value":8192})"));
}

TEST(RestJson, LeavesOutTheWebAddressOfANodeThatIsGone) {
  NodeReport node;
  node.name = "127.0.0.1:45454";
  node.http_address = "127.0.0.1:8042";
  node.state = NodeState::kLost;
  EXPECT_EQ(Json::parse(NodeJson(node)).at("node").at("nodeHTTPAddress"), "");
}

TEST(RestJson, ShowsTheClustersIdentity) {
  ClusterSummary summary;
  summary.started = WallFromMillis(1'700'000'000'123);
  summary.epoch = {3};
  EXPECT_EQ(ClusterInfoJson({"c1", "leveldb", "0.1.0", 1'700'000'000'000}, "CONNECTED", summary),
            R"({"clusterInfo":{"id":1700000000000,"startedOn":1700000000123,"state":"STARTED",)"
            R"("haState":"ACTIVE","rmStateStoreName":"leveldb","resourceManagerVersion":"0.1.0",)"
            R"("resourceManagerBuildVersion":"weir 0.1.0","resourceManagerVersionBuiltOn":"",)"
            R"("hadoopVersion":"","hadoopBuildVersion":"","hadoopVersionBuiltOn":"",)"
            R"("haZooKeeperConnectionState":"CONNECTED","weirClusterId":"c1",)"
            R"("weirEpoch":3}})");
}

TEST(RestJson, ShowsTheClustersMetricsInYarnsFields) {
  ClusterSummary summary;
  summary.applications_submitted = 9;
  summary.applications_running = 2;
  summary.total = {8192, 8};
  summary.allocated = {3072, 3};
  summary.pending = {1024, 1};
  summary.containers_allocated = 3;
  summary.containers_pending = 1;
  summary.nodes_total = 2;
  summary.nodes_active = 1;
  summary.nodes_lost = 1;
  const Json json = Json::parse(ClusterMetricsJson(summary)).at("clusterMetrics");
  const std::set<std::string> expected{"appsSubmitted",
                                       "appsCompleted",
                                       "appsPending",
                                       "appsRunning",
                                       "appsFailed",
                                       "appsKilled",
                                       "reservedMB",
                                       "availableMB",
                                       "allocatedMB",
                                       "pendingMB",
                                       "reservedVirtualCores",
                                       "availableVirtualCores",
                                       "allocatedVirtualCores",
                                       "pendingVirtualCores",
                                       "containersAllocated",
                                       "containersReserved",
                                       "containersPending",
                                       "totalMB",
                                       "totalVirtualCores",
                                       "utilizedMB",
                                       "utilizedVirtualCores",
                                       "utilizedMBPercent",
                                       "utilizedVirtualCoresPercent",
                                       "totalNodes",
                                       "activeNodes",
                                       "lostNodes",
                                       "unhealthyNodes",
                                       "decommissioningNodes",
                                       "decommissionedNodes",
                                       "rebootedNodes",
                                       "shutdownNodes",
                                       "totalUsedResourcesAcrossPartition",
                                       "totalClusterResourcesAcrossPartition",
                                       "totalReservedResourcesAcrossPartition",
                                       "totalAllocatedContainersAcrossPartition",
                                       "crossPartitionMetricsAvailable"};
  EXPECT_EQ(NamesIn(json), expected);
  EXPECT_EQ(json.at("appsSubmitted"), 9);
  EXPECT_EQ(json.at("appsRunning"), 2);
  EXPECT_EQ(json.at("availableMB"), 5120);
  EXPECT_EQ(json.at("allocatedVirtualCores"), 3);
  EXPECT_EQ(json.at("pendingMB"), 1024);
  EXPECT_EQ(json.at("lostNodes"), 1);
}

}  // namespace
}  // namespace weir::rm
