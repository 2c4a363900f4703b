// The arithmetic within a queue, in numbers worked out by hand; memory alone.
#include "scheduler/preemption/intra_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::scheduler {
namespace {

IntraApplication App(
    int user, int32_t priority, int64_t used, int64_t pending, int64_t masters = 0) {
  IntraApplication application;
  application.user = user;
  application.priority = priority;
  application.used = Amounts{used};
  application.pending = Amounts{pending};
  application.masters = Amounts{masters};
  return application;
}

IntraUser User(int64_t used, int64_t limit) {
  return IntraUser{Amounts{used}, Amounts{limit}};
}

IntraSettings Room(int64_t room, bool priority_first = false) {
  IntraSettings settings;
  settings.room = Amounts{room};
  settings.maximum = Amounts{1000};
  settings.priority_first = priority_first;
  return settings;
}

std::vector<int64_t> Taken(const std::vector<IntraShare>& shares) {
  std::vector<int64_t> result;
  for (const IntraShare& share : shares) result.push_back(share.to_take[0]);
  return result;
}

using Numbers = std::vector<int64_t>;

// One user, limit 100, the leaf is full with 100. High (waits for 30): ideal 30. Low: min(70, ...)
// = 70, so 30 over.
TEST(IntraQueue, TheMoreImportantApplicationTakesFromTheLessImportant) {
  const auto shares =
      ComputeIntraQueue(Room(100), {User(100, 100)}, {App(0, 2, 0, 30), App(0, 1, 100, 50)});
  EXPECT_EQ(shares[0].ideal, Amounts{30});
  EXPECT_EQ(shares[1].ideal, Amounts{70});
  EXPECT_EQ(Taken(shares), (Numbers{0, 30}));
}

TEST(IntraQueue, ApplicationsOfOneUserAndPriorityLeaveEachOtherAlone) {
  EXPECT_EQ(
      Taken(ComputeIntraQueue(Room(100), {User(100, 100)}, {App(0, 1, 0, 30), App(0, 1, 100, 0)})),
      (Numbers{0, 0}));
}

// Two users, limit 50 each, same priority: u0 uses 80 and waits for more, u1 20, waits for 60.
// Ideals: min(100, 50, 120) = 50 and min(50, 50, 80) = 50. u1 lacks 30, u0 is 30 over its limit.
// Priority first, they leave each other alone.
TEST(IntraQueue, AUserUnderItsLimitTakesFromTheOneOverIt) {
  const std::vector<IntraUser> users = {User(80, 50), User(20, 50)};
  const std::vector<IntraApplication> apps = {App(0, 1, 80, 40), App(1, 1, 20, 60)};
  const auto shares = ComputeIntraQueue(Room(100), users, apps);
  EXPECT_EQ(Taken(shares), (Numbers{30, 0}));
  EXPECT_TRUE(shares[0].keep_user_limit);
  EXPECT_EQ(Taken(ComputeIntraQueue(Room(100, true), users, apps)), (Numbers{0, 0}));
}

// u1's application is more important and waits for 40; u0 has 60, limit 50. Ideals: 40 + its 40 is
// beyond the limit: min(100, 50, 80) = 50, lacks 10; u0 min(50, 50, 60) = 50, 10 over. By user
// limit u0 gives 10. With a limit of 55 for u0 its ideal is still 50 (what is left), but only 5 may
// be taken from it; priority first takes all 10.
TEST(IntraQueue, UserLimitFirstNeverTakesAnotherUserBelowItsLimit) {
  const std::vector<IntraApplication> apps = {App(1, 2, 40, 40), App(0, 1, 60, 0)};
  EXPECT_EQ(Taken(ComputeIntraQueue(Room(100), {User(60, 50), User(40, 50)}, apps)),
            (Numbers{0, 10}));
  EXPECT_EQ(Taken(ComputeIntraQueue(Room(100), {User(60, 55), User(40, 50)}, apps)),
            (Numbers{0, 5}));
  EXPECT_EQ(Taken(ComputeIntraQueue(Room(100, true), {User(60, 55), User(40, 50)}, apps)),
            (Numbers{0, 10}));
}

// Masters of 10 each are frozen: 80 of 100 are to be shared out. High: ideal min(80, 90, 20) = 20
// where it has 0 workers: lacks 20. Low has 80 workers, ideal 60.
TEST(IntraQueue, MastersAreFrozen) {
  const auto shares =
      ComputeIntraQueue(Room(100), {User(100, 100)}, {App(0, 2, 10, 20, 10), App(0, 1, 90, 0, 10)});
  EXPECT_EQ(shares[0].ideal, Amounts{20});
  EXPECT_EQ(shares[1].ideal, Amounts{60});
  EXPECT_EQ(Taken(shares), (Numbers{0, 20}));
}

// 25 of what is wanted are free.
TEST(IntraQueue, WhatIsFreeIsNotTaken) {
  EXPECT_EQ(
      Taken(ComputeIntraQueue(Room(125), {User(100, 200)}, {App(0, 2, 0, 40), App(0, 1, 100, 0)})),
      (Numbers{0, 15}));
}

// High wants 30: the least important gives first, 20, the next one 10.
TEST(IntraQueue, TheLeastImportantGivesFirst) {
  EXPECT_EQ(
      Taken(ComputeIntraQueue(
          Room(100), {User(100, 100)}, {App(0, 3, 0, 30), App(0, 2, 80, 0), App(0, 1, 20, 0)})),
      (Numbers{0, 10, 20}));
}

TEST(IntraQueue, OneRoundTakesNoMoreThanItsMaximum) {
  IntraSettings settings = Room(100);
  settings.maximum = Amounts{12};
  EXPECT_EQ(
      Taken(ComputeIntraQueue(settings, {User(100, 100)}, {App(0, 2, 0, 30), App(0, 1, 100, 0)})),
      (Numbers{0, 12}));
}

// 20 of the less important one's are on their way out already.
TEST(IntraQueue, WhatIsLeavingCountsAsGiven) {
  std::vector<IntraApplication> apps = {App(0, 2, 0, 30), App(0, 1, 100, 0)};
  apps[1].selected = Amounts{20};
  EXPECT_EQ(Taken(ComputeIntraQueue(Room(100), {User(100, 100)}, apps)), (Numbers{0, 10}));
}

// Guarantee 40 of 100, minimum allocation 5, two users of weights 1 and 3 with 30 and 20 in use.
// consumed = (30 + 20) % of 100 = 50 >= cap 40, so current = 50 + 5 = 55. ceil(55 / 4) = 14,
// minimum user limit 25 %: ceil(13.75) = 14. Factor 1: at most 40. 14 -> 15 (whole 5s); x weight:
// 15 and 45. Below the guarantee (10 + 20 in use): current = 40, 10 -> 10 and 30.
TEST(IntraQueue, TheUserLimitCountsAllUsersOfTheLeaf) {
  QueueSnapshot snapshot;
  snapshot.minimum_allocation = Amounts{5};
  snapshot.totals = {Amounts{100}};
  SnapshotQueue leaf;
  leaf.minimum_user_limit = kWholePercent / 4;
  leaf.shares.resize(1);
  leaf.shares[0].guaranteed = Amounts{40};
  leaf.shares[0].maximum = Amounts{100};
  std::vector<SnapshotUser> users(2);
  users[1].weight = 3 * kWholeWeight;
  users[0].used = Amounts{30};
  users[1].used = Amounts{20};
  EXPECT_EQ(AllUsersLimits(snapshot, leaf, PartitionSlot{0}, users),
            (std::vector<Amounts>{Amounts{15}, Amounts{45}}));
  users[0].used = Amounts{10};
  EXPECT_EQ(AllUsersLimits(snapshot, leaf, PartitionSlot{0}, users),
            (std::vector<Amounts>{Amounts{10}, Amounts{30}}));
}

}  // namespace
}  // namespace weir::scheduler
