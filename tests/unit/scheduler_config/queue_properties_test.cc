// Every property of a queue and of the whole: what is written is what is shown.
#include <gtest/gtest.h>

#include "scheduler/config/configuration_text.h"
#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

constexpr std::string_view kTree = R"(root.queues a,b
    root.a.queues x,y
    root.a.capacity 60
    root.b.capacity 40
    root.a.x.capacity 50
    root.a.y.capacity 50
)";

struct Row {
  std::string_view added;  // lines
  std::string_view path;   // "" = of the whole
  std::string_view what;
  std::string_view shown;
};

void Check(const Row& row) {
  const QueueConfiguration configuration = Parsed(std::string(kTree) + std::string(row.added));
  const std::map<std::string, std::string> texts =
      row.path.empty()
          ? GlobalProperties(configuration)
          : QueueProperties(*configuration.Find(std::string(row.path)), configuration.type_names);
  const auto found = texts.find(std::string(row.what));
  ASSERT_NE(found, texts.end()) << row.what;
  EXPECT_EQ(found->second, row.shown) << row.added << " -> " << row.path << " " << row.what;
  EXPECT_EQ(CheckUsable(configuration), "") << row.added;
}

constexpr Row kOfAQueue[] = {
    {"root.a.maximum-capacity 70.5", "root.a", "maximum-capacity", "70.5"},
    {"root.b.maximum-capacity [memory=20Gi]",
     "root.b",
     "maximum-capacity",
     "[memory-mb=20480,vcores=100%,yarn.io/gpu=100%]"},
    {"root.b.minimum-user-limit-percent 25", "root.b", "minimum-user-limit-percent", "25"},
    {"root.b.user-limit-factor 2.5", "root.b", "user-limit-factor", "2.5"},
    {"root.b.user-limit-factor -1", "root.b", "user-limit-factor", "-1"},
    {"root.b.user-settings.mia.weight 0.5", "root.b", "user-settings.mia.weight", "0.5"},
    {"root.b.user-settings.mia.s.weight 0.5", "root.b", "user-settings.mia.s.weight", "0.5"},
    {"root.b.maximum-applications 17", "root.b", "maximum-applications", "17"},
    {"root.b.maximum-applications -1", "root.b", "maximum-applications", "derived"},
    {"root.b.maximum-am-resource-percent 0.3", "root.b", "maximum-am-resource-percent", "0.3"},
    {"root.b.max-parallel-apps 5", "root.b", "max-parallel-apps", "5"},
    {"root.b.max-parallel-apps 2147483647", "root.b", "max-parallel-apps", "unlimited"},
    {"root.b.maximum-allocation-mb 4096\nroot.b.maximum-allocation-vcores 2",
     "root.b",
     "maximum-allocation",
     "memory-mb=4096,vcores=2,yarn.io/gpu=8"},
    {"root.b.maximum-allocation memory-mb=4Gi,yarn.io/gpu=2\nroot.b.maximum-allocation-mb 2048",
     "root.b",
     "maximum-allocation",
     "memory-mb=4096,vcores=4,yarn.io/gpu=2"},
    {"root.b.state stopped", "root.b", "state", "STOPPED"},
    {"root.b.acl_submit_applications mia,eva dev,ops",
     "root.b",
     "acl_submit_applications",
     "eva,mia dev,ops"},
    {"root.b.acl_administer_queue  ops", "root.b", "acl_administer_queue", " ops"},
    {"root.b.acl_submit_applications *", "root.b", "acl_submit_applications", "*"},
    {"root.b.acl_application_max_priority [user=mia,eva group=dev max_priority=8 "
     "default_priority=2] [user=* max_priority=3]",
     "root.b",
     "acl_application_max_priority",
     "[user=eva,mia group=dev max_priority=8 default_priority=2] [user=* max_priority=3]"},
    {"root.b.default-application-priority 4", "root.b", "default-application-priority", "4"},
    {"root.b.priority -3", "root.b", "priority", "-3"},
    {"root.b.ordering-policy fair", "root.b", "ordering-policy", "fair"},
    {"root.b.ordering-policy org.x.policy.FairOrderingPolicy", "root.b", "ordering-policy", "fair"},
    {"root.b.ordering-policy fifo-for-pending-apps", "root.b", "ordering-policy", "fifo"},
    {"root.b.ordering-policy.fair.enable-size-based-weight true",
     "root.b",
     "ordering-policy.fair.enable-size-based-weight",
     "true"},
    {"root.a.ordering-policy priority-utilization",
     "root.a",
     "ordering-policy",
     "priority-utilization"},
    {"root.b.accessible-node-labels fast, slow", "root.b", "accessible-node-labels", "fast,slow"},
    {"root.b.accessible-node-labels  ", "root.b", "accessible-node-labels", ""},
    {"root.b.default-node-label-expression fast",
     "root.b",
     "default-node-label-expression",
     "fast"},
    {"root.b.accessible-node-labels.fast.capacity 100\nroot.b.accessible-node-labels fast",
     "root.b",
     "accessible-node-labels.fast.capacity",
     "100"},
    {"root.b.accessible-node-labels.fast.capacity 100\n"
     "root.b.accessible-node-labels.fast.maximum-am-resource-percent 0.7",
     "root.b",
     "accessible-node-labels.fast.maximum-am-resource-percent",
     "0.7"},
    {"root.b.disable_preemption TRUE", "root.b", "disable_preemption", "true"},
    {"root.b.intra-queue-preemption.disable_preemption true",
     "root.b",
     "intra-queue-preemption.disable_preemption",
     "true"},
    {"root.b.maximum-application-lifetime 60", "root.b", "maximum-application-lifetime", "60"},
    {"root.b.maximum-application-lifetime 60", "root.b", "default-application-lifetime", "60"},
    {"root.b.default-application-lifetime 30", "root.b", "default-application-lifetime", "30"},
    {"root.b.auto-queue-creation-v2.enabled true\nroot.b.auto-queue-creation-v2.max-queues 7",
     "root.b",
     "auto-queue-creation-v2.max-queues",
     "7"},
    {"root.b.auto-queue-creation-v2.enabled true\n"
     "root.b.auto-queue-creation-v2.leaf-template.capacity 2w",
     "root.b",
     "auto-queue-creation-v2.leaf-template.capacity",
     "2w"},
    {"root.b.auto-create-child-queue.enabled true\nroot.b.leaf-queue-template.capacity 10",
     "root.b",
     "leaf-queue-template.capacity",
     "10"},
};

TEST(QueueProperties, OfAQueueHoldAsWritten) {
  for (const Row& row : kOfAQueue) Check(row);
}

TEST(QueueProperties, ComeFromTheParentWhereYarnSaysSo) {
  const Row rows[] = {
      {"root.a.state STOPPED", "root.a.x", "state", "STOPPED"},
      {"root.a.disable_preemption true", "root.a.x", "disable_preemption", "true"},
      {"root.a.disable_preemption true\nroot.a.x.disable_preemption false",
       "root.a.x",
       "disable_preemption",
       "false"},
      {"root.intra-queue-preemption.disable_preemption true",
       "root.a.x",
       "intra-queue-preemption.disable_preemption",
       "true"},
      {"root.ordering-policy priority-utilization",
       "root.a",
       "ordering-policy",
       "priority-utilization"},
      {"root.a.accessible-node-labels fast", "root.a.x", "accessible-node-labels", "fast"},
      {"root.a.accessible-node-labels fast\nroot.a.default-node-label-expression fast",
       "root.a.x",
       "default-node-label-expression",
       "fast"},
      {"root.a.default-node-label-expression fast\nroot.a.x.accessible-node-labels slow",
       "root.a.x",
       "default-node-label-expression",
       ""},
      {"root.a.maximum-application-lifetime 60", "root.a.x", "maximum-application-lifetime", "60"},
      {"root.a.maximum-application-lifetime 60\nroot.a.x.maximum-application-lifetime 0",
       "root.a.x",
       "maximum-application-lifetime",
       "-1"},
      {"root.a.maximum-application-lifetime 60\nroot.a.x.maximum-application-lifetime -1",
       "root.a.x",
       "maximum-application-lifetime",
       "60"},
      {"root.a.maximum-allocation-mb 2048",
       "root.a.x",
       "maximum-allocation",
       "memory-mb=2048,vcores=4,yarn.io/gpu=8"},
      {"root.a.user-settings.mia.weight 0.5", "root.a.x", "user-settings.mia.weight", "0.5"},
      {"root.a.priority 5", "root.a.x", "priority", "0"},
      {"root.a.acl_submit_applications mia", "root.a.x", "acl_submit_applications", " "},
      {"root.a.maximum-capacity 70", "root.a.x", "maximum-capacity", "100"},
      {"user-limit-factor 3", "root.a.x", "user-limit-factor", "3"},
      {"minimum-user-limit-percent 20", "root.b", "minimum-user-limit-percent", "20"},
      {"maximum-am-resource-percent 0.5", "root.b", "maximum-am-resource-percent", "0.5"},
      {"max-parallel-apps 9", "root.b", "max-parallel-apps", "9"},
  };
  for (const Row& row : rows) Check(row);
}

TEST(QueueProperties, OfTheWholeHoldAsWritten) {
  const Row rows[] = {
      {"maximum-applications 50", "", "maximum-applications", "50"},
      {"global-queue-max-application 8", "", "global-queue-max-application", "8"},
      {"user.max-parallel-apps 3", "", "user.max-parallel-apps", "3"},
      {"user.mia.max-parallel-apps 4", "", "user.mia.max-parallel-apps", "4"},
      {"resource-calculator org.x.DefaultResourceCalculator",
       "",
       "resource-calculator",
       "DefaultResourceCalculator"},
      {"legacy-queue-mode.enabled false", "", "legacy-queue-mode.enabled", "false"},
      {"node-locality-delay -1", "", "node-locality-delay", "-1"},
      {"rack-locality-additional-delay 20", "", "rack-locality-additional-delay", "20"},
      {"rack-locality-full-reset false", "", "rack-locality-full-reset", "false"},
      {"reservations-continue-look-all-nodes false",
       "",
       "reservations-continue-look-all-nodes",
       "false"},
      {"auto-queue-creation-v2.queue-expiration-time 60",
       "",
       "auto-queue-creation-v2.queue-expiration-time",
       "60"},
      {"yarn.cluster.max-application-priority 10", "", "max-application-priority", "10"},
      {"queue-mappings-override.enable true", "", "queue-mappings-override.enable", "true"},
      {"yarn.resourcemanager.scheduler.monitor.enable true", "", "preemption.enabled", "true"},
      {"yarn.resourcemanager.scheduler.monitor.enable true\n"
       "yarn.resourcemanager.scheduler.monitor.policies org.x.Other",
       "",
       "preemption.enabled",
       "false"},
      {"yarn.resourcemanager.monitor.capacity.preemption.observe_only true",
       "",
       "preemption.observe_only",
       "true"},
      {"yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round 0.25",
       "",
       "preemption.total_preemption_per_round",
       "0.25"},
      {"yarn.resourcemanager.monitor.capacity.preemption.max_wait_before_kill 5000",
       "",
       "preemption.max_wait_before_kill",
       "5000"},
      {"yarn.resourcemanager.monitor.capacity.preemption.intra-queue-preemption."
       "preemption-order-policy priority_first",
       "",
       "preemption.intra-queue-preemption.preemption-order-policy",
       "priority_first"},
      {"lazy-preemption-enabled true", "", "lazy-preemption-enabled", "true"},
      {"yarn.node-labels.exclusive-enforced-partitions y,x",
       "",
       "exclusive-enforced-partitions",
       "x,y"},
      {"workflow-priority-mappings etl:root.b:4, night:a:2",
       "",
       "workflow-priority-mappings",
       "etl:root.b:4,night:a:2"},
      {"workflow-priority-mappings-override.enable true",
       "",
       "workflow-priority-mappings-override.enable",
       "true"},
      {"root.b.ordering-policy.exclusive-enforced-partitions y,x",
       "root.b",
       "ordering-policy.exclusive-enforced-partitions",
       "x,y"},
      {"queue-mappings u:mia:root.a.x,g:dev:b",
       "",
       "queue-mappings",
       "user mia -> custom root.a.x (create, else skip); group dev -> custom b (create, else "
       "skip)"},
  };
  for (const Row& row : rows) Check(row);
}

TEST(QueueProperties, TakeTheLastOfAName) {
  const ParsedQueueConfiguration parsed =
      ParseText(std::string(kTree) + "root.b.priority 1\nroot.b.priority 2");
  ASSERT_TRUE(parsed.faults.empty());
  EXPECT_EQ(parsed.configuration->Find("root.b")->priority, 2);
  ASSERT_EQ(parsed.warnings.size(), 1u);
  EXPECT_NE(parsed.warnings[0].find("stands here again"), std::string::npos) << parsed.warnings[0];
}

TEST(QueueProperties, BelongToTheQueueEvenWhenItIsNamedLikeAProperty) {
  const QueueConfiguration configuration = Parsed(R"(root.queues capacity,b
      root.capacity.capacity 30
      root.b.capacity 70
      root.capacity.priority 4
      root.capacity 100)");
  EXPECT_EQ(configuration.Find("root.capacity")->priority, 4);
  EXPECT_EQ(configuration.Find("root.capacity")->partitions.at("").capacity.parts[0].value,
            30 * kWholePercent / 100);
}

TEST(QueueProperties, LeafNamesMayRepeatBelowDifferentParents) {
  const QueueConfiguration configuration = Parsed(R"(root.queues a,b
      root.a.queues x
      root.b.queues x
      root.a.capacity 1w
      root.b.capacity 3w
      root.a.x.capacity 100
      root.b.x.capacity 100)");
  EXPECT_NE(configuration.Find("root.a.x"), nullptr);
  EXPECT_NE(configuration.Find("root.b.x"), nullptr);
  EXPECT_EQ(CheckUsable(configuration), "");
}

TEST(QueueProperties, UnknownOnesAreWarnedOfWithTheNearestKnown) {
  struct Unknown {
    std::string_view line;
    std::string_view warning;
  };
  const Unknown unknown[] = {
      {"root.b.capacty 40", "did you mean yarn.scheduler.capacity.root.b.capacity?"},
      {"maximum-aplications 5", "did you mean yarn.scheduler.capacity.maximum-applications?"},
      {"root.bb.capacity 40", "which is not in the tree; did you mean b?"},
      {"root.b.accessible-node-labels gold", "label 'gold', which does not exist yet"},
      {"per-node-heartbeat.multiple-assignments-enabled true", "without effect here: "},
      {"root.b.reservable true", "without effect here: "},
      {"root.capacity 50", "root always has the whole cluster"},
  };
  for (const Unknown& row : unknown) {
    const ParsedQueueConfiguration parsed = ParseText(std::string(kTree) + std::string(row.line));
    ASSERT_TRUE(parsed.faults.empty()) << parsed.faults.front().ToString();
    ASSERT_EQ(parsed.warnings.size(), 1u) << row.line;
    EXPECT_NE(parsed.warnings[0].find(row.warning), std::string::npos) << parsed.warnings[0];
  }
}

}  // namespace
}  // namespace weir::scheduler
