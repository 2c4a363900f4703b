// Who goes first, and how far the limits let each go. Sizes in GiB with one vcore each; nodes have
// as many vcores as GiB, so that memory and vcores say the same.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/scheduler_engine/cluster.h"

namespace weir::scheduler {
namespace {

const char kDominant[] =
    "resource-calculator=org.apache.hadoop.yarn.util.resource.DominantResourceCalculator";

Lines With(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

// Two queues, a and b, without limits for one user or ApplicationMasters.
Lines TwoQueues(const std::string& a, const std::string& b, const Lines& more = {}) {
  return With({"root.queues=a,b",
               "root.a.capacity=" + a,
               "root.b.capacity=" + b,
               "user-limit-factor=-1",
               "maximum-am-resource-percent=1",
               kDominant},
              more);
}

struct Line {
  std::string app;
  AppSpec spec;
  int32_t count;  // containers of 1 GiB
};

struct Table {
  std::string name;
  Lines queues;
  int64_t gib;  // of the one node, n
  std::vector<Line> lines;
  std::string decisions;
  std::vector<PendingReason> reasons{};  // by line
};

using Reason = PendingReason;

std::vector<Table> Tables() {
  return {
      {"fifo: priority first, then the order of submission",
       Cluster::OneQueue(),
       4,
       {{"a", {}, 2}, {"b", {.priority = 5}, 2}, {"c", {}, 2}},
       "b:n b:n a:n a:n",
       {Reason::kNone, Reason::kNone, Reason::kInsufficient}},
      {"fair: who uses least goes first, priority does not count",
       With(Cluster::OneQueue(), {"root.q.ordering-policy=fair"}),
       5,
       {{"a", {}, 3}, {"b", {.priority = 5}, 3}},
       "a:n b:n a:n b:n a:n"},
      // log2(1 + demand in MiB): a wants 3072, 11.50; b wants 15360, 13.88. Used / that: a 0, b 0
      // (a came first); b 0; b 74 < a 89; a 89 < b 148; b 148 < a 178; a 178 < b 221.
      {"fair by size: who wants more may use more before it is the other's turn",
       With(Cluster::OneQueue(),
            {"root.q.ordering-policy=fair",
             "root.q.ordering-policy.fair.enable-size-based-weight=true"}),
       6,
       {{"a", {}, 3}, {"b", {}, 15}},
       "a:n b:n b:n a:n b:n a:n"},
      // a is guaranteed 6, b 2. Used of the guarantee: a 1/6, b 1/2, a 3/6 (a tie: the larger
      // capacity goes first), a 4/6, b 2/2, a 6/6.
      {"utilization: the smaller used share of the guarantee goes first",
       TwoQueues("75", "25"),
       8,
       {{"a", {.queue = "root.a"}, 8}, {"b", {.queue = "root.b"}, 8}},
       "a:n b:n a:n a:n a:n b:n a:n a:n"},
      // b is served up to its guarantee of 4, then a, which is under its own.
      {"priority-utilization: the higher priority first among those under their guarantee",
       TwoQueues("50", "50", {"root.ordering-policy=priority-utilization", "root.b.priority=1"}),
       8,
       {{"a", {.queue = "root.a"}, 8}, {"b", {.queue = "root.b"}, 8}},
       "b:n b:n b:n b:n a:n a:n a:n a:n"},
      {"utilization pays no heed to the priority of queues",
       TwoQueues("50", "50", {"root.b.priority=1"}),
       4,
       {{"a", {.queue = "root.a"}, 4}, {"b", {.queue = "root.b"}, 4}},
       "a:n b:n a:n b:n"},
      {"queues without capacity share by what they use of the cluster",
       TwoQueues("100",
                 "0",
                 {"root.a.queues=x,y,z",
                  "root.a.x.capacity=0",
                  "root.a.y.capacity=0",
                  "root.a.z.capacity=100"}),
       4,
       {{"x", {.queue = "root.a.x"}, 4}, {"y", {.queue = "root.a.y"}, 4}},
       "x:n y:n x:n y:n"},
      {"a queue stops at its maximum, the other goes on",
       TwoQueues("50", "50", {"root.a.maximum-capacity=50"}),
       8,
       {{"a", {.queue = "root.a"}, 6}, {"b", {.queue = "root.b"}, 3}},
       "a:n b:n a:n b:n a:n b:n a:n",
       {Reason::kQueueCapacity, Reason::kNone}},
      {"queues stop together at their parent's maximum",
       TwoQueues("50",
                 "50",
                 {"root.a.queues=x,y",
                  "root.a.x.capacity=50",
                  "root.a.y.capacity=50",
                  "root.a.maximum-capacity=50"}),
       8,
       {{"x", {.queue = "root.a.x"}, 3}, {"y", {.queue = "root.a.y"}, 3}},
       "x:n y:n x:n y:n",
       {Reason::kParentCapacity, Reason::kParentCapacity}},
      // The factor 0.5 gives one user 4 of 8; used 4 is not over it yet, so a fifth one comes.
      {"user limit: one container beyond it, as in YARN",
       With(Cluster::OneQueue(), {"root.q.user-limit-factor=0.5"}),
       8,
       {{"a", {}, 8}},
       "a:n a:n a:n a:n a:n",
       {Reason::kUserLimit}},
      // The factor 1 counts, but each has at least half: mia gets 4 and one beyond. Then the node
      // is full.
      {"user limit: two users share by minimum-user-limit-percent",
       With(Cluster::OneQueue(),
            {"root.q.user-limit-factor=1", "root.q.minimum-user-limit-percent=50"}),
       8,
       {{"a", {.user = "mia"}, 8}, {"b", {.user = "ben"}, 8}},
       "a:n a:n a:n a:n a:n b:n b:n b:n",
       {Reason::kInsufficient, Reason::kInsufficient}},
      // A weight of 0.5: half of the 4 that the factor gives, and one beyond.
      {"user limit: weights scale it",
       With(Cluster::OneQueue(),
            {"root.q.user-limit-factor=0.5", "root.q.user-settings.mia.weight=0.5"}),
       8,
       {{"a", {.user = "mia"}, 8}},
       "a:n a:n a:n",
       {Reason::kUserLimit}},
      // AM limit: 8 x 0.25 = 2, two ApplicationMasters of 1.
      {"AM limit: as many applications run as their ApplicationMasters may use",
       With(Cluster::OneQueue(), {"root.q.maximum-am-resource-percent=0.25"}),
       8,
       {{"a", {.am = Size(1)}, 1}, {"b", {.am = Size(1)}, 1}, {"c", {.am = Size(1)}, 1}},
       "a:n b:n",
       {Reason::kNone, Reason::kNone, Reason::kAmLimit}},
      {"AM limit: the first application always runs",
       With(Cluster::OneQueue(), {"root.q.maximum-am-resource-percent=0.25"}),
       8,
       {{"a", {.am = Size(5)}, 1}, {"b", {.am = Size(1)}, 1}},
       "a:n",
       {Reason::kNone, Reason::kAmLimit}},
      // Of the 4 for all, one of two users gets half: ceil(8 x 0.5 x 1/2) = 2.
      {"AM limit of a user",
       With(Cluster::OneQueue(),
            {"root.q.maximum-am-resource-percent=0.5",
             "root.q.user-limit-factor=1",
             "root.q.minimum-user-limit-percent=50"}),
       8,
       {{"a", {.user = "mia", .am = Size(2)}, 1},
        {"b", {.user = "ben", .am = Size(1)}, 1},
        {"c", {.user = "mia", .am = Size(1)}, 1}},
       "a:n b:n",
       {Reason::kNone, Reason::kNone, Reason::kUserAmLimit}},
      {"max-parallel-apps: the others wait",
       With(Cluster::OneQueue(), {"root.q.max-parallel-apps=1"}),
       8,
       {{"a", {}, 1}, {"b", {.priority = 9}, 1}},
       "b:n",
       {Reason::kMaxParallelApplications, Reason::kNone}},
  };
}

TEST(Order, TablesOfQueuesAndAsksComeOutAsWorkedOut) {
  for (const Table& table : Tables()) {
    SCOPED_TRACE(table.name);
    Cluster cluster(table.queues);
    cluster.AddNode("n", {.size = Size(table.gib, table.gib)});
    for (const Line& line : table.lines) {
      cluster.AddApp(line.app, line.spec);
      cluster.Ask(line.app, line.count, Size(1));
    }
    EXPECT_EQ(cluster.Decide(), table.decisions);
    for (size_t i = 0; i < table.reasons.size(); ++i) {
      EXPECT_EQ(PendingReasonName(cluster.ReasonOf(table.lines[i].app)),
                PendingReasonName(table.reasons[i]))
          << table.lines[i].app << ": " << cluster.DetailOf(table.lines[i].app);
    }
  }
}

TEST(Order, OneAtATimeOrAllAtOnceIsTheSame) {
  for (const Table& table : Tables()) {
    SCOPED_TRACE(table.name);
    Cluster cluster(table.queues);
    cluster.AddNode("n", {.size = Size(table.gib, table.gib)});
    for (const Line& line : table.lines) {
      cluster.AddApp(line.app, line.spec);
      cluster.Ask(line.app, line.count, Size(1));
    }
    std::string decisions;
    for (std::string one = cluster.Decide(1); !one.empty(); one = cluster.Decide(1)) {
      decisions += (decisions.empty() ? "" : " ") + one;
    }
    EXPECT_EQ(decisions, table.decisions);
  }
}

TEST(Order, AnAskWithALowerNumberGoesFirstWithinItsApplication) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", {.request_id = 1, .priority = 5, .count = 1, .resource = Size(1)});
  cluster.Ask("a", {.request_id = 2, .priority = 1, .count = 1, .resource = Size(9)});
  EXPECT_EQ(cluster.Decide(), "") << "the larger one is in front, and fits nowhere";
  const std::vector<PendingAsk> pending = cluster.scheduler().pending(cluster.app("a"), 10);
  ASSERT_EQ(pending.size(), 2u);
  EXPECT_EQ(pending[0].ask.request_id, 2);
  EXPECT_EQ(pending[0].reason, Reason::kNoFitNode);
  EXPECT_EQ(pending[1].reason, Reason::kHeadOfLine);
  cluster.Withdraw("a", 2);
  EXPECT_EQ(cluster.Decide(), "a:n");
}

TEST(Order, AnApplicationThatEndsLetsTheNextRunAtOnce) {
  Cluster cluster(With(Cluster::OneQueue(), {"root.q.maximum-am-resource-percent=0.25"}));
  cluster.AddNode("n", {.size = Size(8, 8)});
  for (const char* name : {"a", "b", "c"}) {
    cluster.AddApp(name, {.am = Size(1)});
    cluster.Ask(name, 1, Size(1));
  }
  EXPECT_EQ(cluster.Decide(), "a:n b:n");
  EXPECT_EQ(cluster.DetailOf("c"),
            "its ApplicationMaster needs <memory:1024, vCores:1>; ApplicationMasters of queue "
            "root.q use <memory:2048, vCores:2> of the <memory:2048, vCores:2> that they may");
  cluster.RemoveApp("a");
  EXPECT_EQ(cluster.Decide(), "c:n");
}

// While others wait, each user's ApplicationMasters have a part of the queue; when those others run
// and ask for nothing, the part grows.
TEST(Order, AUserWhoWaitsIsLookedAtAgainWhenTheOthersRun) {
  Cluster cluster({"root.queues=q",
                   "root.q.capacity=100",
                   "root.q.minimum-user-limit-percent=10",
                   "maximum-am-resource-percent=1"});
  cluster.AddNode("n", {.size = Size(16, 16)});
  cluster.AddApp("first", {.user = "mia", .am = Size(8)});
  EXPECT_EQ(cluster.Decide(), "");
  cluster.AddApp("second", {.user = "mia", .am = Size(2)});
  cluster.AddApp("b", {.user = "bea", .am = Size(2)});
  cluster.AddApp("c", {.user = "cal", .am = Size(2)});
  cluster.Ask("second", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("second"), PendingReason::kUserAmLimit) << "8 of 8 GiB are mia's";
  ASSERT_TRUE(cluster.scheduler().NextDeadline());
  cluster.Wait(*cluster.scheduler().NextDeadline() - cluster.now().monotonic);
  EXPECT_EQ(cluster.Decide(), "second:n");
}

TEST(Order, PriorityChangesWhoGoesNext) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a");
  cluster.AddApp("b");
  cluster.Ask("a", 4, Size(1));
  cluster.Ask("b", 4, Size(1));
  EXPECT_EQ(cluster.Decide(2), "a:n a:n");
  cluster.scheduler().SetPriority(cluster.app("b"), 1);
  EXPECT_EQ(cluster.Decide(), "b:n b:n");
}

// --- what stands still for a large ask, and what does not

TEST(Order, AQueueWithTooLittleLeftForItsFirstAskWaitsWithIt) {
  Cluster cluster(TwoQueues("50", "50", {"root.a.maximum-capacity=50"}));
  cluster.AddNode("n", {.size = Size(16, 16)});
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.Ask("a", 6, Size(1));
  EXPECT_EQ(cluster.DecideInAll(), "a:n*6");
  cluster.AddApp("large", {.queue = "root.a", .priority = 1});
  cluster.Ask("large", {.request_id = 7, .count = 1, .resource = Size(3)});
  cluster.AddApp("small", {.queue = "root.a"});
  cluster.Ask("small", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.ReasonOf("large"), Reason::kQueueCapacity);
  EXPECT_EQ(cluster.DetailOf("large"),
            "1 container of <memory:3072, vCores:1>: queue root.a uses <memory:6144, vCores:6> of "
            "its maximum <memory:8192, vCores:8>");
  EXPECT_EQ(cluster.ReasonOf("small"), Reason::kQueueCapacity);
  // One that goes before it does not wait for it, nor does another queue.
  cluster.AddApp("first", {.queue = "root.a", .priority = 2});
  cluster.Ask("first", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "first:n");
  cluster.AddApp("b", {.queue = "root.b"});
  cluster.Ask("b", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "b:n");
  // And when it gives up the others go on.
  cluster.Withdraw("large", 7);
  EXPECT_EQ(cluster.Decide(), "small:n");
}

TEST(Order, AnAskThatIsTooLargeForEveryNodeStopsNobody) {
  Cluster cluster(TwoQueues("50", "50"));
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.AddApp("b", {.queue = "root.b"});
  cluster.AddApp("c", {.queue = "root.a"});
  cluster.Ask("a", 1, Size(5));
  cluster.Ask("b", 1, Size(1));
  cluster.Ask("c", 1, Size(1));
  EXPECT_EQ(cluster.DecideInAll(), "b:n*1 c:n*1");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kNoFitNode);
  cluster.AddNode("large", {.size = Size(8, 8)});
  EXPECT_EQ(cluster.Decide(), "a:large");
}

TEST(Order, AnAskThatIsTooLargeForItsQueueStopsNobody) {
  Cluster cluster(TwoQueues("50", "50", {"root.a.maximum-capacity=50"}));
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.AddApp("c", {.queue = "root.a"});
  cluster.Ask("a", 1, Size(5));
  cluster.Ask("c", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "c:n");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kQueueCapacity);
}

TEST(Order, AnAskThatLacksANamedTypeStopsNobodyElse) {
  Cluster cluster(TwoQueues("50", "50", {"root.a.maximum-capacity=50"}));
  cluster.AddNode("n", {.size = Size(8, 8, 2)});
  cluster.AddApp("a", {.queue = "root.a"});
  cluster.Ask("a", 3, Size(1, 1, 1));
  cluster.AddApp("b", {.queue = "root.b"});
  cluster.Ask("b", 2, Size(1, 1, 1));
  EXPECT_EQ(cluster.DecideInAll(), "a:n*1 b:n*1");
  EXPECT_EQ(cluster.ReasonOf("a"), Reason::kQueueCapacity);
  EXPECT_EQ(cluster.ReasonOf("b"), Reason::kInsufficient);
  cluster.AddApp("c", {.queue = "root.a"});
  cluster.Ask("c", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "c:n");
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.Decide(), "a:n");
}

TEST(Order, AMillionAsksAtOnceAreHeldAndServedInOrder) {
  Cluster cluster(TwoQueues("50", "50"));
  cluster.AddNode("n", {.size = Size(6, 6)});
  cluster.AddApp("flood", {.queue = "root.a"});
  cluster.AddApp("b", {.queue = "root.b"});
  const ApplicationSlot flood = cluster.app("flood");
  for (int64_t id = 1; id <= 900'000; ++id) {
    cluster.scheduler().SetAsk(
        flood, {.request_id = id, .count = 1, .resource = Size(1)}, cluster.now());
  }
  cluster.Ask("flood", {.request_id = 900'001, .count = 100'000, .resource = Size(1)});
  EXPECT_EQ(cluster.scheduler().pending_containers(), 1'000'000);
  cluster.Ask("b", 2, Size(1));
  EXPECT_EQ(cluster.Decide(), "flood:n b:n flood:n b:n flood:n flood:n");
  EXPECT_EQ(cluster.scheduler().pending_containers(), 999'996);
  EXPECT_EQ(cluster.scheduler().Wanted(flood, 4), 0);
  EXPECT_EQ(cluster.scheduler().Wanted(flood, 5), 1);
  cluster.RemoveApp("flood");
  EXPECT_EQ(cluster.scheduler().pending_containers(), 0);
  EXPECT_EQ(cluster.Decide(), "");
}

}  // namespace
}  // namespace weir::scheduler
