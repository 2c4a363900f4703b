// After a start, until all nodes of before are back: no queue is taken above its guarantee.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNodeSize{4096, 16};
const Resource kWorker{512, 1};

// Two leaves with a half each, which may both have everything.
CoreOptions HalvesOptions() {
  const std::string p = "yarn.scheduler.capacity.";
  CoreOptions options = SmallOptions();
  options.local_queues = {{p + "root.queues", "a,b"},
                          {p + "maximum-am-resource-percent", "1"},
                          {p + "root.acl_administer_queue", " "},
                          {p + "root.a.capacity", "50"},
                          {p + "root.b.capacity", "50"},
                          {p + "root.a.user-limit-factor", "10"},
                          {p + "root.b.user-limit-factor", "10"}};
  options.recovery_wait = seconds(10);
  return options;
}

ContainerStatus Holds(const ContainerId& id) {
  ContainerStatus status = Running(id);
  status.resource = kWorker;
  return status;
}

// An AM of each queue on n1, and n2, of which nobody has anything; then a restart.
class Barrier : public ::testing::Test {
 protected:
  void SetUp() override { Begin({"n2"}); }
  void Begin(const std::vector<std::string>& silent) {
    driver.AddNode("n1", kNodeSize);
    first = Run("a");
    second = Run("b");
    for (const std::string& node : silent) driver.AddNode(node, kNodeSize);
    driver.Restart();
    driver.CommitAll();
    driver.RegisterNodeCall("n1", kNodeSize, {Holds(MasterOf(first)), Holds(MasterOf(second))});
    Register(first);
    Register(second);
  }
  AttemptId Run(const std::string& queue) {
    SubmissionContext context = Context("serve");
    context.queue = queue;
    return driver.RunApplication(context, queue, "n1");
  }
  ContainerId MasterOf(const AttemptId& attempt) {
    return driver.Report(attempt.application).am_container;
  }
  void Register(const AttemptId& attempt) {
    EXPECT_NE(driver.Get<RegisterMasterAnswer>(driver.RegisterMasterCall(attempt)), nullptr);
  }
  // Of 20 wanted, so many are given at once.
  size_t Ask(const AttemptId& attempt) {
    return driver.Ask(attempt, {AskFor(1, 20, kWorker)}).granted.size();
  }
  PendingReason Reason(const AttemptId& attempt) {
    return driver.Report(attempt.application).pending_reason;
  }
  size_t Rest(const AttemptId& attempt) { return driver.Ask(attempt).granted.size(); }

  CoreDriver driver{HalvesOptions()};
  AttemptId first;
  AttemptId second;
};

TEST_F(Barrier, GivesEachQueueItsGuaranteeAtOnceAndNoMore) {
  // Half of n1, with the AM's share.
  EXPECT_EQ(Ask(first), 3U);
  EXPECT_EQ(Reason(first), PendingReason::kRecoveryBarrier);
  EXPECT_THAT(driver.Report(first.application).pending_detail, HasSubstr("queue root.a"));
  EXPECT_EQ(Ask(second), 3U) << "nothing of it was taken by the other one";
}

struct EndCase {
  const char* name;
  std::function<void(CoreDriver&)> event;
  size_t more;  // containers for the first queue
};
class BarrierEnd : public Barrier, public ::testing::WithParamInterface<EndCase> {};

TEST_P(BarrierEnd, GivesTheRest) {
  ASSERT_EQ(Ask(first), 3U);
  driver.Advance(seconds(9));
  driver.Beat("n1");
  EXPECT_EQ(Rest(first), 0U);
  GetParam().event(driver);
  EXPECT_EQ(Rest(first), GetParam().more);
  EXPECT_NE(Reason(first), PendingReason::kRecoveryBarrier);
}

const EndCase kEndCases[] = {
    {"WhenTheLastNodeIsBack", [](CoreDriver& d) { d.AddNode("n2", kNodeSize); }, 11},
    {"WhenTheTimeIsOver", [](CoreDriver& d) { d.Advance(seconds(1)); }, 3},
};
INSTANTIATE_TEST_SUITE_P(All, BarrierEnd, ::testing::ValuesIn(kEndCases), [](const auto& each) {
  return std::string(each.param.name);
});

TEST_F(Barrier, EndsWhenWhatIsAwaitedIsLost) {
  CoreOptions options = HalvesOptions();
  options.recovery_wait = CoreOptions::kUntilAllAreSettled;
  driver = CoreDriver(options);
  SetUp();
  ASSERT_EQ(Ask(first), 3U);
  for (int i = 0; i < 2; ++i) {
    driver.Advance(seconds(15));
    driver.Beat("n1");
    Rest(first);
  }
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  EXPECT_NE(Reason(first), PendingReason::kRecoveryBarrier);
}

// No more of them may be given up within a minute; the others may have work of the queues still.
TEST_F(Barrier, LastsWhileMoreAreSilentThanMayBeGivenUp) {
  CoreOptions options = HalvesOptions();
  options.recovery_wait = CoreOptions::kUntilAllAreSettled;
  driver = CoreDriver(options);
  Begin({"n2", "n3"});
  // n2 and n3 are silent: one is given up at once, the other a minute later.
  EXPECT_EQ(Ask(first), 3U);
  const auto pass = [this](int64_t time) {
    for (int64_t i = 0; i < time / 15; ++i) {
      driver.Advance(seconds(15));
      driver.Beat("n1");
      Rest(first);
    }
  };
  pass(60);
  EXPECT_NE(driver.StateOfNode("n2") == NodeState::kLost,
            driver.StateOfNode("n3") == NodeState::kLost);
  EXPECT_EQ(Reason(first), PendingReason::kRecoveryBarrier);
  pass(60);
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  EXPECT_EQ(driver.StateOfNode("n3"), NodeState::kLost);
  EXPECT_NE(Reason(first), PendingReason::kRecoveryBarrier);
}

TEST(NoBarrier, WithoutAwaitedNodesOrIfTheClusterSaysSo) {
  for (const Duration wait : {Duration(0), Duration(seconds(10))}) {
    CoreOptions options = HalvesOptions();
    options.recovery_wait = wait;
    CoreDriver driver(options);
    if (wait == Duration(0)) {
      driver.AddNode("n1", kNodeSize);
      driver.AddNode("n2", kNodeSize);
      driver.Restart();
      driver.CommitAll();
    }
    driver.AddNode("n1", kNodeSize);
    SubmissionContext context = Context("serve");
    context.queue = "a";
    const AttemptId attempt = driver.RunApplication(context, "1", "n1");
    EXPECT_EQ(driver.Ask(attempt, {AskFor(1, 20, kWorker)}).granted.size(), 7U);
  }
}

}  // namespace
}  // namespace weir::rm
