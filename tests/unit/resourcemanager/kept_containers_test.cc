// Containers that outlive their attempt: they go on undisturbed, belong to the next attempt, which
// hears of them once and of their ends, in whatever order attempts, nodes and restarts come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const Resource kAmNode{1024, 2};  // an AM and one worker
const Resource kBigNode{8192, 16};
const Resource kWorker{512, 1};

ContainerStatus Holds(const ContainerId& id) {
  ContainerStatus status = Running(id);
  status.resource = kWorker;
  return status;
}

std::vector<ContainerId> Ids(const std::vector<ContainerGrant>& grants) {
  std::vector<ContainerId> ids;
  for (const ContainerGrant& grant : grants) ids.push_back(grant.token.id);
  return ids;
}

std::vector<ContainerId> Ids(const std::vector<ContainerStatus>& ends) {
  std::vector<ContainerId> ids;
  for (const ContainerStatus& end : ends) ids.push_back(end.id);
  return ids;
}

CoreOptions KeepingOptions() {
  CoreOptions options = SmallOptions();
  options.max_attempts = 3;
  return options;
}

// An application with its AM and a worker on n1, and a worker on n2; another AM fits on n2 only.
class Kept : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const auto& fault : driver.invalid) {
      ADD_FAILURE() << fault.subject.ToString() << ": " << fault.event << " in " << fault.state;
    }
  }
  void Begin(bool keep = true) {
    driver.AddNode("n1", kAmNode);
    SubmissionContext context = Context("serve");
    context.max_attempts = 3;
    context.keep_containers = keep;
    first = driver.RunApplication(context, "1", "n1");
    id = first.application;
    near = Grant(first, "n1");
    driver.AddNode("n2", kBigNode);
    far = Grant(first, "n2");
    driver.Ask(first);
  }
  ContainerId Grant(const AttemptId& attempt, const std::string& node) {
    const AllocateAnswer answer = driver.Ask(attempt, {AskFor(1, 1, kWorker)});
    EXPECT_EQ(answer.granted.size(), 1U);
    if (answer.granted.empty()) return {};
    const ContainerId granted = answer.granted[0].token.id;
    driver.Beat(node, {Holds(granted)});
    return granted;
  }
  ContainerId Master() const { return driver.Report(id).am_container; }
  std::string Where() const { return driver.Report(id).am_node.uuid; }
  NodeHeartbeatAnswer Fail() {
    NodeHeartbeatAnswer answer = driver.Beat(Where(), {Complete(Master(), 1)});
    driver.CommitAll();
    return answer;
  }
  // The next AM is started on `node`; its attempt.
  AttemptId StartNext(const std::string& node) {
    driver.CommitAll();
    driver.Beat(node);
    EXPECT_EQ(Where(), node);
    driver.Beat(node, {Running(Master())});
    EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kAmNotRegistered);
    return driver.Report(id).attempt;
  }
  std::vector<ContainerGrant> Register(const AttemptId& attempt,
                                       bool again = false,
                                       std::vector<HeldContainer> held = {}) {
    const CallId call = driver.NewCall();
    driver.Step(RegisterMaster{.call = call,
                               .attempt = attempt,
                               .request = {.rpc_address = {"am.example", 4000},
                                           .tracking_url = "",
                                           .containers = std::move(held),
                                           .again = again}});
    const auto* answer = driver.Get<RegisterMasterAnswer>(call);
    EXPECT_NE(answer, nullptr);
    if (answer == nullptr) return {};
    driver.master_sequences[attempt] = 0;
    return answer->containers;
  }
  void NodeIsBack(const std::string& node, std::vector<ContainerStatus> containers) {
    driver.RegisterNodeCall(node, node == "n1" ? kAmNode : kBigNode, std::move(containers));
  }
  void Restart() {
    driver.Restart();
    driver.CommitAll();
  }

  CoreDriver driver{KeepingOptions()};
  ApplicationId id;
  AttemptId first;
  ContainerId near;  // on n1
  ContainerId far;   // on n2
};

TEST_F(Kept, BelongToTheNextAttempt) {
  Begin();
  EXPECT_THAT(Fail().stop, IsEmpty());
  const AttemptId second = StartNext("n2");
  EXPECT_THAT(driver.Beat("n2").stop, IsEmpty());
  EXPECT_EQ(driver.Code(driver.RegisterMasterCall(first)), ErrorCode::kFailedPrecondition);
  const auto inherited = Register(second);
  EXPECT_THAT(Ids(inherited), ElementsAre(near, far));
  ASSERT_EQ(inherited.size(), 2U);
  EXPECT_EQ(inherited[0].nm_token.attempt, second);
  EXPECT_EQ(inherited[1].token.node.uuid, "n2");
  EXPECT_EQ(inherited[1].token.resource, kWorker);
  EXPECT_EQ(driver.Report(id).running_containers, 3);

  // It hears of an end, may release, and gets new ones beside them.
  driver.Beat("n2", {Complete(far, 7)});
  const AllocateAnswer answer = driver.Ask(second, {AskFor(9, 1, kWorker)}, {near});
  EXPECT_THAT(Ids(answer.completed), ElementsAre(far));
  EXPECT_THAT(answer.inherited, IsEmpty());
  ASSERT_EQ(answer.granted.size(), 1U);
  EXPECT_EQ(answer.granted[0].token.id.attempt, second);
  const auto stop = driver.Beat("n1").stop;
  ASSERT_EQ(stop.size(), 1U);
  EXPECT_EQ(stop[0].id, near);
  driver.Beat("n1", {Complete(near)});
  EXPECT_THAT(Ids(driver.Ask(second).completed), ElementsAre(near));
}

TEST_F(Kept, OnlyIfTheApplicationSaysSo) {
  Begin(false);
  ASSERT_EQ(Fail().stop.size(), 1U);
  const auto answer = driver.Beat("n2");
  EXPECT_EQ(answer.stop.size(), 1U);
  driver.Beat("n1", {Complete(near)});
  driver.Beat("n2", {Complete(far)});
  const AttemptId second = StartNext("n2");
  EXPECT_THAT(Register(second), IsEmpty());
}

TEST_F(Kept, ButNotWhatNoNodeHasReported) {
  Begin();
  const auto unstarted = driver.Ask(first, {AskFor(2, 1, kWorker)}).granted;
  ASSERT_EQ(unstarted.size(), 1U);
  driver.Ask(first);
  Fail();
  const AttemptId second = StartNext("n2");
  EXPECT_THAT(Ids(Register(second)), ElementsAre(near, far));
  const auto stop = driver.Beat("n2").stop;
  ASSERT_EQ(stop.size(), 1U);
  EXPECT_EQ(stop[0].id, unstarted[0].token.id);
  driver.Beat("n2", {Complete(unstarted[0].token.id)});
  EXPECT_EQ(driver.Report(id).running_containers, 3);
}

TEST_F(Kept, AndWhatEndedMeanwhileIsToldToTheNextOne) {
  Begin();
  // Nobody has acknowledged this one when the AM goes.
  driver.Beat("n1", {Complete(near, 3)});
  Fail();
  driver.Beat("n2", {Complete(far, 4)});
  const AttemptId second = StartNext("n2");
  EXPECT_THAT(Register(second), IsEmpty());
  EXPECT_THAT(driver.Beat("n1").completions_recorded, ::testing::Not(::testing::Contains(near)));
  EXPECT_THAT(Ids(driver.Ask(second).completed), UnorderedElementsAre(near, far));
  driver.Ask(second);
  EXPECT_THAT(driver.Beat("n1").completions_recorded, ::testing::Contains(near));
}

TEST_F(Kept, UntilTheLastAttemptFails) {
  Begin();
  Fail();
  Register(StartNext("n2"));
  driver.AddNode("n3", kAmNode);
  Fail();
  Register(StartNext("n3"));
  EXPECT_EQ(driver.Report(id).running_containers, 3);
  Fail();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kFailed);
  EXPECT_EQ(driver.Beat("n1").stop.size(), 1U);
  EXPECT_EQ(driver.Beat("n2").stop.size(), 1U);
  driver.Beat("n1", {Complete(near)});
  driver.Beat("n2", {Complete(far)});
  EXPECT_EQ(driver.Report(id).running_containers, 0);
}

TEST_F(Kept, OrUntilAKill) {
  Begin();
  Fail();
  driver.Kill(id);
  driver.CommitAll();
  EXPECT_EQ(driver.Beat("n1").stop.size(), 1U);
}

TEST_F(Kept, AreToldAgainUntilTheMasterHasHeardOfThem) {
  Begin();
  Fail();
  const AttemptId second = StartNext("n2");
  EXPECT_EQ(Register(second).size(), 2U);
  EXPECT_EQ(Register(second).size(), 2U) << "the answer was lost";
  EXPECT_THAT(Ids(Register(second, true, {{.id = far, .node = {"n2"}}})), ElementsAre(near));
  EXPECT_THAT(driver.Beat("n1").stop, IsEmpty()) << "it had not heard of it";
  EXPECT_THAT(Register(second, true, {{.id = near, .node = {"n1"}}, {.id = far, .node = {"n2"}}}),
              IsEmpty());
}

TEST_F(Kept, OverARestartBetweenAttempts) {
  Begin();
  Fail();
  Restart();
  NodeIsBack("n1", {Holds(near)});
  NodeIsBack("n2", {Holds(far)});
  driver.CommitAll();
  // What was to be the second one had not been started when the ResourceManager went.
  const AttemptId third = StartNext("n2");
  EXPECT_EQ(third.number, 3);
  EXPECT_THAT(driver.Beat("n1").stop, IsEmpty());
  EXPECT_THAT(driver.Beat("n2").stop, IsEmpty());
  EXPECT_THAT(Ids(Register(third)), UnorderedElementsAre(near, far));
}

TEST_F(Kept, OverARestartUnderTheNextAttempt) {
  Begin();
  Fail();
  const AttemptId second = StartNext("n2");
  Register(second);
  const ContainerId own = Grant(second, "n2");
  driver.Ask(second);
  const ContainerId master = Master();
  Restart();
  EXPECT_THAT(
      Register(
          second,
          true,
          {{.id = near, .node = {"n1"}}, {.id = far, .node = {"n2"}}, {.id = own, .node = {"n2"}}}),
      IsEmpty());
  NodeIsBack("n2", {Holds(master), Holds(far), Holds(own)});
  NodeIsBack("n1", {});
  EXPECT_THAT(driver.Beat("n2").stop, IsEmpty());
  const AllocateAnswer answer = driver.Ask(second);
  EXPECT_THAT(answer.inherited, IsEmpty()) << "it said that it has them";
  EXPECT_THAT(Ids(answer.completed), ElementsAre(near)) << "its node has lost it";
  EXPECT_EQ(driver.Report(id).running_containers, 3);
}

TEST_F(Kept, WhatANodeReportsAfterTheRegistrationIsToldLater) {
  Begin();
  Fail();
  const AttemptId second = StartNext("n2");
  const ContainerId master = Master();
  Restart();
  NodeIsBack("n2", {Holds(master), Holds(far)});
  EXPECT_THAT(Ids(Register(second)), ElementsAre(far));
  NodeIsBack("n1", {Holds(near)});
  EXPECT_THAT(driver.Beat("n1").stop, IsEmpty());
  EXPECT_THAT(Ids(driver.Ask(second).inherited), ElementsAre(near));
  EXPECT_THAT(driver.Ask(second).inherited, IsEmpty());
}

TEST_F(Kept, WithTheirNodeTheyEndForTheNextAttempt) {
  Begin();
  Fail();
  const AttemptId second = StartNext("n2");
  Register(second);
  driver.Step(
      UnregisterNode{.call = driver.NewCall(), .node = {"n1"}, .session = driver.sessions["n1"]});
  const auto completed = driver.Ask(second).completed;
  EXPECT_THAT(Ids(completed), ElementsAre(near));
  ASSERT_EQ(completed.size(), 1U);
  EXPECT_EQ(completed[0].exit_code, exit_code::kAborted);
}

TEST_F(Kept, AreNotTakenOverFromAMasterThatIsStillThere) {
  Begin();
  const ContainerId hung = Master();
  for (int i = 0; i < 3; ++i) {
    driver.Advance(seconds(10));
    driver.Beat("n1");
    driver.Beat("n2");
  }
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).attempt.number, 2);
  EXPECT_TRUE(driver.Beat("n2").start.empty());
  const auto stop = driver.Beat("n1").stop;
  ASSERT_EQ(stop.size(), 1U);
  EXPECT_EQ(stop[0].id, hung);
  driver.Beat("n1", {Complete(hung, exit_code::kKilledByResourceManager)});
  EXPECT_THAT(Ids(Register(StartNext("n2"))), ElementsAre(near, far));
}

}  // namespace
}  // namespace weir::rm
