#include "scheduler/config/queue_configuration_parser.h"

#include <gtest/gtest.h>

#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

TEST(QueueConfigurationParser, TakesWhatHoldsWithoutAFile) {
  const ParsedQueueConfiguration parsed =
      ParseQueueConfiguration({.properties = DefaultProperties(), .types = TestTypes()});
  ASSERT_TRUE(parsed.faults.empty()) << parsed.faults.front().ToString();
  EXPECT_TRUE(parsed.warnings.empty()) << parsed.warnings.front();
  const QueueSettings* const queue = parsed.configuration->Find("root.default");
  ASSERT_NE(queue, nullptr);
  EXPECT_TRUE(queue->leaf);
  EXPECT_TRUE(queue->submit.everybody);
  EXPECT_EQ(queue->partitions.at("").capacity.parts[0],
            (CapacityPart{CapacityKind::kPercent, kWholePercent}));
  EXPECT_EQ(parsed.configuration->calculator, Calculator::kDominant);
  EXPECT_EQ(CheckUsable(*parsed.configuration), "");
}

}  // namespace
}  // namespace weir::scheduler
