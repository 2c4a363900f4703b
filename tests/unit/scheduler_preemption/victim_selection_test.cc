// Which containers go, and in which order.
#include "scheduler/preemption/victim_selection.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "tests/unit/scheduler_preemption/fake_cluster.h"

namespace weir::scheduler {
namespace {

class PlainMarks : public ContainerMarks {
 public:
  std::set<ContainerSlot> warned;
  std::set<ContainerSlot> taken;
  ContainerMark Of(ContainerSlot container) const override {
    if (taken.contains(container)) return ContainerMark::kTaken;
    return warned.contains(container) ? ContainerMark::kWarned : ContainerMark::kNone;
  }
  bool GivenUp(ApplicationSlot, NodeSlot) const override { return false; }
};

class VictimSelection : public testing::Test {
 protected:
  VictimSelection() : cluster({Amounts{100}}) {
    cluster.AddQueue(-1, false, Amounts{100});
    cluster.AddQueue(0, true, Amounts{20});
    application = cluster.AddApplication(1);
    allowance.total = Amounts{100};
    allowance.allowed = kWholeShare;
  }

  Take Asking(int64_t amount) {
    Take take;
    take.asked = take.open = take.excess = Amounts{amount};
    take.held = cluster.Used(1);
    take.floor = Amounts{20};
    return take;
  }
  std::vector<int32_t> TakeIn(TakePhase phase, Take& take) {
    Victims victims;
    TakeFrom(cluster, marks, ApplicationSlot{application}, phase, take, allowance, victims);
    std::vector<int32_t> slots;
    for (const VictimContainer& victim : victims.containers) {
      slots.push_back(victim.container.value);
    }
    reservations = victims.reservations;
    return slots;
  }
  ContainerSlot Start(int64_t size, int32_t priority = 0, int64_t gang = 0, bool master = false) {
    FakeContainer what;
    what.size = Amounts{size};
    what.priority = priority;
    what.gang = gang;
    what.master = master;
    return cluster.Start(application, what);
  }

  FakeCluster cluster;
  PlainMarks marks;
  RoundAllowance allowance;
  int application = 0;
  std::vector<VictimReservation> reservations;
};

using Slots = std::vector<int32_t>;

TEST_F(VictimSelection, TheLeastImportantAskGoesFirstAndOfThatTheNewest) {
  for (const int32_t priority : {1, 5, 5, 1, 3}) Start(10, priority);  // slots 0..4; 50 used
  Take take = Asking(30);
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{2, 1, 4}));
  EXPECT_FALSE(take.Open());
}

TEST_F(VictimSelection, WhatHasBeenWarnedGoesBeforeWhatHasNot) {
  for (int i = 0; i < 5; ++i) Start(10);
  marks.warned = {ContainerSlot{1}};
  marks.taken = {ContainerSlot{4}};
  Take take = Asking(20);
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{1, 3}));
}

// 45 used, guarantee 20: after two of 10 another would leave 15.
TEST_F(VictimSelection, TheOwnerKeepsItsFloor) {
  Start(5);
  for (int i = 0; i < 4; ++i) Start(10);
  Take take = Asking(40);
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{4, 3, 0}));  // 45 - 10 - 10 - 5 = 20
  EXPECT_EQ(take.held, Amounts{20});
}

// 15 of 100 are allowed: the second container goes beyond, a third is not taken.
TEST_F(VictimSelection, TheRoundsAllowanceIsExceededByLessThanOneContainer) {
  for (int i = 0; i < 8; ++i) Start(10);
  allowance.allowed = ShareOf(Calculator::kDominant, Amounts{15}, Amounts{100});
  Take take = Asking(60);
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{7, 6}));
}

TEST_F(VictimSelection, ReservationsAreGivenUpBeforeContainersAreTaken) {
  for (int i = 0; i < 4; ++i) Start(10);
  cluster.application(application).reservations = {{NodeSlot{7}, PartitionSlot{0}, Amounts{10}}};
  Take take = Asking(20);
  EXPECT_EQ(TakeIn(TakePhase::kReservations, take), Slots{});
  ASSERT_EQ(reservations.size(), 1U);
  EXPECT_EQ(reservations[0].node, NodeSlot{7});
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), Slots{3});
}

// The gang of 3 x 10 has its place by its newest member (slot 4) and goes wholly, though only 20
// are asked for; the excess allows 30.
TEST_F(VictimSelection, AGangIsTakenWholly) {
  Start(10);
  Start(10, 0, 77);
  Start(10, 0, 77);
  Start(10);
  Start(10, 0, 77);
  Take take = Asking(20);
  take.excess = Amounts{30};
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{4, 2, 1}));
}

// A gang of 30 where 20 are too many: single containers first, and the gang only when it must be.
TEST_F(VictimSelection, AGangThatIsTooMuchComesAfterEverythingElse) {
  for (int i = 0; i < 3; ++i) Start(10, 0, 77);
  Start(10);
  for (int i = 0; i < 2; ++i) Start(5);
  Take take = Asking(20);
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{5, 4, 3}));
  EXPECT_TRUE(take.passed_large_gang);
  EXPECT_FALSE(take.Open());
}

// 50 used of which a gang has 40; guarantee 20: the gang would leave 10, so none of it goes.
TEST_F(VictimSelection, AGangThatWouldLeaveTooLittleStaysWholly) {
  for (int i = 0; i < 4; ++i) Start(10, 0, 77);
  Start(10);
  Take take = Asking(30);
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), Slots{4});
  EXPECT_TRUE(take.passed_large_gang);
  EXPECT_EQ(TakeIn(TakePhase::kLargeGangs, take), Slots{});
}

// Three masters of 10; the AM limit is 15. Sparing 30, one may go: 20 are still more than 15, so a
// second; then 10 are not.
TEST_F(VictimSelection, MastersGoLastAndOnlyWhileThoseSparedExceedTheLimit) {
  for (int i = 0; i < 3; ++i) Start(10, 0, 0, true);
  for (int i = 0; i < 2; ++i) Start(10);
  cluster.queue(1).guaranteed = Amounts();
  Take take = Asking(50);
  take.floor = Amounts();
  take.am_limit = Amounts{15};
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{4, 3}));
  EXPECT_EQ(take.spared_masters, Amounts{30});
  marks.taken = {ContainerSlot{3}, ContainerSlot{4}};
  EXPECT_EQ(TakeIn(TakePhase::kMasters, take), (Slots{2, 1}));
}

TEST_F(VictimSelection, BorrowedContainersHaveAPhaseOfTheirOwn) {
  Start(10);
  FakeContainer borrowed;
  borrowed.size = Amounts{10};
  borrowed.borrowed = true;
  cluster.Start(application, borrowed);
  for (int i = 0; i < 2; ++i) Start(10);
  Take take = Asking(20);
  EXPECT_EQ(TakeIn(TakePhase::kBorrowed, take), Slots{1});
  EXPECT_EQ(take.open, Amounts{10});
}

// Memory 20 and one vcore are asked for; containers have (10, 1). Conservative: the vcore is got
// with the first one, and that ends it.
TEST_F(VictimSelection, ConservativeStopsAtTheFirstTypeThatIsGot) {
  for (int i = 0; i < 6; ++i) {
    FakeContainer what;
    what.size = Amounts{10, 1};
    cluster.Start(application, what);
  }
  allowance.total = Amounts{100, 100};
  Take take = Asking(0);
  take.asked = take.open = take.excess = Amounts{20, 1};
  Take other = take;
  other.conservative = true;
  EXPECT_EQ(TakeIn(TakePhase::kContainers, take), (Slots{5, 4}));
  EXPECT_EQ(TakeIn(TakePhase::kContainers, other), Slots{5});
}

}  // namespace
}  // namespace weir::scheduler
