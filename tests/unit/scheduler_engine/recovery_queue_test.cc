// The recovery queue: what applications in it have is charged, and they get nothing.
#include "scheduler/config/recovery_queue.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/unit/scheduler_engine/cluster.h"

namespace weir::scheduler {
namespace {

using Reason = PendingReason;
using std::chrono::seconds;
using Words = std::vector<std::string>;

const std::string kHeld = kRecoveryQueue;

Lines TwoQueues() {
  return {"root.queues=a,b",
          "root.a.capacity=50",
          "root.b.capacity=50",
          "user-limit-factor=-1",
          "maximum-am-resource-percent=1",
          "yarn.resourcemanager.scheduler.monitor.enable=true",
          "yarn.resourcemanager.monitor.capacity.preemption.max_wait_before_kill=1000",
          "yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round=1",
          "resource-calculator=org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"};
}

const QueueReport* Find(const std::vector<QueueReport>& queues, const std::string& path) {
  for (const QueueReport& queue : queues) {
    if (queue.path == path) return &queue;
  }
  return nullptr;
}

// 4 GiB that ran before; wants 2 more.
class Held : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster.AddNode("n", {.size = Size(8, 8)});
    cluster.AddApp("held", {.queue = kHeld, .runs = true});
    EXPECT_EQ(cluster.Told(), (Words{"created " + kHeld}));
    for (int i = 0; i < 4; ++i) {
      own.push_back(cluster.scheduler().Recover(cluster.app("held"), cluster.node("n"), Size(1)));
    }
    cluster.Ask("held", 2, Size(1));
  }
  bool IsThere() { return cluster.scheduler().configuration().Find(kHeld) != nullptr; }

  Cluster cluster{TwoQueues()};
  std::vector<ContainerSlot> own;
};

TEST_F(Held, KeepsWhatItHasAndGetsNothing) {
  EXPECT_EQ(cluster.Decide(), "") << "although 4 GiB are free";
  EXPECT_EQ(cluster.ReasonOf("held"), Reason::kQueueUnknown);
  EXPECT_EQ(cluster.scheduler().pending(cluster.app("held"), 1).at(0).reason,
            Reason::kQueueUnknown);
  const std::vector<QueueReport> queues = cluster.scheduler().queues();
  ASSERT_NE(Find(queues, kHeld), nullptr);
  EXPECT_EQ(Find(queues, kHeld)->partitions[0].used, Size(4, 4));
  EXPECT_EQ(Find(queues, kHeld)->partitions[0].guaranteed, Resource{});
  EXPECT_EQ(Find(queues, "root")->partitions[0].used, Size(4, 4));
  EXPECT_EQ(Find(queues, "root.a")->partitions[0].guaranteed, Size(4, 4)) << "half, as before";
  cluster.scheduler().Release(own[0]);
  cluster.Wait(seconds(60));
  EXPECT_EQ(cluster.Decide(), "") << "its own room is not for it either";
}

TEST_F(Held, MayGiveBackAndNotGrow) {
  const Status grown = cluster.scheduler().Resize(own[0], Size(2));
  ASSERT_FALSE(grown.ok());
  EXPECT_EQ(grown.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(grown.error().remedy.find("-movetoqueue"), std::string::npos);
  ASSERT_TRUE(
      cluster.scheduler().MoveApplication(cluster.app("held"), "root.b", cluster.now()).ok());
  EXPECT_TRUE(cluster.scheduler().Resize(own[0], Size(2)).ok());
}

TEST_F(Held, IsNotPreemptedFor) {
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.Ask("a", 8, Size(1));
  EXPECT_EQ(cluster.DecideInAll(), "a:n*4");
  for (int i = 0; i < 30; ++i) {
    cluster.Wait(seconds(3));
    while (cluster.scheduler().PreemptionStep(cluster.now())) {
    }
    cluster.Decide();
  }
  EXPECT_EQ(cluster.Told(), Words{});
  EXPECT_EQ(cluster.used_gib("held"), 4);
}

TEST_F(Held, MovesToALeafWithAllItHasAndIsServedThere) {
  ASSERT_TRUE(
      cluster.scheduler().MoveApplication(cluster.app("held"), "root.b", cluster.now()).ok());
  EXPECT_EQ(cluster.DecideInAll(), "held:n*2");
  EXPECT_EQ(cluster.used_gib("held"), 6);
  EXPECT_EQ(cluster.ReasonOf("held"), Reason::kNone);
  EXPECT_EQ(cluster.Told(), (Words{"removed " + kHeld}));
  EXPECT_FALSE(IsThere());
}

TEST_F(Held, TheQueueGoesWithTheLastThatIsInIt) {
  cluster.AddApp("waits", {.queue = kHeld, .user = "ben"});
  cluster.Ask("waits", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("waits"), Reason::kQueueUnknown);
  cluster.RemoveApp("held");
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_TRUE(IsThere());
  cluster.RemoveApp("waits");
  EXPECT_EQ(cluster.scheduler().NextDeadline(), cluster.now().monotonic);
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_FALSE(IsThere());
  EXPECT_EQ(cluster.Told(), (Words{"removed " + kHeld}));
}

TEST_F(Held, StaysHeldWhenTheConfigurationChanges) {
  Lines other = TwoQueues();
  other[1] = "root.a.capacity=20";
  other[2] = "root.b.capacity=80";
  ASSERT_TRUE(cluster.scheduler().Reconfigure(Parse(other, ThreeTypes()), cluster.now()).ok());
  EXPECT_TRUE(
      cluster.scheduler().Plan(Parse(TwoQueues(), ThreeTypes()), cluster.now()).faults.empty());
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_TRUE(IsThere());
  EXPECT_EQ(cluster.used_gib("held"), 4);
}

TEST(RecoverQueues, MakesAgainWhatWasMadeAndNamesTheOthers) {
  Cluster cluster({"root.queues=d,p,q",
                   "root.d.capacity=1w",
                   "root.p.capacity=1w",
                   "root.q.capacity=1w",
                   "root.p.queues=x",
                   "root.p.x.capacity=1w",
                   "root.d.auto-queue-creation-v2.enabled=true",
                   "root.d.auto-queue-creation-v2.max-queues=1",
                   "auto-queue-creation-v2.queue-expiration-time=10"});
  const auto lost = cluster.scheduler().RecoverQueues(
      {"root.q", "root.d.mia", "root.d.ben", "root.p", "root.gone", "root.q.below"}, cluster.now());
  const std::map<std::string, std::string> expected = {
      {"root.p", "queue root.p is a parent now"},
      {"root.gone", "queue root.gone is not in the configuration any more"},
      {"root.q.below", "queue root.q.below is not in the configuration any more"}};
  EXPECT_EQ(lost, expected);
  EXPECT_EQ(cluster.Told(), (Words{"created root.d.ben", "created root.d.mia"}));
  cluster.AddApp("m", {.queue = "root.d.mia"});
  cluster.Wait(seconds(10));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.Told(), (Words{"removed root.d.ben"})) << "nobody came";
  EXPECT_NE(cluster.scheduler().configuration().Find("root.d.mia"), nullptr);
}

}  // namespace
}  // namespace weir::scheduler
