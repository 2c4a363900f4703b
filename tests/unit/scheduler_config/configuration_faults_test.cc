// One row per class of fault: found with its line, its queue and the rule it breaks.
#include <gtest/gtest.h>

#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

struct Row {
  std::string_view text;
  int line;
  std::string_view queue;
  std::string_view rule;
  std::string_view message;
};

// Lines 1 to 5; rows add lines from 6 on.
constexpr std::string_view kTree = R"(root.queues a,b
root.a.capacity 60
root.b.capacity 40
root.a.queues x
root.a.x.capacity 100
)";

void CheckOne(const Row& row, std::string_view base) {
  const std::string text = std::string(base) + std::string(row.text);
  const ParsedQueueConfiguration parsed = ParseText(text);
  EXPECT_EQ(parsed.configuration, nullptr) << text;
  ASSERT_EQ(parsed.faults.size(), 1u)
      << text
      << (parsed.faults.empty()
              ? ""
              : "\n" + parsed.faults[0].ToString() + "\n" + parsed.faults.back().ToString());
  const ConfigFault& fault = parsed.faults[0];
  EXPECT_EQ(fault.file, "q.xml") << fault.ToString();
  EXPECT_EQ(fault.line, row.line) << text << "\n" << fault.ToString();
  EXPECT_EQ(fault.queue, row.queue) << fault.ToString();
  EXPECT_NE(fault.rule.find(row.rule), std::string::npos) << fault.ToString();
  EXPECT_NE(fault.message.find(row.message), std::string::npos) << fault.ToString();
}

constexpr Row kSingleValues[] = {
    {"root.b.maximum-capacity 30", 6, "root.b", "at least capacity", "below its capacity"},
    {"root.b.maximum-capacity 101", 6, "root.b", "from 0 to 100", "'101'"},
    {"root.b.maximum-capacity 3w", 6, "root.b", "a percentage or amounts", "weight"},
    {"root.b.state DRAINING", 6, "root.b", "RUNNING or STOPPED", "'DRAINING'"},
    {"root.a.state STOPPED\nroot.a.x.state RUNNING", 7, "root.a.x", "stopped queue", "root.a"},
    {"root.b.minimum-user-limit-percent 101", 6, "root.b", "from 0 to 100", "'101'"},
    {"root.b.user-limit-factor -2", 6, "root.b", "or -1 for no limit", "'-2'"},
    {"root.b.user-limit-factor many", 6, "root.b", "user-limit-factor", "'many'"},
    {"root.b.user-settings.mia.weight -1", 6, "root.b", "from 0 to", "'-1'"},
    {"root.b.user-settings.mia.weight 5\nroot.b.minimum-user-limit-percent 25",
     6,
     "root.b",
     "100 / minimum-user-limit-percent",
     "user 'mia'"},
    {"root.b.maximum-applications x", 6, "root.b", "whole number", "'x'"},
    {"root.b.maximum-am-resource-percent 10", 6, "root.b", "from 0 to 1", "'10'"},
    {"root.b.max-parallel-apps -1", 6, "root.b", "from 0 to", "'-1'"},
    {"root.b.maximum-allocation-mb 16384", 6, "root.b", "at most the cluster's", "16384"},
    {"root.b.maximum-allocation-mb 512", 6, "root.b", "at least the minimum", "512"},
    {"root.b.maximum-allocation-vcores 0", 6, "root.b", "at least the minimum", "0 vcores"},
    {"root.b.maximum-allocation disks=1", 6, "root.b", "known types", "'disks'"},
    {"root.a.maximum-allocation-mb 2048\nroot.a.x.maximum-allocation-mb 4096",
     7,
     "root.a.x",
     "at most its parent's",
     "4096"},
    {"root.b.acl_application_max_priority user=mia", 6, "root.b", "list of", "user=mia"},
    {"root.b.acl_application_max_priority [max_priority=3]", 6, "root.b", "names users", "nobody"},
    {"root.b.acl_application_max_priority [user=a max_priority=1 default_priority=2]",
     6,
     "root.b",
     "at most its max_priority",
     "default over its maximum"},
    {"root.b.priority 99999999999", 6, "root.b", "whole number", "out of range"},
    {"root.b.ordering-policy utilization", 6, "root.b", "fifo or fair", "'utilization'"},
    {"root.a.ordering-policy fair", 6, "root.a", "priority-utilization", "'fair'"},
    {"root.b.accessible-node-labels slow\nroot.b.default-node-label-expression fast",
     7,
     "root.b",
     "default label is among",
     "'fast'"},
    {"root.a.accessible-node-labels slow\nroot.a.x.accessible-node-labels fast",
     7,
     "root.a.x",
     "among those of its parent",
     "'fast'"},
    {"root.a.accessible-node-labels slow\nroot.a.x.accessible-node-labels *",
     7,
     "root.a.x",
     "among those of its parent",
     "every label"},
    {"root.b.disable_preemption maybe", 6, "root.b", "true or false", "'maybe'"},
    {"root.b.maximum-application-lifetime 1h", 6, "root.b", "whole number", "'1h'"},
    {"root.b.maximum-application-lifetime 60\nroot.b.default-application-lifetime 61",
     7,
     "root.b",
     "at most maximum-application-lifetime",
     "over its maximum"},
    {"root.a.reservable true", 6, "root.a", "only a leaf", "has children"},
    {"root.b.auto-queue-creation-v2.max-queues -1", 6, "root.b", "whole number", "'-1'"},
    {"maximum-applications 0", 6, "", "from 1", "'0'"},
    {"resource-calculator FastCalculator", 6, "", "DominantResourceCalculator", "FastCalculator"},
    {"node-locality-delay -2", 6, "", "from -1", "'-2'"},
    {"workflow-priority-mappings etl:b", 6, "", "WORKFLOW:QUEUE:PRIORITY", "'etl:b'"},
    {"workflow-priority-mappings etl:b:high", 6, "", "WORKFLOW:QUEUE:PRIORITY", "'etl:b:high'"},
    {"mapping-rule-format xml", 6, "", "legacy or json", "'xml'"},
    {"yarn.cluster.max-application-priority -1", 6, "", "from 0", "'-1'"},
    {"yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round 1.5",
     6,
     "",
     "from 0 to 1",
     "'1.5'"},
    {"yarn.resourcemanager.monitor.capacity.preemption.intra-queue-preemption."
     "preemption-order-policy random",
     6,
     "",
     "userlimit_first",
     "'random'"},
};

TEST(ConfigurationFaults, OfSingleValuesAreFoundInPlace) {
  for (const Row& row : kSingleValues) CheckOne(row, kTree);
}

TEST(ConfigurationFaults, OfTheTreeAreFoundInPlace) {
  const std::string long_name(300, 'x');
  const std::string long_text = "root.queues " + long_name;
  const Row rows[] = {
      {"maximum-applications 5", 0, "root", "root.queues", "missing child queue names for root"},
      {"root.queues ", 1, "root", "root.queues", "missing child queue names for root"},
      {"root.queues a,b,a\nroot.a.capacity 50\nroot.b.capacity 50",
       1,
       "root",
       "different names",
       "'a'"},
      {"root.queues a,,b\nroot.a.capacity 50\nroot.b.capacity 50",
       1,
       "root",
       "has a name",
       "no name"},
      {"root.queues a,b c\nroot.a.capacity 100", 1, "root", "a queue's name", "'b c'"},
      {"root.queues a,x.y\nroot.a.capacity 100", 1, "root", "a queue's name", "'x.y'"},
      {"root.queues a,b*\nroot.a.capacity 100", 1, "root", "a queue's name", "'b*'"},
  };
  for (const Row& row : rows) CheckOne(row, "");
  const ParsedQueueConfiguration parsed = ParseText(long_text);
  ASSERT_FALSE(parsed.faults.empty());
  EXPECT_NE(parsed.faults[0].rule.find("256 bytes"), std::string::npos);
  EXPECT_LT(parsed.faults[0].message.size(), 200u);
}

TEST(ConfigurationFaults, OfCapacitiesAmongSiblingsAreFoundAtTheParent) {
  const Row rows[] = {
      {"root.queues a,b\nroot.a.capacity 60\nroot.b.capacity 39.9",
       1,
       "root",
       "add up to 100%",
       "99.9%: a 60, b 39.9"},
      {"root.queues a,b\nroot.a.capacity 60\nroot.b.capacity 60",
       1,
       "root",
       "add up to 100%",
       "120%"},
      {"root.queues a,b", 1, "root", "allow-zero-capacity-sum", "no capacity"},
      {"root.queues a,b\nroot.a.capacity 60\nroot.b.capacity 2w",
       1,
       "root",
       "one kind of capacity",
       "a has a percentage, b has a weight"},
      {"root.queues a,b\nroot.a.capacity [memory=1024]\nroot.b.capacity 2w",
       1,
       "root",
       "one kind of capacity",
       "b has a weight, a has an absolute capacity"},
      {"root.queues a\nroot.a.capacity 100\nroot.a.queues x\nroot.a.x.capacity [memory=10Gi]",
       2,
       "root.a",
       "a parent with an absolute capacity",
       "x [memory-mb=10240"},
      {"root.queues a\nroot.a.capacity [memory=5Gi,vcores=5]\nroot.a.queues x,y\n"
       "root.a.x.capacity [memory=3Gi,vcores=1]\nroot.a.y.capacity [memory=3Gi,vcores=1]",
       2,
       "root.a",
       "at most its own",
       "6144 memory-mb, but it has 5120"},
      {"root.queues a\nroot.a.capacity [memory=5Gi]\nroot.a.maximum-capacity [memory=6Gi]\n"
       "root.a.queues x\nroot.a.x.capacity [memory=1Gi]\nroot.a.x.maximum-capacity [memory=7Gi]",
       6,
       "root.a.x",
       "at most the parent's",
       "7168"},
      {"root.queues a\nroot.a.capacity [memory=5Gi]\nroot.a.maximum-capacity [memory=4Gi]",
       3,
       "root.a",
       "at least capacity",
       "below its capacity"},
      {"root.queues a,b\nroot.a.capacity 50\nroot.b.capacity 50\n"
       "root.a.accessible-node-labels.fast.capacity 50",
       1,
       "root",
       "add up to 100%",
       "50% for label 'fast': a 50, b 0"},
      {"root.queues a,b\nroot.a.capacity 50\nroot.b.capacity 50\n"
       "root.a.accessible-node-labels.fast.capacity 100\n"
       "root.a.accessible-node-labels.fast.maximum-capacity 90",
       5,
       "root.a",
       "at least capacity",
       "for label 'fast'"},
      {"legacy-queue-mode.enabled false\nroot.queues a,b\nroot.a.capacity [memory=70%]\n"
       "root.b.capacity [memory=40%]",
       2,
       "root",
       "at most 100%",
       "110% of memory-mb"},
      {"root.queues a\nroot.a.capacity 100.5", 2, "root.a", "from 0 to 100", "100.5"},
  };
  for (const Row& row : rows) {
    const ParsedQueueConfiguration parsed = ParseText(row.text);
    ASSERT_FALSE(parsed.faults.empty()) << row.text;
    EXPECT_EQ(parsed.configuration, nullptr);
    bool found = false;
    for (const ConfigFault& fault : parsed.faults) {
      found = found || (fault.line == row.line && fault.queue == row.queue &&
                        fault.rule.find(row.rule) != std::string::npos &&
                        fault.message.find(row.message) != std::string::npos);
    }
    EXPECT_TRUE(found) << row.text << "\n" << parsed.faults[0].ToString();
  }
}

TEST(ConfigurationFaults, OfAutomaticCreationAreFoundInPlace) {
  const Row rows[] = {
      {"root.a.auto-create-child-queue.enabled true\nroot.a.leaf-queue-template.capacity 5",
       4,
       "root.a",
       "no queues of its own",
       "managed parent"},
      {"root.b.auto-create-child-queue.enabled true",
       6,
       "root.b",
       "leaf-queue-template.capacity",
       "lacks"},
      {"root.b.auto-create-child-queue.enabled true\nroot.b.leaf-queue-template.capacity 5\n"
       "root.b.auto-queue-creation-v2.enabled true",
       6,
       "root.b",
       "in one way",
       "both ways"},
      {"root.b.auto-create-child-queue.enabled true\nroot.b.leaf-queue-template.capacity lots",
       7,
       "root.b.*",
       "a capacity is",
       "'lots'"},
      {"root.b.auto-create-child-queue.enabled true\n"
       "root.b.leaf-queue-template.capacity [memory=1Gi]",
       7,
       "root.b",
       "a parent with an absolute capacity",
       "it has none"},
      {"root.b.auto-queue-creation-v2.enabled true\n"
       "root.b.auto-queue-creation-v2.leaf-template.user-limit-factor x",
       7,
       "root.b.*",
       "user-limit-factor",
       "'x'"},
      {"root.b.auto-queue-creation-v2.enabled true\n"
       "root.b.auto-queue-creation-v2.template.maximum-capacity 120",
       7,
       "root.b.*",
       "from 0 to 100",
       "'120'"},
      {"root.*.auto-queue-creation-v2.template.state ASLEEP",
       6,
       "root.*.*",
       "RUNNING or STOPPED",
       "ASLEEP"},
  };
  for (const Row& row : rows) CheckOne(row, kTree);
}

TEST(ConfigurationFaults, OfMappingsAreFoundInPlace) {
  const Row rows[] = {
      {"queue-mappings u:mia", 6, "", "list of u:USER:QUEUE", "'u:mia'"},
      {"queue-mappings z:mia:root.b", 6, "", "list of u:USER:QUEUE", "'z:mia:root.b'"},
      {"queue-mappings u::root.b", 6, "", "list of u:USER:QUEUE", "'u::root.b'"},
      {"queue-mappings u:mia:root.c", 6, "", "names a leaf", "does not exist"},
      {"queue-mappings u:mia:root.a", 6, "", "names a leaf", "is no leaf"},
      {"queue-mappings u:mia:nowhere", 6, "", "names one leaf", "is no leaf"},
      {"queue-mappings u:%user:root.b.%user", 6, "", "the parent", "is a leaf"},
      {"queue-mappings u:%user:root.c.%user", 6, "", "the parent", "does not exist"},
      {"queue-mappings u:%user:root.a.%usr", 6, "", "the variables", "'%usr'"},
      {"yarn.scheduler.queue-placement-rules.app-name job", 6, "", "list of NAME:QUEUE", "'job'"},
  };
  for (const Row& row : rows) CheckOne(row, kTree);
}

TEST(ConfigurationFaults, AreToldAllTogetherInTheOrderOfTheFile) {
  const ParsedQueueConfiguration parsed = ParseText(R"(root.queues a,b
root.a.capacity lots
root.b.capacity 40
root.b.state GONE
maximum-applications none)");
  ASSERT_EQ(parsed.faults.size(), 4u);
  EXPECT_EQ(parsed.faults[0].ToString().substr(0, 24), "q.xml:1: queue root: the");
  EXPECT_EQ(parsed.faults[1].line, 2);
  EXPECT_EQ(parsed.faults[2].ToString(),
            "q.xml:4: queue root.b: the state 'GONE' cannot be set (a state is RUNNING or STOPPED; "
            "a stopped queue drains by itself)");
  EXPECT_EQ(parsed.faults[3].line, 5);
  EXPECT_EQ(parsed.configuration, nullptr);
}

TEST(ConfigurationFaults, OfWhatContainersMayAskForAreFound) {
  const ParsedQueueConfiguration parsed = ParseQueueConfiguration(
      {.properties = DefaultProperties(), .types = ResourceTypes({4096, 0}, {1024, 4})});
  ASSERT_EQ(parsed.faults.size(), 2u);
  EXPECT_EQ(parsed.faults[0].file, "yarn-site.xml");
  EXPECT_NE(parsed.faults[0].message.find("from 0 to 4 vcores"), std::string::npos);
  EXPECT_NE(parsed.faults[1].message.find("from 4096 to 1024 memory-mb"), std::string::npos);
}

}  // namespace
}  // namespace weir::scheduler
