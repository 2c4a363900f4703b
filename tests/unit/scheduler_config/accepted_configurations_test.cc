// Forms of whole trees that are taken.
#include <gtest/gtest.h>

#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

TEST(AcceptedConfigurations, AreUsable) {
  const std::string_view texts[] = {
      // Thirds within the tolerance.
      "root.queues a,b,c\nroot.a.capacity 33.33\nroot.b.capacity 33.33\nroot.c.capacity 33.33",
      "root.queues a,b\nroot.a.capacity 1w\nroot.b.capacity 0.5w",
      // No capacity among weights and amounts.
      "root.queues a,b\nroot.a.capacity 1w",
      "root.queues a,b\nroot.a.capacity [memory=1Gi,vcores=1]",
      "root.queues a,b\nroot.allow-zero-capacity-sum true",
      // Nothing is given on to nothing.
      "root.queues a,b\nroot.a.capacity 100\nroot.b.queues x,y",
      "root.queues a\nroot.a.capacity 1w\nroot.a.queues x,y",
      // Another kind on each level.
      "root.queues a\nroot.a.capacity [memory=8Gi,vcores=8]\nroot.a.queues x,y\n"
      "root.a.x.capacity 1w\nroot.a.y.capacity 2w\nroot.a.x.queues p\nroot.a.x.p.capacity 100",
      "root.queues a,b\nroot.a.capacity [memory=8Gi,vcores=8]\nroot.a.queues x,y\n"
      "root.a.x.capacity [memory=4Gi,vcores=4]\nroot.a.y.capacity [memory=4Gi,vcores=4]\n"
      "root.a.x.maximum-capacity [memory=4Gi]\nroot.b.capacity [memory=1Gi,vcores=1]",
      "root.queues a,b\nroot.a.capacity [memory=8Gi,vcores=8]\nroot.b.capacity [vcores=1]\n"
      "root.a.maximum-capacity 80",
      // Vectors.
      "legacy-queue-mode.enabled false\nroot.queues a,b\n"
      "root.a.capacity [memory=50%,vcores=2w,yarn.io/gpu=1]\nroot.b.capacity "
      "[memory=4Gi,vcores=1w]",
      "legacy-queue-mode.enabled false\nroot.queues a,b\nroot.a.capacity 60\nroot.b.capacity 2w",
      // Labels.
      "root.queues a,b\nroot.a.capacity 50\nroot.b.capacity 50\n"
      "root.a.accessible-node-labels fast\nroot.b.accessible-node-labels *\n"
      "root.a.accessible-node-labels.fast.capacity 30\n"
      "root.b.accessible-node-labels.fast.capacity 70\n"
      "root.b.accessible-node-labels.fast.maximum-capacity 80",
      // Names over several lines have their own test; spaces around them do not matter.
      "root.queues  a , b ,\nroot.a.capacity 50\nroot.b.capacity 50",
      "root.auto-queue-creation-v2.enabled true",
  };
  for (const std::string_view text : texts) {
    const QueueConfiguration configuration = Parsed(text);
    EXPECT_EQ(CheckUsable(configuration), "") << text;
  }
}

TEST(AcceptedConfigurations, MayNameQueuesOverSeveralLines) {
  ParserInput input{.properties = Properties("root.a.capacity 50\nroot.b.capacity 50"),
                    .types = TestTypes()};
  input.properties.push_back(
      {"yarn.scheduler.capacity.root.queues", "\n    a,\n    b\n  ", "q.xml", 3});
  const ParsedQueueConfiguration parsed = ParseQueueConfiguration(input);
  ASSERT_NE(parsed.configuration, nullptr) << parsed.faults[0].ToString();
  EXPECT_EQ(parsed.configuration->Find("root")->children,
            (std::vector<std::string>{"root.a", "root.b"}));
}

TEST(AcceptedConfigurations, GiveEmptyCapacitiesTheKindOfTheirSiblings) {
  const QueueConfiguration configuration = Parsed("root.queues a,b\nroot.a.capacity 1w");
  EXPECT_TRUE(
      configuration.Find("root.b")->partitions.at("").capacity.IsAll(CapacityKind::kWeight));
}

TEST(AcceptedConfigurations, GiveRootTheWholeWhateverIsWritten) {
  const QueueConfiguration configuration =
      Parsed("root.queues a\nroot.a.capacity 100\nroot.capacity 40\nroot.maximum-capacity 50");
  const PartitionCapacity& root = configuration.Find("root")->partitions.at("");
  EXPECT_EQ(root.capacity.parts[0], (CapacityPart{CapacityKind::kPercent, kWholePercent}));
  EXPECT_EQ(root.maximum.parts[0], (CapacityPart{CapacityKind::kPercent, kWholePercent}));
}

TEST(AcceptedConfigurations, DropACapacityOfALabelThatIsNotAccessible) {
  const ParsedQueueConfiguration parsed = ParseText(
      "root.queues a\nroot.a.capacity 100\nroot.a.accessible-node-labels slow\n"
      "root.a.accessible-node-labels.fast.capacity 100");
  ASSERT_NE(parsed.configuration, nullptr);
  EXPECT_FALSE(parsed.configuration->Find("root.a")->partitions.contains("fast"));
  ASSERT_EQ(parsed.warnings.size(), 1u);
  EXPECT_NE(parsed.warnings[0].find("not accessible"), std::string::npos);
}

}  // namespace
}  // namespace weir::scheduler
