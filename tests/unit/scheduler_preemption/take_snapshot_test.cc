// The snapshot that a round takes of a real queue tree.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "scheduler/preemption/queue_snapshot.h"
#include "tests/unit/scheduler_queues/tree_builder.h"

namespace weir::scheduler {
namespace {

const Amounts kMinimum{1024, 1};

// root: a 60 % (a.x 50 %, a.y 50 %), b 40 %, of 100 GiB and 100 vcores.
class TakeSnapshotTest : public testing::Test {
 protected:
  TakeSnapshotTest() {
    builder.Add("root.a", Percent(60));
    builder.Add("root.b", Percent(40)).preemption_disabled = true;
    builder.Add("root.a.x", Percent(50)).am_share = kWholeFactor / 2;
    builder.Add("root.a.y", Percent(50)).priority = 7;
  }
  static const SnapshotQueue& Entry(const QueueSnapshot& snapshot, QueueSlot slot) {
    for (const SnapshotQueue& queue : snapshot.queues) {
      if (queue.queue == slot) return queue;
    }
    ADD_FAILURE() << "no queue " << slot.value;
    return snapshot.queues[0];
  }
  TreeBuilder builder;
};

TEST_F(TakeSnapshotTest, HasParentsBeforeChildrenAndWhatEachHasAndWaitsFor) {
  QueueTree tree = builder.Build(Amounts{102'400, 100});
  const QueueSlot x = At(tree, "root.a.x");
  const UserSlot user = tree.AddApplication(x, "ann");
  tree.Charge(user, kDefaultPartition, Amounts{4096, 4}, 2);
  tree.ChangePending(x, kDefaultPartition, Amounts{2048, 2}, 1);
  const QueueSnapshot snapshot = TakeSnapshot(tree, {}, kMinimum);
  ASSERT_EQ(snapshot.queues.size(), 5U);
  EXPECT_EQ(snapshot.queues[0].parent, -1);
  for (size_t i = 1; i < 5; ++i) {
    EXPECT_GE(snapshot.queues[i].parent, 0);
    EXPECT_LT(snapshot.queues[i].parent, static_cast<int>(i));
  }
  EXPECT_EQ(snapshot.totals, (std::vector<Amounts>{Amounts{102'400, 100}}));
  const SnapshotQueue& of_x = Entry(snapshot, x);
  EXPECT_TRUE(of_x.leaf);
  EXPECT_EQ(of_x.shares[0].guaranteed, (Amounts{30'720, 30}));
  EXPECT_EQ(of_x.shares[0].am_limit, (Amounts{15'360, 15}));
  EXPECT_EQ(of_x.shares[0].used, (Amounts{4096, 4}));
  EXPECT_EQ(of_x.shares[0].pending, (Amounts{2048, 2}));
  const SnapshotQueue& of_a = Entry(snapshot, At(tree, "root.a"));
  EXPECT_FALSE(of_a.leaf);
  EXPECT_EQ(of_a.shares[0].used, (Amounts{4096, 4}));
  EXPECT_EQ(Entry(snapshot, At(tree, "root.a.y")).priority, 7);
  EXPECT_TRUE(Entry(snapshot, At(tree, "root.b")).preemption_disabled);
  const auto users = TakeUsers(tree, x, kDefaultPartition, kMinimum);
  ASSERT_EQ(users.size(), 1U);
  EXPECT_EQ(users[0].user, user);
  EXPECT_EQ(users[0].used, (Amounts{4096, 4}));
}

TEST_F(TakeSnapshotTest, WithTheMemoryOnlyCalculatorNothingElseCounts) {
  builder.configuration().calculator = Calculator::kMemoryOnly;
  QueueTree tree = builder.Build(Amounts{102'400, 100});
  const QueueSnapshot snapshot = TakeSnapshot(tree, {}, kMinimum);
  EXPECT_EQ(snapshot.totals[0], Amounts{102'400});
  EXPECT_EQ(snapshot.minimum_allocation, Amounts{1024});
  EXPECT_EQ(Entry(snapshot, At(tree, "root.b")).shares[0].guaranteed, Amounts{40'960});
}

}  // namespace
}  // namespace weir::scheduler
