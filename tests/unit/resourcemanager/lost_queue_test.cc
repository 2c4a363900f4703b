// Applications whose queue is gone after a restart: what they have runs on, they get nothing more,
// and a move, a configuration with their queue or a kill ends that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const Resource kNodeSize{8192, 8};
const Resource kWorker{512, 1};
constexpr char kHeldIn[] = "root.:recovered";

struct Line {
  std::string name;
  std::string value;
};

QueueProperties Queues(const std::vector<Line>& lines) {
  QueueProperties properties = {{"yarn.scheduler.capacity.maximum-am-resource-percent", "1", 1},
                                {"yarn.cluster.max-application-priority", "10", 2}};
  int line = 3;
  for (const Line& each : lines) {
    properties.push_back({"yarn.scheduler.capacity." + each.name, each.value, line++});
  }
  return properties;
}

QueueProperties TwoQueues() {
  return Queues({{"root.queues", "a,b"},
                 {"root.a.capacity", "50"},
                 {"root.b.capacity", "50"},
                 {"root.a.user-limit-factor", "10"},
                 {"root.b.user-limit-factor", "10"},
                 {"root.acl_administer_queue", " "}});
}

QueueProperties OnlyB() {
  return Queues(
      {{"root.queues", "b"}, {"root.b.capacity", "100"}, {"root.acl_administer_queue", " "}});
}

CoreOptions Options(const QueueProperties& queues) {
  CoreOptions options = SmallOptions();
  options.local_queues = queues;
  return options;
}

SubmissionContext In(const std::string& queue) {
  SubmissionContext context = Context("serve");
  context.queue = queue;
  context.max_attempts = 2;
  return context;
}

ContainerStatus Holds(const ContainerId& id) {
  ContainerStatus status = Running(id);
  status.resource = kWorker;
  return status;
}

class LostQueue : public ::testing::Test {
 protected:
  // An application with its ApplicationMaster and one worker on n1.
  void Begin(const std::string& queue = "a") {
    driver.AddNode("n1", kNodeSize);
    attempt = driver.RunApplication(In(queue), "1", "n1");
    master = driver.Report(attempt.application).am_container;
    const AllocateAnswer answer = driver.Ask(attempt, {AskFor(1, 1, kWorker)});
    ASSERT_EQ(answer.granted.size(), 1U);
    worker = answer.granted[0].token.id;
    driver.Beat("n1", {Holds(worker)});
    driver.Ask(attempt);
  }
  // The stored configuration is lost, and the local file says `queues`.
  void RestartWith(const QueueProperties& queues) {
    std::erase_if(driver.store, [](const auto& entry) {
      return std::holds_alternative<store::QueueConfigurationRecord>(entry.second);
    });
    driver.options.local_queues = queues;
    driver.Restart();
    driver.CommitAll();
  }
  void AllAreBack() {
    driver.RegisterNodeCall("n1", kNodeSize, {Holds(master), Holds(worker)});
    const CallId call = driver.NewCall();
    driver.Step(RegisterMaster{
        .call = call,
        .attempt = attempt,
        .request = {.rpc_address = {}, .tracking_url = "", .containers = {{worker, {"n1"}}}}});
    driver.CommitAll();
    ASSERT_NE(driver.Get<RegisterMasterAnswer>(call), nullptr);
    EXPECT_EQ(driver.Get<RegisterMasterAnswer>(call)->queue,
              driver.Report(attempt.application).queue);
    driver.master_sequences[attempt] = 0;
  }
  CallId Move(const ApplicationId& id, const std::string& queue) {
    const CallId call = driver.NewCall();
    driver.Step(MoveApplication{
        .call = call, .user = "root", .may_administer = true, .id = id, .queue = queue});
    driver.CommitAll();
    return call;
  }
  CallId Apply(const QueueProperties& queues) {
    const CallId call = driver.NewCall();
    driver.Step(ReconfigureQueues{
        .call = call, .by = "root", .origin = "refreshQueues", .properties = queues});
    driver.CommitAll();
    return call;
  }
  bool IsThere(const std::string& path) {
    for (const QueueReport& queue : driver.core->Queues(driver.now)) {
      if (queue.path == path) return true;
    }
    return false;
  }
  ApplicationReport Report() { return driver.Report(attempt.application); }

  CoreDriver driver{Options(TwoQueues())};
  AttemptId attempt;
  ContainerId master;
  ContainerId worker;
};

TEST_F(LostQueue, ItsApplicationsRunOnAndGetNothing) {
  Begin();
  RestartWith(OnlyB());
  EXPECT_EQ(Report().queue, kHeldIn);
  AllAreBack();
  EXPECT_EQ(Report().state, ApplicationState::kRunning);
  EXPECT_EQ(driver.UsedOnNode("n1"), kWorker + kWorker) << "both go on";
  EXPECT_TRUE(driver.Beat("n1").stop.empty());
  EXPECT_TRUE(driver.Ask(attempt, {AskFor(2, 1, kWorker)}).granted.empty());
  EXPECT_EQ(Report().pending_reason, PendingReason::kQueueUnknown);
  EXPECT_THAT(Report().pending_detail,
              AllOf(HasSubstr("queue root.a is not in the configuration any more"),
                    HasSubstr("weir application -movetoqueue " + attempt.application.ToString())));
  const auto explained = driver.core->Explain(attempt.application, driver.now);
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained->queue, kHeldIn);
  EXPECT_EQ(explained->reason, PendingReason::kQueueUnknown);
  EXPECT_EQ(explained->detail, Report().pending_detail);
  EXPECT_THAT(explained->unblock, HasSubstr("-movetoqueue"));
  // Found by the queue that it is in; its record names the one that it was in.
  EXPECT_EQ(driver.core->List({.queue = kHeldIn}, driver.now).applications.size(), 1U);
  EXPECT_TRUE(driver.core->List({.queue = "root.a"}, driver.now).applications.empty());
  EXPECT_EQ(driver.StoredApplication(attempt.application)->queue, "root.a");
  EXPECT_TRUE(driver.invalid.empty());
}

TEST_F(LostQueue, IsWarnedOfOnceWithTheApplications) {
  Begin();
  const ApplicationId waiting = driver.SubmitStored(In("a"), "2");
  driver.notes.clear();
  RestartWith(OnlyB());
  std::vector<std::string> warnings;
  for (const Noted& note : driver.notes) {
    if (note.warning && note.subject == "root.a") warnings.push_back(note.message);
  }
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0],
              AllOf(HasSubstr("2 applications are held in root.:recovered"),
                    HasSubstr(attempt.application.ToString()),
                    HasSubstr(waiting.ToString())));
}

TEST_F(LostQueue, AMoveEndsTheHolding) {
  Begin();
  RestartWith(OnlyB());
  AllAreBack();
  driver.Ask(attempt, {AskFor(2, 1, kWorker)});
  EXPECT_EQ(driver.Code(Move(attempt.application, kHeldIn)), ErrorCode::kInvalidArgument);
  const CallId moved = Move(attempt.application, "b");
  ASSERT_NE(driver.Get<ApplicationReport>(moved), nullptr);
  EXPECT_EQ(driver.Get<ApplicationReport>(moved)->queue, "root.b");
  EXPECT_EQ(driver.StoredApplication(attempt.application)->queue, "root.b");
  EXPECT_EQ(driver.Ask(attempt).granted.size(), 1U);
  EXPECT_EQ(Report().pending_reason, PendingReason::kNone);
  EXPECT_FALSE(IsThere(kHeldIn)) << "nobody is in it";
  RestartWith(OnlyB());
  EXPECT_EQ(Report().queue, "root.b");
}

TEST_F(LostQueue, WhatWaitedWaitsUntilItIsMoved) {
  const ApplicationId waiting = driver.SubmitStored(In("a"), "1");
  RestartWith(OnlyB());
  driver.AddNode("n1", kNodeSize);
  driver.CommitAll();
  EXPECT_TRUE(driver.StartMasters("n1").empty());
  EXPECT_EQ(driver.Report(waiting).state, ApplicationState::kAccepted);
  EXPECT_EQ(driver.Report(waiting).pending_reason, PendingReason::kQueueUnknown);
  Move(waiting, "b");
  EXPECT_EQ(driver.StartMasters("n1").size(), 1U);
}

TEST_F(LostQueue, ItsNextAttemptIsHeldToo) {
  Begin();
  RestartWith(OnlyB());
  AllAreBack();
  driver.Beat("n1", {Complete(master, 1)});
  driver.CommitAll();
  EXPECT_EQ(Report().attempt.number, 2);
  EXPECT_EQ(Report().queue, kHeldIn);
  driver.Beat("n1", {Complete(worker, 143)});
  EXPECT_TRUE(driver.StartMasters("n1").empty());
  Move(attempt.application, "root.b");
  EXPECT_EQ(driver.StartMasters("n1").size(), 1U);
}

TEST_F(LostQueue, AKillEndsIt) {
  Begin();
  RestartWith(OnlyB());
  AllAreBack();
  driver.Kill(attempt.application, "root", true);
  driver.CommitAll();
  EXPECT_EQ(Report().state, ApplicationState::kKilled);
  EXPECT_EQ(driver.Beat("n1").stop.size(), 2U);
  driver.Beat("n1", {Complete(master, 143), Complete(worker, 143)});
  driver.Advance(seconds(1));
  EXPECT_FALSE(IsThere(kHeldIn));
  EXPECT_EQ(Report().queue, "root.a") << "where it was";
}

TEST_F(LostQueue, AConfigurationThatHasItAgainTakesItsApplicationsBack) {
  Begin();
  const ApplicationId waiting = driver.SubmitStored(In("a"), "2");
  RestartWith(OnlyB());
  AllAreBack();
  driver.Ask(attempt, {AskFor(2, 1, kWorker)});
  ASSERT_NE(driver.Get<QueueConfigurationVersion>(Apply(TwoQueues())), nullptr);
  EXPECT_EQ(Report().queue, "root.a");
  EXPECT_EQ(driver.Report(waiting).queue, "root.a");
  EXPECT_EQ(driver.Ask(attempt).granted.size(), 1U);
  driver.Advance(seconds(1));
  EXPECT_FALSE(IsThere(kHeldIn));
}

TEST_F(LostQueue, AConfigurationWithoutItChangesNothingForThem) {
  Begin();
  RestartWith(OnlyB());
  AllAreBack();
  QueueProperties other = OnlyB();
  other.push_back({"yarn.scheduler.capacity.root.b.user-limit-factor", "5", 20});
  ASSERT_NE(driver.Get<QueueConfigurationVersion>(Apply(other)), nullptr);
  EXPECT_EQ(Report().queue, kHeldIn);
  EXPECT_TRUE(driver.Ask(attempt, {AskFor(2, 1, kWorker)}).granted.empty());
}

TEST_F(LostQueue, ALaterStartThatHasItPutsThemThere) {
  Begin();
  RestartWith(OnlyB());
  RestartWith(TwoQueues());
  EXPECT_EQ(Report().queue, "root.a");
  AllAreBack();
  EXPECT_EQ(driver.Ask(attempt, {AskFor(2, 1, kWorker)}).granted.size(), 1U);
  EXPECT_FALSE(IsThere(kHeldIn));
}

struct QueueRow {
  std::string name;
  std::string queue;
  std::vector<Line> before;
  std::vector<Line> after;
  std::string held_because;  // "" = it is in its queue
};

class QueueAfterARestart : public LostQueue, public ::testing::WithParamInterface<QueueRow> {};

TEST_P(QueueAfterARestart, IsTheSameOrItsApplicationsAreHeld) {
  const QueueRow& row = GetParam();
  driver.options.local_queues = Queues(row.before);
  RestartWith(Queues(row.before));
  Begin(row.queue);
  ASSERT_EQ(Report().queue, row.queue);
  RestartWith(Queues(row.after));
  AllAreBack();
  const AllocateAnswer answer = driver.Ask(attempt, {AskFor(2, 1, kWorker)});
  EXPECT_EQ(Report().state, ApplicationState::kRunning);
  if (row.held_because.empty()) {
    EXPECT_EQ(Report().queue, row.queue);
    EXPECT_EQ(answer.granted.size(), 1U);
    return;
  }
  EXPECT_EQ(Report().queue, kHeldIn);
  EXPECT_TRUE(answer.granted.empty());
  EXPECT_THAT(Report().pending_detail, HasSubstr(row.held_because));
}

const std::vector<Line> kFlexible = {{"root.queues", "d"},
                                     {"root.d.capacity", "1w"},
                                     {"root.d.auto-queue-creation-v2.enabled", "true"},
                                     {"root.d.auto-queue-creation-v2.max-queues", "1"}};
const std::vector<Line> kClosed = {{"root.queues", "d"},
                                   {"root.d.capacity", "1w"},
                                   {"root.d.queues", "e"},
                                   {"root.d.e.capacity", "1w"}};
const std::vector<Line> kLeaf = {{"root.queues", "a"}, {"root.a.capacity", "100"}};
const std::vector<Line> kParent = {{"root.queues", "a"},
                                   {"root.a.capacity", "100"},
                                   {"root.a.queues", "x"},
                                   {"root.a.x.capacity", "100"}};
const std::vector<Line> kStopped = {
    {"root.queues", "a"}, {"root.a.capacity", "100"}, {"root.a.state", "STOPPED"}};

INSTANTIATE_TEST_SUITE_P(
    Table,
    QueueAfterARestart,
    ::testing::Values(QueueRow{"Kept", "root.a", kLeaf, kLeaf, ""},
                      QueueRow{"Stopped", "root.a", kLeaf, kStopped, ""},
                      QueueRow{"Gone", "root.a", kLeaf, kClosed, "root.a is not in"},
                      QueueRow{"Parent", "root.a", kLeaf, kParent, "root.a is a parent now"},
                      QueueRow{"Made", "root.d.mia", kFlexible, kFlexible, ""},
                      QueueRow{"MadeAndClosed", "root.d.mia", kFlexible, kClosed, "root.d.mia"},
                      QueueRow{"MadeAndGone", "root.d.mia", kFlexible, kLeaf, "root.d.mia"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace weir::rm
