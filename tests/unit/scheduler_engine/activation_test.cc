// Which applications may run, and when those that wait for it are looked at again. Sizes in GiB
// with one vcore each; an ApplicationMaster counts 1 GiB.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/scheduler_engine/cluster.h"

namespace weir::scheduler {
namespace {

constexpr Duration kSweep = std::chrono::milliseconds(100);  // no limit grows unnoticed for longer

Lines Queues(const Lines& more) {
  Lines lines = {
      "root.queues=q,other",
      "root.q.capacity=50",
      "root.other.capacity=50",
      "user-limit-factor=-1",
      "resource-calculator=org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

AppSpec InQ(const std::string& user) {
  return {.queue = "root.q", .user = user, .am = Size(1)};
}

// Of a to g those that are there and may run.
std::string Active(const Cluster& cluster) {
  std::string active;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"}) {
    if (cluster.has(name) && cluster.activated(name)) active += name;
  }
  return active;
}

void Reconfigure(Cluster& cluster, const Lines& more) {
  const Status done =
      cluster.scheduler().Reconfigure(Parse(Queues(more), ThreeTypes()), cluster.now());
  ASSERT_TRUE(done.ok()) << done.error().message;
}

const char kHalf[] = "maximum-am-resource-percent=0.5";
const char kAll[] = "maximum-am-resource-percent=1";

// a to f come to root.q. On a node of 8 GiB of which another queue uses 1, and with kHalf,
// ApplicationMasters of the queue may use 4 GiB, those of one user 2.
struct Cause {
  std::string name;
  Lines queues;
  std::string active;  // of a to f
  std::function<void(Cluster&)> happens;
  std::string then;    // active at once
  std::string later;   // and when limits have been looked at again
  std::string user{};  // of all six; "": each has his own
};

std::vector<Cause> CausesOfMoreRoom() {
  return {
      {"a node comes",
       {kHalf},
       "abcd",
       [](Cluster& c) { c.AddNode("m", {.size = Size(2, 2)}); },
       "abcde",
       "abcde"},
      {"a node offers more",
       {kHalf},
       "abcd",
       [](Cluster& c) { c.scheduler().SetNodeCapacity(c.node("n"), Size(10, 10)); },
       "abcde",
       "abcde"},
      {"ApplicationMasters may use more",
       {kHalf},
       "abcd",
       [](Cluster& c) { Reconfigure(c, {"maximum-am-resource-percent=0.6"}); },
       "abcde",
       "abcde"},
      {"the queue may use more",
       {kHalf, "root.q.maximum-capacity=50"},
       "ab",
       [](Cluster& c) {
         Reconfigure(c, {kHalf, "root.q.maximum-capacity=75"});
       },
       "abc",
       "abc"},
      {"one ends", {kHalf}, "abcd", [](Cluster& c) { c.RemoveApp("b"); }, "acde", "acde"},
      {"one goes to another queue",
       {kHalf},
       "abcd",
       [](Cluster& c) {
         ASSERT_TRUE(c.scheduler().MoveApplication(c.app("b"), "root.other", c.now()).ok());
       },
       "abcde",
       "abcde"},
      {"one of the same user ends",
       {kHalf},
       "ab",
       [](Cluster& c) { c.RemoveApp("a"); },
       "bc",
       "bc",
       "mia"},
      {"the last has become the first",
       {kHalf},
       "abcd",
       [](Cluster& c) {
         c.scheduler().SetPriority(c.app("f"), 7);
         c.RemoveApp("a");
       },
       "bcdf",
       "bcdf"},
      {"more may run at a time",
       {kAll, "root.q.max-parallel-apps=2"},
       "ab",
       [](Cluster& c) {
         Reconfigure(c, {kAll, "root.q.max-parallel-apps=3"});
       },
       "abc",
       "abc"},
      {"one of another queue ends, and its parent lets one more run",
       {kAll, "root.max-parallel-apps=3"},
       "ab",
       [](Cluster& c) { c.RemoveApp("o"); },
       "ab",
       "abc"},
      {"the other queue gives something back",
       {kHalf},
       "abcd",
       [](Cluster& c) { c.Release("o", "n"); },
       "abcd",
       "abcd"},
      {"one more comes",
       {kHalf},
       "abcd",
       [](Cluster& c) { c.AddApp("g", InQ("g")); },
       "abcd",
       "abcd"},
      {"a more important one comes",
       {kHalf},
       "abcd",
       [](Cluster& c) {
         AppSpec urgent = InQ("g");
         urgent.priority = 9;
         c.AddApp("g", urgent);
       },
       "abcd",
       "abcd"},
  };
}

TEST(Activation, WhoWaitsIsLookedAtAgainWhenThereMayBeMoreRoom) {
  for (const Cause& cause : CausesOfMoreRoom()) {
    SCOPED_TRACE(cause.name);
    Cluster cluster(Queues(cause.queues));
    cluster.AddNode("n", {.size = Size(8, 8)});
    cluster.AddApp("o", {.queue = "root.other", .user = "mia"});
    cluster.Ask("o", 1, Size(1));
    EXPECT_EQ(cluster.Decide(), "o:n");
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
      cluster.AddApp(name, InQ(cause.user.empty() ? name : cause.user));
    }
    cluster.Decide();
    cluster.Wait(kSweep);
    cluster.Decide();
    EXPECT_EQ(Active(cluster), cause.active);
    cause.happens(cluster);
    cluster.Decide();
    EXPECT_EQ(Active(cluster), cause.then);
    cluster.Wait(kSweep);
    cluster.Decide();
    EXPECT_EQ(Active(cluster), cause.later);
    cluster.Wait(kSweep);
    cluster.Decide();
    EXPECT_FALSE(cluster.scheduler().NextDeadline()) << "nothing more is to be looked at";
  }
}

// Room that another queue has left is found by the next look at all who wait. Whoever comes before
// that does not take it from who came first.
TEST(Activation, WhoComesLaterDoesNotGoFirstWhereLimitsHaveGrownMeanwhile) {
  Cluster cluster(Queues({kHalf}));
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("o", {.queue = "root.other", .user = "mia"});
  cluster.Ask("o", 4, Size(1));
  cluster.Decide();
  for (const char* name : {"a", "b", "c"}) cluster.AddApp(name, InQ(name));
  cluster.Decide();
  cluster.Wait(kSweep);
  cluster.Decide();
  ASSERT_EQ(Active(cluster), "ab") << "4 of 8 GiB are left: 2 for ApplicationMasters";
  cluster.Release("o", "n");
  cluster.Release("o", "n");
  cluster.AddApp("d", InQ("d"));
  cluster.Decide();
  EXPECT_EQ(Active(cluster), "abc") << "6 of 8 GiB: 3";
}

}  // namespace
}  // namespace weir::scheduler
