// A standby's core follows the store: what it can follow, what it has to be given anew, and that it
// then leads as one does that begins with the records (CoreDriver compares them at every step).
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

const Resource kNodeSize{4096, 8};

struct ChangeRow {
  std::string name;
  std::function<void(CoreDriver&, const AttemptId& running)> change;
  bool followed = true;  // else everything is loaded again
};

CoreOptions Options() {
  CoreOptions options = SmallOptions();
  const std::string queues = "yarn.scheduler.capacity.";
  options.local_queues = {{queues + "root.queues", "a,d"},
                          {queues + "maximum-am-resource-percent", "1"},
                          {queues + "root.a.capacity", "1w"},
                          {queues + "root.d.capacity", "1w"},
                          {queues + "root.d.auto-queue-creation-v2.enabled", "true"},
                          {queues + "root.acl_administer_queue", " "}};
  options.completed_applications = 2;
  options.attempt_pause = seconds(5);
  return options;
}

SubmissionContext In(const std::string& queue) {
  SubmissionContext context = Context("one");
  context.queue = queue;
  return context;
}

class Following : public ::testing::Test {
 protected:
  Following() : driver_(Options()) {
    driver_.standby.emplace(driver_.options);
    driver_.AddNode("n1", kNodeSize);
    running_ = driver_.RunApplication(In("root.a"), "running", "n1");
    driver_.SubmitStored(In("root.d.ann"), "elsewhere");
    driver_.StartMasters("n1");
    SubmissionContext large = In("root.a");
    large.am_resource = {8192, 8};
    driver_.SubmitStored(large, "waits");
    Look();
  }
  void Look() { driver_.standby->Look(driver_.store); }

  CoreDriver driver_;
  AttemptId running_;
};

class FollowingRow : public Following, public ::testing::WithParamInterface<ChangeRow> {};

TEST_P(FollowingRow, LeadsAsTheRecordsSay) {
  const int before = driver_.standby->whole();
  ASSERT_EQ(before, 1) << "the first look";
  GetParam().change(driver_, running_);
  driver_.CommitAll();
  Look();
  EXPECT_EQ(driver_.standby->whole(), GetParam().followed ? before : before + 1);
  driver_.Restart();
  EXPECT_EQ(driver_.standby->warm(), 1);
  driver_.CommitAll();
  driver_.RegisterNodeCall("n1", kNodeSize, {});
  driver_.CommitAll();
  driver_.Advance(seconds(60));
}

void Kill(CoreDriver& driver, const AttemptId& running) {
  driver.Kill(running.application);
}
void KillFour(CoreDriver& driver, const AttemptId& running) {
  Kill(driver, running);
  for (int i = 0; i < 3; ++i) {
    driver.CommitAll();
    driver.Kill(driver.SubmitStored(In("root.a"), std::to_string(i)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    FollowingRow,
    ::testing::Values(
        ChangeRow{"Nothing", [](CoreDriver&, const AttemptId&) {}},
        ChangeRow{"Submission",
                  [](CoreDriver& driver, const AttemptId&) { driver.Submit(In("root.a"), "2"); }},
        ChangeRow{"SubmissionWithTimes",
                  [](CoreDriver& driver, const AttemptId&) {
                    SubmissionContext context = In("root.a");
                    context.lifetime = seconds(40);
                    context.queue_timeout = seconds(20);
                    driver.Submit(context, "2");
                  }},
        ChangeRow{"NextQueueOfItsKind",
                  [](CoreDriver& driver, const AttemptId&) {
                    driver.Submit(In("root.d.mia"), "2", "mia");
                  }},
        ChangeRow{"Master",
                  [](CoreDriver& driver, const AttemptId&) {
                    driver.RunApplication(In("root.a"), "2", "n1");
                  }},
        ChangeRow{"End",
                  [](CoreDriver& driver, const AttemptId& running) { driver.Finish(running); }},
        ChangeRow{"Kill", Kill},
        ChangeRow{"MoreEndsThanAreKept", KillFour},
        ChangeRow{"FailureOfTheMaster",
                  [](CoreDriver& driver, const AttemptId& running) {
                    const auto report = driver.Report(running.application);
                    driver.Beat("n1", {Complete(report.am_container, 1)});
                  }},
        ChangeRow{"Priority",
                  [](CoreDriver& driver, const AttemptId& running) {
                    driver.Step(UpdatePriority{.call = driver.NewCall(),
                                               .user = "ann",
                                               .id = running.application,
                                               .priority = 1});
                  }},
        ChangeRow{"Lifetime",
                  [](CoreDriver& driver, const AttemptId& running) {
                    driver.Step(UpdateLifetime{.call = driver.NewCall(),
                                               .user = "ann",
                                               .id = running.application,
                                               .lifetime = seconds(30)});
                  }},
        ChangeRow{"Usage",
                  [](CoreDriver& driver, const AttemptId&) { driver.Advance(seconds(25)); }},
        ChangeRow{"Node",
                  [](CoreDriver& driver, const AttemptId&) { driver.AddNode("n2", kNodeSize); }},
        ChangeRow{"NodeThatIsForgotten",
                  [](CoreDriver& driver, const AttemptId&) {
                    driver.store.erase(store::NodeKey({"n1"}));
                  },
                  false},
        ChangeRow{
            "Drain",
            [](CoreDriver& driver, const AttemptId&) {
              driver.Step(DrainNode{
                  .call = driver.NewCall(), .by = "root", .node = "n1", .timeout = seconds(10)});
            },
            false},
        ChangeRow{"Label",
                  [](CoreDriver& driver, const AttemptId&) {
                    driver.Step(AddLabels{
                        .call = driver.NewCall(), .by = "root", .labels = {{"x", false}}});
                  },
                  false},
        ChangeRow{"SettingsOfANode",
                  [](CoreDriver& driver, const AttemptId&) {
                    driver.Step(UpdateNodeResource{.call = driver.NewCall(),
                                                   .by = "root",
                                                   .node = "n1",
                                                   .capacity = Resource{2048, 4}});
                  },
                  false},
        ChangeRow{
            "Queues",
            [](CoreDriver& driver, const AttemptId&) {
              QueueProperties next = driver.options.local_queues;
              next.push_back({"yarn.scheduler.capacity.root.a.user-limit-factor", "2"});
              driver.Step(ReconfigureQueues{
                  .call = driver.NewCall(), .by = "root", .origin = "apply", .properties = next});
            },
            false},
        ChangeRow{"EndOfAQueueThatWasMade",
                  [](CoreDriver& driver, const AttemptId&) {
                    for (const auto& one : driver.core->List({}, driver.now).applications) {
                      if (one.queue == "root.d.ann") driver.Kill(one.id);
                    }
                  },
                  false}),
    [](const auto& row) { return row.param.name; });

TEST_F(Following, TheClockOnTheWallMayJumpMeanwhile) {
  SubmissionContext context = In("root.a");
  context.lifetime = seconds(4000);
  const ApplicationId id = driver_.SubmitStored(context, "2");
  Look();
  driver_.now.wall += std::chrono::hours(1);
  driver_.Restart();
  EXPECT_EQ(driver_.standby->warm(), 1);
  driver_.CommitAll();
  driver_.Advance(seconds(399));
  EXPECT_FALSE(IsTerminal(driver_.Report(id).state));
  driver_.Advance(seconds(2));
  driver_.CommitAll();
  EXPECT_EQ(driver_.Report(id).state, ApplicationState::kKilled);
}

TEST_F(Following, AMasterHasTheWholeTimeToBeHeardOf) {
  driver_.now.monotonic += std::chrono::hours(5);
  driver_.Restart();
  driver_.CommitAll();
  driver_.RegisterNodeCall(
      "n1", kNodeSize, {Running(driver_.Report(running_.application).am_container)});
  driver_.CommitAll();
  EXPECT_EQ(driver_.Report(running_.application).attempt, running_);
  driver_.Beat("n1");
  EXPECT_EQ(driver_.Report(running_.application).attempt, running_);
}

// What a damaged store leaves: it is not forgotten that it is to be deleted.
TEST_F(Following, WhatHasLostItsApplicationIsDeleted) {
  const ApplicationId id = running_.application;
  const store::Record record = driver_.store.at(store::ApplicationKey(id));
  driver_.store.erase(store::ApplicationKey(id));
  Look();
  ASSERT_TRUE(driver_.Stored(store::AttemptKey(running_)));
  driver_.Restart();
  driver_.CommitAll();
  EXPECT_FALSE(driver_.Stored(store::AttemptKey(running_)));
}

TEST_F(Following, AnApplicationThatComesAfterItsAttemptIsLoaded) {
  const ApplicationId id = running_.application;
  const store::Record record = driver_.store.at(store::ApplicationKey(id));
  driver_.store.erase(store::ApplicationKey(id));
  Look();
  driver_.store.insert_or_assign(store::ApplicationKey(id), record);
  Look();
  driver_.Restart();
  EXPECT_EQ(driver_.Report(id).attempt, running_);
}

TEST_F(Following, TheNextOnesIdsAreNotThoseThatItHasFollowed) {
  driver_.Restart();
  driver_.CommitAll();
  const ApplicationId next = driver_.SubmitStored(In("root.a"), "2");
  EXPECT_GT(next, running_.application);
  EXPECT_EQ(next.cluster_timestamp, driver_.epoch.cluster_timestamp);
}

TEST(StandbyCore, KnowsTheKeysAndWhetherQueuesAreStored) {
  CoreDriver driver;
  StandbyCore core(driver.options);
  EXPECT_TRUE(core.stale());
  core.Follow({.whole = true, .put = {}, .gone = {}});
  EXPECT_FALSE(core.HasStoredQueues());
  EXPECT_TRUE(core.token_keys().keys.empty());
  const store::TokenKeysRecord keys{.keys = {{1, "one"}}, .signer = 1};
  core.Follow({.whole = false, .put = {keys}, .gone = {}});
  EXPECT_EQ(core.token_keys(), keys);
  core.Follow({.whole = false, .put = {}, .gone = {keys}});
  EXPECT_TRUE(core.token_keys().keys.empty());
  store::RecordChanges all{.whole = true, .put = {}, .gone = {}};
  for (const auto& [key, record] : driver.store) all.put.push_back(record);
  core.Follow(std::move(all));
  EXPECT_TRUE(core.HasStoredQueues());
}

}  // namespace
}  // namespace weir::rm
