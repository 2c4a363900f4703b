// The checker itself: each broken invariant is noticed.
#include "tests/simulation/invariant_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

using ::testing::HasSubstr;

constexpr ApplicationId kApplication{.cluster_timestamp = 1, .sequence = 1};
constexpr AttemptId kFirst{.application = kApplication, .number = 1};
constexpr AttemptId kSecond{.application = kApplication, .number = 2};
const ContainerId kContainer = ContainerId::Make(kFirst, {1}, 2);

class InvariantCheckerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.store.Open(1, {.opened = [](const auto&) {}, .done = [](const auto&) {}});
  }
  // The record is on the disk afterwards.
  void Store(ApplicationState state) {
    store::ApplicationRecord record;
    record.id = kApplication;
    record.idempotency_key = "key";
    record.state = state;
    if (state == ApplicationState::kFinished) record.final_status = FinalStatus::kSucceeded;
    world_.store.Append(1, {store::Put{record}});
    while (world_.queue.RunNext()) {
    }
  }
  static ApplicationReport Report(ApplicationState state, FinalStatus status) {
    ApplicationReport report;
    report.id = kApplication;
    report.state = state;
    report.final_status = status;
    return report;
  }

  World world_{1, Faultiness::kNone, Trace::Output::kNone};
  InvariantChecker& checker_ = world_.checker;
};

TEST_F(InvariantCheckerTest, NoticesAnAcknowledgementBeforeTheRecordIsDurable) {
  checker_.Acknowledged("key", kApplication);
  EXPECT_THAT(checker_.failure(), HasSubstr("before its record is durable"));
}

TEST_F(InvariantCheckerTest, NoticesTwoApplicationsForOneKey) {
  Store(ApplicationState::kSubmitted);
  checker_.Acknowledged("key", kApplication);
  EXPECT_EQ(checker_.failure(), "");
  checker_.Acknowledged("key", {.cluster_timestamp = 1, .sequence = 2});
  EXPECT_THAT(checker_.failure(), HasSubstr("idempotency key key got"));
}

TEST_F(InvariantCheckerTest, NoticesAnEndThatIsNotDurable) {
  Store(ApplicationState::kSubmitted);
  checker_.Reported(Report(ApplicationState::kFinished, FinalStatus::kSucceeded));
  EXPECT_THAT(checker_.failure(), HasSubstr("before that is durable"));
}

TEST_F(InvariantCheckerTest, NoticesAnEndThatChanges) {
  Store(ApplicationState::kFinished);
  checker_.Reported(Report(ApplicationState::kFinished, FinalStatus::kSucceeded));
  EXPECT_EQ(checker_.failure(), "");
  checker_.Reported(Report(ApplicationState::kFailed, FinalStatus::kFailed));
  EXPECT_THAT(checker_.failure(), HasSubstr("was reported as FINISHED, then as FAILED"));
}

TEST_F(InvariantCheckerTest, NoticesAnOldAttemptThatIsAccepted) {
  checker_.Accepted(kFirst);
  checker_.Accepted(kSecond);
  EXPECT_EQ(checker_.failure(), "");
  checker_.Accepted(kFirst);
  EXPECT_THAT(checker_.failure(), HasSubstr("is accepted after attempt 2"));
}

TEST_F(InvariantCheckerTest, NoticesAMasterStartedBeforeItsRecordIsDurable) {
  StartContainerCommand command;
  command.token.id = kContainer;
  checker_.StartTold(command);
  EXPECT_THAT(checker_.failure(), HasSubstr("before its attempt's record is durable"));
}

TEST_F(InvariantCheckerTest, NoticesASecondLaunch) {
  checker_.Launched(kContainer);
  EXPECT_EQ(checker_.failure(), "");
  checker_.Launched(kContainer);
  EXPECT_THAT(checker_.failure(), HasSubstr("is launched twice"));
}

TEST_F(InvariantCheckerTest, NoticesALaunchAfterTheCompletionWasRecorded) {
  checker_.CompletionRecorded(kContainer);
  checker_.Launched(kContainer);
  EXPECT_THAT(checker_.failure(), HasSubstr("after its completion was recorded"));
}

TEST_F(InvariantCheckerTest, NoticesAnEndThatIsToldTwice) {
  AllocateAnswer answer;
  answer.epoch = Epoch{1};
  answer.sequence = 5;
  answer.completed = {{.id = kContainer, .state = ContainerState::kComplete, .exit_code = 0}};
  checker_.Polled(kContainer.attempt, answer);
  checker_.Polled(kContainer.attempt, answer);  // the same answer
  checker_.Registered(answer.epoch, kContainer.attempt);
  answer.sequence = 6;
  checker_.Polled(kContainer.attempt, answer);
  checker_.Released(answer.epoch, kContainer.attempt, {kContainer});
  answer.sequence = 7;
  checker_.Polled(kContainer.attempt, answer);
  EXPECT_EQ(checker_.failure(), "");
  answer.sequence = 8;
  checker_.Polled(kContainer.attempt, answer);
  EXPECT_THAT(checker_.failure(), HasSubstr("is told twice"));
}

TEST_F(InvariantCheckerTest, NoticesAnEndWithoutACause) {
  AllocateAnswer answer;
  answer.completed = {{.id = kContainer, .state = ContainerState::kComplete, .exit_code = 1}};
  checker_.Polled(kContainer.attempt, answer);
  EXPECT_THAT(checker_.failure(), HasSubstr("has no cause"));
}

TEST_F(InvariantCheckerTest, NoticesTooManyNodesGivenUpWithinAMinute) {
  const auto expire = [this](int64_t second, size_t nodes) {
    checker_.NodeExpired(Instant(seconds(second)), nodes);
  };
  expire(0, 20);
  expire(1, 20);
  expire(60, 20);
  expire(61, 20);
  EXPECT_FALSE(checker_.failed()) << checker_.failure();
  checker_.ResourceManagerBegan();
  expire(62, 3);
  EXPECT_FALSE(checker_.failed());
  expire(121, 3);
  EXPECT_THAT(checker_.failure(), HasSubstr("2 of 3 nodes were given up within a minute"));
}

}  // namespace
}  // namespace weir::simulation
