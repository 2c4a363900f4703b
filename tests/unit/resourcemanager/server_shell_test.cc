// The shell with the real core and a store whose writes end when the test says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/clock.h"
#include "platform/event_loop.h"
#include "platform/log.h"
#include "platform/mutex.h"
#include "resourcemanager/server/resource_manager_server.h"
#include "resourcemanager/server/rm_metrics.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"
#include "tests/unit/resourcemanager/held_store.h"

namespace weir::rm {
namespace {

using platform::Lane;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};  // a hang guard

class ShellTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const store::EpochRecord epoch{Epoch{1}, 1'700'000'000'000, "test"};
    auto core = std::make_unique<ResourceManagerCore>(
        CoreOptions{}, epoch, std::vector<store::Record>{}, platform::ReadClock());
    ResourceManagerServer::Hooks hooks;
    hooks.forget_staged_files = [](const ApplicationId&) {};
    hooks.step_down = [this](const Error& error) { stepped_down_.set_value(error); };
    hooks.store_patience = patience_;
    server_ = std::make_unique<ResourceManagerServer>(
        loop_, store_, std::move(core), metrics_, std::move(hooks));
    loop_.Start();
    server_->Start();
    store_.FinishOne({});  // the first version of the queue configuration
  }
  void TearDown() override { loop_.Stop(); }

  // `overdue`: who hears that the store does not answer; nobody by default.
  std::future<CoreAnswer> Submit(const std::string& key,
                                 ResourceManagerServer::Refusal overdue = nullptr) {
    const auto answer = std::make_shared<std::promise<CoreAnswer>>();
    SubmitApplication submit;
    submit.user = "ann";
    submit.idempotency_key = key;
    submit.context.name = "sleeper";
    submit.context.type = "WEIR_COMMAND";
    submit.context.am_resource = {1024, 1};
    submit.context.am_launch.command = {"/bin/sleep", "1000"};
    submit.context.max_attempts = 1;
    server_->Call(
        Lane::kControl,
        [submit](CallId call) mutable {
          submit.call = call;
          return submit;
        },
        [answer](CoreAnswer got) { answer->set_value(std::move(got)); },
        std::move(overdue));
    return answer->get_future();
  }
  // Returns when everything posted before has been worked on.
  size_t KnownApplications() {
    std::promise<size_t> known;
    server_->Read([&known](const ResourceManagerCore& core,
                           Now now) { known.set_value(core.List({}, now).applications.size()); },
                  [&known](const Error&) { known.set_value(SIZE_MAX); });
    return known.get_future().get();
  }

  Duration patience_ = std::chrono::hours(1);
  HeldStore store_;
  RmMetrics metrics_;
  platform::EventLoop loop_{"test-core"};
  std::promise<Error> stepped_down_;
  std::unique_ptr<ResourceManagerServer> server_;
};

constexpr int kRecovered = 800;

// The log of a start with so many applications. `failed`: of each the only attempt has.
std::string LogOfRecovery(bool failed) {
  std::vector<store::Record> records;
  for (int i = 1; i <= kRecovered; ++i) {
    store::ApplicationRecord record;
    record.id = {1'600'000'000'000, i};
    record.idempotency_key = "key-" + std::to_string(i);
    record.user = "ann";
    record.queue = "root.default";
    record.context.am_resource = {1024, 1};
    records.emplace_back(record);
    if (!failed) continue;
    store::AttemptRecord attempt;
    attempt.id = {record.id, 1};
    attempt.finished = true;
    records.emplace_back(attempt);
  }
  const testing::TempDirectory directory;
  const std::string log = directory / "log";
  EXPECT_TRUE(platform::StartLog(log, platform::LogLevel::kInfo).ok());
  HeldStore store;
  RmMetrics metrics;
  platform::EventLoop loop("test-core");
  ResourceManagerServer::Hooks hooks;
  hooks.step_down = [](const Error&) {};
  ResourceManagerServer server(
      loop,
      store,
      std::make_unique<ResourceManagerCore>(CoreOptions{},
                                            store::EpochRecord{Epoch{2}, 1'700'000'000'000, "test"},
                                            records,
                                            platform::ReadClock()),
      metrics,
      std::move(hooks));
  loop.Start();
  server.Start();
  loop.Stop();
  EXPECT_TRUE(platform::StartLog("", platform::LogLevel::kInfo).ok());
  return testing::ReadWholeFile(log);
}

size_t ChangesIn(const std::string& log) {
  size_t told = 0;
  for (size_t at = log.find(" event="); at != std::string::npos; at = log.find(" event=", at + 1)) {
    ++told;
  }
  return told;
}

// A recovery of many applications does not wait for its log.
TEST(ShellRecovery, TellsOfTheFirstChangesAndOfHowManyThereWere) {
  const std::string log = LogOfRecovery(true);
  EXPECT_EQ(ChangesIn(log), ResourceManagerServer::kToldOfRecovery);
  EXPECT_THAT(log, HasSubstr("all=" + std::to_string(2 * kRecovered) + " told=1000"));
}

// Of those for whom nothing had to be decided even less.
TEST(ShellRecovery, TellsOfTheNewestThatGoOnAndHowManyThereAre) {
  const std::string log = LogOfRecovery(false);
  EXPECT_EQ(ChangesIn(log), 400U);
  EXPECT_THAT(log, HasSubstr(std::to_string(kRecovered) + " applications go on"));
  EXPECT_THAT(log, HasSubstr(ApplicationId{1'600'000'000'000, kRecovered}.ToString()));
}

bool IsReady(std::future<CoreAnswer>& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

TEST_F(ShellTest, AnswersASubmissionOnlyWhenItsRecordIsDurable) {
  std::future<CoreAnswer> answer = Submit("key-1");
  ASSERT_NE(KnownApplications(), SIZE_MAX);
  EXPECT_FALSE(IsReady(answer));
  EXPECT_GT(server_->held_actions(), 0u);
  store_.FinishOne({});
  ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
  const CoreAnswer got = answer.get();
  EXPECT_TRUE(std::holds_alternative<ApplicationId>(got));
}

TEST_F(ShellTest, StepsDownWhenAWriteFailsAndAnswersEveryoneWhoWaits) {
  std::future<CoreAnswer> first = Submit("key-1");
  std::future<CoreAnswer> second = Submit("key-2");
  store_.FinishOne(Error{ErrorCode::kFenced, "epoch 2 has the store", ""});
  std::future<Error> down = stepped_down_.get_future();
  ASSERT_EQ(down.wait_for(kPatience), std::future_status::ready);
  for (std::future<CoreAnswer>* answer : {&first, &second}) {
    ASSERT_EQ(answer->wait_for(kPatience), std::future_status::ready);
    const CoreAnswer got = answer->get();
    ASSERT_TRUE(std::holds_alternative<Error>(got));
    EXPECT_EQ(std::get<Error>(got).code, ErrorCode::kUnavailable);
  }
  EXPECT_TRUE(server_->stepped_down());
  std::future<CoreAnswer> late = Submit("key-3");
  ASSERT_EQ(late.wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(std::holds_alternative<Error>(late.get()));
  EXPECT_EQ(KnownApplications(), SIZE_MAX) << "reads are refused, too";
}

class ImpatientShellTest : public ShellTest {
 protected:
  ImpatientShellTest() { patience_ = milliseconds(50); }
};

// Asked for again with the same key it waits with the first one; both hear of one application.
TEST_F(ImpatientShellTest, SaysThatTheStoreDoesNotAnswerAndMakesTheApplicationOnceAllTheSame) {
  std::vector<std::future<CoreAnswer>> answers;
  for (int tries = 0; tries < 2; ++tries) {
    const auto told = std::make_shared<std::promise<Error>>();
    answers.push_back(Submit("key-1", [told](Error error) { told->set_value(std::move(error)); }));
    std::future<Error> heard = told->get_future();
    ASSERT_EQ(heard.wait_for(kPatience), std::future_status::ready);
    const Error error = heard.get();
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_NE(error.message.find("the state store (held) has not answered since 20"),
              std::string::npos)
        << error.message;
    EXPECT_FALSE(error.remedy.empty());
    EXPECT_FALSE(IsReady(answers.back())) << "it is not decided yet";
  }
  store_.FinishOne({});
  ASSERT_EQ(answers[0].wait_for(kPatience), std::future_status::ready);
  ASSERT_EQ(answers[1].wait_for(kPatience), std::future_status::ready);
  const CoreAnswer first = answers[0].get();
  ASSERT_TRUE(std::holds_alternative<ApplicationId>(first));
  EXPECT_EQ(std::get<ApplicationId>(first), std::get<ApplicationId>(answers[1].get()));
  EXPECT_EQ(KnownApplications(), 1u);
}

TEST_F(ImpatientShellTest, TellsNobodyWhoHasHisAnswerAlready) {
  const auto told = std::make_shared<int>(0);
  std::future<CoreAnswer> answered = Submit("key-1", [told](const Error&) { ++*told; });
  store_.FinishOne({});
  ASSERT_EQ(answered.wait_for(kPatience), std::future_status::ready);
  // One that is told later has been looked at later.
  const auto later = std::make_shared<std::promise<Error>>();
  Submit("key-2", [later](Error error) { later->set_value(std::move(error)); });
  ASSERT_EQ(later->get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(*told, 0);
  EXPECT_EQ(told.use_count(), 1) << "nothing is kept of him";
}

TEST_F(ShellTest, ForgetsTheAnswerOfACallWhosePeerLeft) {
  std::future<CoreAnswer> submitted = Submit("key-1");
  store_.FinishOne({});
  const ApplicationId id = std::get<ApplicationId>(submitted.get());
  const auto answered = std::make_shared<std::promise<CoreAnswer>>();
  WatchApplication watch;
  watch.id = id;
  watch.known_version = INT64_MAX;
  watch.park = seconds(3600);
  const CallId call = server_->Call(
      Lane::kRead,
      [watch](CallId made) mutable {
        watch.call = made;
        return watch;
      },
      [answered](CoreAnswer got) { answered->set_value(std::move(got)); });
  ASSERT_EQ(KnownApplications(), 1u);
  EXPECT_EQ(answered.use_count(), 2) << "the parked call waits in the table";
  server_->Abandon(Lane::kRead, call);
  ASSERT_EQ(KnownApplications(), 1u);
  EXPECT_EQ(answered.use_count(), 1) << "nothing is kept for a peer that left";
}

TEST_F(ShellTest, RefusesACallWhenItsLaneIsFull) {
  std::promise<void> release;
  loop_.Post([waiting = release.get_future().share()] { waiting.wait(); });
  size_t refused = 0;
  for (size_t i = 0; i < 70'000; ++i) {
    server_->Read([](const ResourceManagerCore&, Now) {},
                  [&refused](const Error& error) {
                    refused += error.code == ErrorCode::kResourceExhausted ? 1 : 0;
                  });
  }
  release.set_value();
  EXPECT_GT(refused, 0u);
  // The loop takes what the lane holds, and then there is room again.
  EXPECT_TRUE(testing::WaitUntil([&] { return KnownApplications() != SIZE_MAX; }, "room"));
}

}  // namespace
}  // namespace weir::rm
