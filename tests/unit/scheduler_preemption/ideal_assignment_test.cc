// The arithmetic between queues, in numbers worked out by hand. Amounts are in memory alone where
// one number stands; the partition has 100.
#include "scheduler/preemption/ideal_assignment.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::scheduler {
namespace {

struct Row {
  int parent = 0;
  int64_t guaranteed = 0;
  int64_t used = 0;
  int64_t pending = 0;
  bool leaf = true;
  bool disabled = false;
};

std::vector<IdealQueue> Queues(const std::vector<Row>& rows) {
  std::vector<IdealQueue> queues(1);
  queues[0].leaf = false;
  queues[0].guaranteed = Amounts{100};
  queues[0].maximum = Amounts{100};
  for (const Row& row : rows) {
    IdealQueue queue;
    queue.parent = row.parent;
    queue.leaf = row.leaf;
    queue.preemption_disabled = row.disabled;
    queue.guaranteed = Amounts{row.guaranteed};
    queue.maximum = Amounts{100};
    queue.used = Amounts{row.used};
    queue.demand = Amounts{row.pending};
    queues.push_back(queue);
  }
  for (size_t i = queues.size(); i-- > 1;) {
    IdealQueue& parent = queues[static_cast<size_t>(queues[i].parent)];
    parent.used += queues[i].used;
  }
  return queues;
}

IdealSettings Whole() {
  IdealSettings settings;
  settings.total = Amounts{100};
  return settings;
}

std::vector<int64_t> Ideals(const std::vector<IdealShare>& shares) {
  std::vector<int64_t> result;
  for (size_t i = 1; i < shares.size(); ++i) result.push_back(shares[i].ideal[0]);
  return result;
}

std::vector<int64_t> Taken(const std::vector<IdealShare>& shares) {
  std::vector<int64_t> result;
  for (size_t i = 1; i < shares.size(); ++i) result.push_back(shares[i].to_take[0]);
  return result;
}

using Numbers = std::vector<int64_t>;

// A keeps its 50, 50 are left. B (0 of 50) is the most under-served all along and is offered half
// of what is left, rounded up: 25, 13, 6, 3, 2, 1 = 50.
TEST(IdealAssignment, TheQueueUnderItsGuaranteeGetsItBackFromTheOther) {
  const auto shares = ComputeIdeal(Whole(), Queues({{0, 50, 100, 0}, {0, 50, 0, 50}}));
  EXPECT_EQ(Ideals(shares), (Numbers{50, 50}));
  EXPECT_EQ(Taken(shares), (Numbers{50, 0}));
  EXPECT_EQ(shares[2].lacks, Amounts{50});
}

// Of what is free first: A 60 (guarantee 50), B 10 waiting for 20: 30 are free, B's ideal is 30.
TEST(IdealAssignment, NothingIsTakenWhileWhatIsFreeIsEnough) {
  const auto shares = ComputeIdeal(Whole(), Queues({{0, 50, 60, 0}, {0, 50, 10, 20}}));
  EXPECT_EQ(Ideals(shares), (Numbers{60, 30}));
  EXPECT_EQ(Taken(shares), (Numbers{0, 0}));
}

// Excess 30 + 10 = 40, C waits for 40; a round may take 10: each a quarter, 7.5 and 2.5, rounded
// up to 8 and 3 (the selection stops at 10). With natural termination 0.2: 1.6 and 0.6 -> 2 and 1.
TEST(IdealAssignment, OneRoundTakesItsPartOfTheTotalAndNaturalTerminationTheRest) {
  const auto queues = Queues({{0, 40, 70, 0}, {0, 20, 30, 0}, {0, 40, 0, 40}});
  IdealSettings settings = Whole();
  settings.per_round = kWholeFactor / 10;
  EXPECT_EQ(Taken(ComputeIdeal(settings, queues)), (Numbers{8, 3, 0}));
  settings.natural_termination = kWholeFactor / 5;
  EXPECT_EQ(Taken(ComputeIdeal(settings, queues)), (Numbers{2, 1, 0}));
  settings.per_round = kWholeFactor;
  EXPECT_EQ(Taken(ComputeIdeal(settings, queues)), (Numbers{6, 2, 0}));  // 30 x 0.2, 10 x 0.2
}

// Dead zone 0.1: A may use 40 x 1.1 = 44 and uses just that; B uses 56 > 44. C's guarantee of 20
// comes to 4 from A's and 16 from B's excess; A is left alone.
TEST(IdealAssignment, AQueueWithinTheDeadZoneIsLeftAlone) {
  IdealSettings settings = Whole();
  settings.dead_zone = kWholeFactor / 10;
  const auto shares =
      ComputeIdeal(settings, Queues({{0, 40, 44, 0}, {0, 40, 56, 0}, {0, 20, 0, 20}}));
  EXPECT_EQ(Ideals(shares), (Numbers{40, 40, 20}));
  EXPECT_EQ(shares[1].excess, Amounts{4});
  EXPECT_EQ(Taken(shares), (Numbers{0, 16, 0}));
}

// A's extra of 30 is untouchable: A keeps 80, B its 20, nothing is left for C.
TEST(IdealAssignment, WhereItIsDisabledNothingIsTaken) {
  const auto shares =
      ComputeIdeal(Whole(), Queues({{0, 50, 80, 0, true, true}, {0, 25, 20, 0}, {0, 25, 0, 25}}));
  EXPECT_EQ(shares[1].untouchable, Amounts{30});
  EXPECT_EQ(Ideals(shares), (Numbers{80, 20, 0}));
  EXPECT_EQ(Taken(shares), (Numbers{0, 0, 0}));
}

// P (guarantee 50) uses 85: extra 35; of its leaves A is disabled (extra 15), B not (extra 20).
// Preemptable of P = min(20, 35) = 20, untouchable 15. P starts at 65, Q at 15; the 20 left all go
// to Q (15/50 = 0.3 up to 0.7 < 1.3). In P: A 25 + 15 = 40, B 25.
TEST(IdealAssignment, AParentsUntouchableExtraIsThatOfItsDisabledLeaves) {
  const auto shares = ComputeIdeal(
      Whole(),
      Queues({{0, 50, 0, 0, false}, {0, 50, 15, 50}, {1, 25, 40, 0, true, true}, {1, 25, 45, 0}}));
  EXPECT_EQ(shares[1].untouchable, Amounts{15});
  EXPECT_EQ(Ideals(shares), (Numbers{65, 35, 40, 25}));
  EXPECT_EQ(Taken(shares), (Numbers{0, 0, 0, 20}));
}

// A needs 60 of its 100. The 40 left go to the two without guarantee, 20 each; both use 30.
TEST(IdealAssignment, QueuesWithoutGuaranteeShareTheRestEvenly) {
  const auto shares =
      ComputeIdeal(Whole(), Queues({{0, 100, 40, 20}, {0, 0, 30, 0}, {0, 0, 30, 0}}));
  EXPECT_EQ(Ideals(shares), (Numbers{60, 20, 20}));
  EXPECT_EQ(Taken(shares), (Numbers{0, 10, 10}));
}

// P (60) uses 50 and wants 80, Q (40) uses 50. P starts at 50, Q at 40, 10 are left. P is under-
// served (0.83 < 1) and is offered 10 x 0.6 = 6, 4 x 0.6 -> 3, 1 x 0.6 -> 1: P 60, Q 40. In P: P1
// starts at 30, P2 at 0, and P2 gets all of the other 30. P1 is 20 over, Q1 10; P2 lacks 30.
TEST(IdealAssignment, ParentsShareOutAmongTheirChildren) {
  const auto shares = ComputeIdeal(Whole(),
                                   Queues({{0, 60, 0, 0, false},
                                           {0, 40, 0, 0, false},
                                           {1, 30, 50, 0},
                                           {1, 30, 0, 30},
                                           {2, 40, 50, 0}}));
  EXPECT_EQ(Ideals(shares), (Numbers{60, 40, 30, 30, 40}));
  EXPECT_EQ(Taken(shares), (Numbers{0, 0, 20, 0, 10}));
}

// V keeps 20 and 30 that are sheltered, H and L their 15: 20 are left. Hungry: H, L (40 each) and V
// (20). By utilization H and L are one group: 8 each, then 4 x 0.4 -> 2 each. By priority H is
// offered alone: 8, 12 x 0.4 -> 5, 7 x 0.4 -> 3, 4 x 0.4 -> 2, 2 x 0.4 -> 1, 1.
TEST(IdealAssignment, WithPriorityUtilizationTheMoreImportantQueueIsServedFirst) {
  auto queues = Queues({{0, 20, 70, 0}, {0, 40, 15, 40}, {0, 40, 15, 40}});
  queues[1].sheltered = Amounts{30};
  queues[2].priority = 2;
  queues[3].priority = 1;
  EXPECT_EQ(Ideals(ComputeIdeal(Whole(), queues)), (Numbers{50, 25, 25}));
  queues[0].ordering = ParentOrdering::kPriorityUtilization;
  EXPECT_EQ(Ideals(ComputeIdeal(Whole(), queues)), (Numbers{50, 35, 15}));
}

// Both over their guarantee of 10; C (80) is idle. Out of balance mode B may not grow beyond what
// it uses. In balance mode the 80 left are offered half and half: 50 each. B lacks 40, A is 30
// over.
TEST(IdealAssignment, InBalanceModeQueuesAreEvenedOutBeyondTheirGuarantees) {
  const auto queues = Queues({{0, 10, 80, 0}, {0, 10, 10, 60}, {0, 80, 0, 0}});
  IdealSettings settings = Whole();
  EXPECT_EQ(Taken(ComputeIdeal(settings, queues)), (Numbers{0, 0, 0}));
  settings.balance = true;
  const auto shares = ComputeIdeal(settings, queues);
  EXPECT_EQ(Ideals(shares), (Numbers{50, 50, 0}));
  EXPECT_EQ(Taken(shares), (Numbers{30, 0, 0}));
}

// 120 of 100 in use after nodes were lost, but nobody waits.
TEST(IdealAssignment, NothingIsTakenThatNobodyWaitsFor) {
  const auto shares = ComputeIdeal(Whole(), Queues({{0, 50, 70, 0}, {0, 50, 50, 0}}));
  EXPECT_EQ(shares[1].excess, Amounts{20});
  EXPECT_EQ(Taken(shares), (Numbers{0, 0}));
}

// 50 are to go; 30 of them are on their way out already.
TEST(IdealAssignment, WhatIsLeavingIsNotTakenAgain) {
  auto queues = Queues({{0, 50, 100, 0}, {0, 50, 0, 50}});
  queues[1].leaving = Amounts{30};
  EXPECT_EQ(Taken(ComputeIdeal(Whole(), queues)), (Numbers{20, 0}));
}

// B's maximum is 20, though it is guaranteed more: it is not offered more.
TEST(IdealAssignment, NobodyIsGivenMoreThanItsMaximum) {
  auto queues = Queues({{0, 50, 100, 0}, {0, 50, 0, 50}});
  queues[2].maximum = Amounts{20};
  EXPECT_EQ(Ideals(ComputeIdeal(Whole(), queues)), (Numbers{80, 20}));
}

// Memory and vcores, 100 each. A is over in memory (90 of 50) and starts at (50,20); B at (10,10).
// (40,70) are left; B wants (40,10) more and gets it: memory 20, 10, 5, 3, 1, 1. Only memory is
// taken from A.
TEST(IdealAssignment, EachResourceTypeIsSharedOutByItself) {
  auto queues = Queues({{0, 50, 90, 0}, {0, 50, 10, 40}});
  IdealSettings settings;
  settings.total = Amounts{100, 100};
  queues[0].maximum = queues[1].maximum = queues[2].maximum = Amounts{100, 100};
  queues[1].guaranteed = queues[2].guaranteed = Amounts{50, 50};
  queues[1].used = Amounts{90, 20};
  queues[2].used = Amounts{10, 10};
  queues[2].demand = Amounts{40, 10};
  const auto shares = ComputeIdeal(settings, queues);
  EXPECT_EQ(shares[1].ideal, (Amounts{50, 20}));
  EXPECT_EQ(shares[2].ideal, (Amounts{50, 20}));
  EXPECT_EQ(shares[1].to_take, (Amounts{40, 0}));
}

}  // namespace
}  // namespace weir::scheduler
