// The monitor in virtual time: what becomes of a warned container, rounds in slices, ping-pong.
#include "scheduler/preemption/preemption_monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/scheduler_preemption/fake_cluster.h"

namespace weir::scheduler {
namespace {

using Kind = PreemptionOrder::Kind;
using Slots = std::vector<ContainerSlot>;

// Leaves 1 and 2 with a guarantee of 50 each; rounds every 3 s, a warning of 15 s.
class TwoQueues : public testing::Test {
 protected:
  TwoQueues() : cluster({Amounts{100}}) {
    cluster.AddQueue(-1, false, Amounts{100});
    cluster.AddQueue(0, true, Amounts{50});
    cluster.AddQueue(0, true, Amounts{50});
    a = cluster.AddApplication(1);
    b = cluster.AddApplication(2);
  }
  std::vector<PreemptionOrder> Round(int64_t seconds) {
    return RunRound(monitor, cluster, seconds * 1000);
  }

  FakeCluster cluster;
  PreemptionMonitor monitor{Undamped()};
  int a = 0;
  int b = 0;
};

TEST_F(TwoQueues, AContainerIsWarnedAndStoppedWhenItsTimeIsUp) {
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{20});
  EXPECT_TRUE(Round(0).empty());  // the demand counts from the second round on
  const auto warned = Round(3);
  EXPECT_EQ(ContainersIn(warned, Kind::kWarn), (Slots{{9}, {8}}));
  EXPECT_EQ(warned[0].deadline, Instant(seconds(18)));
  EXPECT_EQ(warned[0].leaf, QueueSlot{1});
  EXPECT_EQ(warned[0].beneficiary, QueueSlot{2});
  EXPECT_EQ(monitor.WarnedUntil(ContainerSlot{9}), Instant(seconds(18)));
  for (const int64_t at : {6, 9, 12, 15}) EXPECT_TRUE(Round(at).empty()) << at;
  EXPECT_EQ(ContainersIn(Round(18), Kind::kPreempt), (Slots{{9}, {8}}));
  // Stopped, not gone: nothing more is taken.
  cluster.SetLeaving(ContainerSlot{8});
  cluster.SetLeaving(ContainerSlot{9});
  EXPECT_TRUE(Round(21).empty());
  for (const int32_t slot : {8, 9}) {
    cluster.End(ContainerSlot{slot});
    monitor.ContainerEnded(ContainerSlot{slot});
  }
  cluster.Start(b, 2, Amounts{10});
  cluster.SetPending(b, Amounts());
  EXPECT_TRUE(Round(24).empty());
  EXPECT_EQ(monitor.counts().warned, 2);
  EXPECT_EQ(monitor.counts().preempted, 2);
}

// Warned at 3 s, killable from 18 s on: stopped in the round in which its room can be used.
TEST_F(TwoQueues, LazilyAContainerStaysUntilItsRoomCanBeUsed) {
  PreemptionSettings settings = Undamped();
  settings.lazy = true;
  monitor.Configure(settings);
  cluster.room_is_wanted = false;
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{20});
  Round(0);
  EXPECT_EQ(ContainersIn(Round(3), Kind::kWarn), (Slots{{9}, {8}}));
  for (const int64_t at : {6, 9, 12, 15, 18, 21}) EXPECT_TRUE(Round(at).empty()) << at;
  EXPECT_EQ(monitor.counts().spared, 4) << "two containers at 18 and 21";
  cluster.room_is_wanted = true;
  EXPECT_EQ(ContainersIn(Round(24), Kind::kPreempt), (Slots{{9}, {8}}));
}

TEST_F(TwoQueues, LazilyAContainerIsKeptWhenTheDemandHasGone) {
  PreemptionSettings settings = Undamped();
  settings.lazy = true;
  monitor.Configure(settings);
  cluster.room_is_wanted = false;
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{10});
  for (const int64_t at : {0, 3, 6, 9, 12, 15, 18}) Round(at);
  cluster.SetPending(b, Amounts());
  EXPECT_EQ(ContainersIn(Round(21), Kind::kCancel), Slots{{9}});
}

TEST_F(TwoQueues, AWarningIsCancelledWhenTheDemandHasGone) {
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{20});
  Round(0);
  Round(3);
  cluster.SetPending(b, Amounts());
  EXPECT_EQ(ContainersIn(Round(6), Kind::kCancel), (Slots{{8}, {9}}));
  EXPECT_FALSE(monitor.WarnedUntil(ContainerSlot{9}));
  EXPECT_TRUE(Round(9).empty());
}

// The note of the first warning (at 3 s) lives until 33 s: chosen again at 21 s, past the first
// deadline of 18 s, the container is warned for one round and stopped at 24 s.
TEST_F(TwoQueues, AContainerThatIsChosenAgainSoonKeepsItsFirstDeadline) {
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{10});
  Round(0);
  Round(3);
  cluster.SetPending(b, Amounts());
  Round(6);
  cluster.SetPending(b, Amounts{10});
  Round(18);
  const auto again = Round(21);
  EXPECT_EQ(ContainersIn(again, Kind::kWarn), Slots{{9}});
  EXPECT_EQ(again[0].deadline, Instant(seconds(24)));
  EXPECT_EQ(ContainersIn(Round(24), Kind::kPreempt), Slots{{9}});
}

TEST_F(TwoQueues, TheNoteOfAWarningIsForgottenAfterTwiceItsTime) {
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{10});
  Round(0);
  Round(3);
  cluster.SetPending(b, Amounts());
  Round(6);
  Round(36);
  cluster.SetPending(b, Amounts{10});
  Round(39);
  const auto anew = Round(42);
  ASSERT_EQ(ContainersIn(anew, Kind::kWarn), Slots{{9}});
  EXPECT_EQ(anew[0].deadline, Instant(seconds(57)));
}

TEST_F(TwoQueues, AContainerThatEndsByItselfIsForgotten) {
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{10});
  Round(0);
  Round(3);
  cluster.End(ContainerSlot{9});
  monitor.ContainerEnded(ContainerSlot{9});
  cluster.Start(a, 1, Amounts{10});  // in the same slot
  const auto orders = Round(6);
  EXPECT_EQ(ContainersIn(orders, Kind::kWarn), Slots{{9}});
  EXPECT_EQ(orders[0].deadline, Instant(seconds(21)));
  EXPECT_EQ(monitor.counts().cancelled, 0);
}

// Wherever in a round of single steps that happens.
TEST_F(TwoQueues, AContainerThatEndsDuringARoundIsNotWarned) {
  bool ended_in_time = true;
  for (int steps = 1; ended_in_time; ++steps) {
    FakeCluster other = cluster;
    PreemptionMonitor sliced{Undamped()};
    other.Start(a, 10, Amounts{10});
    other.SetPending(b, Amounts{20});
    RunRound(sliced, other, 0);
    for (int i = 0; i < steps; ++i) ended_in_time = sliced.Step(other, At(3000), 1);
    other.End(ContainerSlot{9});
    sliced.ContainerEnded(ContainerSlot{9});
    const auto orders = RunRound(sliced, other, 3000, 1);
    EXPECT_LE(ContainersIn(orders, Kind::kWarn).size(), 2U);
    for (const PreemptionOrder& order : orders) EXPECT_NE(order.container, ContainerSlot{9});
    ASSERT_LT(steps, 100);
  }
}

TEST_F(TwoQueues, AWarningStaysWhereItIsWhenNewerContainersStart) {
  cluster.Start(a, 9, Amounts{10});
  cluster.SetPending(b, Amounts{30});
  Round(0);
  EXPECT_EQ(ContainersIn(Round(3), Kind::kWarn), (Slots{{8}, {7}}));
  cluster.Start(a, 1, Amounts{10});
  EXPECT_EQ(ContainersIn(Round(6), Kind::kWarn), Slots{{9}});  // one more, the others stand
  EXPECT_EQ(monitor.counts().cancelled, 0);
}

TEST_F(TwoQueues, DemandOfASingleRoundMovesNothing) {
  cluster.Start(a, 10, Amounts{10});
  for (int64_t round = 0; round < 20; ++round) {
    cluster.SetPending(b, round % 2 == 0 ? Amounts{50} : Amounts());
    EXPECT_TRUE(Round(3 * round).empty());
  }
}

TEST_F(TwoQueues, ReservationsAreGivenUpAtOnce) {
  cluster.Start(a, 9, Amounts{10});
  cluster.application(a).reservations = {{NodeSlot{3}, PartitionSlot{0}, Amounts{10}}};
  cluster.SetPending(b, Amounts{20});
  Round(0);
  const auto orders = Round(3);
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].kind, Kind::kUnreserve);
  EXPECT_EQ(orders[0].node, NodeSlot{3});
  EXPECT_EQ(orders[0].application, ApplicationSlot{a});
  EXPECT_EQ(ContainersIn(orders, Kind::kWarn), Slots{{8}});
}

TEST_F(TwoQueues, ObserveOnlyCountsAndDoesNothing) {
  PreemptionSettings settings = Undamped();
  settings.observe_only = true;
  monitor.Configure(settings);
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{20});
  for (int64_t at = 0; at <= 60; at += 3) EXPECT_TRUE(Round(at).empty());
  EXPECT_EQ(monitor.counts().observed_last_round, 2);
  EXPECT_FALSE(monitor.WarnedUntil(ContainerSlot{9}));
}

TEST_F(TwoQueues, SwitchingPreemptionOffCancelsWhatStands) {
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{20});
  Round(0);
  Round(3);
  PreemptionSettings settings = Undamped();
  settings.enabled = false;
  monitor.Configure(settings);
  EXPECT_EQ(ContainersIn(monitor.TakeOrders(), Kind::kCancel), (Slots{{8}, {9}}));
  EXPECT_EQ(monitor.NextDeadline(), std::nullopt);
  EXPECT_TRUE(Round(6).empty());
}

TEST_F(TwoQueues, ClaimsAndLossesSayWhatIsBeingTaken) {
  cluster.Start(a, 10, Amounts{10});
  cluster.SetPending(b, Amounts{20});
  Round(0);
  auto claims = monitor.ClaimsOf(QueueSlot{2});
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].waited_rounds, 1);
  EXPECT_EQ(claims[0].patience_rounds, 2);
  Round(3);
  claims = monitor.ClaimsOf(QueueSlot{2});
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].lacks, Amounts{20});
  EXPECT_EQ(claims[0].warned, Amounts{20});
  EXPECT_EQ(claims[0].warned_containers, 2);
  EXPECT_EQ(claims[0].first_deadline, Instant(seconds(18)));
  const auto losses = monitor.LossesOf(QueueSlot{1});
  ASSERT_EQ(losses.size(), 1U);
  EXPECT_EQ(losses[0].warned, Amounts{20});
  EXPECT_EQ(losses[0].warned_containers, 2);
  EXPECT_TRUE(monitor.LossesOf(QueueSlot{2}).empty());
  Round(18);
  claims = monitor.ClaimsOf(QueueSlot{2});
  EXPECT_EQ(claims[0].leaving, Amounts{20});
  EXPECT_EQ(claims[0].taken, Amounts{20});
  EXPECT_EQ(claims[0].warned_containers, 0);
}

TEST_F(TwoQueues, TheNextRoundIsOneIntervalAfterTheLast) {
  EXPECT_EQ(monitor.NextDeadline(), Instant());
  Round(5);
  EXPECT_EQ(monitor.NextDeadline(), Instant(seconds(8)));
  EXPECT_FALSE(monitor.Step(cluster, At(7999)));
  EXPECT_EQ(monitor.counts().rounds, 1);
}

// A has 80 in use over its guarantee of 10, B 10 and waits for 60; C's 80 are idle. Balanced, both
// would have 50. The warning is the longer one, of 300 s.
TEST(PreemptionMonitor, BalancingHasALongerWarning) {
  FakeCluster cluster({Amounts{100}});
  cluster.AddQueue(-1, false, Amounts{100});
  cluster.AddQueue(0, true, Amounts{10});
  cluster.AddQueue(0, true, Amounts{10});
  cluster.AddQueue(0, true, Amounts{80});
  cluster.Start(cluster.AddApplication(1), 9, Amounts{10});
  const int b = cluster.AddApplication(2);
  cluster.Start(b, 1, Amounts{10});
  cluster.SetPending(b, Amounts{60});
  PreemptionSettings settings = Undamped();
  PreemptionMonitor without(settings);
  RunRound(without, cluster, 0);
  EXPECT_TRUE(RunRound(without, cluster, 3000).empty());
  settings.balance_after_satisfied = true;
  PreemptionMonitor monitor(settings);
  RunRound(monitor, cluster, 0);
  const auto orders = RunRound(monitor, cluster, 3000);
  EXPECT_EQ(ContainersIn(orders, Kind::kWarn), (Slots{{8}, {7}, {6}, {5}}));
  EXPECT_EQ(orders[0].deadline, Instant(seconds(303)));
}

// Within one leaf (guarantee 100, full): the application of priority 2 waits for 30. A round takes
// at most 0.2 of 100 from the less important one, and never its master (slot 0).
TEST(PreemptionMonitor, WithinAQueueTheMoreImportantTakesFromTheLess) {
  FakeCluster cluster({Amounts{100}});
  cluster.AddQueue(-1, false, Amounts{100});
  cluster.AddQueue(0, true, Amounts{100});
  const int low = cluster.AddApplication(1, 0, 1);
  const int high = cluster.AddApplication(1, 0, 2);
  FakeContainer master;
  master.size = Amounts{10};
  master.master = true;
  cluster.Start(low, master);
  cluster.Start(low, 9, Amounts{10});
  cluster.SetPending(high, Amounts{30});
  PreemptionSettings settings = Undamped();
  settings.intra_queue = true;
  PreemptionMonitor monitor(settings);
  EXPECT_TRUE(RunRound(monitor, cluster, 0).empty());
  const auto orders = RunRound(monitor, cluster, 3000);
  EXPECT_EQ(ContainersIn(orders, Kind::kWarn), (Slots{{9}, {8}}));
  EXPECT_EQ(orders[0].beneficiary, QueueSlot{1});
  settings.intra_minimum_threshold = kWholeFactor * 101 / 100;  // more than is in use
  PreemptionMonitor idle(settings);
  RunRound(idle, cluster, 0);
  EXPECT_TRUE(RunRound(idle, cluster, 3000).empty());
}

// Partition 1 (100) is lent: leaf 1 has borrowed 30 of it, and 10 of its own applications that
// asked for the partition by name; nobody is guaranteed anything there. Leaf 2 in the default
// partition.
TEST(PreemptionMonitor, BorrowedContainersOfTheNewestApplicationGoFirst) {
  FakeCluster cluster({Amounts{100}, Amounts{40}});
  cluster.AddQueue(-1, false, Amounts{100});
  cluster.AddQueue(0, true, Amounts{50});
  cluster.AddQueue(0, true, Amounts{50});
  const int important_new = [&] {
    cluster.AddApplication(1, 0, 1);
    return cluster.AddApplication(1, 0, 9);
  }();
  const int owner = cluster.AddApplication(2);
  for (const bool borrowed : {false, true}) {
    for (const int application : {0, important_new}) {
      FakeContainer what;
      what.size = Amounts{10};
      what.partition = PartitionSlot{1};
      what.borrowed = borrowed;
      cluster.Start(application, what);
    }
  }
  Victims victims;
  TakingPhase phase(PartitionSlot{1}, false);
  PreemptionSettings settings = Undamped();
  RoundState state(settings, cluster.Snapshot(), ContainerWarnings(), Instant());
  state.snapshot.queues[2].shares[1].guaranteed = Amounts{40};
  state.snapshot.queues[0].shares[1].guaranteed = Amounts{40};
  cluster.SetPending(owner, Amounts{30}, PartitionSlot{1});
  state.demand[1][2] = Amounts{30};
  DemandHistory history;
  state.ComputePartition(PartitionSlot{1}, RoundState::Purpose::kGuarantees, history);
  EXPECT_EQ(state.ideal[1][1].to_take, Amounts{30});
  int64_t budget = 1000;
  ASSERT_TRUE(phase.Step(cluster, ContainerWarnings(), state, budget));
  Slots order;
  for (size_t i = 0; i < state.chosen.size(); ++i) order.push_back(state.chosen.at(i).container);
  // Borrowed: slot 3 of the newest, then 2; of the rest slot 0 of the least important.
  EXPECT_EQ(order, (Slots{{3}, {2}, {0}}));
}

// The same orders, whether a round is done in one step or in steps of one container.
TEST(PreemptionMonitor, SlicedRoundsDecideTheSame) {
  FakeCluster cluster({Amounts{1000}});
  cluster.AddQueue(-1, false, Amounts{1000});
  for (int leaf = 1; leaf <= 8; ++leaf) {
    cluster.AddQueue(0, true, Amounts{125});
    for (int i = 0; i < 3; ++i) {
      const int application = cluster.AddApplication(leaf, i % 2, i);
      if (leaf <= 4) cluster.Start(application, 16, Amounts{5});
      cluster.SetPending(application, Amounts{leaf <= 4 ? 5 : 60});
    }
  }
  PreemptionSettings settings = Undamped();
  settings.per_round = kWholeFactor / 10;
  settings.intra_queue = true;
  settings.balance_after_satisfied = true;
  PreemptionMonitor whole(settings);
  PreemptionMonitor sliced(settings);
  size_t orders = 0;
  for (int64_t at = 0; at <= 60'000; at += 3000) {
    const auto expected = RunRound(whole, cluster, at, 1'000'000'000);
    EXPECT_EQ(RunRound(sliced, cluster, at, 1), expected) << at;
    orders += expected.size();
  }
  EXPECT_GT(orders, 20U);
}

}  // namespace
}  // namespace weir::scheduler
