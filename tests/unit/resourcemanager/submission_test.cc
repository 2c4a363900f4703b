// Submission, kill and watch: validation, idempotency, the durability gate, permissions.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/limits.h"
#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

const std::string kSha(64, 'a');

struct BadSubmission {
  const char* what;
  std::function<void(SubmitApplication&)> spoil;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

const std::vector<BadSubmission>& BadSubmissions() {
  static const std::vector<BadSubmission> all = {
      {"no name", [](SubmitApplication& s) { s.context.name = ""; }},
      {"long name", [](SubmitApplication& s) { s.context.name.assign(257, 'x'); }},
      {"control character", [](SubmitApplication& s) { s.context.name = "a\nb"; }},
      {"no key", [](SubmitApplication& s) { s.idempotency_key = ""; }},
      {"long key", [](SubmitApplication& s) { s.idempotency_key.assign(65, 'k'); }},
      {"no user", [](SubmitApplication& s) { s.user = ""; }},
      {"no command", [](SubmitApplication& s) { s.context.am_launch.command.clear(); }},
      {"empty program", [](SubmitApplication& s) { s.context.am_launch.command = {""}; }},
      {"zero byte in an argument",
       [](SubmitApplication& s) { s.context.am_launch.command.push_back(std::string(1, '\0')); }},
      {"too many arguments",
       [](SubmitApplication& s) {
         s.context.am_launch.command.assign(limits::kCommandArguments + 1, "x");
       }},
      {"variable with =",
       [](SubmitApplication& s) { s.context.am_launch.environment["A=B"] = "1"; }},
      {"resource outside of its directory",
       [](SubmitApplication& s) {
         s.context.am_launch.local_resources["../x"] = {.uri = "file:/x", .sha256 = ""};
       }},
      {"resource of unknown scheme",
       [](SubmitApplication& s) {
         s.context.am_launch.local_resources["x"] = {.uri = "http://x", .sha256 = ""};
       }},
      {"staged resource without its hash",
       [](SubmitApplication& s) {
         s.context.am_launch.local_resources["x"] = {.uri = "staging:" + kSha, .sha256 = ""};
       }},
      {"negative size",
       [](SubmitApplication& s) {
         s.context.am_launch.local_resources["x"] = {.uri = "file:/x", .size = -1, .sha256 = ""};
       }},
      {"the reserved secret",
       [](SubmitApplication& s) { s.context.am_launch.secrets["am.token"] = "x"; }},
      {"secret with a path",
       [](SubmitApplication& s) { s.context.am_launch.secrets["a/b"] = "x"; }},
      {"large secret",
       [](SubmitApplication& s) { s.context.am_launch.secrets["a"].assign((64u << 10) + 1, 'x'); }},
      {"large launch context",
       [](SubmitApplication& s) {
         s.context.am_launch.environment["A"].assign(limits::kLaunchContextBytes, 'x');
       }},
      {"too many tags", [](SubmitApplication& s) { s.context.tags.assign(33, "t"); }},
      {"negative validity of failures",
       [](SubmitApplication& s) { s.context.attempt_failures_validity = -seconds(1); }},
      {"negative attempts", [](SubmitApplication& s) { s.context.max_attempts = -1; }},
      {"negative timeout", [](SubmitApplication& s) { s.context.queue_timeout = seconds(-1); }},
      {"AM of no memory", [](SubmitApplication& s) { s.context.am_resource.memory_mib = 0; }},
      {"AM over the maximum",
       [](SubmitApplication& s) {
         s.context.am_resource = {8193, 1};
       }},
      {"unknown queue",
       [](SubmitApplication& s) { s.context.queue = "root.nowhere"; },
       ErrorCode::kNotFound},
  };
  return all;
}

TEST(Submission, IsRefusedWithOneErrorAndChangesNothing) {
  CoreDriver driver;
  for (const auto& bad : BadSubmissions()) {
    SubmitApplication submission{.call = driver.NewCall(),
                                 .user = "ann",
                                 .idempotency_key = "key",
                                 .context = Context("bad")};
    bad.spoil(submission);
    const CallId call = submission.call;
    driver.Step(submission);
    EXPECT_EQ(driver.Code(call), bad.code) << bad.what;
    const Error* error = driver.Get<Error>(call);
    if (error != nullptr) {
      EXPECT_FALSE(error->message.empty()) << bad.what;
    }
  }
  EXPECT_TRUE(driver.uncommitted.empty());
  EXPECT_TRUE(driver.core->List({}, driver.now).applications.empty());
}

TEST(Submission, IsAcknowledgedOnlyWhenDurable) {
  CoreDriver driver;
  const CallId call = driver.Submit(Context("count"), "key");
  EXPECT_FALSE(driver.Answered(call));
  const auto page = driver.core->List({}, driver.now);
  ASSERT_EQ(page.applications.size(), 1U);
  EXPECT_EQ(page.applications[0].state, ApplicationState::kNew);
  EXPECT_EQ(page.applications[0].pending_reason, PendingReason::kStoring);
  driver.CommitAll();
  const ApplicationId* id = driver.Get<ApplicationId>(call);
  ASSERT_NE(id, nullptr);
  EXPECT_EQ(driver.Report(*id).state, ApplicationState::kAccepted);
  ASSERT_NE(driver.StoredApplication(*id), nullptr);
  EXPECT_EQ(driver.StoredApplication(*id)->queue, "root.default");
}

TEST(Submission, RepeatedUnderItsKeyGivesTheSameApplicationWhenDurable) {
  CoreDriver driver;
  const CallId first = driver.Submit(Context("count"), "key");
  const CallId second = driver.Submit(Context("count"), "key");
  EXPECT_FALSE(driver.Answered(second));
  driver.CommitAll();
  const CallId third = driver.Submit(Context("count"), "key");
  ASSERT_TRUE(driver.Answered(third));
  EXPECT_EQ(*driver.Get<ApplicationId>(first), *driver.Get<ApplicationId>(second));
  EXPECT_EQ(*driver.Get<ApplicationId>(first), *driver.Get<ApplicationId>(third));
  EXPECT_EQ(driver.core->Summary().applications_submitted, 1);
}

TEST(Submission, UnderAnothersKeyOrWithAnotherContentIsRefused) {
  CoreDriver driver;
  driver.SubmitStored(Context("count"), "key");
  EXPECT_EQ(driver.Code(driver.Submit(Context("count"), "key", "bob")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(driver.Code(driver.Submit(Context("other"), "key")), ErrorCode::kAlreadyExists);
}

TEST(Submission, BeyondTheLiveApplicationsIsRefusedUntilOneEnds) {
  CoreOptions options = SmallOptions();
  options.live_applications = 1;
  CoreDriver driver(options);
  const ApplicationId id = driver.SubmitStored(Context("one"), "1");
  EXPECT_EQ(driver.Code(driver.Submit(Context("two"), "2")), ErrorCode::kResourceExhausted);
  driver.Kill(id);
  driver.CommitAll();
  driver.SubmitStored(Context("three"), "3");
}

TEST(Submission, WaitsWithTheReasonShown) {
  CoreDriver driver;
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kNoNodes);
  driver.AddNode("small", {256, 1});
  EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kNoFitNode);
  EXPECT_FALSE(driver.Report(id).pending_detail.empty());
  driver.AddNode("large", {1024, 4});
  EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kLaunching);
  const auto started = driver.StartMasters("large");
  ASSERT_EQ(started.size(), 1U);
  EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kAmNotRegistered);
  driver.RegisterMasterCall(started[0].attempt);
  EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kNone);
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kRunning);
}

TEST(Submission, FailsWithTheReasonAfterItsQueueTimeout) {
  CoreDriver driver;
  SubmissionContext context = Context("hasty");
  context.queue_timeout = seconds(5);
  const ApplicationId id = driver.SubmitStored(context, "1");
  driver.Advance(milliseconds(4999));
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kAccepted);
  driver.Advance(milliseconds(1));
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kAccepted) << "not durable yet";
  driver.CommitAll();
  const ApplicationReport report = driver.Report(id);
  EXPECT_EQ(report.state, ApplicationState::kFailed);
  EXPECT_NE(report.diagnostics.find("NO_NODES"), std::string::npos) << report.diagnostics;
  EXPECT_EQ(driver.core->Summary().containers_pending, 0);
}

TEST(Submission, HasNoTimeoutOnceItsContainerIsThere) {
  CoreDriver driver;
  driver.AddNode("n1", {1024, 4});
  SubmissionContext context = Context("hasty");
  context.queue_timeout = seconds(5);
  const AttemptId attempt = driver.RunApplication(context, "1", "n1");
  for (int i = 0; i < 10; ++i) {
    driver.Advance(seconds(1));
    driver.Beat("n1");
    driver.Ask(attempt);
  }
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kRunning);
}

TEST(Kill, IsForTheOwnerAndAdministratorsOnly) {
  CoreDriver driver;
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  EXPECT_EQ(driver.Code(driver.Kill(id, "bob")), ErrorCode::kPermissionDenied);
  EXPECT_EQ(driver.Code(driver.Kill({1, 99})), ErrorCode::kNotFound);
  const CallId call = driver.Kill(id, "root", true);
  EXPECT_FALSE(driver.Answered(call)) << "the final record is not durable";
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kAccepted);
  driver.CommitAll();
  const auto* report = driver.Get<ApplicationReport>(call);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->state, ApplicationState::kKilled);
  EXPECT_EQ(report->final_status, FinalStatus::kKilled);
  EXPECT_NE(report->diagnostics.find("root"), std::string::npos);
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kKilled);
  EXPECT_EQ(driver.StoredApplication(id)->state, ApplicationState::kKilled);
}

TEST(Kill, OfARunningApplicationStoresFirstAndThenStopsItsContainers) {
  CoreDriver driver;
  driver.AddNode("n1", {4096, 8});
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const auto granted = driver.Ask(attempt, {AskFor(1, 2, {512, 1})}).granted;
  ASSERT_EQ(granted.size(), 2U);
  driver.Beat("n1", {Running(granted[0].token.id), Running(granted[1].token.id)});
  driver.Kill(attempt.application);
  const CallId beat = driver.Heartbeat(
      "n1", {.session = driver.sessions["n1"], .sequence = ++driver.node_sequences["n1"]});
  ASSERT_NE(driver.Get<NodeHeartbeatAnswer>(beat), nullptr);
  EXPECT_TRUE(driver.Get<NodeHeartbeatAnswer>(beat)->stop.empty()) << "not durable yet";
  driver.CommitAll();
  const auto stop = driver.Beat("n1").stop;
  EXPECT_EQ(stop.size(), 3U);
  for (const auto& command : stop) EXPECT_EQ(command.reason, StopReason::kApplicationEnded);
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{1536, 3})) << "free only when reported COMPLETE";
  EXPECT_EQ(driver.Beat("n1").stop.size(), 3U) << "repeated until reported";
  std::vector<ContainerStatus> ends;
  for (const auto& command : stop) ends.push_back(Complete(command.id, 143));
  const auto answer = driver.Beat("n1", ends);
  EXPECT_TRUE(answer.stop.empty());
  EXPECT_EQ(answer.completions_recorded.size(), 3U);
  EXPECT_EQ(answer.applications_finished, std::vector{attempt.application});
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{0, 0}));
  EXPECT_TRUE(driver.invalid.empty());
}

TEST(Kill, BeforeTheSubmissionIsDurableEndsItKilled) {
  CoreDriver driver;
  driver.Submit(Context("count"), "1");
  const ApplicationId id = driver.core->List({}, driver.now).applications.at(0).id;
  driver.Kill(id);
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kKilled);
  EXPECT_TRUE(driver.invalid.empty());
}

TEST(Kill, OfAnApplicationThatIsOverChangesNothing) {
  CoreDriver driver;
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  driver.Kill(id);
  driver.CommitAll();
  const int64_t version = driver.Report(id).version;
  const CallId again = driver.Kill(id);
  ASSERT_NE(driver.Get<ApplicationReport>(again), nullptr);
  EXPECT_EQ(driver.Get<ApplicationReport>(again)->state, ApplicationState::kKilled);
  EXPECT_EQ(driver.Report(id).version, version);
}

TEST(Watch, AnswersAtTheNextChangeOrAtItsDeadline) {
  CoreDriver driver;
  EXPECT_EQ(driver.Code(driver.Watch({1, 1}, -1, seconds(1))), ErrorCode::kNotFound);
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  const CallId at_once = driver.Watch(id, -1, seconds(10));
  ASSERT_NE(driver.Get<ApplicationReport>(at_once), nullptr);
  int64_t version = driver.Get<ApplicationReport>(at_once)->version;
  const CallId parked = driver.Watch(id, version, seconds(10));
  EXPECT_FALSE(driver.Answered(parked));
  driver.AddNode("n1", {1024, 4});
  ASSERT_NE(driver.Get<ApplicationReport>(parked), nullptr);
  version = driver.Report(id).version;
  const CallId timed = driver.Watch(id, version, seconds(3));
  driver.Advance(milliseconds(2999));
  EXPECT_FALSE(driver.Answered(timed));
  driver.Advance(milliseconds(1));
  ASSERT_NE(driver.Get<ApplicationReport>(timed), nullptr);
  EXPECT_EQ(driver.Get<ApplicationReport>(timed)->version, version);
}

TEST(Watch, ShowsAnEndOnlyWhenItIsDurable) {
  CoreDriver driver;
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  driver.Kill(id);
  const CallId call = driver.Watch(id, driver.Report(id).version, seconds(10));
  EXPECT_FALSE(driver.Answered(call));
  driver.CommitAll();
  ASSERT_NE(driver.Get<ApplicationReport>(call), nullptr);
  EXPECT_EQ(driver.Get<ApplicationReport>(call)->state, ApplicationState::kKilled);
}

TEST(Watch, IsParkedAMinuteAtMostAndForgottenWhenAbandoned) {
  CoreDriver driver;
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  const CallId kept = driver.Watch(id, 1000, std::chrono::hours(1));
  const CallId abandoned = driver.Watch(id, 1000, std::chrono::hours(1));
  driver.Step(CallAbandoned{abandoned});
  driver.Advance(milliseconds(limits::kParkMillisMax));
  EXPECT_TRUE(driver.Answered(kept));
  EXPECT_FALSE(driver.Answered(abandoned));
}

TEST(StoreFailure, AnswersEveryWaitingCallAndMakesTheCoreInert) {
  CoreDriver driver;
  driver.AddNode("n1", {4096, 8});
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const CallId beat = driver.Heartbeat("n1",
                                       {.session = driver.sessions["n1"],
                                        .sequence = ++driver.node_sequences["n1"],
                                        .park = seconds(10)});
  const CallId poll = driver.AllocateCall(attempt, {.sequence = 1, .park = seconds(10)});
  const CallId watch = driver.Watch(attempt.application, 1000, seconds(10));
  const CallId submit = driver.Submit(Context("other"), "2");
  driver.Step(StoreFailed{{ErrorCode::kFenced, "another one is active", ""}});
  for (const CallId call : {beat, poll, watch, submit}) {
    EXPECT_EQ(driver.Code(call), ErrorCode::kUnavailable) << call.value;
  }
  ASSERT_TRUE(driver.step_down.has_value());
  EXPECT_EQ(driver.step_down->error.code, ErrorCode::kFenced);
  EXPECT_EQ(driver.Code(driver.Submit(Context("late"), "3")), ErrorCode::kUnavailable);
  driver.Step(DeadlineReached{});
  EXPECT_EQ(driver.core->NextDeadline(), kNever);
}

}  // namespace
}  // namespace weir::rm
