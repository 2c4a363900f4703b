// Queues in the core: configurations and their versions, rights, moves, priorities, lifetimes,
// usage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNodeSize{8192, 16};
const Resource kWorker{512, 1};
constexpr char kPrefix[] = "yarn.scheduler.capacity.";

// Two leaves, of which "b" belongs to bob.
QueueProperties TwoQueues(const std::string& share_of_a = "50") {
  const std::string p = kPrefix;
  const std::string share_of_b = std::to_string(100 - std::stoi(share_of_a));
  return {{p + "root.queues", "a,b", 1},
          {p + "root.acl_administer_queue", " ", 2},
          {p + "root.acl_submit_applications", " ", 3},
          {p + "maximum-am-resource-percent", "1", 4},
          {p + "root.a.capacity", share_of_a, 5},
          {p + "root.a.acl_submit_applications", "*", 6},
          {p + "root.a.user-limit-factor", "10", 7},
          {p + "root.b.capacity", share_of_b, 8},
          {p + "root.b.acl_submit_applications", "bob testers", 9},
          {p + "root.b.acl_administer_queue", "bob", 10},
          {p + "root.b.maximum-application-lifetime", "100", 11},
          {p + "root.b.default-application-lifetime", "50", 12},
          {"yarn.cluster.max-application-priority", "10", 13}};
}

CoreOptions QueueOptions() {
  CoreOptions options = SmallOptions();
  options.local_queues = TwoQueues();
  return options;
}

SubmissionContext In(const std::string& queue) {
  SubmissionContext context = Context("count");
  context.queue = queue;
  return context;
}

class QueueWithoutNodes : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const auto& fault : driver.invalid) {
      ADD_FAILURE() << fault.subject.ToString() << ": " << fault.event << " in " << fault.state;
    }
  }
  CallId Apply(QueueProperties properties, std::optional<int64_t> expected = std::nullopt) {
    const CallId call = driver.NewCall();
    driver.Step(ReconfigureQueues{.call = call,
                                  .by = "root",
                                  .origin = "apply",
                                  .properties = std::move(properties),
                                  .expected_version = expected});
    return call;
  }
  CallId Move(const ApplicationId& id,
              const std::string& queue,
              const std::string& user,
              std::vector<std::string> groups = {}) {
    const CallId call = driver.NewCall();
    driver.Step(MoveApplication{
        .call = call, .user = user, .groups = std::move(groups), .id = id, .queue = queue});
    return call;
  }
  int64_t Version() const { return driver.core->QueueHistory().front().version; }
  const QueueReport& QueueNamed(const std::string& path) {
    reports = driver.core->Queues(driver.now);
    for (const auto& report : reports) {
      if (report.path == path) return report;
    }
    ADD_FAILURE() << "no queue " << path;
    return reports.front();
  }

  CoreDriver driver{QueueOptions()};
  std::vector<QueueReport> reports;
};

class Queue : public QueueWithoutNodes {
 protected:
  void SetUp() override { driver.AddNode("n1", kNodeSize); }
};

TEST_F(Queue, TakesAnApplicationOfWhomItsAclsNameOnly) {
  const CallId refused = driver.Submit(In("b"), "1", "ann");
  EXPECT_EQ(driver.Code(refused), ErrorCode::kPermissionDenied);
  EXPECT_THAT(driver.Get<Error>(refused)->message, HasSubstr("root.b"));
  const CallId call = driver.NewCall();
  driver.Step(SubmitApplication{.call = call,
                                .user = "ann",
                                .groups = {"staff", "testers"},
                                .idempotency_key = "2",
                                .context = In("b")});
  driver.CommitAll();
  ASSERT_NE(driver.Get<ApplicationId>(call), nullptr) << "a group of hers may";
  EXPECT_EQ(driver.Report(*driver.Get<ApplicationId>(call)).queue, "root.b");
}

TEST_F(Queue, ThatIsUnknownIsRefusedWithTheKnownOnes) {
  const CallId call = driver.Submit(In("c"), "1");
  EXPECT_EQ(driver.Code(call), ErrorCode::kNotFound);
  EXPECT_THAT(driver.Get<Error>(call)->message + driver.Get<Error>(call)->remedy,
              HasSubstr("root.a"));
}

TEST_F(Queue, AdministratorsMayKillWhatIsInIt) {
  const CallId call = driver.Submit(In("b"), "1", "bob");
  driver.CommitAll();
  const ApplicationId of_bob = *driver.Get<ApplicationId>(call);
  EXPECT_EQ(driver.Code(driver.Kill(of_bob, "ann")), ErrorCode::kPermissionDenied);
  const ApplicationId of_ann = driver.SubmitStored(In("a"), "2");
  EXPECT_EQ(driver.Code(driver.Kill(of_ann, "bob")), ErrorCode::kPermissionDenied);
  Move(of_ann, "root.b", "ann", {"testers"});
  driver.CommitAll();
  EXPECT_EQ(driver.Code(driver.Kill(of_ann, "bob")), std::nullopt) << "it is in his queue now";
}

TEST_F(Queue, ConfigurationIsAppliedOnceItIsDurable) {
  const int64_t before = Version();
  const CallId call = Apply(TwoQueues("30"), before);
  EXPECT_FALSE(driver.Answered(call));
  EXPECT_EQ(Version(), before) << "durable before visible";
  EXPECT_DOUBLE_EQ(QueueNamed("root.a").partitions.at(0).capacity, 50);
  driver.CommitAll();
  const auto* version = driver.Get<QueueConfigurationVersion>(call);
  ASSERT_NE(version, nullptr);
  EXPECT_EQ(version->version, before + 1);
  EXPECT_EQ(version->by, "root");
  EXPECT_EQ(version->origin, "apply");
  EXPECT_EQ(Version(), before + 1);
  EXPECT_DOUBLE_EQ(QueueNamed("root.a").partitions.at(0).capacity, 30);
  EXPECT_EQ(driver.core->QueuePropertiesOf(before)->at(4).value, "50");
  EXPECT_EQ(driver.core->QueuePropertiesOf(0)->at(4).value, "30");
}

TEST_F(Queue, ChangesWaitForTheOneWhoseRecordIsOnItsWay) {
  const int64_t before = Version();
  const CallId first = Apply(TwoQueues("30"), before);
  const CallId second = Apply(TwoQueues("40"), before);
  const CallId third = Apply(TwoQueues("20"), before + 1);
  const CallId left = Apply(TwoQueues("10"));
  driver.Step(CallAbandoned{left});
  driver.CommitAll();
  EXPECT_NE(driver.Get<QueueConfigurationVersion>(first), nullptr);
  EXPECT_EQ(driver.Code(second), ErrorCode::kFailedPrecondition) << "judged by the first";
  ASSERT_NE(driver.Get<QueueConfigurationVersion>(third), nullptr);
  EXPECT_EQ(driver.Get<QueueConfigurationVersion>(third)->version, before + 2);
  EXPECT_DOUBLE_EQ(QueueNamed("root.a").partitions.at(0).capacity, 20);
  EXPECT_FALSE(driver.Answered(left)) << "its caller left before its turn";
}

TEST_F(Queue, TooManyWaitingChangesAreRefusedAndAllAreAnsweredWhenTheStoreFails) {
  std::vector<CallId> calls;
  for (int i = 0; i < 66; ++i) calls.push_back(Apply(TwoQueues("30")));
  EXPECT_EQ(driver.Code(calls.back()), ErrorCode::kResourceExhausted) << "1 under way, 64 wait";
  driver.Step(StoreFailed{Error{ErrorCode::kUnavailable, "the disk is full", ""}});
  calls.pop_back();
  for (const CallId call : calls) EXPECT_EQ(driver.Code(call), ErrorCode::kUnavailable);
}

// A queue that was made on demand is the one thing that can come in between.
TEST_F(Queue, ConfigurationThatCanNoLongerBeTakenOverLeavesNoVersion) {
  QueueProperties made = TwoQueues();
  const std::string p = kPrefix;
  made[0].value = "a,b,d";
  made.push_back({p + "root.d.capacity", "0", 20});
  made.push_back({p + "root.d.acl_submit_applications", "*", 21});
  made.push_back({p + "root.d.queues", "static", 22});
  made.push_back({p + "root.d.static.capacity", "1w", 23});
  made.push_back({p + "root.d.auto-queue-creation-v2.enabled", "true", 24});
  Apply(made);
  driver.CommitAll();
  const int64_t before = Version();
  made.back().value = "false";  // no place for what is made on demand
  const CallId call = Apply(made);
  const CallId submit = driver.Submit(In("root.d.eve"), "1");
  driver.CommitAll();
  EXPECT_EQ(Version(), before + 1) << "the change was stored first: the submission finds no queue";
  EXPECT_NE(driver.Get<QueueConfigurationVersion>(call), nullptr);
  ASSERT_NE(driver.Get<ApplicationId>(submit), nullptr);
  EXPECT_EQ(driver.Report(*driver.Get<ApplicationId>(submit)).state, ApplicationState::kFailed);
  made.back().value = "true";
  Apply(made);
  driver.CommitAll();
  const CallId again = driver.Submit(In("root.d.eve"), "2");
  made.back().value = "false";
  const CallId late = Apply(made);
  driver.CommitAll();  // the submission is stored first, and makes the queue
  ASSERT_NE(driver.Get<ApplicationId>(again), nullptr);
  EXPECT_EQ(driver.Report(*driver.Get<ApplicationId>(again)).state, ApplicationState::kAccepted);
  EXPECT_EQ(driver.Code(late), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(driver.Get<Error>(late)->message, HasSubstr("root.d.eve"));
  EXPECT_EQ(Version(), before + 2);
  EXPECT_FALSE(driver.Stored(store::QueueConfigurationKey(before + 3, 0)));
  driver.Restart();
  EXPECT_EQ(Version(), before + 2);
}

TEST_F(Queue, ConfigurationForAnotherVersionIsRefused) {
  const CallId call = Apply(TwoQueues("30"), Version() + 1);
  EXPECT_EQ(driver.Code(call), ErrorCode::kFailedPrecondition);
  EXPECT_DOUBLE_EQ(QueueNamed("root.a").partitions.at(0).capacity, 50);
}

TEST_F(Queue, ConfigurationWithFaultsIsRefusedWithAllOfThem) {
  QueueProperties properties = TwoQueues();
  properties[4].value = "70";  // 70 + 50
  properties[6].value = "none";
  const CallId call = Apply(properties);
  EXPECT_EQ(driver.Code(call), ErrorCode::kInvalidArgument);
  const std::string& message = driver.Get<Error>(call)->message;
  EXPECT_THAT(message, HasSubstr("root"));
  EXPECT_THAT(message, HasSubstr(":7:")) << "the line is named: " << message;
  EXPECT_TRUE(driver.uncommitted.empty());
  EXPECT_EQ(driver.core->QueueHistory().size(), 1U);
}

TEST_F(Queue, ThatStillHasApplicationsIsNotTakenAway) {
  driver.RunApplication(In("a"), "1", "n1");
  QueueProperties without = TwoQueues();
  without[0].value = "b";
  without[7].value = "100";
  const CallId call = Apply(without);
  EXPECT_EQ(driver.Code(call), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(driver.Get<Error>(call)->message, HasSubstr("root.a"));
}

TEST_F(Queue, PlanChangesNothing) {
  const QueuePlan plan = driver.core->PlanQueues(TwoQueues("30"), driver.now);
  EXPECT_TRUE(plan.faults.empty());
  EXPECT_FALSE(plan.changes.empty());
  EXPECT_EQ(plan.base_version, Version());
  EXPECT_DOUBLE_EQ(QueueNamed("root.a").partitions.at(0).capacity, 50);
  QueueProperties bad = TwoQueues();
  bad[4].value = "70";
  EXPECT_FALSE(driver.core->PlanQueues(bad, driver.now).faults.empty());
}

TEST_F(Queue, RollbackIsAVersionOfItsOwn) {
  const int64_t first = Version();
  Apply(TwoQueues("30"));
  driver.CommitAll();
  const CallId call = driver.NewCall();
  driver.Step(RollbackQueues{.call = call, .by = "root", .version = first});
  driver.CommitAll();
  ASSERT_NE(driver.Get<QueueConfigurationVersion>(call), nullptr);
  EXPECT_EQ(driver.Get<QueueConfigurationVersion>(call)->version, first + 2);
  EXPECT_EQ(driver.Get<QueueConfigurationVersion>(call)->origin,
            "rollback to " + std::to_string(first));
  EXPECT_DOUBLE_EQ(QueueNamed("root.a").partitions.at(0).capacity, 50);
  const CallId unknown = driver.NewCall();
  driver.Step(RollbackQueues{.call = unknown, .by = "root", .version = 77});
  EXPECT_EQ(driver.Code(unknown), ErrorCode::kNotFound);
}

TEST_F(Queue, StoredConfigurationWinsAtAStart) {
  Apply(TwoQueues("30"));
  driver.CommitAll();
  const int64_t version = Version();
  EXPECT_FALSE(driver.core->LocalQueuesDiffer());
  driver.Restart();
  driver.CommitAll();
  EXPECT_EQ(Version(), version);
  EXPECT_DOUBLE_EQ(QueueNamed("root.a").partitions.at(0).capacity, 30);
  EXPECT_TRUE(driver.core->LocalQueuesDiffer()) << "the local file says 50";
  EXPECT_EQ(driver.core->QueueHistory().size(), 2U);
}

TEST_F(Queue, LargeConfigurationIsStoredInPartsAndReadBackWhole) {
  QueueProperties large = TwoQueues("30");
  for (int i = 0; i < 6; ++i) {
    const std::string name = kPrefix + std::string("root.a.comment-") + std::to_string(i);
    large.push_back({name, std::string(100'000, 'c'), 20 + i});
  }
  Apply(large);
  driver.CommitAll();
  const int64_t version = Version();
  EXPECT_TRUE(driver.Stored(store::QueueConfigurationKey(version, 2)));
  for (const auto& [key, record] : driver.store) {
    EXPECT_TRUE(store::Encode(record).ok()) << key;
  }
  driver.Restart();
  EXPECT_TRUE(*driver.core->QueuePropertiesOf(version) == large);
}

TEST_F(Queue, HistoryIsBounded) {
  for (int i = 0; i < 120; ++i) {
    Apply(TwoQueues(i % 2 == 0 ? "30" : "40"));
    driver.CommitAll();
  }
  EXPECT_EQ(driver.core->QueueHistory().size(), 100U);
  size_t stored = 0;
  for (const auto& [key, record] : driver.store) {
    if (std::holds_alternative<store::QueueConfigurationRecord>(record)) ++stored;
  }
  EXPECT_EQ(stored, 100U);
}

TEST_F(Queue, MovedApplicationTakesWhatItHasAlong) {
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  driver.Ask(attempt, {AskFor(1, 3, kWorker)});
  EXPECT_EQ(driver.Code(Move(attempt.application, "root.b", "ann")), ErrorCode::kPermissionDenied);
  EXPECT_EQ(driver.Code(Move(attempt.application, "root.c", "ann")), ErrorCode::kNotFound);
  const CallId call = Move(attempt.application, "b", "ann", {"testers"});
  EXPECT_FALSE(driver.Answered(call));
  driver.CommitAll();
  ASSERT_NE(driver.Get<ApplicationReport>(call), nullptr);
  EXPECT_EQ(driver.Get<ApplicationReport>(call)->queue, "root.b");
  EXPECT_EQ(driver.StoredApplication(attempt.application)->queue, "root.b");
  EXPECT_EQ(QueueNamed("root.a").containers, 0);
  EXPECT_EQ(QueueNamed("root.b").containers, 4);
  EXPECT_EQ(driver.Ask(attempt, {AskFor(1, 1, kWorker)}).granted.size(), 1U);
}

TEST_F(Queue, ThatIsGoneWhenASubmissionIsDurableRejectsIt) {
  QueueProperties stopped = TwoQueues();
  stopped.push_back({kPrefix + std::string("root.a.state"), "STOPPED", 20});
  Apply(stopped);
  const CallId submit = driver.Submit(In("a"), "1");
  driver.CommitAll();
  const ApplicationReport report = driver.Report(*driver.Get<ApplicationId>(submit));
  EXPECT_EQ(report.state, ApplicationState::kFailed);
  EXPECT_THAT(report.diagnostics, HasSubstr("rejected by its queue"));
  EXPECT_THAT(report.diagnostics, HasSubstr("root.a"));
}

TEST_F(Queue, PriorityIsBoundedAndMayChange) {
  SubmissionContext context = In("a");
  context.priority = 99;
  const ApplicationId id = driver.SubmitStored(context, "1");
  EXPECT_EQ(driver.Report(id).priority, 10) << "the cluster's maximum";
  const CallId call = driver.NewCall();
  driver.Step(UpdatePriority{.call = call, .user = "ann", .id = id, .priority = 3});
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).priority, 3);
  EXPECT_EQ(driver.StoredApplication(id)->priority, 3);
  driver.Kill(id);
  driver.CommitAll();
  const CallId late = driver.NewCall();
  driver.Step(UpdatePriority{.call = late, .user = "ann", .id = id, .priority = 4});
  EXPECT_EQ(driver.Code(late), ErrorCode::kFailedPrecondition);
}

TEST_F(Queue, AChangeOfAnApplicationIsNotSeenBeforeItsRecordIsDurable) {
  const CallId submit = driver.Submit(In("a"), "1", "bob");
  driver.CommitAll();
  const ApplicationId id = *driver.Get<ApplicationId>(submit);
  const CallId priority = driver.NewCall();
  driver.Step(UpdatePriority{.call = priority, .user = "bob", .id = id, .priority = 3});
  const CallId move = Move(id, "b", "bob");
  EXPECT_EQ(driver.Report(id).priority, 0);
  EXPECT_EQ(driver.Report(id).queue, "root.a");
  EXPECT_EQ(driver.Get<ApplicationReport>(priority), nullptr);
  driver.CommitAll();
  ASSERT_NE(driver.Get<ApplicationReport>(priority), nullptr);
  EXPECT_EQ(driver.Get<ApplicationReport>(priority)->priority, 3);
  ASSERT_NE(driver.Get<ApplicationReport>(move), nullptr) << "it had its turn after the first";
  EXPECT_EQ(driver.Report(id).queue, "root.b");
  EXPECT_EQ(driver.StoredApplication(id)->queue, "root.b");
  EXPECT_EQ(driver.StoredApplication(id)->priority, 3);
}

TEST_F(Queue, AChangeThatAnEndOvertakesIsRefusedAndTheEndStays) {
  const CallId submit = driver.Submit(In("a"), "1", "bob");
  driver.CommitAll();
  const ApplicationId id = *driver.Get<ApplicationId>(submit);
  const CallId move = Move(id, "b", "bob");
  driver.Kill(id, "bob");
  driver.CommitAll();
  EXPECT_EQ(driver.Code(move), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kKilled);
  EXPECT_EQ(driver.StoredApplication(id)->state, ApplicationState::kKilled);
  EXPECT_EQ(driver.StoredApplication(id)->queue, "root.a");
}

TEST_F(Queue, HigherPriorityGoesFirst) {
  const AttemptId runs = driver.RunApplication(In("a"), "0", "n1");
  EXPECT_EQ(driver.Ask(runs, {AskFor(1, 15, kWorker)}).granted.size(), 15U);
  SubmissionContext low = In("a");
  low.priority = 1;
  SubmissionContext high = In("a");
  high.priority = 5;
  const ApplicationId first = driver.SubmitStored(low, "1");
  const ApplicationId second = driver.SubmitStored(high, "2");
  driver.AddNode("n2", {512, 1});
  driver.CommitAll();
  EXPECT_EQ(driver.Report(second).pending_reason, PendingReason::kLaunching);
  EXPECT_NE(driver.Report(first).pending_reason, PendingReason::kLaunching);
}

TEST_F(QueueWithoutNodes, LifetimeEndsAnApplication) {
  const CallId call = driver.Submit(In("b"), "1", "bob");
  driver.CommitAll();
  const ApplicationId id = *driver.Get<ApplicationId>(call);
  EXPECT_EQ(driver.Report(id).expires, driver.now.wall + seconds(50)) << "the queue's default";
  driver.Advance(milliseconds(49'999));
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kAccepted);
  driver.Advance(milliseconds(1));
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kKilled);
  EXPECT_THAT(driver.Report(id).diagnostics, HasSubstr("exceeded its lifetime of 50 s"));
}

TEST_F(QueueWithoutNodes, LifetimeMayBeMadeLongerUpToTheQueuesMaximum) {
  const CallId submit = driver.Submit(In("b"), "1", "bob");
  driver.CommitAll();
  const ApplicationId id = *driver.Get<ApplicationId>(submit);
  const WallTime submitted = driver.now.wall;
  driver.Advance(seconds(40));
  const CallId call = driver.NewCall();
  driver.Step(UpdateLifetime{.call = call, .user = "bob", .id = id, .lifetime = seconds(1000)});
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).expires, submitted + seconds(100));
  const CallId bad = driver.NewCall();
  driver.Step(UpdateLifetime{.call = bad, .user = "bob", .id = id, .lifetime = Duration(0)});
  EXPECT_EQ(driver.Code(bad), ErrorCode::kInvalidArgument);
  driver.Advance(seconds(59));
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kAccepted);
  driver.Advance(seconds(1));
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kKilled);
}

// The AM (512 MiB, 1 vcore) for 10 s in a, then with a worker of the same size for 20 s in b:
// 512 x 10 = 5,120 MiB s in a; 2 x 512 x 20 = 20,480 MiB s and 40 vcore s in b.
TEST_F(Queue, CountsWhatIsUsedInItByWhom) {
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  const auto beats = [&](int seconds_long) {
    for (int i = 0; i < seconds_long; ++i) {
      driver.Advance(seconds(1));
      driver.Beat("n1");
      driver.Ask(attempt);
    }
  };
  beats(10);
  Move(attempt.application, "root.b", "ann", {"testers"});
  driver.CommitAll();
  driver.Ask(attempt, {AskFor(1, 1, kWorker)});
  beats(20);
  EXPECT_EQ(QueueNamed("root.a").memory_seconds, 5120);
  EXPECT_EQ(QueueNamed("root.b").memory_seconds, 20'480);
  EXPECT_EQ(QueueNamed("root").vcore_seconds, 50);
  EXPECT_EQ(QueueNamed("root.b").users.at(0).name, "ann");
  EXPECT_EQ(QueueNamed("root.b").users.at(0).vcore_seconds, 40);
  EXPECT_EQ(driver.Report(attempt.application).memory_seconds, 25'600);
}

TEST_F(Queue, UsageSurvivesARestartAndTheEndOfItsApplication) {
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  for (int i = 0; i < 70; ++i) {
    driver.Advance(seconds(1));
    driver.Beat("n1");
    driver.Ask(attempt);
  }
  driver.CommitAll();
  driver.options.completed_applications = 0;
  driver.Restart();
  driver.Kill(attempt.application);
  driver.CommitAll();
  // It has ended and is forgotten at once; a minute of it was stored.
  EXPECT_FALSE(driver.core->Report(attempt.application, driver.now).has_value());
  EXPECT_EQ(QueueNamed("root.a").memory_seconds, 512 * 60);
  EXPECT_EQ(QueueNamed("root.a").users.at(0).memory_seconds, 512 * 60);
  EXPECT_FALSE(driver.Stored(store::ApplicationUsageKey(attempt.application)));
  driver.Restart();
  EXPECT_EQ(QueueNamed("root.a").vcore_seconds, 60);
}

TEST_F(Queue, ExplainsWhatWaits) {
  const AttemptId attempt = driver.RunApplication(In("a"), "1", "n1");
  driver.Ask(attempt, {AskFor(1, 40, kWorker)});
  const auto explained = driver.core->Explain(attempt.application, driver.now);
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained->application, attempt.application);
  EXPECT_EQ(explained->queue, "root.a");
  EXPECT_NE(explained->reason, PendingReason::kNone);
  EXPECT_EQ(explained->asks.at(0).request_id, 1);
  const ApplicationId id = driver.SubmitStored(In("a"), "2");
  EXPECT_EQ(driver.core->Explain(id, driver.now)->asks.size(), 1U);
  EXPECT_EQ(driver.core->Explain({1, 1}, driver.now).error().code, ErrorCode::kNotFound);
}

TEST_F(Queue, TellsWhatAUserMayDo) {
  const auto rights = driver.core->RightsOf("bob", {});
  ASSERT_EQ(rights.size(), 3U);
  EXPECT_EQ(rights[1].path, "root.a");
  EXPECT_TRUE(rights[1].submit);
  EXPECT_FALSE(rights[1].administer);
  EXPECT_TRUE(rights[2].administer);
}

}  // namespace
}  // namespace weir::rm
