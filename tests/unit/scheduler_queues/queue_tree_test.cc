// Configuration, states, applications and users of a tree.
#include "scheduler/queues/queue_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/scheduler_queues/tree_builder.h"

namespace weir::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kGiB = 1024;
const Amounts kTotal{100 * kGiB, 100};
const Amounts kOne{kGiB, 1};

TreeBuilder Small() {
  TreeBuilder builder;
  builder.Add("root.a", Percent(50));
  builder.Add("root.b", Percent(50));
  builder.Add("root.a.x", Percent(50));
  builder.Add("root.a.y", Percent(50));
  return builder;
}

std::vector<std::string> Paths(const QueueTree& tree) {
  std::vector<std::string> paths;
  for (const QueueSlot queue : tree.All()) paths.push_back(tree.at(queue).path);
  return paths;
}

std::string Refusal(const QueueTree& tree, const std::string& path, const std::string& user) {
  const Status status = tree.CheckSubmission(At(tree, path), user);
  return status.ok() ? "" : status.error().ToString();
}

TEST(QueueTree, ParentsComeBeforeChildrenInTheOrderOfTheConfiguration) {
  const QueueTree tree = Small().Build(kTotal);
  EXPECT_THAT(Paths(tree), ElementsAre("root", "root.a", "root.b", "root.a.x", "root.a.y"));
  EXPECT_EQ(At(tree, "root").value, 0);
  EXPECT_FALSE(tree.Find("root.c"));
  EXPECT_EQ(tree.settings(At(tree, "root.a")).name, "a");
}

TEST(QueueTree, QueuesThatStayKeepSlotUsageAndUsersAndNewOnesReuseSlots) {
  TreeBuilder builder = Small();
  QueueTree tree = builder.Build(kTotal);
  const QueueSlot x = At(tree, "root.a.x");
  const QueueSlot y = At(tree, "root.a.y");
  const int64_t old_version = tree.at(y).version;
  const UserSlot user = tree.AddApplication(x, "mia");
  tree.Charge(user, kDefaultPartition, kOne, 1);

  TreeBuilder other;
  other.Add("root.b", Percent(50));
  other.Add("root.a", Percent(50));
  other.Add("root.a.z", Percent(10));
  other.Add("root.a.x", Percent(90));
  other.Apply(tree);
  EXPECT_EQ(At(tree, "root.a.x"), x);
  EXPECT_EQ(tree.at(x).shares[0].used, kOne);
  EXPECT_EQ(tree.at(x).shares[0].guaranteed, (Amounts{45 * kGiB, 45}));
  EXPECT_THAT(tree.UsersOf(x), ElementsAre(user));
  EXPECT_FALSE(tree.Find("root.a.y"));
  EXPECT_EQ(At(tree, "root.a.z"), y);
  EXPECT_GT(tree.at(y).version, old_version);
  EXPECT_THAT(Paths(tree), ElementsAre("root", "root.b", "root.a", "root.a.z", "root.a.x"));
  EXPECT_EQ(tree.CheckInvariants(), "");
}

TEST(QueueTree, UsageCountsAtEveryLevelAndInItsPartition) {
  TreeBuilder builder = Small();
  builder.SetLabel("gpu", 1);
  QueueTree tree = builder.Build(kTotal);
  const UserSlot user = tree.AddApplication(At(tree, "root.a.x"), "mia");
  tree.Charge(user, kDefaultPartition, kOne * 3, 3);
  tree.Reserve(user, PartitionSlot{1}, kOne * 2);
  tree.ChangePending(At(tree, "root.a.x"), kDefaultPartition, kOne * 5, 5);
  for (const char* path : {"root", "root.a", "root.a.x"}) {
    const Queue& queue = tree.at(At(tree, path));
    EXPECT_EQ(queue.shares[0].used, kOne * 3) << path;
    EXPECT_EQ(queue.shares[0].containers, 3) << path;
    EXPECT_EQ(queue.shares[0].reserved, Amounts{}) << path;
    EXPECT_EQ(queue.shares[0].pending, kOne * 5) << path;
    EXPECT_EQ(queue.shares[0].pending_containers, 5) << path;
    EXPECT_EQ(queue.shares[1].used, kOne * 2) << path;
    EXPECT_EQ(queue.shares[1].reserved, kOne * 2) << path;
    EXPECT_EQ(queue.shares[1].containers, 0) << path;
  }
  EXPECT_EQ(tree.at(At(tree, "root.b")).shares[0].used, Amounts{});
  EXPECT_EQ(tree.at(At(tree, "root.a.x")).shares[0].used_capacity, kWholeShare * 3 / 25);
  tree.Unreserve(user, PartitionSlot{1}, kOne * 2);
  EXPECT_EQ(tree.at(At(tree, "root")).shares[1].used, Amounts{});
}

TEST(QueueTree, AUserLivesAsLongAsItsApplicationsAndItsUsage) {
  QueueTree tree = Small().Build(kTotal);
  const QueueSlot leaf = At(tree, "root.b");
  const UserSlot zoe = tree.AddApplication(leaf, "zoe");
  const UserSlot mia = tree.AddApplication(leaf, "mia");
  EXPECT_EQ(tree.AddApplication(leaf, "mia"), mia);
  EXPECT_THAT(tree.UsersOf(leaf), ElementsAre(mia, zoe));  // by name
  EXPECT_EQ(tree.FindUser(leaf, "zoe"), zoe);
  EXPECT_FALSE(tree.FindUser(At(tree, "root.a.x"), "zoe"));
  tree.Charge(zoe, kDefaultPartition, kOne, 1);
  tree.RemoveApplication(zoe);
  EXPECT_THAT(tree.UsersOf(leaf), ElementsAre(mia, zoe));
  tree.Discharge(zoe, kDefaultPartition, kOne, 1);
  EXPECT_THAT(tree.UsersOf(leaf), ElementsAre(mia));
  tree.RemoveApplication(mia);
  tree.RemoveApplication(mia);
  EXPECT_THAT(tree.UsersOf(leaf), IsEmpty());
  EXPECT_EQ(tree.CheckInvariants(), "");
}

TEST(QueueTree, AStoppedQueueDrainsUntilItsLastApplicationEnds) {
  TreeBuilder builder = Small();
  QueueTree tree = builder.Build(kTotal);
  const QueueSlot a = At(tree, "root.a");
  const QueueSlot x = At(tree, "root.a.x");
  const QueueSlot y = At(tree, "root.a.y");
  const UserSlot user = tree.AddApplication(x, "mia");
  for (const char* path : {"root.a", "root.a.x", "root.a.y"}) {
    builder[path].state = QueueState::kStopped;
  }
  builder.Apply(tree);
  EXPECT_EQ(tree.at(a).state, QueueState::kDraining);
  EXPECT_EQ(tree.at(x).state, QueueState::kDraining);
  EXPECT_EQ(tree.at(y).state, QueueState::kStopped);
  EXPECT_EQ(tree.at(At(tree, "root")).state, QueueState::kRunning);
  EXPECT_THAT(Refusal(tree, "root.a.x", "mia"), HasSubstr("queue root.a.x is DRAINING"));
  EXPECT_THAT(Refusal(tree, "root.a.y", "mia"), HasSubstr("queue root.a.y is STOPPED"));
  EXPECT_THAT(tree.RemoveApplication(user), ElementsAre(x, a));
  EXPECT_EQ(tree.at(a).state, QueueState::kStopped);
  for (const char* path : {"root.a", "root.a.x", "root.a.y"}) {
    builder[path].state = QueueState::kRunning;
  }
  builder.Apply(tree);
  EXPECT_EQ(Refusal(tree, "root.a.x", "mia"), "");
}

// maximum-applications 5 of x, MULP 40: 2 per user; 6 of a; 7 of the system.
TEST(Submission, IsRefusedByTheFirstCountThatIsReached) {
  TreeBuilder builder = Small();
  builder["root.a.x"].maximum_applications = 5;
  builder["root.a.x"].minimum_user_limit = kWholePercent / 100 * 40;
  builder["root.a.y"].maximum_applications = 100;
  builder["root.b"].maximum_applications = 100;
  builder["root.a"].maximum_applications = 6;
  builder.configuration().maximum_applications = 7;
  QueueTree tree = builder.Build(kTotal);
  const QueueSlot x = At(tree, "root.a.x");
  EXPECT_EQ(tree.MaximumApplicationsPerUser(x), 2);
  for (const char* user : {"u", "u", "v", "v"}) {
    EXPECT_EQ(Refusal(tree, "root.a.x", user), "");
    tree.AddApplication(x, user);
  }
  EXPECT_THAT(Refusal(tree, "root.a.x", "u"),
              HasSubstr("user u in queue root.a.x has 2 of at most 2 applications"));
  tree.AddApplication(x, "w");
  EXPECT_THAT(Refusal(tree, "root.a.x", "z"),
              HasSubstr("queue root.a.x has 5 of at most 5 applications"));
  tree.AddApplication(At(tree, "root.a.y"), "z");
  EXPECT_THAT(Refusal(tree, "root.a.y", "z"),
              HasSubstr("queue root.a has 6 of at most 6 applications"));
  tree.AddApplication(At(tree, "root.b"), "z");
  const Status status = tree.CheckSubmission(At(tree, "root.b"), "z");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(status.error().message, HasSubstr("the cluster has 7 of at most 7 applications"));
}

TEST(Submission, ManagedLeavesCountNothingOfTheirOwn) {
  TreeBuilder builder = Small();
  builder["root.a"].auto_creation.managed = true;
  builder["root.a.x"].dynamic = true;
  builder["root.a.x"].maximum_applications = 0;
  EXPECT_EQ(Refusal(builder.Build(kTotal), "root.a.x", "u"), "");
  builder["root.a.x"].dynamic = false;
  EXPECT_NE(Refusal(builder.Build(kTotal), "root.a.x", "u"), "");
}

// x: 25 % of 10,000 = 2500; per queue 300: 300. In amounts 25 of 100 GiB: 75 of 300.
TEST(Submission, TheMaximumFollowsTheCapacity) {
  TreeBuilder builder = Small();
  EXPECT_EQ(builder.Build(kTotal).MaximumApplications(QueueSlot{3}), 2500);
  builder.configuration().per_queue_maximum_applications = 300;
  EXPECT_EQ(builder.Build(kTotal).MaximumApplications(QueueSlot{3}), 300);
  TreeBuilder absolute;
  absolute.configuration().per_queue_maximum_applications = 300;
  absolute.Add("root.a", Absolute({25 * kGiB, 10}));
  EXPECT_EQ(absolute.Build(kTotal).MaximumApplications(QueueSlot{1}), 75);
  EXPECT_EQ(absolute.Build({}).MaximumApplications(QueueSlot{1}), 300);  // no node is there yet
}

PendingReason Check(const QueueTree& tree, UserSlot user, const Amounts& am) {
  return tree.CheckActivation(user, kDefaultPartition, am);
}

TEST(Activation, ParallelLimitsCountAtEveryLevelAndPerUser) {
  TreeBuilder builder = Small();
  for (const char* leaf : {"root.a.x", "root.a.y", "root.b"}) {
    builder[leaf].am_share = kWholeFactor;
  }
  builder["root.a.x"].maximum_parallel_applications = 1;
  builder["root.a"].maximum_parallel_applications = 2;
  builder.configuration().user_maximum_parallel = 2;
  builder.configuration().user_parallel["zoe"] = 1;
  QueueTree tree = builder.Build(kTotal);
  const UserSlot mia_x = tree.AddApplication(At(tree, "root.a.x"), "mia");
  const UserSlot mia_b = tree.AddApplication(At(tree, "root.b"), "mia");
  const UserSlot tom_y = tree.AddApplication(At(tree, "root.a.y"), "tom");
  const UserSlot zoe_b = tree.AddApplication(At(tree, "root.b"), "zoe");
  constexpr PendingReason kFull = PendingReason::kMaxParallelApplications;

  EXPECT_EQ(Check(tree, mia_x, kOne), PendingReason::kNone);
  tree.Activate(mia_x, kDefaultPartition, kOne);
  EXPECT_EQ(Check(tree, mia_x, kOne), kFull);  // the leaf
  EXPECT_EQ(Check(tree, mia_b, kOne), PendingReason::kNone);
  tree.Activate(tom_y, kDefaultPartition, kOne);
  EXPECT_EQ(Check(tree, tom_y, kOne), kFull);  // root.a
  tree.Activate(mia_b, kDefaultPartition, kOne);
  EXPECT_EQ(Check(tree, mia_b, kOne), kFull);  // the user, in two leaves
  EXPECT_EQ(Check(tree, zoe_b, kOne), PendingReason::kNone);
  tree.AddApplication(At(tree, "root.b"), "zoe");
  tree.Activate(zoe_b, kDefaultPartition, kOne);
  EXPECT_EQ(Check(tree, zoe_b, kOne), kFull);  // her own limit
  tree.Deactivate(mia_x, kDefaultPartition, kOne);
  EXPECT_EQ(Check(tree, mia_b, kOne), PendingReason::kNone);
  EXPECT_EQ(tree.CheckInvariants(), "");
}

// b: 50 guaranteed, may reach 100: AM limit 10. Users of MULP 20, three of them that wait or ask:
// 50 x 10 % x 1/3 = 1.67 -> 2 each.
TEST(Activation, TheAmLimitsOfQueueAndUserCountUnlessNothingRuns) {
  TreeBuilder builder = Small();
  builder["root.b"].minimum_user_limit = kWholePercent / 5;
  QueueTree tree = builder.Build(kTotal);
  const QueueSlot leaf = At(tree, "root.b");
  const UserSlot mia = tree.AddApplication(leaf, "mia");
  const UserSlot tom = tree.AddApplication(leaf, "tom");
  const UserSlot zoe = tree.AddApplication(leaf, "zoe");
  EXPECT_EQ(tree.UserAmLimit(mia, kDefaultPartition), (Amounts{2 * kGiB, 2}));
  EXPECT_EQ(Check(tree, mia, kOne * 20), PendingReason::kNone);  // the first may always start
  tree.Activate(tom, kDefaultPartition, kOne * 9);
  tree.SetAsking(tom, true);
  EXPECT_EQ(Check(tree, zoe, kOne), PendingReason::kNone);
  EXPECT_EQ(Check(tree, zoe, kOne * 2), PendingReason::kAmLimit);  // 9 + 2 of 10
  tree.Deactivate(tom, kDefaultPartition, kOne * 9);
  tree.Activate(tom, kDefaultPartition, kOne);
  EXPECT_EQ(Check(tree, zoe, kOne * 2), PendingReason::kNone);
  EXPECT_EQ(Check(tree, zoe, kOne * 3), PendingReason::kUserAmLimit);
  tree.AddApplication(leaf, "mia");
  tree.Activate(mia, kDefaultPartition, kOne * 2);
  EXPECT_EQ(Check(tree, mia, kOne), PendingReason::kNone);  // two count: 2.5 -> 3
  tree.SetAsking(mia, true);
  EXPECT_EQ(Check(tree, mia, kOne), PendingReason::kUserAmLimit);  // three again
}

TEST(Version, GrowsWithEverythingThatCanChangeALimit) {
  TreeBuilder builder = Small();
  QueueTree tree = builder.Build(kTotal);
  const QueueSlot leaf = At(tree, "root.a.x");
  int64_t version = tree.at(leaf).version;
  const int64_t other = tree.at(At(tree, "root.a.y")).version;
  const auto grew = [&] {
    const int64_t before = std::exchange(version, tree.at(leaf).version);
    return version > before;
  };
  const UserSlot user = tree.AddApplication(leaf, "mia");
  EXPECT_TRUE(grew());
  tree.Activate(user, kDefaultPartition, kOne);
  EXPECT_TRUE(grew());
  tree.SetAsking(user, true);
  EXPECT_TRUE(grew());
  tree.Charge(user, kDefaultPartition, kOne, 1);
  EXPECT_TRUE(grew());
  tree.Reserve(user, kDefaultPartition, kOne);
  EXPECT_TRUE(grew());
  tree.ChangePending(leaf, kDefaultPartition, kOne, 1);
  EXPECT_FALSE(grew());
  EXPECT_EQ(tree.at(At(tree, "root.a.y")).version, other);
  tree.SetPartitionTotal(kDefaultPartition, {50 * kGiB, 50});
  EXPECT_TRUE(grew());
  tree.SetPartitionTotal(kDefaultPartition, {50 * kGiB, 50});  // the same
  EXPECT_FALSE(grew());
  builder.Apply(tree);
  EXPECT_TRUE(grew());
}

TEST(QueueTreeDeathTest, MistakesOfTheCallerStopAtOnce) {
  QueueTree tree = Small().Build(kTotal);
  const UserSlot user = tree.AddApplication(At(tree, "root.b"), "mia");
  EXPECT_DEATH(tree.Discharge(user, kDefaultPartition, kOne, 1), "more is given back");
  EXPECT_DEATH(tree.Deactivate(user, kDefaultPartition, kOne), "only what was activated");
  EXPECT_DEATH(tree.AddApplication(At(tree, "root.a"), "mia"), "goes to a leaf");
  tree.Activate(user, kDefaultPartition, kOne);
  EXPECT_DEATH(tree.RemoveApplication(user), "deactivated first");
  TreeBuilder without;
  without.Add("root.a", Percent(100));
  EXPECT_DEATH(without.Apply(tree), "root.b is removed while it is used");
}

}  // namespace
}  // namespace weir::scheduler
