// Containers that get another size: what it is held against, and whom it makes room for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/scheduler_engine/cluster.h"

namespace weir::scheduler {
namespace {

using testing::HasSubstr;

QueueReport QueueNamed(Cluster& cluster, const std::string& path) {
  for (const QueueReport& report : cluster.scheduler().queues()) {
    if (report.path == path) return report;
  }
  ADD_FAILURE() << "no queue " << path;
  return {};
}

TEST(Resizes, AGrownContainerCountsWithItsNewSizeEverywhere) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", 2, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n a:n");
  EXPECT_EQ(cluster.Resize("a", "n", Size(4, 3)), "");
  EXPECT_EQ(cluster.scheduler().node_used(cluster.node("n")), Size(5, 4));
  EXPECT_EQ(cluster.scheduler().application_used(cluster.app("a")), Size(5, 4));
  EXPECT_EQ(cluster.scheduler().cluster_used(), Size(5, 4));
  EXPECT_EQ(QueueNamed(cluster, "root.q").partitions.at(0).used, Size(5, 4));
  EXPECT_EQ(QueueNamed(cluster, "root").partitions.at(0).used, Size(5, 4));
  EXPECT_EQ(cluster.scheduler().application_containers(cluster.app("a")), 2);
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.scheduler().node_used(cluster.node("n")), Size(1, 1));
}

TEST(Resizes, WhatIsGivenBackGoesToWhoWaits) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(4));
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.AddApp("b");
  cluster.Ask("b", 1, Size(2));
  EXPECT_EQ(cluster.Decide(), "");
  EXPECT_EQ(cluster.Resize("a", "n", Size(2)), "");
  EXPECT_EQ(cluster.Decide(), "b:n");
}

TEST(Resizes, SmallerAndLargerAtOnce) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(4, 1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  EXPECT_EQ(cluster.Resize("a", "n", Size(1, 4)), "");
  EXPECT_EQ(cluster.scheduler().node_used(cluster.node("n")), Size(1, 4));
}

TEST(Resizes, ASizeIsRoundedAndBoundedAsAsksAre) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(8, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  EXPECT_EQ(cluster.Resize("a", "n", {1025, 1}), "");
  EXPECT_EQ(cluster.scheduler().node_used(cluster.node("n")), Size(2, 1));
  EXPECT_THAT(cluster.Resize("a", "n", {int64_t{1} << 30, 1}), HasSubstr("memory"));
  EXPECT_NE(cluster.Resize("a", "n", {0, 1}), "");
  EXPECT_EQ(cluster.scheduler().node_used(cluster.node("n")), Size(2, 1));
}

TEST(Resizes, ItsNodeMustHaveRoom) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 8)});
  cluster.AddNode("other", {.size = Size(4, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", 2, Size(2));
  EXPECT_EQ(cluster.Decide(), "a:n a:n");
  EXPECT_THAT(cluster.Resize("a", "n", Size(3)), HasSubstr("node n has <memory:0, vCores:6> left"));
  cluster.Release("a", "n");
  EXPECT_EQ(cluster.used_gib("a"), 2);
}

TEST(Resizes, ANodeThatIsUnwellGivesNothingOutAndTakesEverythingBack) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(2));
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.scheduler().SetNodeSchedulable(cluster.node("n"), false);
  EXPECT_THAT(cluster.Resize("a", "n", Size(3)), HasSubstr("node n gives nothing out now"));
  EXPECT_EQ(cluster.Resize("a", "n", Size(1)), "");
}

TEST(Resizes, WhatIsHeldBackForOthersIsTheirs) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 8)});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  cluster.AddApp("large");
  cluster.Ask("large", 1, Size(4));
  EXPECT_EQ(cluster.Decide(), "");
  cluster.AddApp("other");
  cluster.Ask("other", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "other:n");
  cluster.Wait(std::chrono::seconds(1));
  EXPECT_EQ(cluster.Decide(), "");
  ASSERT_EQ(cluster.HeldFor("large"), "n");
  EXPECT_THAT(cluster.Resize("a", "n", Size(2)), HasSubstr("held back"));
}

TEST(Resizes, QueueAndParentAndUserMayNotExceedTheirLimits) {
  const Lines base = {"root.queues=p,o",
                      "root.p.queues=a,b",
                      "root.p.capacity=50",
                      "root.o.capacity=50",
                      "root.p.a.capacity=50",
                      "root.p.b.capacity=50",
                      "maximum-am-resource-percent=1"};
  const auto refusal = [&](const Lines& more) {
    Lines lines = base;
    lines.insert(lines.end(), more.begin(), more.end());
    Cluster cluster(lines);
    cluster.AddNode("n", {.size = Size(8, 16)});
    cluster.AddApp("a", {.queue = "root.p.a"});
    cluster.Ask("a", 2, Size(2));
    EXPECT_EQ(cluster.Decide(), "a:n a:n");
    return cluster.Resize("a", "n", Size(4));
  };
  EXPECT_EQ(refusal({"user-limit-factor=-1"}), "");
  EXPECT_THAT(refusal({"root.p.a.maximum-capacity=50", "user-limit-factor=-1"}),
              HasSubstr("queue root.p.a uses <memory:4096, vCores:2> of its maximum <memory:4096"));
  EXPECT_THAT(refusal({"root.p.maximum-capacity=60", "user-limit-factor=-1"}),
              HasSubstr("queue root.p uses <memory:4096, vCores:2> of its maximum <memory:4"));
  // The second container has overshot the limit of one user already, as YARN lets it.
  EXPECT_THAT(refusal({"root.p.a.user-limit-factor=1"}),
              HasSubstr("user mia uses <memory:4096, vCores:2> of the <memory:2048"));
}

TEST(Resizes, WhatAContainerIsFoundToHaveIsChargedWhateverTheLimits) {
  Cluster cluster;
  cluster.AddNode("n", {.size = Size(4, 4)});
  cluster.AddApp("a");
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "a:n");
  const ContainerSlot container{0};
  ASSERT_TRUE(cluster.scheduler().IsLive(container));
  cluster.scheduler().SetSize(container, Size(6, 1));
  EXPECT_EQ(cluster.scheduler().CheckInvariants(), "");
  EXPECT_EQ(cluster.scheduler().node_used(cluster.node("n")), Size(6, 1));
  cluster.Ask("a", 1, Size(1));
  EXPECT_EQ(cluster.Decide(), "") << "there is less than nothing left";
  cluster.scheduler().SetSize(container, Size(3, 1));
  EXPECT_EQ(cluster.Decide(), "a:n");
}

TEST(Resizes, AnApplicationMasterAlsoCountsAgainstTheLimitOfThose) {
  Cluster cluster({"root.queues=q",
                   "root.q.capacity=100",
                   "root.q.user-limit-factor=-1",
                   "maximum-am-resource-percent=0.5"});
  cluster.AddNode("n", {.size = Size(16, 16)});
  for (const char* name : {"a", "b"}) {
    cluster.AddApp(name, {.queue = "root.q", .am = Size(2)});
    cluster.Ask(name, 1, Size(2));
    EXPECT_EQ(cluster.Decide(), std::string(name) + ":n");
    cluster.SetMaster(name, "n");
  }
  EXPECT_EQ(cluster.Resize("a", "n", Size(6)), "");
  EXPECT_EQ(QueueNamed(cluster, "root.q").partitions.at(0).am_used.memory_mib, 8 * 1024);
  EXPECT_THAT(cluster.Resize("b", "n", Size(3)),
              HasSubstr("as an ApplicationMaster of <memory:3072"));
  EXPECT_EQ(cluster.used_gib("b"), 2);
  EXPECT_EQ(cluster.Resize("a", "n", Size(5)), "");
  EXPECT_EQ(cluster.Resize("b", "n", Size(3)), "");
}

}  // namespace
}  // namespace weir::scheduler
