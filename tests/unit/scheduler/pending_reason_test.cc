#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/scheduler/scheduler_fixture.h"

namespace weir::scheduler {
namespace {

using ::testing::HasSubstr;

struct Expected {
  PendingReason reason;
  const char* detail;
};

void ExpectReason(SchedulerFixture& s, ApplicationSlot application, const Expected& expected) {
  s.Place();
  const std::vector<PendingAsk> pending = s->pending(application);
  ASSERT_FALSE(pending.empty());
  EXPECT_EQ(pending[0].reason, expected.reason) << pending[0].detail;
  EXPECT_EQ(pending[0].detail, expected.detail);
}

TEST(PendingReason, NamesAnEmptyCluster) {
  SchedulerFixture s;
  const ApplicationSlot a = s.Application();
  s.Ask(a, 2, {1024, 1});
  ExpectReason(
      s,
      a,
      {PendingReason::kNoNodes, "2 containers of <memory:1024, vCores:1>: no node is registered"});
}

TEST(PendingReason, NamesNodesThatTakeNothing) {
  SchedulerFixture s;
  s->SetNodeSchedulable(s.Node("n", 4096, 4), false);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 1, {1024, 1});
  ExpectReason(s,
               a,
               {PendingReason::kNoNodes,
                "1 container of <memory:1024, vCores:1>: none of the 1 node takes new containers "
                "now (unhealthy or being drained)"});
}

TEST(PendingReason, NamesAnAskLargerThanEveryNode) {
  SchedulerFixture s;
  s.Node("a", 2048, 8);
  s.Node("b", 4096, 2);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 1, {4096, 4});
  ExpectReason(s,
               a,
               {PendingReason::kNoFitNode,
                "1 container of <memory:4096, vCores:4> fit on no node: 2 nodes with at most "
                "<memory:4096, vCores:8>"});
}

TEST(PendingReason, NamesWhatIsFreeWhenItIsTooLittle) {
  SchedulerFixture s;
  s.Node("n", 4096, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 3, {2048, 1});
  ExpectReason(s,
               a,
               {PendingReason::kInsufficient,
                "1 container of <memory:2048, vCores:1>: <memory:0, vCores:2> is free in all on 1 "
                "node"});
}

TEST(PendingReason, NamesRoomThatIsSplitOverNodes) {
  SchedulerFixture s;
  s.Node("a", 3072, 4);
  s.Node("b", 3072, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 3, {2048, 1});
  ExpectReason(s,
               a,
               {PendingReason::kFragmented,
                "1 container of <memory:2048, vCores:1>: <memory:2048, vCores:6> is free in all on "
                "2 nodes, but at most <memory:1024, vCores:3> on one"});
}

TEST(PendingReason, FollowsTheClusterWithoutANewSearch) {
  SchedulerFixture s;
  const NodeSlot small = s.Node("small", 1024, 1);
  const NodeSlot large = s.Node("large", 8192, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 2, {8192, 4});
  s.Place();
  EXPECT_EQ(s.ReasonOf(a), PendingReason::kInsufficient);
  s->RemoveNode(large);
  s.Place();
  EXPECT_EQ(s.ReasonOf(a), PendingReason::kNoFitNode);
  s->RemoveNode(small);
  s.Place();
  EXPECT_EQ(s.ReasonOf(a), PendingReason::kNoNodes);
}

TEST(PendingReason, NamesTheAskOfTheSameApplicationThatGoesFirst) {
  SchedulerFixture s;
  const ApplicationSlot a = s.Application();
  s.Ask(a, 2, {1024, 1}, 3, 1);
  s.Ask(a, 1, {1024, 1}, 4, 2);
  s.Place();
  const std::vector<PendingAsk> pending = s->pending(a);
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[1].reason, PendingReason::kPriority);
  EXPECT_THAT(pending[1].detail, HasSubstr("request 3 (priority 1, 2 containers of"));
}

}  // namespace
}  // namespace weir::scheduler
