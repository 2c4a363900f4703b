// Nodes that go: by command, by the files, with and without time; and nodes that come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNodeSize{4096, 8};
const Resource kWorker{512, 1};

CoreOptions Options() {
  CoreOptions options = SmallOptions();
  options.expiry_share = 1;
  return options;
}

class Decommissions : public ::testing::Test {
 protected:
  Decommissions() : driver(Options()) {}

  std::optional<ErrorCode> Drain(const std::string& node,
                                 std::optional<Duration> timeout = std::nullopt,
                                 bool undo = false) {
    const CallId call = BeginDrain(node, timeout, undo);
    if (!undo) {
      EXPECT_TRUE(!driver.Answered(call) || driver.Code(call)) << "not before it is durable";
    }
    driver.CommitAll();
    EXPECT_TRUE(driver.Answered(call));
    return driver.Code(call);
  }
  // These without the commit.
  CallId BeginDrain(const std::string& node, std::optional<Duration> timeout, bool undo = false) {
    const CallId call = driver.NewCall();
    driver.Step(
        DrainNode{.call = call, .by = "root", .node = node, .timeout = timeout, .undo = undo});
    return call;
  }
  CallId BeginRefresh(const NodeLists& lists) {
    const CallId call = driver.NewCall();
    driver.Step(RefreshNodes{.call = call, .by = "root", .lists = lists, .graceful = true});
    return call;
  }
  CallId BeginRegistration(const std::string& uuid,
                           const HostPort& address,
                           std::vector<ContainerStatus> containers = {}) {
    const CallId call = driver.NewCall();
    driver.Step(RegisterNode{.call = call,
                             .request = {.id = {uuid},
                                         .address = address,
                                         .http_address = uuid + ":8042",
                                         .rack = "/default-rack",
                                         .capacity = kNodeSize,
                                         .containers = std::move(containers)}});
    return call;
  }
  const store::DecommissionRecord* StoredDecommission(const std::string& uuid) const {
    const auto found = driver.store.find(store::DecommissionKey({uuid}));
    return found == driver.store.end() ? nullptr
                                       : std::get_if<store::DecommissionRecord>(&found->second);
  }
  std::optional<ErrorCode> Undo(const std::string& node) { return Drain(node, std::nullopt, true); }
  void Refresh(const NodeLists& lists,
               bool graceful,
               std::optional<Duration> timeout = std::nullopt) {
    const CallId call = driver.NewCall();
    driver.Step(RefreshNodes{
        .call = call, .by = "root", .lists = lists, .graceful = graceful, .timeout = timeout});
    driver.CommitAll();
    EXPECT_NE(driver.Get<NoContent>(call), nullptr);
  }
  static NodeLists Excluding(const std::string& name,
                             std::optional<Duration> timeout = std::nullopt) {
    NodeLists lists;
    lists.exclude[name] = timeout;
    return lists;
  }
  // An application with its AM on n1 and a worker running on n2.
  void RunOnTwo() {
    driver.AddNode("n1", {512, 1});
    attempt = driver.RunApplication(Context("two"), "1", "n1");
    driver.AddNode("n2", kNodeSize);
    const auto granted = driver.Ask(attempt, {AskFor(1, 1, kWorker)}).granted;
    ASSERT_EQ(granted.size(), 1U);
    worker = granted[0].token.id;
    driver.Beat("n2", {Running(worker)});
  }
  // Both nodes and the AM keep talking.
  void Live(Duration time) {
    for (Duration passed{0}; passed < time; passed += seconds(5)) {
      driver.Advance(seconds(5));
      for (const char* uuid : {"n1", "n2"}) {
        const NodeState state = driver.StateOfNode(uuid);
        if (state != NodeState::kDecommissioned && state != NodeState::kLost) driver.Beat(uuid);
      }
      driver.Ask(attempt);
    }
  }
  NodeReport ReportOf(const std::string& uuid) const {
    for (const NodeReport& report : driver.core->Nodes()) {
      if (report.id.uuid == uuid) return report;
    }
    return {};
  }
  std::optional<ErrorCode> Register(const std::string& uuid) {
    return driver.Code(driver.RegisterNodeCall(uuid, kNodeSize));
  }

  CoreDriver driver;
  AttemptId attempt;
  ContainerId worker;
};

TEST_F(Decommissions, AnEmptyNodeIsOutAtOnceAndRefusedUntilItIsTakenBack) {
  driver.AddNode("n1", kNodeSize);
  EXPECT_EQ(Drain("n1"), std::nullopt);
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kDecommissioned);
  EXPECT_EQ(driver.core->Summary().nodes_decommissioned, 1);
  const CallId call = driver.RegisterNodeCall("n1", kNodeSize);
  EXPECT_EQ(driver.Code(call), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(std::get<Error>(driver.replies.at(call)).message,
              HasSubstr("was decommissioned by root"));
  EXPECT_EQ(Undo("n1"), std::nullopt);
  EXPECT_EQ(Register("n1"), std::nullopt);
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
  EXPECT_FALSE(driver.Stored(store::DecommissionKey({"n1"})));
}

TEST_F(Decommissions, NobodyDrainsWhatIsNotKnown) {
  EXPECT_EQ(Drain("n9"), ErrorCode::kNotFound);
  EXPECT_EQ(Undo("n9"), ErrorCode::kNotFound);
  driver.AddNode("n1", kNodeSize);
  EXPECT_EQ(Undo("n1"), std::nullopt) << "nothing to take back";
}

// Found by the simulator (seed 89).
TEST_F(Decommissions, ANodeThatWasTakenBackCanBeDrainedAgainBeforeItComes) {
  driver.AddNode("n1", kNodeSize);
  Drain("n1");
  Undo("n1");
  EXPECT_EQ(Drain("n1"), std::nullopt);
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kDecommissioned);
  EXPECT_EQ(Register("n1"), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(driver.invalid.empty());
}

TEST_F(Decommissions, WhatRunsMayEndAndNothingNewComes) {
  RunOnTwo();
  EXPECT_EQ(Drain("n2.example", seconds(600)), std::nullopt);
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
  const NodeReport report = ReportOf("n2");
  EXPECT_EQ(report.decommission_by, driver.now.wall + seconds(600));
  EXPECT_THAT(report.health_report, HasSubstr("1 container is left"));
  // Its AM hears of it, with the time that is left.
  const AllocateAnswer heard = driver.Ask(attempt, {AskFor(2, 1, kWorker)});
  ASSERT_EQ(heard.preemption.size(), 1U);
  EXPECT_EQ(heard.preemption[0].container, worker);
  EXPECT_EQ(heard.preemption[0].grace, seconds(600));
  EXPECT_TRUE(heard.granted.empty()) << "there is room on no other node";
  Live(seconds(300));
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
  EXPECT_TRUE(driver.Beat("n2", {Complete(worker, 0)}).completions_recorded.empty())
      << "its AM has yet to hear of it";
  const auto completed = driver.Ask(attempt).completed;
  ASSERT_EQ(completed.size(), 1U);
  EXPECT_EQ(completed[0].exit_code, 0);
  driver.Ask(attempt);
  EXPECT_EQ(driver.Beat("n2").completions_recorded, std::vector{worker});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning) << "it has yet to hear that";
  driver.Heartbeat("n2",
                   {.session = driver.sessions["n2"], .sequence = ++driver.node_sequences["n2"]});
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
}

TEST_F(Decommissions, AtTheDeadlineTheRestIsStoppedWithThatCause) {
  RunOnTwo();
  Drain("n2", seconds(60));
  Live(seconds(60));
  const auto told = driver.Beat("n2");
  ASSERT_EQ(told.stop.size(), 1U);
  EXPECT_EQ(told.stop[0].id, worker);
  EXPECT_EQ(told.stop[0].reason, StopReason::kNodeDecommissioned);
  driver.Beat("n2", {Complete(worker, exit_code::kAborted)});
  driver.Ask(attempt);
  driver.Ask(attempt);
  driver.Beat("n2");
  driver.Heartbeat("n2",
                   {.session = driver.sessions["n2"], .sequence = ++driver.node_sequences["n2"]});
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kRunning);
}

TEST_F(Decommissions, ANodeThatDoesNotReportTheEndsIsTakenOutAllTheSame) {
  RunOnTwo();
  Drain("n2", seconds(10));
  Live(seconds(10));
  Live(seconds(30));  // the node's expiry
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  EXPECT_EQ(driver.core->Summary().containers_allocated, 1);
}

TEST_F(Decommissions, AMasterOnTheNodeStartsAgainElsewhereAtNoCost) {
  driver.AddNode("n1", kNodeSize);
  SubmissionContext context = Context("one");
  context.max_attempts = 1;
  attempt = driver.RunApplication(context, "1", "n1");
  Drain("n1", seconds(0));
  driver.Advance(milliseconds(1));
  const auto told = driver.Beat("n1");
  ASSERT_EQ(told.stop.size(), 1U);
  driver.Beat("n1", {Complete(told.stop[0].id, exit_code::kAborted)});
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kAccepted);
  EXPECT_EQ(driver.Report(attempt.application).attempt.number, 2);
  driver.AddNode("n2", kNodeSize);
  EXPECT_EQ(driver.StartMasters("n2").size(), 1U);
}

TEST_F(Decommissions, GrantsThatNobodyHasHeardOfGoElsewhere) {
  driver.AddNode("n1", {512, 1});
  attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Ask(attempt, {AskFor(1, 2, kWorker)});
  driver.AddNode("n2", kNodeSize);
  EXPECT_EQ(driver.UsedOnNode("n2"), (Resource{1024, 2}));
  Drain("n2");
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned) << "nothing was ever there";
  driver.AddNode("n3", kNodeSize);
  EXPECT_EQ(driver.Ask(attempt).granted.size(), 2U);
}

TEST_F(Decommissions, TakingBackGoesOnAsIfNothingHadBeen) {
  RunOnTwo();
  Drain("n2", seconds(600));
  EXPECT_EQ(driver.Ask(attempt).preemption.size(), 1U);
  Undo("n2");
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  EXPECT_TRUE(driver.Ask(attempt).preemption.empty());
  EXPECT_EQ(driver.Ask(attempt, {AskFor(2, 1, kWorker)}).granted.size(), 1U);
  Live(seconds(700));
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  EXPECT_EQ(ReportOf("n2").decommission_by, WallTime{});
}

TEST_F(Decommissions, ASickNodeIsStillSickWhenItIsTakenBack) {
  RunOnTwo();
  Drain("n2", seconds(600));
  driver.Heartbeat("n2",
                   {.session = driver.sessions["n2"],
                    .sequence = ++driver.node_sequences["n2"],
                    .healthy = false,
                    .health_report = "disk full"});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
  EXPECT_THAT(ReportOf("n2").health_report, HasSubstr("disk full"));
  Undo("n2");
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kUnhealthy);
  EXPECT_TRUE(driver.Ask(attempt, {AskFor(2, 1, kWorker)}).granted.empty());
  driver.Beat("n2");
  EXPECT_EQ(driver.Ask(attempt).granted.size(), 1U);
}

TEST_F(Decommissions, ADrainOutlivesTheResourceManagerWithItsDeadline) {
  RunOnTwo();
  Drain("n2", seconds(600));
  driver.now.wall += seconds(100);
  driver.Restart();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kNew);
  EXPECT_EQ(Register("n2"), std::nullopt);
  // It holds nothing any more.
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  driver.Restart();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  EXPECT_EQ(Register("n2"), ErrorCode::kFailedPrecondition);
  Undo("n2");
  driver.Restart();
  EXPECT_EQ(Register("n2"), std::nullopt);
}

TEST_F(Decommissions, ANodeThatIsAwayAtItsDeadlineMayNotComeBack) {
  RunOnTwo();
  Drain("n2", seconds(600));
  driver.Restart();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kNew);
  driver.Advance(seconds(120));
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  driver.Advance(seconds(481));
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  EXPECT_EQ(Register("n2"), ErrorCode::kFailedPrecondition);
}

TEST_F(Decommissions, ExcludedWithoutGraceIsStoppedAtOnce) {
  RunOnTwo();
  Refresh(Excluding("n2.example"), false);
  driver.Advance(milliseconds(1));
  const auto told = driver.Beat("n2");
  ASSERT_EQ(told.stop.size(), 1U);
  driver.Beat("n2", {Complete(worker, exit_code::kAborted)});
  driver.Ask(attempt);
  driver.Ask(attempt);
  driver.Beat("n2");
  driver.Heartbeat("n2",
                   {.session = driver.sessions["n2"], .sequence = ++driver.node_sequences["n2"]});
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  EXPECT_EQ(Register("n2"), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(Undo("n2"), ErrorCode::kFailedPrecondition) << "the file says so";
  Refresh({}, false);
  EXPECT_EQ(Register("n2"), std::nullopt);
}

// (timeout of the command, of the file) -> deadline after the refresh.
TEST_F(Decommissions, WhoseTimeoutCounts) {
  struct Row {
    std::optional<Duration> of_command;
    std::optional<Duration> of_file;
    Duration expected;  // negative = never
  };
  const Row rows[] = {{std::nullopt, std::nullopt, seconds(3600)},
                      {std::nullopt, seconds(50), seconds(50)},
                      {seconds(70), std::nullopt, seconds(70)},
                      {seconds(70), seconds(50), seconds(70)},
                      {seconds(-1), seconds(50), seconds(-1)},
                      {std::nullopt, seconds(-1), seconds(-1)}};
  RunOnTwo();
  for (const Row& row : rows) {
    Refresh(Excluding("n2.example:45454", row.of_file), true, row.of_command);
    EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
    const WallTime expected =
        row.expected < Duration(0)
            ? WallTime{}
            : driver.now.wall + std::chrono::duration_cast<milliseconds>(row.expected);
    EXPECT_EQ(ReportOf("n2").decommission_by, expected);
    Refresh({}, true);
    EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  }
}

TEST_F(Decommissions, ARepeatedRefreshKeepsTheDeadlineUnlessItNamesOne) {
  RunOnTwo();
  Refresh(Excluding("n2.example"), true, seconds(600));
  const WallTime first = ReportOf("n2").decommission_by;
  Live(seconds(10));
  Refresh(Excluding("n2.example"), true);
  EXPECT_EQ(ReportOf("n2").decommission_by, first);
  Refresh(Excluding("n2.example"), true, seconds(900));
  EXPECT_EQ(ReportOf("n2").decommission_by, driver.now.wall + seconds(900));
}

TEST_F(Decommissions, OnlyThoseInANonEmptyIncludeListMayCome) {
  driver.AddNode("n1", kNodeSize);
  driver.AddNode("n2", kNodeSize);
  NodeLists lists;
  lists.include = {"n1.example"};
  Refresh(lists, true);
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  EXPECT_EQ(Register("n3"), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(driver.core->Nodes().size(), 2U) << "it is not even known";
}

TEST_F(Decommissions, TheListsOfTheStartCountForThoseWhoAreKnown) {
  driver.AddNode("n1", kNodeSize);
  driver.AddNode("n2", kNodeSize);
  driver.options.node_lists = Excluding("n1.example");
  driver.Restart();
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kNew) << "it may hold containers";
  EXPECT_EQ(Register("n1"), std::nullopt);
  driver.Advance(milliseconds(1));
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kDecommissioned) << "it holds none";
  EXPECT_EQ(Register("n1"), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(Register("n2"), std::nullopt);
  driver.options.node_lists = {};
  driver.Restart();
  driver.CommitAll();
  EXPECT_EQ(Register("n1"), std::nullopt);
}

TEST_F(Decommissions, ADrainByCommandOutlivesTheFiles) {
  RunOnTwo();
  Drain("n2", seconds(600));
  Refresh(Excluding("n2.example"), true);
  Refresh({}, true);
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
}

TEST_F(Decommissions, ADrainingNodeThatRegistersAgainGoesOnDraining) {
  RunOnTwo();
  Drain("n2", seconds(600));
  driver.RegisterNodeCall("n2", kNodeSize, {Running(worker)});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
  EXPECT_EQ(driver.core->Summary().containers_allocated, 2);
}

TEST_F(Decommissions, ADrainingNodeThatFallsSilentIsLostAndGoesOnWhenItIsBack) {
  RunOnTwo();
  Drain("n2", seconds(600));
  for (int i = 0; i < 7; ++i) {
    driver.Advance(seconds(5));
    driver.Beat("n1");
    driver.Ask(attempt);
  }
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  driver.RegisterNodeCall("n2", kNodeSize, {Running(worker)});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning) << "it still runs something";
  EXPECT_EQ(driver.Beat("n2").stop.size(), 1U);
}

// What nobody waits for does not have to come back first.
TEST_F(Decommissions, ADrainWithoutADeadlineEndsWithTheNode) {
  struct Row {
    const char* how;
    bool restart;
    bool unregisters;
  };
  const Row rows[] = {
      {"lost", false, false}, {"lost after a restart", true, false}, {"shut down", false, true}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.how);
    driver = CoreDriver(Options());
    RunOnTwo();
    Drain("n2", seconds(-1));
    ASSERT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
    if (row.restart) driver.Restart();
    if (row.unregisters) {
      driver.Step(UnregisterNode{
          .call = driver.NewCall(), .node = {"n2"}, .session = driver.sessions["n2"]});
    } else {
      driver.Advance(seconds(120));
    }
    driver.CommitAll();
    EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
    ASSERT_NE(StoredDecommission("n2"), nullptr);
    EXPECT_TRUE(StoredDecommission("n2")->done);
    EXPECT_EQ(Register("n2"), ErrorCode::kFailedPrecondition);
  }
}

// --- nothing is done, or seen, before it is stored

TEST_F(Decommissions, ADrainActsWhenItIsStoredAndACrashBeforeThatLeavesNothingOfIt) {
  RunOnTwo();
  const CallId drained = BeginDrain("n2", seconds(600));
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  EXPECT_EQ(ReportOf("n2").decommission_by, WallTime{});
  EXPECT_FALSE(driver.Answered(drained));
  driver.Restart();
  EXPECT_EQ(Register("n2"), std::nullopt);
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  EXPECT_EQ(StoredDecommission("n2"), nullptr);
}

TEST_F(Decommissions, TakingBackAndListsActWhenTheyAreStored) {
  RunOnTwo();
  Drain("n2", seconds(600));
  const CallId undone = BeginDrain("n2", std::nullopt, true);
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
  EXPECT_FALSE(driver.Answered(undone));
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  EXPECT_TRUE(driver.Answered(undone));
  const CallId refreshed = BeginRefresh(Excluding("n2.example"));
  const CallId behind = BeginDrain("n1", seconds(600));
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  EXPECT_FALSE(driver.Answered(refreshed));
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning);
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kDecommissioning) << "it waited for its turn";
  EXPECT_TRUE(driver.Answered(refreshed) && driver.Answered(behind));
}

TEST_F(Decommissions, WhoComesWhileTheListsAreStoredIsJudgedByThemToo) {
  driver.AddNode("n1", kNodeSize);
  NodeLists lists = Excluding("n1.example");
  lists.exclude["n2.example"] = std::nullopt;
  BeginRefresh(lists);
  const CallId call = BeginRegistration("n2", {"n2.example", 45454});
  driver.CommitAll();
  EXPECT_NE(driver.Get<RegisterNodeAnswer>(call), nullptr) << "the lists before let it in";
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kDecommissioned);
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  EXPECT_EQ(Register("n2"), ErrorCode::kFailedPrecondition);
}

// It was written as one that is out already.
TEST_F(Decommissions, ANodeThatComesWhileItIsTakenOutIsDrainedAndStoredAsThat) {
  RunOnTwo();
  driver.Advance(seconds(35));
  ASSERT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  BeginDrain("n2", seconds(600));
  BeginRegistration("n2", {"n2.example", 45454}, {Running(worker)});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioning) << "it still runs something";
  ASSERT_NE(StoredDecommission("n2"), nullptr);
  EXPECT_FALSE(StoredDecommission("n2")->done);
}

TEST_F(Decommissions, ADrainThatEndsWhileItIsTakenBackIsTakenBackAllTheSame) {
  RunOnTwo();
  Drain("n2", seconds(-1));
  const CallId undone = BeginDrain("n2", std::nullopt, true);
  driver.Step(
      UnregisterNode{.call = driver.NewCall(), .node = {"n2"}, .session = driver.sessions["n2"]});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kDecommissioned);
  driver.CommitAll();
  EXPECT_TRUE(driver.Answered(undone));
  EXPECT_EQ(StoredDecommission("n2"), nullptr);
  EXPECT_EQ(Register("n2"), std::nullopt);
}

// --- a name that means several nodes

TEST_F(Decommissions, TakingBackThoseOfAHostIsAllOrNothing) {
  for (uint16_t port = 1; port <= 3; ++port) {
    BeginRegistration("n" + std::to_string(port), {"host", port});
  }
  driver.CommitAll();
  Refresh(Excluding("host:2"), false);
  Drain("host:1");
  Drain("host:3");
  driver.Advance(milliseconds(1));
  driver.CommitAll();
  const CallId call = BeginDrain("host", std::nullopt, true);
  driver.CommitAll();
  ASSERT_EQ(driver.Code(call), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(std::get<Error>(driver.replies.at(call)).message,
            "none was taken back: host means 3 nodes, of which these are excluded: host:2 (the "
            "exclude file names host:2)");
  for (const char* uuid : {"n1", "n2", "n3"}) {
    EXPECT_EQ(driver.StateOfNode(uuid), NodeState::kDecommissioned);
    EXPECT_NE(StoredDecommission(uuid), nullptr);
  }
  Refresh({}, false);
  EXPECT_EQ(Undo("host"), std::nullopt);
  for (const char* uuid : {"n1", "n2", "n3"}) EXPECT_EQ(StoredDecommission(uuid), nullptr);
}

// --- launches that fail by the node's own fault

TEST_F(Decommissions, ANodesOwnFaultIsNotChargedToTheApplication) {
  driver.AddNode("n1", kNodeSize);
  SubmissionContext context = Context("one");
  context.max_attempts = 1;
  const ApplicationId id = driver.SubmitStored(context, "1");
  for (int32_t number = 1; number <= 5; ++number) {
    const auto start = driver.Beat("n1").start;
    ASSERT_EQ(start.size(), 1U) << number;
    driver.Beat("n1", {Complete(start[0].token.id, exit_code::kDisksFailed)});
    driver.CommitAll();
    EXPECT_EQ(driver.Report(id).state, ApplicationState::kAccepted) << number;
  }
  EXPECT_EQ(driver.StartMasters("n1").size(), 1U);
}

}  // namespace
}  // namespace weir::rm
