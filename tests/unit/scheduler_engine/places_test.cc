// Where containers go: labels, locality, unwanted nodes, spreading, gangs and nodes held back.
// Sizes in GiB with one vcore each unless said otherwise.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/scheduler_engine/cluster.h"

namespace weir::scheduler {
namespace {

using Reason = PendingReason;
using std::chrono::milliseconds;
using std::chrono::seconds;

Lines With(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

// --- labels

Lines Labelled(const std::string& label, const Lines& more = {}) {
  return With(Cluster::OneQueue(),
              With({"root.accessible-node-labels." + label + ".capacity=100",
                    "root.q.accessible-node-labels=" + label,
                    "root.q.accessible-node-labels." + label + ".capacity=100"},
                   more));
}

TEST(Labels, AnExclusivePartitionTakesOnlyWhatAsksForIt) {
  Cluster cluster(Labelled("x"), {{"x", true}});
  cluster.AddNode("n", {.size = Size(1, 8)});
  cluster.AddNode("nx", {.size = Size(8, 8), .label = "x"});
  cluster.AddApp("a");
  cluster.Ask("a", 3, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.Wait(seconds(100));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kInsufficient);
  cluster.AddApp("b", {.label = "x"});
  cluster.Ask("b", 2, Size(1));
  EXPECT_EQ(cluster.Decide(), "b:nx b:nx");
}

// Whose ApplicationMaster is in an enforced partition gets everything there, and nobody else does.
TEST(Labels, AnEnforcedPartitionIsForApplicationsWhoseMasterIsInIt) {
  for (const std::string key : {"yarn.node-labels.exclusive-enforced-partitions",
                                "root.q.ordering-policy.exclusive-enforced-partitions"}) {
    Cluster cluster(Labelled("x", {key + "=x", "root.q.ordering-policy=fifo-with-partitions"}),
                    {{"x", true}});
    cluster.AddNode("n", {.size = Size(8, 8)});
    cluster.AddNode("nx", {.size = Size(8, 8), .label = "x"});
    cluster.AddApp("outside");
    cluster.Ask("outside", {.count = 1, .resource = Size(1), .label = "x"});
    EXPECT_EQ(cluster.Decide(), "outside:n") << key;
    cluster.AddApp("inside", {.label = "x"});
    const auto valid = cluster.scheduler().Validate(
        cluster.app("inside"), {.request_id = 1, .count = 1, .resource = Size(1), .label = ""});
    ASSERT_TRUE(valid.ok());
    EXPECT_EQ(valid->label, "x") << key;
  }
}

TEST(Labels, IdleNodesOfANonExclusivePartitionAreLentAfterAHeartbeat) {
  Cluster cluster(Labelled("y"), {{"y", false}});
  cluster.AddNode("n", {.size = Size(1, 8)});
  cluster.AddNode("ny", {.size = Size(8, 8), .label = "y"});
  cluster.AddApp("a");
  cluster.Ask("a", 3, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.Wait(milliseconds(999));
  EXPECT_EQ(cluster.Decide(), "");
  ASSERT_EQ(cluster.scheduler().NextDeadline(), cluster.now().monotonic + milliseconds(1));
  cluster.Wait(milliseconds(1));
  EXPECT_EQ(cluster.Decide(), "a:ny a:ny");
  // The first container, an ApplicationMaster, is not for borrowed nodes.
  cluster.AddApp("b");
  cluster.Ask("b", 1, Size(1));
  cluster.Wait(seconds(10));
  EXPECT_EQ(cluster.Decide(), "");
}

TEST(Labels, LendingPaysNoHeedToTheMaximumOfTheQueue) {
  Cluster cluster(Labelled("y",
                           {"root.queues=q,r",
                            "root.q.capacity=50",
                            "root.q.maximum-capacity=50",
                            "root.r.capacity=50",
                            "root.r.accessible-node-labels= "}),
                  {{"y", false}});
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddNode("ny", {.size = Size(8, 8), .label = "y"});
  cluster.AddApp("a");
  cluster.Ask("a", 3, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n a:n");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kQueueCapacity);
  cluster.Wait(seconds(1));
  EXPECT_EQ(cluster.Decide(), "a:ny");
}

TEST(Labels, ANodeThatChangesPartitionTakesItsContainersAlong) {
  Cluster cluster(Labelled("x"), {{"x", true}});
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a");
  cluster.Ask("a", 2, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n a:n");
  cluster.scheduler().SetNodeLabel(cluster.node("n"), "x");
  EXPECT_EQ(cluster.Decide(), "");
  const QueueReport queue = cluster.scheduler().queues().back();
  ASSERT_EQ(queue.partitions.size(), 2u);
  EXPECT_EQ(queue.partitions[0].used, Resource{});
  EXPECT_EQ(queue.partitions[1].used, Size(2, 2));
  EXPECT_EQ(cluster.used_gib("a"), 2);
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kNoNodes);
  cluster.Release("a", "n");
  cluster.scheduler().SetNodeLabel(cluster.node("n"), "");
  EXPECT_EQ(cluster.Decide(), "a:n");
}

TEST(Labels, ALabelThatNoQueueKnowsMakesNodesThatNobodyUses) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 4), .label = "unheard"});
  cluster.AddApp("a");
  const ContainerSlot old =
      cluster.scheduler().Recover(cluster.app("a"), cluster.node("n"), Size(1));
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  cluster.scheduler().SetNodeLabel(cluster.node("n"), "stranger");
  EXPECT_EQ(cluster.Decide(), "");
  cluster.scheduler().Release(old);
  cluster.scheduler().SetNodeLabel(cluster.node("n"), "");
  EXPECT_EQ(cluster.Decide(), "a:n");
}

// --- locality: four nodes, so one missed offer is a quarter of a heartbeat

class Locality : public testing::Test {
 protected:
  Locality()
      : cluster_(With(Cluster::OneQueue(),
                      {"node-locality-delay=1", "rack-locality-additional-delay=1"})) {
    cluster_.AddNode("n1", {.size = Size(2, 8), .rack = "/r1"});
    cluster_.AddNode("n2", {.size = Size(2, 8), .rack = "/r1"});
    cluster_.AddNode("n3", {.size = Size(4, 8), .rack = "/r2"});
    cluster_.AddNode("n4", {.size = Size(4, 8), .rack = "/r2"});
    cluster_.AddApp("full");
    cluster_.AddApp("a");
  }
  void Fill(const std::string& node, int32_t count) {
    cluster_.Ask("full",
                 {.count = count, .resource = Size(1), .nodes = {node}, .relax_locality = false});
    cluster_.Decide();
  }
  Cluster cluster_;
};

TEST_F(Locality, ANodeThatIsNamedIsTakenAtOnce) {
  cluster_.Ask("a", {.count = 2, .resource = Size(1), .nodes = {"n2"}});
  EXPECT_EQ(cluster_.Decide(), "a:n2 a:n2");
}

TEST_F(Locality, TheRackComesAfterOneMissedOfferAndAnyNodeAfterTwo) {
  Fill("n1", 2);
  Fill("n2", 1);
  cluster_.Ask("a", {.count = 2, .resource = Size(1), .nodes = {"n1"}});
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.ReasonOf("a"), Reason::kLocalityWait);
  cluster_.Wait(milliseconds(249));
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Wait(milliseconds(1));
  EXPECT_EQ(cluster_.Decide(), "a:n2")
      << "and the wait begins anew, as rack-locality-full-reset says";
  cluster_.Wait(milliseconds(499));
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Wait(milliseconds(1));
  EXPECT_EQ(cluster_.Decide(), "a:n3");
}

// Without an additional delay an ask goes anywhere after outstanding x min(locations / N, 1) missed
// offers, a missed offer being 1 / N of a heartbeat (1 s); its locations are nodes and their racks.
// Five nodes, so outstanding x locations / 25 s. The nodes of the first two racks are full.
TEST(LocalityFormula, AnAskWaitsByWhatItWantsAndHowManyPlacesItNames) {
  struct Row {
    int32_t count;
    std::vector<std::string> nodes;
    std::vector<std::string> racks;
    int64_t milliseconds_until_anywhere;
  };
  const Row rows[] = {
      {1, {"n1"}, {}, 80},               // n1, /r1: 1 x 2 / 25
      {2, {"n1"}, {}, 160},              // 2 x 2
      {2, {"n1", "n2"}, {}, 240},        // n1, n2, /r1: 2 x 3
      {2, {"n1", "n3"}, {}, 320},        // n1, n3, /r1, /r2: 2 x 4
      {2, {"n1"}, {"/r1", "/r2"}, 240},  // n1, /r1, /r2: 2 x 3
      {10, {"n1", "n3"}, {}, 1000},      // 10 x 4 / 25 = 1.6, at most all nodes: 1
      {1, {"unknown"}, {}, 40},          // 1 x 1
  };
  for (const Row& row : rows) {
    Cluster cluster(With(Cluster::OneQueue(), {"node-locality-delay=0"}));
    for (const char* name : {"n1", "n2"}) cluster.AddNode(name, {.size = Size(1), .rack = "/r1"});
    for (const char* name : {"n3", "n4"}) cluster.AddNode(name, {.size = Size(1), .rack = "/r2"});
    cluster.AddApp("full");
    cluster.Ask("full", 4, Size(1));
    EXPECT_EQ(cluster.DecideInAll(), "full:n1*1 full:n2*1 full:n3*1 full:n4*1");
    cluster.AddNode("n5", {.size = Size(16, 16), .rack = "/r3"});
    cluster.AddApp("a");
    cluster.Ask("a",
                {.count = row.count, .resource = Size(1), .nodes = row.nodes, .racks = row.racks});
    EXPECT_EQ(cluster.Decide(), "");
    cluster.Wait(milliseconds(row.milliseconds_until_anywhere - 1));
    EXPECT_EQ(cluster.Decide(), "") << row.milliseconds_until_anywhere;
    cluster.Wait(milliseconds(1));
    EXPECT_EQ(cluster.Decide(1), "a:n5") << row.milliseconds_until_anywhere;
  }
}

TEST_F(Locality, TheNextAskWaitsForItsOwnPlaces) {
  Fill("n1", 2);
  Fill("n2", 2);
  cluster_.Ask("a", {.request_id = 100, .count = 1, .resource = Size(1), .nodes = {"n1"}});
  cluster_.Ask("a", {.request_id = 101, .count = 1, .resource = Size(1), .nodes = {"n1"}});
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Wait(milliseconds(500));
  EXPECT_EQ(cluster_.Decide(), "a:n3");
  cluster_.Wait(milliseconds(499));
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Release("full", "n1");
  EXPECT_EQ(cluster_.Decide(), "a:n1");
}

TEST_F(Locality, WithoutRelaxingItIsThereOrNowhere) {
  Fill("n1", 2);
  cluster_.Ask("a", {.count = 1, .resource = Size(1), .nodes = {"n1"}, .relax_locality = false});
  cluster_.Wait(seconds(100));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.ReasonOf("a"), Reason::kLocalityWait);
  cluster_.Release("full", "n1");
  EXPECT_EQ(cluster_.Decide(), "a:n1");
}

TEST_F(Locality, ARackThatIsNamedIsTakenAtOnce) {
  cluster_.Ask("a", {.count = 3, .resource = Size(2), .racks = {"/r2"}, .relax_locality = false});
  EXPECT_EQ(cluster_.Decide(), "a:n3 a:n3 a:n4");
}

TEST_F(Locality, UnwantedNodesAreLeftOut) {
  cluster_.scheduler().ChangeBlacklist(cluster_.app("a"), {"n1", "n2", "n3"}, {});
  cluster_.Ask("a", 5, Size(1));
  EXPECT_EQ(cluster_.Decide(), "a:n4 a:n4 a:n4 a:n4");
  EXPECT_EQ(cluster_.ReasonOf("a"), Reason::kBlacklisted);
  cluster_.scheduler().ChangeBlacklist(cluster_.app("a"), {}, {"n2"});
  EXPECT_EQ(cluster_.Decide(), "a:n2");
}

TEST_F(Locality, ContainersAreSpreadOverNodesOrRacks) {
  cluster_.Ask("a", {.count = 6, .resource = Size(1), .spread = Spread::kNodes});
  EXPECT_EQ(cluster_.Decide(), "a:n1 a:n2 a:n3 a:n4 a:n1 a:n2");
  cluster_.AddApp("b");
  cluster_.Ask("b", {.count = 2, .resource = Size(1), .spread = Spread::kRacks});
  EXPECT_EQ(cluster_.DecideInAll(), "b:n3*2") << "nothing is left in the other rack";
}

TEST_F(Locality, SpreadOverRacksTakesEachInTurn) {
  cluster_.Ask("a", {.count = 4, .resource = Size(1), .spread = Spread::kRacks});
  EXPECT_EQ(cluster_.Decide(), "a:n1 a:n3 a:n1 a:n3");
}

TEST_F(Locality, BoundsPerNodeAndRackHold) {
  cluster_.Ask("a", {.count = 5, .resource = Size(1), .max_per_node = 1});
  EXPECT_EQ(cluster_.Decide(), "a:n1 a:n2 a:n3 a:n4");
  EXPECT_EQ(cluster_.ReasonOf("a"), Reason::kSpread);
  cluster_.Release("a", "n3");
  EXPECT_EQ(cluster_.Decide(), "a:n3");
  cluster_.AddApp("b");
  cluster_.Ask("b", {.count = 3, .resource = Size(1), .max_per_rack = 1});
  EXPECT_EQ(cluster_.Decide(), "b:n1 b:n3");
  EXPECT_EQ(cluster_.ReasonOf("b"), Reason::kSpread);
}

TEST_F(Locality, ABoundOfARackIsFreedOnANodeThatTakesNobody) {
  cluster_.Ask("a", {.count = 1, .resource = Size(1), .nodes = {"n1"}, .max_per_rack = 1});
  cluster_.Decide();
  cluster_.Ask("a",
               {.count = 1,
                .resource = Size(1),
                .racks = {"/r1"},
                .relax_locality = false,
                .max_per_rack = 1});
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.scheduler().SetNodeSchedulable(cluster_.node("n1"), false);
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Release("a", "n1");
  EXPECT_EQ(cluster_.Decide(), "a:n2");
}

// --- nodes held back

// Five nodes of 4, each with 3 used: 1 is free on each, and a large ask of 3 fits on none.
class Reservations : public testing::Test {
 protected:
  Reservations() {
    for (const char* name : {"n1", "n2", "n3", "n4", "n5"}) {
      cluster_.AddNode(name, {.size = Size(4, 8)});
    }
    cluster_.AddApp("small");
    cluster_.Ask("small", {.count = 15, .resource = Size(1), .max_per_node = 3});
    cluster_.Decide();
    cluster_.AddApp("large");
    cluster_.Ask("large", {.request_id = 7, .count = 1, .resource = Size(3)});
  }
  // Somebody overtakes the large ask, and a heartbeat passes.
  void Overtake() {
    EXPECT_EQ(cluster_.Decide(), "");
    EXPECT_EQ(cluster_.ReasonOf("large"), Reason::kFragmented);
    cluster_.AddApp("other");
    cluster_.Ask("other", 1, Size(1));
    EXPECT_EQ(cluster_.Decide(), "other:n1");
    cluster_.Wait(seconds(1));
    EXPECT_EQ(cluster_.Decide(), "");
  }
  Cluster cluster_;
};

TEST_F(Reservations, AnAskThatNobodyOvertakesHoldsNothingBack) {
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Wait(seconds(10));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("large"), "");
}

TEST_F(Reservations, TheNodeThatLacksLeastIsHeldUntilTheContainerFits) {
  Overtake();
  EXPECT_EQ(cluster_.HeldFor("large"), "n2");
  EXPECT_EQ(cluster_.ReasonOf("large"), Reason::kReserved);
  EXPECT_EQ(cluster_.DetailOf("large"),
            "1 container of <memory:3072, vCores:1>: held back for it until there is room: n2");
  EXPECT_EQ(cluster_.scheduler().application_reserved(cluster_.app("large")), Size(3));
  cluster_.Ask("other", 2, Size(1));
  EXPECT_EQ(cluster_.Decide(), "other:n3 other:n4");
  cluster_.Release("small", "n2");
  EXPECT_EQ(cluster_.Decide(), "") << "2 are free there now, for nobody else";
  cluster_.Release("small", "n2");
  EXPECT_EQ(cluster_.Decide(), "large:n2");
  EXPECT_EQ(cluster_.HeldFor("large"), "");
  EXPECT_EQ(cluster_.scheduler().application_reserved(cluster_.app("large")), Resource{});
}

TEST_F(Reservations, RoomElsewhereIsTakenAndTheNodeGivenUp) {
  Overtake();
  cluster_.Release("small", "n4");
  cluster_.Release("small", "n4");
  EXPECT_EQ(cluster_.Decide(), "large:n4");
  EXPECT_EQ(cluster_.HeldFor("large"), "");
}

TEST_F(Reservations, WithdrawalBlacklistAndTheEndGiveTheNodeUp) {
  Overtake();
  EXPECT_EQ(cluster_.HeldFor("large"), "n2");
  cluster_.scheduler().ChangeBlacklist(cluster_.app("large"), {"n2"}, {});
  EXPECT_EQ(cluster_.HeldFor("large"), "");
  cluster_.scheduler().ChangeBlacklist(cluster_.app("large"), {}, {"n2"});
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Ask("other", 1, Size(1));
  EXPECT_EQ(cluster_.Decide(), "other:n2");
  cluster_.Wait(seconds(1));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("large"), "n3");
  cluster_.Withdraw("large", 7);
  EXPECT_EQ(cluster_.HeldFor("large"), "");
}

TEST_F(Reservations, ANodeThatGoesIsHeldNoLonger) {
  Overtake();
  EXPECT_EQ(cluster_.scheduler().RemoveNode(cluster_.node("n2")).size(), 3u);
  cluster_.ForgetNode("n2");
  EXPECT_EQ(cluster_.HeldFor("large"), "");
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_NE(cluster_.ReasonOf("large"), Reason::kReserved);
}

TEST_F(Reservations, AnAskWithWishesGetsItsTurnOnANodeThatItMayGoTo) {
  cluster_.Withdraw("large", 7);
  cluster_.Ask("large",
               {.request_id = 8,
                .count = 1,
                .resource = Size(3),
                .nodes = {"n5", "n4"},
                .relax_locality = false});
  Overtake();
  EXPECT_EQ(cluster_.HeldFor("large"), "n4");
  EXPECT_EQ(cluster_.ReasonOf("large"), Reason::kReserved);
  cluster_.Release("small", "n4");
  cluster_.Release("small", "n4");
  EXPECT_EQ(cluster_.Decide(), "large:n4");
}

TEST_F(Reservations, ADecisionLimitHoldsForThemToo) {
  Overtake();
  cluster_.Release("small", "n2");
  cluster_.Release("small", "n2");
  cluster_.Ask("other", 1, Size(1));
  EXPECT_EQ(cluster_.Decide(1), "large:n2");
  EXPECT_EQ(cluster_.Decide(1), "other:n3");
}

// --- gangs

class Gangs : public testing::Test {
 protected:
  Gangs() {
    cluster_.AddNode("n1", {.size = Size(4, 8)});
    cluster_.AddNode("n2", {.size = Size(4, 8)});
    cluster_.AddApp("gang", {.user = "gina"});
    cluster_.AddApp("small");
  }
  void AskGang(int32_t count, int64_t gib) {
    cluster_.Ask("gang", {.request_id = 50, .count = count, .resource = Size(gib), .gang = true});
  }
  Cluster cluster_;
};

TEST_F(Gangs, AllArePlacedAtOnceEvenBeyondTheLimit) {
  AskGang(4, 2);
  EXPECT_EQ(cluster_.Decide(1), "gang:n1 gang:n1 gang:n2 gang:n2");
}

TEST_F(Gangs, FewerThanAllAreNotPlacedAndStopNobody) {
  AskGang(5, 2);
  cluster_.Ask("small", 2, Size(1));
  EXPECT_EQ(cluster_.Decide(), "small:n1 small:n1");
  EXPECT_EQ(cluster_.ReasonOf("gang"), Reason::kGangIncomplete);
  EXPECT_EQ(cluster_.DetailOf("gang"),
            "5 containers of <memory:2048, vCores:1> are wanted all at once: there is room for 3 "
            "on 2 nodes");
  AskGang(3, 2);
  EXPECT_EQ(cluster_.Decide(), "gang:n1 gang:n2 gang:n2");
}

TEST_F(Gangs, OneThatFitsOnNoNodeSaysSo) {
  AskGang(1, 64);
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.ReasonOf("gang"), Reason::kNoFitNode);
}

TEST_F(Gangs, NodesAreHeldBackForATimeAndThenGivenUp) {
  cluster_.Ask("small", {.count = 2, .resource = Size(1), .max_per_node = 1});
  EXPECT_EQ(cluster_.Decide(), "small:n1 small:n2");
  AskGang(4, 2);
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("gang"), "");
  cluster_.Wait(seconds(1));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("gang"), "n1 n2");
  cluster_.Ask("small", 1, Size(1));
  EXPECT_EQ(cluster_.Decide(), "") << "both are held back";
  ASSERT_EQ(cluster_.scheduler().NextDeadline(), cluster_.now().monotonic + seconds(1));
  cluster_.Wait(milliseconds(29'999));
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Wait(milliseconds(1));
  EXPECT_EQ(cluster_.Decide(), "small:n1");
  EXPECT_EQ(cluster_.HeldFor("gang"), "");
  cluster_.Wait(milliseconds(9'999));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("gang"), "") << "it pauses";
  cluster_.Wait(seconds(2));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("gang"), "n1 n2");
  cluster_.Release("small", "n1");
  cluster_.Release("small", "n1");
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Release("small", "n2");
  EXPECT_EQ(cluster_.Decide(), "gang:n1 gang:n1 gang:n2 gang:n2");
}

TEST_F(Gangs, AnotherAskInFrontEndsThePlan) {
  cluster_.Ask("small", {.count = 2, .resource = Size(1), .max_per_node = 1});
  cluster_.Decide();
  AskGang(4, 2);
  cluster_.Decide();
  cluster_.Wait(seconds(1));
  cluster_.Decide();
  EXPECT_EQ(cluster_.HeldFor("gang"), "n1 n2");
  cluster_.Ask("gang", {.request_id = 51, .priority = -1, .count = 1, .resource = Size(9)});
  EXPECT_EQ(cluster_.HeldFor("gang"), "");
  EXPECT_EQ(cluster_.Decide(), "");
}

TEST_F(Gangs, BoundsAndStrictPlacesCountForAll) {
  cluster_.Ask(
      "gang", {.request_id = 50, .count = 3, .resource = Size(1), .gang = true, .max_per_node = 1});
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Wait(seconds(2));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("gang"), "") << "these nodes can never take it";
  cluster_.AddNode("n3", {.size = Size(1, 1)});
  EXPECT_EQ(cluster_.DecideInAll(), "gang:n1*1 gang:n2*1 gang:n3*1");
  cluster_.AddApp("strict");
  cluster_.Ask(
      "strict",
      {.count = 4, .resource = Size(1), .nodes = {"n1"}, .relax_locality = false, .gang = true});
  EXPECT_EQ(cluster_.Decide(), "");
  cluster_.Wait(seconds(2));
  EXPECT_EQ(cluster_.Decide(), "");
  EXPECT_EQ(cluster_.HeldFor("strict"), "n1");
  cluster_.Release("gang", "n1");
  EXPECT_EQ(cluster_.Decide(), "strict:n1 strict:n1 strict:n1 strict:n1");
}

TEST(GangLimits, TheQueueAndTheUserLimitAreForAllOfIt) {
  Cluster cluster(With(Cluster::OneQueue(),
                       {"root.queues=q,r",
                        "root.q.capacity=50",
                        "root.q.maximum-capacity=75",
                        "root.r.capacity=50",
                        "root.r.user-limit-factor=1"}));
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a");
  cluster.AddApp("b");
  cluster.Ask("a", {.count = 7, .resource = Size(1), .gang = true});
  cluster.Ask("b", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "b:n");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kQueueCapacity);
  // 4 is what one user of root.r may have, and one beyond.
  cluster.AddApp("c", {.queue = "root.r"});
  cluster.Ask("c", {.request_id = 9, .count = 5, .resource = Size(1), .gang = true});
  EXPECT_EQ(cluster.DecideInAll(), "c:n*5");
  cluster.Ask("c", {.request_id = 9, .count = 1, .resource = Size(1), .gang = true});
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("c"), Reason::kUserLimit);
  cluster.Release("c", "n");
  EXPECT_EQ(cluster.Decide(), "c:n");
}

}  // namespace
}  // namespace weir::scheduler
