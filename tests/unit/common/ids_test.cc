#include "common/ids.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <unordered_set>

namespace weir {
namespace {

ApplicationId AnyApplication() {
  return {*rc::gen::inRange<int64_t>(0, std::numeric_limits<int64_t>::max()),
          *rc::gen::inRange<int32_t>(0, std::numeric_limits<int32_t>::max())};
}

AttemptId AnyAttempt() {
  return {AnyApplication(), *rc::gen::inRange<int32_t>(0, std::numeric_limits<int32_t>::max())};
}

ContainerId AnyContainer() {
  return ContainerId::Make(AnyAttempt(),
                           Epoch{*rc::gen::inRange<int64_t>(0, int64_t{1} << 23)},
                           *rc::gen::inRange<int64_t>(0, int64_t{1} << 40));
}

TEST(Ids, PrintAsYarnPrintsThem) {
  const ApplicationId application{1700000000000, 1};
  const AttemptId attempt{application, 2};
  EXPECT_EQ(application.ToString(), "application_1700000000000_0001");
  EXPECT_EQ((ApplicationId{1, 123456}).ToString(), "application_1_123456");
  EXPECT_EQ(attempt.ToString(), "appattempt_1700000000000_0001_000002");
  EXPECT_EQ(ContainerId::Make(attempt, Epoch{3}, 17).ToString(),
            "container_e03_1700000000000_0001_02_000017");
  EXPECT_EQ(ContainerId::Make(attempt, Epoch{100}, 1234567).ToString(),
            "container_e100_1700000000000_0001_02_1234567");
}

TEST(Ids, TheFirstContainerIsTheMasters) {
  const AttemptId attempt{{1, 1}, 1};
  EXPECT_TRUE(ContainerId::Make(attempt, Epoch{5}, 1).is_application_master());
  EXPECT_FALSE(ContainerId::Make(attempt, Epoch{5}, 2).is_application_master());
}

RC_GTEST_PROP(Ids, ApplicationsReadBackWhatTheyPrint, ()) {
  const ApplicationId id = AnyApplication();
  RC_ASSERT(ApplicationId::Parse(id.ToString()).value() == id);
}

RC_GTEST_PROP(Ids, AttemptsReadBackWhatTheyPrint, ()) {
  const AttemptId id = AnyAttempt();
  RC_ASSERT(AttemptId::Parse(id.ToString()).value() == id);
}

RC_GTEST_PROP(Ids, ContainersReadBackWhatTheyPrintWithEpochAndSequence, ()) {
  const ContainerId id = AnyContainer();
  const ContainerId read = ContainerId::Parse(id.ToString()).value();
  RC_ASSERT(read == id);
  RC_ASSERT(ContainerId::Make(read.attempt, read.epoch(), read.sequence()) == id);
}

RC_GTEST_PROP(Ids, ParsingAnyTextGivesAnIdOrAnError, (const std::string& text)) {
  for (const std::string& candidate : {text, "application_" + text, "container_e" + text}) {
    const auto application = ApplicationId::Parse(candidate);
    if (!application.ok()) RC_ASSERT(application.error().code == ErrorCode::kInvalidArgument);
    const auto container = ContainerId::Parse(candidate);
    if (!container.ok()) RC_ASSERT(container.error().code == ErrorCode::kInvalidArgument);
  }
}

RC_GTEST_PROP(Ids, ContainersOfALaterEpochComeLater, ()) {
  const ContainerId id = AnyContainer();
  const ContainerId later = ContainerId::Make(
      id.attempt, Epoch{id.epoch().value + 1}, *rc::gen::inRange<int64_t>(0, 100));
  RC_ASSERT(id < later);
}

TEST(Ids, RefuseEveryOtherForm) {
  for (const char* text : {"",
                           "application",
                           "application_1",
                           "application_1_",
                           "application_1_2_3",
                           "application_x_1",
                           "application_-1_1",
                           "application_1_-1",
                           "application_1_2147483648",
                           "application_9223372036854775808_1",
                           "job_1_1",
                           " application_1_1",
                           "application_1_1\n"}) {
    const auto id = ApplicationId::Parse(text);
    ASSERT_FALSE(id.ok()) << text;
    EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(id.error().remedy, "");
  }
  for (const char* text : {"appattempt_1_1", "appattempt_1_1_2147483648", "application_1_1_1"}) {
    EXPECT_FALSE(AttemptId::Parse(text).ok()) << text;
  }
  for (const char* text : {"container_1_1_1_1",
                           "container_03_1_1_1_1",
                           "container_e_1_1_1_1",
                           "container_e8388608_1_1_1_1",
                           "container_e1_1_1_1_1099511627776",
                           "container_e1_1_2147483648_1_1",
                           "container_e-1_1_1_1_1"}) {
    EXPECT_FALSE(ContainerId::Parse(text).ok()) << text;
  }
}

TEST(Ids, QuoteOnlyTheBeginningOfALongText) {
  const auto id = ApplicationId::Parse(std::string(100'000, 'x'));
  ASSERT_FALSE(id.ok());
  EXPECT_LT(id.error().message.size(), 300u);
}

TEST(Ids, HashDifferentIdsDifferently) {
  std::unordered_set<size_t> hashes;
  for (int32_t application = 1; application <= 20; ++application) {
    for (int64_t container = 1; container <= 50; ++container) {
      hashes.insert(std::hash<ContainerId>()(
          ContainerId::Make({{1700000000000, application}, 1}, Epoch{1}, container)));
    }
  }
  EXPECT_EQ(hashes.size(), 1000u);
}

}  // namespace
}  // namespace weir
