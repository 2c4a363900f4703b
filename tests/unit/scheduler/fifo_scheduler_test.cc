#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/limits.h"
#include "tests/unit/scheduler/scheduler_fixture.h"

namespace weir::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(FifoScheduler, PacksTheFullestNodeFirst) {
  SchedulerFixture s;
  const NodeSlot large = s.Node("large", 8192, 8);
  const NodeSlot small = s.Node("small", 4096, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 6, {1024, 1});
  const std::vector<Allocation> placed = s.Place();
  ASSERT_THAT(placed, SizeIs(6));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(placed[i].node, small) << i;
  for (size_t i = 4; i < 6; ++i) EXPECT_EQ(placed[i].node, large) << i;
  EXPECT_EQ(s->node_used(small), (Resource{4096, 4}));
  EXPECT_EQ(s->node_used(large), (Resource{2048, 2}));
  EXPECT_EQ(s->node_containers(large), 2);
  EXPECT_EQ(s->application_used(a), (Resource{6144, 6}));
  EXPECT_EQ(s->application_containers(a), 6);
  EXPECT_EQ(s->headroom(a), (Resource{6144, 6}));
  EXPECT_EQ(s->CheckInvariants(), "");
}

TEST(FifoScheduler, TakesTheEarlierRegisteredOfEqualNodes) {
  SchedulerFixture s;
  const NodeSlot gone = s.Node("gone", 1024, 1);
  const NodeSlot second = s.Node("second", 4096, 4);
  s->RemoveNode(gone);
  const NodeSlot third = s.Node("third", 4096, 4);  // reuses the first slot, comes later
  EXPECT_EQ(third, gone);
  s.Ask(s.Application(), 1, {1024, 1});
  const std::vector<Allocation> placed = s.Place();
  ASSERT_THAT(placed, SizeIs(1));
  EXPECT_EQ(placed[0].node, second);
}

TEST(FifoScheduler, SkipsANodeWithMemoryButWithoutVcores) {
  SchedulerFixture s;
  s.Node("few-vcores", 4096, 1);
  const NodeSlot fits = s.Node("fits", 8192, 2);
  s.Ask(s.Application(), 1, {4096, 2});
  const std::vector<Allocation> placed = s.Place();
  ASSERT_THAT(placed, SizeIs(1));
  EXPECT_EQ(placed[0].node, fits);
}

TEST(FifoScheduler, ServesHigherPriorityThenEarlierSubmission) {
  SchedulerFixture s;
  s.Node("n", 3072, 3);
  const ApplicationSlot first = s.Application(0);
  const ApplicationSlot second = s.Application(0);
  const ApplicationSlot urgent = s.Application(5);
  for (const ApplicationSlot a : {second, first, urgent}) s.Ask(a, 1, {1024, 1});
  const std::vector<Allocation> placed = s.Place();
  ASSERT_THAT(placed, SizeIs(3));
  EXPECT_EQ(placed[0].application, urgent);
  EXPECT_EQ(placed[1].application, first);
  EXPECT_EQ(placed[2].application, second);
}

TEST(FifoScheduler, ServesLowerAskPriorityThenLowerRequestId) {
  SchedulerFixture s;
  s.Node("n", 8192, 8);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 1, {1024, 1}, 7, 20);
  s.Ask(a, 1, {1024, 1}, 9, 10);
  s.Ask(a, 1, {2048, 1}, 8, 10);
  std::vector<int64_t> requests;
  for (const Allocation& allocation : s.Place()) requests.push_back(allocation.request_id);
  EXPECT_THAT(requests, ElementsAre(8, 9, 7));
}

TEST(FifoScheduler, LetsSmallerAsksOfOthersPassOneThatFitsNowhere) {
  SchedulerFixture s;
  s.Node("n", 4096, 4);
  const ApplicationSlot large = s.Application();
  const ApplicationSlot small = s.Application();
  s.Ask(large, 1, {8192, 1}, 1, 1);
  s.Ask(large, 1, {1024, 1}, 2, 2);  // behind its own large ask
  s.Ask(small, 1, {1024, 1});
  const std::vector<Allocation> placed = s.Place();
  ASSERT_THAT(placed, SizeIs(1));
  EXPECT_EQ(placed[0].application, small);
  const std::vector<PendingAsk> pending = s->pending(large);
  ASSERT_THAT(pending, SizeIs(2));
  EXPECT_EQ(pending[0].reason, PendingReason::kNoFitNode);
  EXPECT_EQ(pending[1].reason, PendingReason::kPriority);
  EXPECT_THAT(pending[1].detail, HasSubstr("request 1"));
}

TEST(FifoScheduler, AskIsAbsoluteAndZeroWithdrawsIt) {
  SchedulerFixture s;
  const ApplicationSlot a = s.Application();
  s.Ask(a, 5, {1024, 1});
  s.Ask(a, 2, {2048, 1});
  EXPECT_EQ(s->cluster_pending(), (Resource{4096, 2}));
  EXPECT_EQ(s->pending_containers(), 2);
  s.Ask(a, 2, {2048, 1}, 1, 9);  // another priority, still the same request
  EXPECT_EQ(s->pending_containers(), 2);
  s.Ask(a, 0, {2048, 1});
  EXPECT_EQ(s->cluster_pending(), Resource{});
  EXPECT_THAT(s->pending(a), IsEmpty());
  s.Node("n", 8192, 8);
  EXPECT_THAT(s.Place(), IsEmpty());
  EXPECT_EQ(s->CheckInvariants(), "");
}

TEST(FifoScheduler, PlacesAtMostTheLimitAndSaysThatThereIsMore) {
  SchedulerFixture s;
  s.Node("n", 8192, 8);
  s.Ask(s.Application(), 5, {1024, 1});
  std::vector<Allocation> placed;
  EXPECT_TRUE(s->Schedule({}, 2, placed));
  EXPECT_THAT(placed, SizeIs(2));
  EXPECT_EQ(s->pending_containers(), 3);
  EXPECT_FALSE(s->Schedule({}, 100, placed));
  EXPECT_THAT(placed, SizeIs(5));
}

TEST(FifoScheduler, ReleaseWakesWhatFitsNow) {
  SchedulerFixture s;
  s.Node("n", 2048, 2);
  const ApplicationSlot a = s.Application();
  const ApplicationSlot b = s.Application();
  s.Ask(a, 2, {1024, 1});
  const std::vector<Allocation> placed = s.Place();
  ASSERT_THAT(placed, SizeIs(2));
  s.Ask(b, 1, {2048, 1});
  EXPECT_THAT(s.Place(), IsEmpty());
  s->Release(placed[0].container);
  EXPECT_THAT(s.Place(), IsEmpty());
  EXPECT_EQ(s.ReasonOf(b), PendingReason::kInsufficient);
  s->Release(placed[1].container);
  const std::vector<Allocation> then = s.Place();
  ASSERT_THAT(then, SizeIs(1));
  EXPECT_EQ(then[0].application, b);
  EXPECT_FALSE(s->placement(placed[0].container).live && s->placement(placed[1].container).live);
}

TEST(FifoScheduler, RemovingAnApplicationGivesEverythingBackInSlotOrder) {
  SchedulerFixture s;
  const NodeSlot n = s.Node("n", 4096, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 6, {1024, 1});
  ASSERT_THAT(s.Place(), SizeIs(4));
  EXPECT_THAT(s->RemoveApplication(a),
              ElementsAre(ContainerSlot{0}, ContainerSlot{1}, ContainerSlot{2}, ContainerSlot{3}));
  EXPECT_EQ(s->node_used(n), Resource{});
  EXPECT_EQ(s->cluster_pending(), Resource{});
  ASSERT_THAT(s->queues(), SizeIs(1));
  EXPECT_EQ(s->queues()[0].applications, 0);
  EXPECT_EQ(s->queues()[0].containers, 0);
  EXPECT_EQ(s->CheckInvariants(), "");
}

TEST(FifoScheduler, RemovingANodeReleasesOnlyItsContainers) {
  SchedulerFixture s;
  const NodeSlot small = s.Node("small", 2048, 2);
  s.Node("large", 4096, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 3, {1024, 1});
  ASSERT_THAT(s.Place(), SizeIs(3));
  EXPECT_THAT(s->RemoveNode(small), ElementsAre(ContainerSlot{0}, ContainerSlot{1}));
  EXPECT_EQ(s->application_containers(a), 1);
  EXPECT_EQ(s->cluster_capacity(), (Resource{4096, 4}));
  EXPECT_EQ(s->cluster_used(), (Resource{1024, 1}));
  EXPECT_EQ(s->CheckInvariants(), "");
}

TEST(FifoScheduler, AnUnschedulableNodeKeepsItsContainersAndGetsNoNewOnes) {
  SchedulerFixture s;
  const NodeSlot n = s.Node("n", 4096, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 1, {1024, 1});
  ASSERT_THAT(s.Place(), SizeIs(1));
  s->SetNodeSchedulable(n, false);
  s.Ask(a, 1, {1024, 1});
  EXPECT_THAT(s.Place(), IsEmpty());
  EXPECT_EQ(s->node_containers(n), 1);
  EXPECT_EQ(s.ReasonOf(a), PendingReason::kNoNodes);
  EXPECT_EQ(s->headroom(a), Resource{});
  s->SetNodeSchedulable(n, true);
  EXPECT_THAT(s.Place(), SizeIs(1));
}

TEST(FifoScheduler, ALoweredCapacityHoldsBackUntilEnoughHasEnded) {
  SchedulerFixture s;
  const NodeSlot n = s.Node("n", 4096, 4);
  const ApplicationSlot a = s.Application();
  s.Ask(a, 4, {1024, 1});
  const std::vector<Allocation> placed = s.Place();
  ASSERT_THAT(placed, SizeIs(4));
  s->SetNodeCapacity(n, {2048, 2});
  EXPECT_EQ(s->CheckInvariants(), "");
  s.Ask(a, 1, {1024, 1});
  s->Release(placed[0].container);
  s->Release(placed[1].container);
  EXPECT_THAT(s.Place(), IsEmpty());
  s->Release(placed[2].container);
  EXPECT_THAT(s.Place(), SizeIs(1));
  s->SetNodeCapacity(n, {8192, 8});
  s.Ask(a, 6, {1024, 1});
  EXPECT_THAT(s.Place(), SizeIs(6));
  EXPECT_EQ(s->CheckInvariants(), "");
}

TEST(FifoScheduler, RecoverChargesWhatAlreadyRuns) {
  SchedulerFixture s;
  const NodeSlot n = s.Node("n", 2048, 2);
  const ApplicationSlot a = s.Application();
  const ContainerSlot recovered = s->Recover(a, n, {2048, 1});
  EXPECT_EQ(s->node_used(n), (Resource{2048, 1}));
  EXPECT_TRUE(s->placement(recovered).live);
  s.Ask(a, 1, {1024, 1});
  EXPECT_THAT(s.Place(), IsEmpty());
  s->Release(recovered);
  EXPECT_THAT(s.Place(), SizeIs(1));
  EXPECT_EQ(s->CheckInvariants(), "");
}

TEST(FifoScheduler, ResolvesTheQueueByFullAndShortName) {
  SchedulerFixture s;
  for (const char* name : {"", "default", "root.default"}) {
    const Result<std::string> path = s->ResolveQueue(name);
    ASSERT_TRUE(path.ok()) << name;
    EXPECT_EQ(*path, "root.default");
  }
  const Result<std::string> unknown = s->ResolveQueue("streams");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(unknown.error().ToString(), HasSubstr("'streams'"));
  EXPECT_THAT(unknown.error().ToString(), HasSubstr("root.default"));
}

TEST(FifoScheduler, ValidatesAnAsk) {
  SchedulerFixture s;
  struct Case {
    ContainerAsk ask;
    bool ok;
    Resource rounded;
  };
  const Case cases[] = {
      {{.count = 1, .resource = {1, 1}}, true, {1024, 1}},
      {{.count = 1, .resource = {1025, 2}}, true, {2048, 2}},
      {{.count = 1, .resource = {8192, 4}}, true, {8192, 4}},
      {{.count = 1, .resource = {8193, 4}}, false, {}},
      {{.count = 1, .resource = {1024, 5}}, false, {}},
      {{.count = 1, .resource = {0, 1}}, false, {}},
      {{.count = 1, .resource = {1024, -1}}, false, {}},
      {{.count = -1, .resource = {1024, 1}}, false, {}},
      {{.count = limits::kContainersPerAsk, .resource = {1024, 1}}, true, {1024, 1}},
      {{.count = limits::kContainersPerAsk + 1, .resource = {1024, 1}}, false, {}},
      {{.count = 0, .resource = {0, 0}}, true, {0, 0}},
  };
  for (const Case& c : cases) {
    const Result<ContainerAsk> valid = s->Validate(c.ask);
    ASSERT_EQ(valid.ok(), c.ok) << c.ask.resource.ToString() << " x " << c.ask.count;
    if (c.ok) {
      EXPECT_EQ(valid->resource, c.rounded);
    } else {
      EXPECT_EQ(valid.error().code, ErrorCode::kInvalidArgument);
    }
  }
}

}  // namespace
}  // namespace weir::scheduler
