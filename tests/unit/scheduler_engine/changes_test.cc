// What changes while containers run: nodes, queues, applications, configurations; and preemption.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/scheduler_engine/cluster.h"

namespace weir::scheduler {
namespace {

using Reason = PendingReason;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Words = std::vector<std::string>;

Lines With(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

Lines TwoQueues(const Lines& more = {}) {
  return With(
      {"root.queues=a,b",
       "root.a.capacity=50",
       "root.b.capacity=50",
       "user-limit-factor=-1",
       "maximum-am-resource-percent=1",
       "resource-calculator=org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"},
      more);
}

std::shared_ptr<const QueueConfiguration> Parsed(const Lines& lines) {
  return Parse(lines, ThreeTypes());
}

// --- nodes

TEST(Changes, ANodeThatOffersLessKeepsItsContainersAndGetsNoMore) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", 4, Size(1));
  EXPECT_EQ(cluster.DecideInAll(), "a:n*4");
  cluster.scheduler().SetNodeCapacity(cluster.node("n"), Size(2, 8));
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.used_gib("a"), 4);
  cluster.Release("a", "n");
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.Decide(), "") << "2 of 2 are in use";
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  cluster.scheduler().SetNodeCapacity(cluster.node("n"), Size(3, 8));
  EXPECT_EQ(cluster.Decide(), "a:n");
}

// What a node lacks of one type it has for nobody, even for asks that need none of it.
TEST(Changes, ANodeThatLacksAGpuGetsNothingUntilItIsBack) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(8, 8, 2)});
  cluster.AddApp("a");
  cluster.Ask("a", 2, Size(1, 1, 1));
  EXPECT_EQ(cluster.Decide(), "a:n a:n");
  cluster.scheduler().SetNodeCapacity(cluster.node("n"), Size(8, 8, 1));
  cluster.AddApp("plain");
  cluster.Ask("plain", 1, Size(1));
  cluster.AddApp("named");
  cluster.Ask("named", {.count = 1, .resource = Size(1), .nodes = {"n"}});
  EXPECT_EQ(cluster.Decide(), "");
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.DecideInAll(), "named:n*1 plain:n*1");
}

TEST(Changes, ANodeThatIsUnwellGetsNothingNew) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.scheduler().SetNodeSchedulable(cluster.node("n"), false);
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kNodesUnhealthy);
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.Decide(), "");
  cluster.scheduler().SetNodeSchedulable(cluster.node("n"), true);
  EXPECT_EQ(cluster.Decide(), "a:n");
}

TEST(Changes, ANodeThatGoesReleasesWhatRanThere) {
  Cluster cluster;
  cluster.AddNode("n1", {.size = Size(2, 4)});
  cluster.AddNode("n2", {.size = Size(2, 4)});
  cluster.AddApp("a");
  cluster.Ask("a", 4, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n1 a:n1 a:n2 a:n2");
  EXPECT_EQ(cluster.scheduler().RemoveNode(cluster.node("n1")).size(), 2u);
  EXPECT_EQ(cluster.used_gib("a"), 2);
  EXPECT_EQ(cluster.scheduler().cluster_capacity(), Size(2, 4));
  EXPECT_EQ(cluster.scheduler().CheckInvariants(), "");
}

// --- applications

TEST(Changes, AnApplicationMovesWithAllThatItHasAndWants) {
  Cluster cluster(TwoQueues({"root.a.maximum-capacity=50"}));
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("m", {.queue = "root.a"});
  cluster.Ask("m", 6, Size(1));
  EXPECT_EQ(cluster.DecideInAll(), "m:n*4");
  EXPECT_EQ(cluster.ReasonOf("m"), Reason::kQueueCapacity);
  CapacityScheduler& scheduler = cluster.scheduler();
  ASSERT_TRUE(scheduler.MoveApplication(cluster.app("m"), "root.b", cluster.now()).ok());
  EXPECT_EQ(scheduler.queue_of(cluster.app("m")), "root.b");
  EXPECT_EQ(cluster.DecideInAll(), "m:n*2");
  const std::vector<QueueReport> queues = scheduler.queues();
  EXPECT_EQ(queues[1].partitions[0].used, Resource{});
  EXPECT_EQ(queues[2].partitions[0].used, Size(6, 6));
  const Status nowhere = scheduler.MoveApplication(cluster.app("m"), "root.c", cluster.now());
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(scheduler.queue_of(cluster.app("m")), "root.b");
}

TEST(Changes, WhatRanBeforeARestartIsCharged) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a");
  const ContainerSlot old =
      cluster.scheduler().Recover(cluster.app("a"), cluster.node("n"), Size(3));
  cluster.Ask("a", 2, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  EXPECT_EQ(cluster.used_gib("a"), 4);
  cluster.scheduler().Release(old);
  EXPECT_EQ(cluster.Decide(), "a:n");
}

TEST(Changes, ACopyDecidesTheSameAndLeavesTheFirstAlone) {
  Cluster cluster(TwoQueues());
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.AddApp("b", {.queue = "root.b"});
  cluster.Ask("a", 8, Size(1));
  cluster.Ask("b", 8, Size(1));
  EXPECT_EQ(cluster.Decide(3), "a:n b:n a:n");
  const std::unique_ptr<CapacityScheduler> copy = cluster.scheduler().Clone();
  std::vector<Allocation> of_copy;
  EXPECT_FALSE(copy->Schedule(cluster.now(), 100, of_copy));
  EXPECT_EQ(cluster.used_gib("a") + cluster.used_gib("b"), 3);
  EXPECT_EQ(cluster.Decide(), "b:n a:n b:n a:n b:n");
  std::string decided;
  for (const Allocation& each : of_copy) {
    decided += each.application == cluster.app("a") ? "a" : "b";
  }
  EXPECT_EQ(decided, "babab");
  EXPECT_EQ(copy->CheckInvariants(), "");
}

// --- what is refused

struct BadAsk {
  std::string name;
  ContainerAsk ask;
  std::string part;  // of the message
};

TEST(Changes, AsksThatCannotBeMeantAreRefusedByName) {
  Cluster cluster(With(Cluster::OneQueue(), {"root.q.accessible-node-labels= "}), {{"x", true}});
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a");
  Resource unknown = Size(1);
  unknown.SetNamed("example.com/fpga", 1);
  Resource negative_gpu = Size(1);
  negative_gpu.SetNamed("yarn.io/gpu", -1);
  const int64_t most = INT64_MAX;
  const std::vector<BadAsk> bad = {
      {"negative memory", {.count = 1, .resource = {-1, 1}}, "memory-mb -1"},
      {"no memory", {.count = 1, .resource = {0, 1}}, "memory-mb 0"},
      {"no vcores", {.count = 1, .resource = {1024, 0}}, "vcores 0"},
      {"overflowing memory", {.count = 1, .resource = {most, 1}}, "memory-mb"},
      {"overflowing vcores", {.count = 1, .resource = {1024, most}}, "vcores"},
      {"over the maximum", {.count = 1, .resource = {(1 << 20) + 1, 1}}, "over the maximum"},
      {"negative gpus", {.count = 1, .resource = negative_gpu}, "yarn.io/gpu -1"},
      {"unknown type", {.count = 1, .resource = unknown}, "example.com/fpga"},
      {"negative count", {.count = -1, .resource = Size(1)}, "-1 containers"},
      {"count over the limit", {.count = INT32_MAX, .resource = Size(1)}, "2147483647 containers"},
      {"unknown label", {.count = 1, .resource = Size(1), .label = "y"}, "label 'y'"},
      {"label without access", {.count = 1, .resource = Size(1), .label = "x"}, "root.q may not"},
      {"negative bound", {.count = 1, .resource = Size(1), .max_per_node = -1}, "below 0"},
      {"strict and nowhere",
       {.count = 1, .resource = Size(1), .relax_locality = false},
       "strict about its place"},
  };
  for (const BadAsk& each : bad) {
    SCOPED_TRACE(each.name);
    const Result<ContainerAsk> valid = cluster.scheduler().Validate(cluster.app("a"), each.ask);
    ASSERT_FALSE(valid.ok());
    EXPECT_EQ(valid.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(valid.error().message.find(each.part), std::string::npos) << valid.error().message;
  }
  // A withdrawal is always good, and an odd size is rounded up.
  EXPECT_TRUE(
      cluster.scheduler().Validate(cluster.app("a"), {.count = 0, .resource = {-1, 0}}).ok());
  const Result<ContainerAsk> odd =
      cluster.scheduler().Validate(cluster.app("a"), {.count = 1, .resource = {1025, 1}});
  ASSERT_TRUE(odd.ok());
  EXPECT_EQ(odd.value().resource, Size(2));
}

// --- configurations

TEST(Changes, ANewMaximumHoldsFromTheNextDecisionOn) {
  Cluster cluster(TwoQueues({"root.a.maximum-capacity=50"}));
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.Ask("a", 8, Size(1));
  EXPECT_EQ(cluster.DecideInAll(), "a:n*4");
  CapacityScheduler& scheduler = cluster.scheduler();
  ASSERT_TRUE(
      scheduler.Reconfigure(Parsed(TwoQueues({"root.a.maximum-capacity=75"})), cluster.now()).ok());
  EXPECT_EQ(cluster.DecideInAll(), "a:n*2");
  ASSERT_TRUE(
      scheduler.Reconfigure(Parsed(TwoQueues({"root.a.maximum-capacity=50"})), cluster.now()).ok());
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.Decide(), "") << "nothing is taken, nothing more is given";
  EXPECT_EQ(cluster.used_gib("a"), 5);
}

TEST(Changes, AQueueInUseIsNotTakenAwayAndNothingElseChanges) {
  Cluster cluster(TwoQueues());
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a", {.queue = "root.a"});
  const Status refused =
      cluster.scheduler().Reconfigure(Parsed(Cluster::OneQueue()), cluster.now());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(refused.error().message.find("root.a"), std::string::npos) << refused.error().message;
  EXPECT_NE(cluster.scheduler().configuration().Find("root.a"), nullptr);
  EXPECT_EQ(cluster.scheduler().configuration().Find("root.q"), nullptr);
}

TEST(Changes, AStoppedQueueDrainsAndSaysWhenItIsEmpty) {
  Cluster cluster(TwoQueues({"root.a.queues=x,y", "root.a.x.capacity=50", "root.a.y.capacity=50"}));
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a", {.queue = "root.a.x"});
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  const Lines stopped = TwoQueues({"root.a.queues=x,y",
                                   "root.a.x.capacity=50",
                                   "root.a.y.capacity=50",
                                   "root.a.state=STOPPED"});
  ASSERT_TRUE(cluster.scheduler().Reconfigure(Parsed(stopped), cluster.now()).ok());
  EXPECT_EQ(cluster.scheduler().queues()[1].state, "DRAINING");
  const Status refused = cluster.scheduler().CheckSubmission("root.a.x", {.user = "mia"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n") << "who is in goes on";
  cluster.Told();
  cluster.RemoveApp("a");
  EXPECT_EQ(cluster.Told(), (Words{"stopped root.a.x", "stopped root.a"}));
}

TEST(Changes, AQueueIsMadeOnDemandAndRemovedWhenItHasBeenIdle) {
  Cluster cluster({"root.queues=d",
                   "root.d.capacity=1w",
                   "root.d.auto-queue-creation-v2.enabled=true",
                   "root.d.auto-queue-creation-v2.maximum-queue-depth=2",
                   "auto-queue-creation-v2.queue-expiration-time=300"});
  cluster.AddNode("n", {.size = Size(4, 4)});
  EXPECT_TRUE(cluster.scheduler().CheckSubmission("root.d.team.mia", {.user = "mia"}).ok());
  cluster.AddApp("a", {.queue = "root.d.team.mia"});
  EXPECT_EQ(cluster.Told(), (Words{"created root.d.team.mia"}));
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.RemoveApp("a");
  cluster.Wait(seconds(299));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.Told(), Words{});
  EXPECT_EQ(cluster.scheduler().NextDeadline(), cluster.now().monotonic + seconds(1));
  // Somebody comes in time.
  cluster.AddApp("b", {.queue = "root.d.team.mia"});
  cluster.Wait(seconds(1'000));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.Told(), Words{});
  cluster.RemoveApp("b");
  cluster.Wait(seconds(300));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.Told(), (Words{"removed root.d.team.mia"}));
  EXPECT_NE(cluster.scheduler().configuration().Find("root.d.team"), nullptr);
  // The parent that was made along with it is idle from now on.
  cluster.Wait(seconds(300));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.Told(), (Words{"removed root.d.team"}));
  EXPECT_EQ(cluster.scheduler().configuration().Find("root.d.team"), nullptr);
  EXPECT_NE(cluster.scheduler().configuration().Find("root.d"), nullptr);
}

TEST(Changes, AParentWithANewChildIsNotIdle) {
  Cluster cluster({"root.queues=d",
                   "root.d.capacity=1w",
                   "root.d.auto-queue-creation-v2.enabled=true",
                   "root.d.auto-queue-creation-v2.maximum-queue-depth=2",
                   "auto-queue-creation-v2.queue-expiration-time=10"});
  cluster.AddApp("a", {.queue = "root.d.team.mia"});
  cluster.RemoveApp("a");
  cluster.Wait(seconds(10));
  cluster.Decide();
  cluster.AddApp("b", {.queue = "root.d.team.ben"});
  cluster.Wait(seconds(100));
  cluster.Decide();
  EXPECT_EQ(
      cluster.Told(),
      (Words{"created root.d.team.mia", "removed root.d.team.mia", "created root.d.team.ben"}));
}

// 60 % of 10 GiB for one leaf at a time: who runs applications has it.
TEST(Changes, ALeafOfAManagedParentHasItsCapacityByActivity) {
  Cluster cluster({"root.queues=m,b",
                   "root.m.capacity=60",
                   "root.b.capacity=40",
                   "root.m.auto-create-child-queue.enabled=true",
                   "root.m.leaf-queue-template.capacity=100",
                   "maximum-am-resource-percent=1"});
  const auto guaranteed_gib = [&](const std::string& path) -> int64_t {
    for (const QueueReport& queue : cluster.scheduler().queues()) {
      if (queue.path == path) return queue.partitions.at(0).guaranteed.memory_mib / 1024;
    }
    return -1;
  };
  cluster.AddNode("n", {.size = Size(10, 10)});
  cluster.AddApp("one", {.queue = "root.m.one"});
  cluster.AddApp("two", {.queue = "root.m.two"});
  cluster.AddApp("three", {.queue = "root.m.three"});
  cluster.Decide();
  EXPECT_EQ(guaranteed_gib("root.m.one"), 6);
  EXPECT_EQ(guaranteed_gib("root.m.two"), 0);
  cluster.RemoveApp("one");
  cluster.Decide();
  EXPECT_EQ(guaranteed_gib("root.m.one"), 0);
  EXPECT_EQ(guaranteed_gib("root.m.two"), 6) << "its application is older than three's";
  cluster.RemoveApp("two");
  cluster.RemoveApp("three");
  cluster.Decide();
  EXPECT_EQ(guaranteed_gib("root.m.two"), 6) << "nobody else needs it";
  cluster.AddApp("late", {.queue = "root.m.one"});
  cluster.Decide();
  EXPECT_EQ(guaranteed_gib("root.m.one"), 6);
  EXPECT_EQ(cluster.scheduler().CheckInvariants(), "");
}

// --- preemption

Lines Preempting() {
  return TwoQueues(
      {"yarn.resourcemanager.scheduler.monitor.enable=true",
       "yarn.resourcemanager.monitor.capacity.preemption.monitoring_interval=1000",
       "yarn.resourcemanager.monitor.capacity.preemption.max_wait_before_kill=5000",
       "yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round=1",
       "yarn.resourcemanager.monitor.capacity.preemption.natural_termination_factor=1"});
}

class Preemption : public testing::Test {
 protected:
  Preemption() : cluster_(Preempting()) {
    cluster_.AddNode("n", {.size = Size(8, 8)});
    cluster_.AddApp("a", {.queue = "root.a"});
    cluster_.AddApp("b", {.queue = "root.b"});
    cluster_.Ask("a", 8, Size(1));
    EXPECT_EQ(cluster_.DecideInAll(), "a:n*8");
    cluster_.Ask("b", 3, Size(1));
    EXPECT_EQ(cluster_.Decide(), "");
    EXPECT_EQ(cluster_.ReasonOf("b"), Reason::kInsufficient);
  }
  // Lets time pass in steps of a round; what was told meanwhile, each thing with its count.
  std::map<std::string, int> Rounds(int count) {
    std::map<std::string, int> told;
    for (int i = 0; i < count; ++i) {
      cluster_.Wait(seconds(1));
      while (cluster_.scheduler().PreemptionStep(cluster_.now())) {
      }
      EXPECT_EQ(cluster_.Decide(), "");
      for (const std::string& each : cluster_.Told()) ++told[each];
    }
    return told;
  }
  using Counts = std::map<std::string, int>;
  Cluster cluster_;
};

TEST_F(Preemption, AQueueGetsItsGuaranteeBackAfterAWarning) {
  const Counts warned = Rounds(4);
  EXPECT_EQ(warned, (Counts{{"warning a", 3}}));
  EXPECT_EQ(cluster_.ReasonOf("b"), Reason::kPreemptionPending);
  EXPECT_EQ(Rounds(6), (Counts{{"preempt a", 3}}));
  for (int i = 0; i < 3; ++i) cluster_.Release("a", "n");
  EXPECT_EQ(cluster_.DecideInAll(), "b:n*3");
  EXPECT_EQ(Rounds(20), Counts{}) << "five and three of four and four: nobody wants more";
}

TEST_F(Preemption, AWarningIsTakenBackWhenNobodyWantsItAnyMore) {
  EXPECT_EQ(Rounds(4), (Counts{{"warning a", 3}}));
  cluster_.RemoveApp("b");
  EXPECT_EQ(Rounds(30), (Counts{{"cancelled a", 3}}));
  EXPECT_EQ(cluster_.used_gib("a"), 8);
}

// b waits for one container of 5 GiB, which neither node of 4 GiB could hold: eagerly, containers
// are stopped for its guarantee all the same.
TEST(LazyPreemption, StopsContainersWhereTheirRoomIsUsed) {
  for (const bool lazy : {false, true}) {
    Lines lines = Preempting();
    if (lazy) lines.push_back("lazy-preemption-enabled=true");
    Cluster cluster(lines);
    cluster.AddNode("n1", {.size = Size(4, 4)});
    cluster.AddNode("n2", {.size = Size(4, 4)});
    cluster.AddApp("a", {.queue = "root.a"});
    cluster.AddApp("b", {.queue = "root.b"});
    cluster.Ask("a", 8, Size(1));
    EXPECT_EQ(cluster.DecideInAll(), "a:n1*4 a:n2*4");
    cluster.Ask("b", 1, Size(5, 1));  // larger than either node
    cluster.Decide();
    std::map<std::string, int> told;
    for (int i = 0; i < 20; ++i) {
      cluster.Wait(seconds(1));
      while (cluster.scheduler().PreemptionStep(cluster.now())) {
      }
      cluster.Decide();
      for (const std::string& each : cluster.Told()) ++told[each];
    }
    EXPECT_EQ(told["warning a"] > 0, true);
    EXPECT_EQ(told["preempt a"] > 0, !lazy) << "nothing that b wants would fit there";
  }
}

// Nodes of 4: a has 3 on each, of its guarantee of 4 in all. b's container of 3 fits nowhere,
// another one of its queue overtakes it, and n2 is held back for it: 2 are lacking there. Queue b
// has 1 in use and 3 reserved, its guarantee: only by reservation something is taken, and where it
// helps.
TEST(ReservedPreemption, MakesRoomOnTheNodeThatIsHeldBack) {
  const std::string key =
      "yarn.resourcemanager.monitor.capacity.preemption.select_based_on_reserved_containers";
  for (const bool by_reservation : {false, true}) {
    Lines lines = Preempting();
    lines.push_back(key + (by_reservation ? "=true" : "=false"));
    Cluster cluster(lines);
    for (const char* name : {"n1", "n2"}) cluster.AddNode(name, {.size = Size(4, 8)});
    cluster.AddApp("a", {.queue = "root.a"});
    cluster.Ask("a", {.count = 6, .resource = Size(1), .max_per_node = 3});
    EXPECT_EQ(cluster.DecideInAll(), "a:n1*3 a:n2*3");
    cluster.AddApp("b", {.queue = "root.b"});
    cluster.Ask("b", 1, Size(3));
    EXPECT_EQ(cluster.Decide(), "");
    cluster.AddApp("other", {.queue = "root.b"});
    cluster.Ask("other", 1, Size(1));
    EXPECT_EQ(cluster.Decide(), "other:n1");
    cluster.Wait(seconds(1));
    EXPECT_EQ(cluster.Decide(), "");
    ASSERT_EQ(cluster.HeldFor("b"), "n2");
    std::map<std::string, int> told;
    for (int i = 0; i < 10; ++i) {
      cluster.Wait(seconds(1));
      while (cluster.scheduler().PreemptionStep(cluster.now())) {
      }
      EXPECT_EQ(cluster.Decide(), "");
      for (const std::string& each : cluster.Told()) ++told[each];
    }
    EXPECT_EQ(told["preempt a"], by_reservation ? 2 : 0);
    if (!by_reservation) continue;
    for (int i = 0; i < 2; ++i) cluster.Release("a", "n2");
    EXPECT_EQ(cluster.Decide(), "b:n2");
    EXPECT_EQ(cluster.scheduler().CheckInvariants(), "");
  }
}

// --- explanations

TEST(Explains, TheLimitThatBindsAndTheNodesThatRefuse) {
  Cluster cluster(TwoQueues({"root.a.maximum-capacity=50"}));
  cluster.AddNode("n1", {.size = Size(4, 4)});
  cluster.AddNode("n2", {.size = Size(4, 4)});
  cluster.AddNode("n3", {.size = Size(1, 1)});
  cluster.AddNode("n4", {.size = Size(3, 3)});
  cluster.scheduler().SetNodeSchedulable(cluster.node("n4"), false);
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.Ask("a", 6, Size(1));
  EXPECT_EQ(cluster.DecideInAll(), "a:n1*4");  // half of 9, rounded down to whole GiB
  const Explanation full = cluster.scheduler().Explain(cluster.app("a"));
  EXPECT_EQ(full.reason, Reason::kQueueCapacity);
  EXPECT_EQ(full.unblock, "end something in queue root.a, or raise its maximum-capacity");
  int binding = 0;
  for (const ExplainedLimit& limit : full.limits) {
    if (!limit.binds) continue;
    ++binding;
    EXPECT_EQ(limit.name, "maximum capacity of root.a");
    EXPECT_EQ(limit.used, Size(4, 4));
  }
  EXPECT_EQ(binding, 1);

  cluster.AddApp("b", {.queue = "root.b"});
  cluster.Ask("b", 3, Size(3));
  EXPECT_EQ(cluster.Decide(), "b:n2");
  const Explanation no_room = cluster.scheduler().Explain(cluster.app("b"));
  ASSERT_EQ(no_room.asks.size(), 1u);
  EXPECT_EQ(no_room.asks[0].reason, Reason::kInsufficient);
  std::string refused;
  for (const RefusedNodes& each : no_room.asks[0].refused) {
    refused += each.cause + ": " + std::to_string(each.nodes) + "; ";
  }
  EXPECT_EQ(refused,
            "may not get containers (unhealthy or draining): 1; too small even when empty: 1; not "
            "enough memory-mb free: 2; not enough vcores free: 1; ");
}

TEST(Explains, HowManyApplicationsAreAhead) {
  Cluster cluster(With(Cluster::OneQueue(), {"root.q.max-parallel-apps=1"}));
  cluster.AddNode("n", {.size = Size(4, 4)});
  for (const char* name : {"a", "b", "c"}) {
    cluster.AddApp(name);
    cluster.Ask(name, 1, Size(1));
  }
  EXPECT_EQ(cluster.Decide(), "a:n");
  const Explanation waits = cluster.scheduler().Explain(cluster.app("c"));
  EXPECT_EQ(waits.reason, Reason::kMaxParallelApplications);
  EXPECT_EQ(waits.applications_ahead, 1);
  EXPECT_EQ(waits.unblock, "end an application, or raise max-parallel-apps");
  EXPECT_EQ(waits.detail,
            "1 applications run in queue root.q: it, a parent or user mia has as many as "
            "max-parallel-apps allows");
}

TEST(Explains, NoNodesAndNoneWithTheLabel) {
  Cluster cluster(With(Cluster::OneQueue(),
                       {"root.accessible-node-labels.x.capacity=100",
                        "root.q.accessible-node-labels=x",
                        "root.q.accessible-node-labels.x.capacity=100"}),
                  {{"x", true}});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(1));
  cluster.AddApp("b", {.label = "x"});
  cluster.Ask("b", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kNoNodes);
  EXPECT_EQ(cluster.ReasonOf("b"), Reason::kNodeLabel);
  EXPECT_EQ(cluster.scheduler().Explain(cluster.app("a")).unblock, "start a NodeManager");
}

}  // namespace
}  // namespace weir::scheduler
