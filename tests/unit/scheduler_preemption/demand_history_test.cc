// Patience, flips and shelter, round by round.
#include "scheduler/preemption/demand_history.h"

#include <gtest/gtest.h>

namespace weir::scheduler {
namespace {

constexpr QueueSlot kLeaf{1};
constexpr PartitionSlot kPartition{0};

class DemandHistoryTest : public testing::Test {
 protected:
  Amounts Round(int64_t used, int64_t pending) {
    history.BeginRound();
    return history.Observe(kLeaf, kPartition, Amounts{used}, Amounts{pending});
  }
  // Waits until the demand counts, gets 20, and lets go of it.
  int FlipOnce() {
    int waited = 1;
    while (Round(0, 40).IsZero()) ++waited;
    history.Taken(kLeaf, kPartition, Amounts{0}, Amounts{20});
    Round(20, 0);
    Round(0, 0);
    return waited;
  }
  DemandHistory history;
};

TEST_F(DemandHistoryTest, DemandCountsFromTheSecondRoundAndOnlyWhatWasThereBefore) {
  EXPECT_EQ(Round(0, 30), Amounts());
  EXPECT_EQ(Round(0, 50), Amounts{30});
  EXPECT_EQ(Round(0, 10), Amounts{10});
  EXPECT_EQ(Round(0, 0), Amounts());
  EXPECT_EQ(Round(0, 10), Amounts());
}

TEST_F(DemandHistoryTest, EveryFlipDoublesThePatienceUpToTheLongest) {
  for (const int expected : {2, 4, 8, 16, 32, 32}) EXPECT_EQ(FlipOnce(), expected);
}

TEST_F(DemandHistoryTest, QuietRoundsHalveThePatience) {
  FlipOnce();
  FlipOnce();
  EXPECT_EQ(history.Patience(kLeaf, kPartition), 8);
  for (int64_t i = 0; i <= DemandHistory::kQuietRounds; ++i) Round(0, 0);
  EXPECT_EQ(history.Patience(kLeaf, kPartition), 4);
}

TEST_F(DemandHistoryTest, LettingGoLongAfterIsNoFlip) {
  Round(0, 40);
  Round(0, 40);
  history.Taken(kLeaf, kPartition, Amounts{0}, Amounts{20});
  for (int64_t i = 0; i <= DemandHistory::kFlipRounds; ++i) Round(20, 20);
  Round(0, 0);
  EXPECT_EQ(history.Patience(kLeaf, kPartition), DemandHistory::kFirstPatience);
}

TEST_F(DemandHistoryTest, NoMoreCountsAsTakenThanWasWaitedFor) {
  Round(0, 5);
  Round(0, 5);
  history.Taken(kLeaf, kPartition, Amounts{0}, Amounts{20});
  EXPECT_EQ(history.TakenFor(kLeaf, kPartition), Amounts{5});
  Round(5, 0);
  EXPECT_EQ(history.Patience(kLeaf, kPartition), DemandHistory::kFirstPatience);
}

TEST_F(DemandHistoryTest, WhatWasTakenForAQueueIsShelteredForAWhile) {
  Round(0, 40);
  Round(0, 40);
  history.Taken(kLeaf, kPartition, Amounts{0}, Amounts{20});
  for (int64_t i = 0; i < DemandHistory::kShelterRounds; ++i) {
    Round(20, 20);
    EXPECT_EQ(history.Sheltered(kLeaf, kPartition), Amounts{20}) << i;
  }
  Round(20, 20);
  EXPECT_EQ(history.Sheltered(kLeaf, kPartition), Amounts());
}

}  // namespace
}  // namespace weir::scheduler
