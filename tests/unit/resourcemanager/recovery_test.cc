// What a ResourceManager knows after a crash, from the committed records alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

const Resource kNodeSize{4096, 8};

TEST(Recovery, KeepsEveryAcknowledgedSubmissionAndNoOther) {
  CoreDriver driver;
  const ApplicationId stored = driver.SubmitStored(Context("one"), "1");
  driver.Submit(Context("two"), "2");
  driver.Restart();
  driver.CommitAll();
  const auto page = driver.core->List({}, driver.now);
  ASSERT_EQ(page.applications.size(), 1U);
  EXPECT_EQ(page.applications[0].id, stored);
  const CallId again = driver.Submit(Context("one"), "1");
  ASSERT_NE(driver.Get<ApplicationId>(again), nullptr);
  EXPECT_EQ(*driver.Get<ApplicationId>(again), stored) << "the key is known over the crash";
}

TEST(Recovery, KeepsFinalStates) {
  CoreDriver driver;
  driver.AddNode("n1", kNodeSize);
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Finish(attempt);
  driver.CommitAll();
  const ApplicationId killed = driver.SubmitStored(Context("kill"), "2");
  driver.Kill(killed);
  driver.CommitAll();
  const ApplicationReport before = driver.Report(attempt.application);
  driver.Restart();
  driver.CommitAll();
  const ApplicationReport after = driver.Report(attempt.application);
  EXPECT_EQ(after.state, ApplicationState::kFinished);
  EXPECT_EQ(after.final_status, FinalStatus::kSucceeded);
  EXPECT_EQ(after.diagnostics, before.diagnostics);
  EXPECT_EQ(after.tracking_url, before.tracking_url);
  EXPECT_EQ(after.finished, before.finished);
  EXPECT_EQ(after.am_container, before.am_container);
  EXPECT_EQ(driver.Report(killed).state, ApplicationState::kKilled);
  const ClusterSummary summary = driver.core->Summary();
  EXPECT_EQ(summary.applications_completed, 1);
  EXPECT_EQ(summary.applications_killed, 1);
  EXPECT_EQ(summary.epoch, Epoch{2});
}

TEST(Recovery, GivesNewIdsThatNoEarlierEpochGave) {
  CoreDriver driver;
  driver.AddNode("n1", kNodeSize);
  const AttemptId before = driver.RunApplication(Context("count"), "1", "n1");
  driver.Kill(before.application);
  driver.CommitAll();
  driver.Restart();
  driver.CommitAll();
  driver.AddNode("n1", kNodeSize);
  const AttemptId after = driver.RunApplication(Context("count"), "2", "n1");
  EXPECT_GT(after.application, before.application);
  EXPECT_EQ(driver.Report(after.application).am_container.epoch(), Epoch{2});
  EXPECT_EQ(driver.Code(driver.Heartbeat("n1", {.session = 1, .sequence = 1})), ErrorCode::kResync);
}

TEST(Recovery, ForgetsTheOldestCompletedOnes) {
  CoreOptions options = SmallOptions();
  options.completed_applications = 2;
  CoreDriver driver(options);
  std::vector<ApplicationId> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(driver.SubmitStored(Context("count"), std::to_string(i)));
    driver.Advance(seconds(1));
    driver.Kill(ids.back());
    driver.CommitAll();
  }
  EXPECT_EQ(driver.core->List({}, driver.now).applications.size(), 2U);
  EXPECT_FALSE(driver.Stored(store::ApplicationKey(ids[1])));
  EXPECT_TRUE(driver.Stored(store::ApplicationKey(ids[2])));
  EXPECT_FALSE(driver.core->Report(ids[0], driver.now).has_value());
  EXPECT_EQ(driver.core->Summary().applications_killed, 4);
  driver.Restart();
  EXPECT_EQ(driver.core->List({}, driver.now).applications.size(), 2U);
}

struct CompletedRow {
  size_t remembered;
  size_t stored;
  size_t after_restart;
};

TEST(Recovery, KeepsAsManyCompletedOnesAsItIsToldHereAndInTheStore) {
  for (const CompletedRow& row :
       {CompletedRow{4, 2, 2}, {3, 5, 3}, {3, 0, 0}, {0, 3, 0}, {9, 9, 6}}) {
    SCOPED_TRACE(std::to_string(row.remembered) + " and " + std::to_string(row.stored));
    CoreOptions options = SmallOptions();
    options.completed_applications = row.remembered;
    options.stored_completed_applications = row.stored;
    CoreDriver driver(options);
    driver.AddNode("n1", kNodeSize);
    ApplicationId last;
    for (int i = 0; i < 6; ++i) {
      last = driver.RunApplication(Context("count"), std::to_string(i), "n1").application;
      driver.Advance(seconds(1));
      const ContainerId master = driver.Report(last).am_container;
      driver.Kill(last);
      driver.CommitAll();
      driver.Beat("n1", {Complete(master, 143)});
    }
    driver.CommitAll();
    EXPECT_EQ(driver.core->List({}, driver.now).applications.size(),
              std::min<size_t>(row.remembered, 6));
    size_t records = 0;
    size_t of_one = 0;
    for (const auto& [key, record] : driver.store) {
      records += std::holds_alternative<store::ApplicationRecord>(record) ? 1U : 0U;
      of_one += std::holds_alternative<store::AttemptRecord>(record) ? 1U : 0U;
    }
    EXPECT_EQ(records, row.after_restart);
    EXPECT_EQ(of_one, row.after_restart);
    // What was used is counted once, wherever it is.
    const int64_t used = driver.core->Queues(driver.now).at(0).memory_seconds;
    EXPECT_EQ(used, 6 * 512);
    driver.Restart();
    driver.CommitAll();
    EXPECT_EQ(driver.core->List({}, driver.now).applications.size(), row.after_restart);
    EXPECT_EQ(driver.core->Queues(driver.now).at(0).memory_seconds, used);
    EXPECT_EQ(driver.Stored(store::ApplicationKey(last)), row.after_restart > 0) << "the newest";
  }
}

TEST(Recovery, SurvivesMissingAndOrphanedRecords) {
  CoreDriver driver;
  driver.AddNode("n1", kNodeSize);
  SubmissionContext context = Context("count");
  context.max_attempts = 2;
  const AttemptId first = driver.RunApplication(context, "1", "n1");
  driver.Beat("n1", {Complete(driver.Report(first.application).am_container, 1)});
  ASSERT_EQ(driver.StartMasters("n1").size(), 1U);
  driver.store.erase(store::AttemptKey(first));  // quarantined by the store
  const AttemptId orphan{{1, 1}, 1};
  driver.store.emplace(store::AttemptKey(orphan), store::AttemptRecord{.id = orphan});
  driver.Restart();
  driver.CommitAll();
  EXPECT_EQ(driver.Report(first.application).attempt.number, 2);
  EXPECT_FALSE(driver.Stored(store::AttemptKey(orphan)));
}

TEST(StagedFiles, AreForgottenWhenNoLiveApplicationUsesThem) {
  const std::string shared(64, 'a');
  const std::string own(64, 'b');
  CoreDriver driver;
  SubmissionContext context = Context("count");
  context.am_launch.local_resources["job.so"] = {
      .uri = "staging:" + shared, .size = 1, .mtime_ms = 0, .sha256 = shared};
  const ApplicationId one = driver.SubmitStored(context, "1");
  context.am_launch.local_resources["conf"] = {
      .uri = "staging:" + own, .size = 1, .mtime_ms = 0, .sha256 = own};
  const ApplicationId two = driver.SubmitStored(context, "2");
  driver.Kill(two);
  EXPECT_TRUE(driver.forgotten.empty());
  driver.CommitAll();
  ASSERT_EQ(driver.forgotten.size(), 1U);
  EXPECT_EQ(driver.forgotten[0].sha256, std::vector{own}) << "the other one is still used";
  driver.Kill(one);
  driver.CommitAll();
  ASSERT_EQ(driver.forgotten.size(), 2U);
  EXPECT_EQ(driver.forgotten[1].sha256, std::vector{shared});
  driver.forgotten.clear();
  driver.Restart();
  EXPECT_TRUE(driver.forgotten.empty()) << "nobody refers to them: they go unclaimed";
}

TEST(List, IsFilteredAndPaged) {
  CoreDriver driver;
  std::vector<ApplicationId> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(driver.SubmitStored(Context("count"), std::to_string(i)));
  }
  driver.Kill(ids[1]);
  driver.CommitAll();
  auto page = driver.core->List({.limit = 2}, driver.now);
  ASSERT_EQ(page.applications.size(), 2U);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.applications[0].id, ids[4]) << "newest first";
  page = driver.core->List({.after = ids[3], .limit = 10}, driver.now);
  ASSERT_EQ(page.applications.size(), 3U);
  EXPECT_FALSE(page.more);
  EXPECT_EQ(page.applications[0].id, ids[2]);
  page = driver.core->List({.states = {ApplicationState::kKilled}}, driver.now);
  ASSERT_EQ(page.applications.size(), 1U);
  EXPECT_EQ(page.applications[0].id, ids[1]);
  EXPECT_TRUE(driver.core->List({.user = "bob"}, driver.now).applications.empty());
  EXPECT_EQ(driver.core->List({.queue = "default"}, driver.now).applications.size(), 5U);
  EXPECT_FALSE(driver.core->Containers({1, 1}).ok());
}

}  // namespace
}  // namespace weir::rm
