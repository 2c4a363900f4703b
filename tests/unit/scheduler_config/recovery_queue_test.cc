#include "scheduler/config/recovery_queue.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "scheduler/config/dynamic_queues.h"
#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

constexpr std::string_view kPercentages = R"(root.queues a,b
root.a.capacity 60
root.b.capacity 40
)";
constexpr std::string_view kWeights = R"(root.queues a,b
root.a.capacity 1w
root.b.capacity 3w
root.auto-queue-creation-v2.enabled true
root.auto-queue-creation-v2.max-queues 1
)";
constexpr std::string_view kAmounts = R"(root.queues a
root.a.capacity [memory=4096,vcores=4]
)";
constexpr std::string_view kNobodyBelowRoot = R"(root.auto-queue-creation-v2.enabled true
)";

TEST(RecoveryQueue, HasNothingBesideAnyKindOfSiblings) {
  for (const std::string_view text : {kPercentages, kWeights, kAmounts, kNobodyBelowRoot}) {
    const QueueConfiguration before = Parsed(text);
    const auto with = WithRecoveryQueue(before);
    const QueueSettings* const queue = with->Find(kRecoveryQueue);
    ASSERT_NE(queue, nullptr) << text;
    EXPECT_TRUE(queue->leaf && queue->dynamic && queue->holds);
    for (const CapacityPart& part : queue->partitions.at("").capacity.parts) {
      EXPECT_EQ(part.value, 0);
    }
    EXPECT_EQ(CheckUsable(*with), "") << text;
    EXPECT_EQ(*WithRecoveryQueue(*with), *with) << "once is enough";
    const auto without = WithoutDynamicQueue(*with, kRecoveryQueue);
    ASSERT_TRUE(without.ok());
    EXPECT_EQ(**without, before);
  }
}

TEST(RecoveryQueue, CannotBeNamedInAFile) {
  const ParsedQueueConfiguration parsed =
      ParseText("root.queues a,:recovered\nroot.a.capacity 100\nroot.:recovered.capacity 0");
  ASSERT_FALSE(parsed.faults.empty());
  EXPECT_NE(parsed.faults.front().ToString().find(":recovered"), std::string::npos);
  EXPECT_FALSE(CheckDynamicQueue(Parsed(kWeights), kRecoveryQueue).ok());
}

TEST(RecoveryQueue, IsCarriedAndLeavesTheOthersTheirPlaces) {
  const auto running = WithRecoveryQueue(Parsed(kPercentages));
  const auto carried = CarryDynamicQueues(*running, Parsed(kWeights), TestTypes());
  ASSERT_NE(carried->Find(kRecoveryQueue), nullptr);
  EXPECT_EQ(CheckUsable(*carried), "");
  // It is not the one queue that may be made below root.
  EXPECT_TRUE(CheckDynamicQueue(*carried, "root.mia").ok());
  const auto back = CarryDynamicQueues(*carried, Parsed(kPercentages), TestTypes());
  EXPECT_EQ(CheckUsable(*back), "");
}

}  // namespace
}  // namespace weir::scheduler
