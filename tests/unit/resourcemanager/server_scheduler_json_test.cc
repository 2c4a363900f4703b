#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "resourcemanager/server/queue_metrics.h"
#include "resourcemanager/server/scheduler_json.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Parsed = nlohmann::json;

QueueReport MakeQueue(const std::string& path, bool leaf) {
  QueueReport queue;
  queue.path = path;
  queue.name = path.substr(path.rfind('.') + 1);
  queue.leaf = leaf;
  queue.state = "RUNNING";
  queue.partitions = {{.label = "",
                       .capacity = 40,
                       .maximum_capacity = 80,
                       .absolute_capacity = 20,
                       .used_capacity = 10,
                       .configured_capacity = "[memory=4096,vcores=4]",
                       .configured_minimum = {4096, 4},
                       .guaranteed = {4096, 4, {{"yarn.io/gpu", 1}}},
                       .used = {1024, 1},
                       .am_limit = {512, 1}},
                      {.label = "gpu", .capacity = 100}};
  queue.labels = {"gpu"};
  queue.submit_acl = "mia,leo dev";
  queue.administer_acl = " ";
  queue.active_applications = 2;
  queue.pending_applications = 3;
  queue.memory_seconds = 77;
  if (leaf) queue.users = {{.name = "mia", .used = {1024, 1}}};
  return queue;
}

std::vector<QueueReport> Tree() {
  return {MakeQueue("root", false),
          MakeQueue("root.a", false),
          MakeQueue("root.a.x", true),
          MakeQueue("root.b", true)};
}

TEST(SchedulerJson, HasYarnsTreeOfQueues) {
  const Parsed info = Parsed::parse(SchedulerJson(Tree())).at("scheduler").at("schedulerInfo");
  EXPECT_EQ(info.at("type"), "capacityScheduler");
  EXPECT_EQ(info.at("queueName"), "root");
  EXPECT_FALSE(info.contains("numApplications"));
  const Parsed& queues = info.at("queues").at("queue");
  ASSERT_EQ(queues.size(), 2u);
  const Parsed& parent = queues.at(0);
  EXPECT_EQ(parent.at("queuePath"), "root.a");
  EXPECT_EQ(parent.at("queueType"), "parent");
  EXPECT_FALSE(parent.contains("type"));
  const Parsed& leaf = parent.at("queues").at("queue").at(0);
  EXPECT_EQ(leaf.at("type"), "capacitySchedulerLeafQueueInfo");
  EXPECT_EQ(leaf.at("queueName"), "x");
  EXPECT_EQ(leaf.at("capacity"), 40);
  EXPECT_EQ(leaf.at("maxCapacity"), 80);
  EXPECT_EQ(leaf.at("absoluteCapacity"), 20);
  EXPECT_EQ(leaf.at("usedCapacity"), 10);
  EXPECT_EQ(leaf.at("numApplications"), 5);
  EXPECT_EQ(leaf.at("maxParallelApps"), 2147483647);
  EXPECT_EQ(leaf.at("resourcesUsed").at("memory"), 1024);
  EXPECT_EQ(leaf.at("AMResourceLimit").at("memory"), 512);
  EXPECT_EQ(leaf.at("nodeLabels"), Parsed::array({"gpu"}));
  EXPECT_EQ(leaf.at("users").at("user").at(0).at("username"), "mia");
  EXPECT_EQ(leaf.at("memorySeconds"), 77);
  EXPECT_FALSE(leaf.contains("queues"));
  const Parsed& partitions = leaf.at("capacities").at("queueCapacitiesByPartition");
  ASSERT_EQ(partitions.size(), 2u);
  EXPECT_EQ(partitions.at(1).at("partitionName"), "gpu");
  EXPECT_EQ(partitions.at(0).at("configuredMinResource").at("memory"), 4096);
  EXPECT_EQ(partitions.at(0).at("configuredMaxResource").at("memory"), 0);
  EXPECT_EQ(partitions.at(0).at("queueCapacityVectorInfo").at("configuredCapacityVector"),
            "[memory=4096,vcores=4]");
  const Parsed& acls = leaf.at("queueAcls").at("queueAcl");
  ASSERT_EQ(acls.size(), 2u);
  EXPECT_EQ(acls.at(0).at("accessType"), "ADMINISTER_QUEUE");
  EXPECT_EQ(acls.at(0).at("accessControlList"), " ");
  EXPECT_EQ(acls.at(1).at("accessType"), "SUBMIT_APP");
  EXPECT_EQ(acls.at(1).at("accessControlList"), "mia,leo dev");
  const Parsed& types = leaf.at("minEffectiveCapacity").at("resourceInformations");
  EXPECT_EQ(types.at("resourceInformation").at(2).at("name"), "yarn.io/gpu");
}

TEST(SchedulerJson, ShowsTheConfigurationItsVersionAndTheLabels) {
  EXPECT_EQ(SchedulerConfJson({{"a", "1", 3}, {"b", "x\"y", 4}}),
            R"({"property":[{"name":"a","value":"1"},{"name":"b","value":"x\"y"}]})");
  EXPECT_EQ(SchedulerConfVersionJson(7), R"({"configversion":{"versionID":7}})");
  EXPECT_EQ(NodeLabelsJson({}), R"({"nodeLabelsInfo":{}})");
  const Parsed label =
      Parsed::parse(
          NodeLabelsJson(
              {{.name = "gpu", .exclusive = false, .nodes = 2, .total = {10, 3}, .used = {4, 1}}}))
          .at("nodeLabelsInfo")
          .at("nodeLabelInfo")
          .at(0);
  EXPECT_EQ(label.at("name"), "gpu");
  EXPECT_EQ(label.at("exclusivity"), false);
  EXPECT_EQ(label.at("activeNMs"), 2);
  EXPECT_EQ(label.at("partitionInfo").at("resourceAvailable").at("memory"), 6);
}

TEST(QueueMetrics, AreGaugesByQueue) {
  std::vector<QueueReport> queues = Tree();
  queues[3].path = "root.\"odd\"\\\n";
  const std::string text = QueueExposition(queues);
  EXPECT_THAT(text, HasSubstr("# TYPE weir_queue_used_memory_mib gauge\n"));
  EXPECT_THAT(text, HasSubstr("weir_queue_used_memory_mib{queue=\"root.a.x\"} 1024\n"));
  EXPECT_THAT(text, HasSubstr("weir_queue_pending_applications{queue=\"root\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("weir_queue_memory_mib_seconds_total{queue=\"root.a\"} 77\n"));
  EXPECT_THAT(text, HasSubstr("{queue=\"root.\\\"odd\\\"\\\\\\n\"}"));
  EXPECT_THAT(text, HasSubstr("weir_queues_left_out 0\n"));
}

TEST(QueueMetrics, AreBounded) {
  const std::vector<QueueReport> many(kQueuesOnMetricsPage + 5, MakeQueue("root.q", true));
  EXPECT_THAT(QueueExposition(many), HasSubstr("weir_queues_left_out 5\n"));
}

}  // namespace
}  // namespace weir::rm
