// Labels, what nodes offer, gangs, blacklists and preemption in the core.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNodeSize{4096, 16};
const Resource kWorker{512, 1};

// Two leaves of one half each that may use the whole, and every label.
CoreOptions Options() {
  CoreOptions options = SmallOptions();
  const std::string p = "yarn.scheduler.capacity.";
  options.local_queues = {{p + "root.queues", "a,b"},
                          {p + "maximum-am-resource-percent", "1"},
                          {p + "root.a.capacity", "50"},
                          {p + "root.b.capacity", "50"},
                          {p + "root.a.user-limit-factor", "10"},
                          {p + "root.b.user-limit-factor", "10"},
                          {p + "root.accessible-node-labels", "*"}};
  for (const std::string leaf : {"a", "b"}) {
    options.local_queues.push_back({p + "root." + leaf + ".accessible-node-labels", "*"});
  }
  options.local_queues.push_back({"yarn.resourcemanager.scheduler.monitor.enable", "true"});
  const std::string preemption = "yarn.resourcemanager.monitor.capacity.preemption.";
  options.local_queues.push_back({preemption + "monitoring_interval", "1000"});
  options.local_queues.push_back({preemption + "max_wait_before_kill", "5000"});
  options.local_queues.push_back({preemption + "total_preemption_per_round", "1.0"});
  options.local_queues.push_back({preemption + "natural_termination_factor", "1.0"});
  options.local_queues.push_back({preemption + "max_ignored_over_capacity", "0.0"});
  return options;
}

SubmissionContext In(const std::string& queue) {
  SubmissionContext context = Context("count");
  context.queue = queue;
  return context;
}

class Partition : public ::testing::Test {
 protected:
  void SetUp() override { driver.AddNode("n1", kNodeSize); }
  void TearDown() override {
    for (const auto& fault : driver.invalid) {
      ADD_FAILURE() << fault.subject.ToString() << ": " << fault.event << " in " << fault.state;
    }
  }
  template <typename Event>
  CallId Do(Event event) {
    const CallId call = driver.NewCall();
    event.call = call;
    event.by = "root";
    driver.Step(std::move(event));
    driver.CommitAll();
    return call;
  }
  bool Done(CallId call) { return driver.Get<NoContent>(call) != nullptr; }
  std::string LabelOfNode(const std::string& uuid) {
    for (const auto& node : driver.core->Nodes()) {
      if (node.id.uuid == uuid) return node.label;
    }
    return "?";
  }
  // A second at a time, with everybody alive; the answers' preemptions and ends are kept.
  void Live(int seconds_long,
            const std::vector<AttemptId>& masters,
            const std::vector<std::string>& nodes) {
    for (int i = 0; i < seconds_long; ++i) {
      driver.Advance(seconds(1));
      for (const AttemptId& master : masters) {
        const AllocateAnswer answer = driver.Ask(master);
        for (const auto& notice : answer.preemption) noticed.push_back(notice);
        for (const auto& status : answer.completed) ended.push_back(status);
        for (const auto& grant : answer.granted) granted.push_back(grant);
      }
      for (const std::string& node : nodes) {
        std::vector<ContainerStatus> statuses;
        for (const auto& stop : driver.Beat(node).stop) {
          stops.push_back(stop);
          const bool preempted = stop.reason == StopReason::kPreempted;
          statuses.push_back(Complete(stop.id, preempted ? exit_code::kPreempted : 0));
        }
        if (!statuses.empty()) driver.Beat(node, statuses);
      }
    }
  }
  std::vector<ContainerId> StartAll(const AllocateAnswer& answer, const std::string& node) {
    std::vector<ContainerId> ids;
    std::vector<ContainerStatus> statuses;
    for (const auto& grant : answer.granted) {
      ids.push_back(grant.token.id);
      statuses.push_back(Running(grant.token.id));
    }
    driver.Beat(node, statuses);
    return ids;
  }

  CoreDriver driver{Options()};
  std::vector<PreemptionNotice> noticed;
  std::vector<ContainerStatus> ended;
  std::vector<ContainerGrant> granted;
  std::vector<StopContainerCommand> stops;
};

TEST_F(Partition, LabelIsAddedGivenToNodesAndTakenAway) {
  ASSERT_TRUE(Done(Do(AddLabels{.labels = {{"gpu", true}, {"ssd", false}}})));
  EXPECT_TRUE(Done(Do(AddLabels{.labels = {{"gpu", true}}}))) << "again";
  EXPECT_EQ(driver.Code(Do(AddLabels{.labels = {{"gpu", false}}})), ErrorCode::kAlreadyExists);
  EXPECT_EQ(driver.Code(Do(AddLabels{.labels = {{"g p u", true}}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(driver.Code(Do(ReplaceLabelsOnNodes{.labels = {{"n1", "fpga"}}})),
            ErrorCode::kNotFound);
  ASSERT_TRUE(Done(Do(ReplaceLabelsOnNodes{.labels = {{"n1.example", "gpu"}}})));
  EXPECT_EQ(LabelOfNode("n1"), "gpu");
  const auto labels = driver.core->Labels();
  ASSERT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels[1].name, "gpu");
  EXPECT_EQ(labels[1].nodes, 1);
  EXPECT_EQ(labels[1].total, kNodeSize);
  EXPECT_TRUE(Done(Do(RemoveLabels{.labels = {"gpu"}})));
  EXPECT_EQ(LabelOfNode("n1"), "");
  EXPECT_EQ(driver.Code(Do(RemoveLabels{.labels = {"gpu"}})), ErrorCode::kNotFound);
}

TEST_F(Partition, LabelsSurviveARestart) {
  Do(AddLabels{.labels = {{"gpu", true}}});
  Do(ReplaceLabelsOnNodes{.labels = {{"n1", "gpu"}, {"n2", "gpu"}}});
  driver.Restart();
  driver.AddNode("n1", kNodeSize);
  driver.AddNode("n2", kNodeSize);
  EXPECT_EQ(LabelOfNode("n1"), "gpu");
  EXPECT_EQ(LabelOfNode("n2"), "gpu") << "said before the node had ever come";
}

TEST_F(Partition, ApplicationWithALabelRunsThereOnly) {
  Do(AddLabels{.labels = {{"gpu", true}}});
  SubmissionContext context = In("a");
  context.label = "fpga";
  EXPECT_EQ(driver.Code(driver.Submit(context, "1")), ErrorCode::kInvalidArgument);
  context.label = "gpu";
  const ApplicationId id = driver.SubmitStored(context, "2");
  EXPECT_TRUE(driver.Beat("n1").start.empty());
  EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kNodeLabel);
  Do(ReplaceLabelsOnNodes{.labels = {{"n1", "gpu"}}});
  EXPECT_EQ(driver.Beat("n1").start.size(), 1U);
}

TEST_F(Partition, NodeOffersWhatItsAdministratorSays) {
  EXPECT_EQ(driver.Code(Do(UpdateNodeResource{.node = "n9", .capacity = Resource{1, 1}})),
            ErrorCode::kNotFound);
  EXPECT_EQ(driver.Code(Do(UpdateNodeResource{.node = "n1", .capacity = Resource{-1, 1}})),
            ErrorCode::kInvalidArgument);
  ASSERT_TRUE(
      Done(Do(UpdateNodeResource{.node = "n1.example:45454", .capacity = Resource{8192, 16}})));
  EXPECT_EQ(driver.core->Summary().total, (Resource{8192, 16}));
  driver.RegisterNodeCall("n1", kNodeSize);
  EXPECT_EQ(driver.core->Summary().total, (Resource{8192, 16})) << "also after it registers again";
  driver.Restart();
  driver.AddNode("n1", kNodeSize);
  EXPECT_EQ(driver.core->Summary().total, (Resource{8192, 16})) << "and after a restart";
  ASSERT_TRUE(Done(Do(UpdateNodeResource{.node = "n1.example:45454", .capacity = std::nullopt})));
  EXPECT_EQ(driver.core->Summary().total, kNodeSize);
}

TEST_F(Partition, NodeThatOffersLessGetsRidOfTheSurplusInTime) {
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  const auto workers = StartAll(driver.Ask(attempt, {AskFor(1, 5, kWorker)}), "n1");
  ASSERT_EQ(workers.size(), 5U);
  // 6 x 512 are in use; room for 4 remains: the two newest go.
  Do(UpdateNodeResource{
      .node = "n1", .capacity = Resource{2048, 16}, .overcommit_timeout = seconds(3)});
  const AllocateAnswer warned = driver.Ask(attempt);
  ASSERT_EQ(warned.preemption.size(), 2U);
  EXPECT_EQ(warned.preemption[0].grace, seconds(3));
  Live(2, {attempt}, {"n1"});
  EXPECT_TRUE(stops.empty());
  Live(2, {attempt}, {"n1"});
  Live(1, {attempt}, {"n1"});
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].exit_code, exit_code::kPreempted);
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{2048, 4}));
  EXPECT_EQ(driver.Report(attempt.application).preempted_containers, 2);
}

TEST_F(Partition, GangIsGrantedWholeOrNotAtAll) {
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  ContainerAsk gang = AskFor(1, 10, kWorker);
  gang.gang = true;
  AllocateAnswer answer = driver.Ask(attempt, {gang});
  EXPECT_TRUE(answer.granted.empty()) << "seven of ten fit";
  EXPECT_EQ(answer.pending_reason, PendingReason::kGangIncomplete);
  driver.AddNode("n2", kNodeSize);
  answer = driver.Ask(attempt);
  EXPECT_EQ(answer.granted.size(), 10U);
}

TEST_F(Partition, LostMemberOfAGangIsAskedForByItself) {
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  ContainerAsk gang = AskFor(1, 9, kWorker);
  gang.gang = true;
  EXPECT_TRUE(driver.Ask(attempt, {gang}).granted.empty());
  // Granted while no call waits, so nobody hears of it before the second node is gone.
  driver.AddNode("n2", {1024, 16});
  EXPECT_EQ(driver.UsedOnNode("n2"), (Resource{1024, 2}));
  driver.Step(
      UnregisterNode{.call = driver.NewCall(), .node = {"n2"}, .session = driver.sessions["n2"]});
  EXPECT_EQ(driver.Ask(attempt).granted.size(), 7U);
  driver.AddNode("n3", kWorker);
  EXPECT_EQ(driver.Ask(attempt).granted.size(), 1U) << "without waiting for the other one";
}

TEST_F(Partition, BlacklistedNodeIsLeftAlone) {
  driver.AddNode("n2", kNodeSize);
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  const CallId call = driver.AllocateCall(attempt,
                                          {.sequence = 1,
                                           .asks = {AskFor(1, 3, kWorker)},
                                           .blacklist_add = {"n1.example"},
                                           .park = Duration(0)});
  const auto* answer = driver.Get<AllocateAnswer>(call);
  ASSERT_NE(answer, nullptr);
  ASSERT_EQ(answer->granted.size(), 3U);
  for (const auto& grant : answer->granted) EXPECT_EQ(grant.token.node.uuid, "n2");
}

TEST_F(Partition, QueueBelowItsShareGetsItBackWithAWarning) {
  const AttemptId greedy = driver.RunApplication(In("a"), "1", "n1");
  StartAll(driver.Ask(greedy, {AskFor(1, 7, kWorker)}), "n1");
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{4096, 8}));
  const ApplicationId starved = driver.SubmitStored(In("b"), "2");
  Live(4, {greedy}, {"n1"});
  ASSERT_FALSE(noticed.empty());
  EXPECT_LE(noticed[0].grace, seconds(5));
  EXPECT_TRUE(stops.empty()) << "there is a time of warning";
  Live(10, {greedy}, {"n1"});
  ASSERT_FALSE(stops.empty());
  EXPECT_EQ(stops[0].reason, StopReason::kPreempted);
  ASSERT_FALSE(ended.empty());
  EXPECT_EQ(ended[0].exit_code, exit_code::kPreempted);
  EXPECT_EQ(driver.Report(starved).pending_reason, PendingReason::kLaunching);
  EXPECT_EQ(driver.Report(greedy.application).state, ApplicationState::kRunning);
  EXPECT_GE(driver.Report(greedy.application).preempted_containers, 1);
}

TEST_F(Partition, PreemptedMasterIsNoFailure) {
  SubmissionContext context = In("a");
  context.max_attempts = 1;
  const AttemptId attempt = driver.RunApplication(context, "1", "n1");
  Do(UpdateNodeResource{
      .node = "n1", .capacity = Resource{256, 1}, .overcommit_timeout = Duration(0)});
  Live(1, {}, {"n1"});
  Live(1, {}, {"n1"});
  driver.CommitAll();
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kAccepted);
  EXPECT_EQ(driver.Report(attempt.application).attempt.number, 2);
  Do(UpdateNodeResource{.node = "n1", .capacity = std::nullopt});
  EXPECT_EQ(driver.Beat("n1").start.size(), 1U);
}

}  // namespace
}  // namespace weir::rm
