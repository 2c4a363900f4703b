#include "resourcemanager/core/leadership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core_driver.h"

namespace weir::rm {
namespace {

using testing::HasSubstr;

constexpr Duration kBridge = seconds(25);
constexpr Instant kBegin{seconds(1000)};

Instant At(int64_t millis) {
  return kBegin + milliseconds(millis);
}

LeadershipOptions Shared(size_t others) {
  LeadershipOptions options;
  options.shared = true;
  options.others = others;
  return options;
}

TEST(Leadership, OneThatIsAloneHasNothingToConfirm) {
  const Leadership alone(LeadershipOptions(), kBridge, kBegin);
  EXPECT_EQ(alone.Next(), kNever);
  EXPECT_EQ(alone.Unconfirmed(At(3'600'000)), Duration{0});
}

TEST(Leadership, TheStoreConfirmsAsOfTheQuestion) {
  Leadership leadership(Shared(1), kBridge, kBegin);
  EXPECT_EQ(leadership.Next(), kBegin);
  const auto first = leadership.Begin(At(0));
  EXPECT_FALSE(first.ask_others);
  EXPECT_EQ(leadership.Next(), At(1000));
  EXPECT_EQ(leadership.Unconfirmed(At(900)), milliseconds(900));
  leadership.StoreSaid(first.number, true);
  EXPECT_EQ(leadership.Unconfirmed(At(900)), milliseconds(900)) << "the question was at 0";
  const auto second = leadership.Begin(At(1000));
  EXPECT_FALSE(second.ask_others);
  leadership.StoreSaid(second.number, true);
  EXPECT_EQ(leadership.Unconfirmed(At(1200)), milliseconds(200));
  leadership.StoreSaid(first.number, true);
  EXPECT_EQ(leadership.Unconfirmed(At(1200)), milliseconds(200)) << "a late answer takes nothing";
  leadership.StoreSaid(second.number, false);
  EXPECT_EQ(leadership.Unconfirmed(At(1200)), milliseconds(200));
}

TEST(Leadership, CountsFromWhenTheEpochWasAskedFor) {
  LeadershipOptions options = Shared(1);
  options.since = At(-700);
  EXPECT_EQ(Leadership(options, kBridge, kBegin).Unconfirmed(kBegin), milliseconds(700));
}

TEST(Leadership, TheOthersAreAskedWhenTheStoreIsLateAndConfirmTogether) {
  Leadership leadership(Shared(2), kBridge, kBegin);
  leadership.Begin(At(0));
  const auto round = leadership.Begin(At(1000));
  EXPECT_TRUE(round.ask_others);
  leadership.OtherSaid(round.number, 0, true, At(1100));
  leadership.OtherSaid(round.number, 0, true, At(1100));
  EXPECT_EQ(leadership.Unconfirmed(At(1100)), milliseconds(1100)) << "one of two";
  leadership.OtherSaid(round.number, 1, false, At(1100));
  leadership.OtherSaid(round.number, 2, true, At(1100));
  EXPECT_EQ(leadership.Unconfirmed(At(1100)), milliseconds(1100)) << "not known; nobody's";
  leadership.OtherSaid(round.number, 1, true, At(1300));
  EXPECT_EQ(leadership.Unconfirmed(At(1300)), milliseconds(300));
}

TEST(Leadership, WordsOfTwoRoundsAreNotAddedUp) {
  Leadership leadership(Shared(2), kBridge, kBegin);
  leadership.Begin(At(0));
  const auto one = leadership.Begin(At(1000));
  const auto two = leadership.Begin(At(2000));
  leadership.OtherSaid(one.number, 0, true, At(2100));
  leadership.OtherSaid(two.number, 1, true, At(2100));
  EXPECT_EQ(leadership.Unconfirmed(At(2100)), milliseconds(2100));
}

// Whoever was active for longer may have replaced something.
TEST(Leadership, TheWordOfTheOthersBridgesNoGapThatIsLongerThanALease) {
  Leadership leadership(Shared(1), kBridge, kBegin);
  leadership.Begin(At(0));
  const auto in_time = leadership.Begin(At(24'000));
  leadership.OtherSaid(in_time.number, 0, true, At(24'999));
  EXPECT_EQ(leadership.Unconfirmed(At(24'999)), milliseconds(999));
  const auto late = leadership.Begin(At(48'000));
  leadership.OtherSaid(late.number, 0, true, At(49'000));
  EXPECT_EQ(leadership.Unconfirmed(At(49'000)), seconds(25)) << "24,000 is a lease ago";
  leadership.StoreSaid(late.number, true);
  EXPECT_EQ(leadership.Unconfirmed(At(49'000)), seconds(1)) << "the store's word always counts";
}

TEST(Leadership, RemembersAFewRoundsOnly) {
  Leadership leadership(Shared(1), kBridge, kBegin);
  const auto first = leadership.Begin(At(0));
  for (size_t i = 1; i <= Leadership::kRoundsKept; ++i) leadership.Begin(At(1));
  leadership.StoreSaid(first.number, true);
  leadership.StoreSaid(first.number + 1000, true);
  leadership.OtherSaid(first.number, 0, true, At(2));
  EXPECT_EQ(leadership.Unconfirmed(At(2)), milliseconds(2)) << "as of the beginning";
  leadership.StoreSaid(first.number + 1, true);
  EXPECT_EQ(leadership.Unconfirmed(At(2)), milliseconds(1));
}

CoreOptions OneOfTwo() {
  CoreOptions options = SmallOptions();
  options.leadership = Shared(1);
  return options;
}

TEST(CoreLeadership, AsksEachSecondAndTellsNodesHowLongItIsUnconfirmed) {
  CoreDriver driver(OneOfTwo());
  ASSERT_EQ(driver.questions.size(), 1U);
  EXPECT_FALSE(driver.questions.back().ask_others);
  driver.AddNode("n1", {4096, 4});
  driver.Advance(milliseconds(2500));
  ASSERT_EQ(driver.questions.size(), 3U);
  EXPECT_TRUE(driver.questions.back().ask_others) << "the store has not answered";
  EXPECT_EQ(driver.Beat("n1").unconfirmed, milliseconds(2500));
  driver.Step(StoreSaid{driver.questions[1].round, true});
  EXPECT_EQ(driver.Beat("n1").unconfirmed, milliseconds(1500));
  driver.Step(OtherSaid{driver.questions[2].round, 0, std::nullopt});
  EXPECT_EQ(driver.Beat("n1").unconfirmed, milliseconds(1500));
  driver.Step(OtherSaid{driver.questions[2].round, 0, Epoch{}});
  EXPECT_EQ(driver.Beat("n1").unconfirmed, milliseconds(500));
  const CallId again = driver.RegisterNodeCall("n1", {4096, 4});
  ASSERT_NE(driver.Get<RegisterNodeAnswer>(again), nullptr);
  EXPECT_EQ(driver.Get<RegisterNodeAnswer>(again)->unconfirmed, milliseconds(500));
  EXPECT_EQ(driver.core->Summary().unconfirmed, milliseconds(500));
}

TEST(CoreLeadership, OneThatIsAloneAsksNobody) {
  CoreDriver driver(SmallOptions());
  driver.AddNode("n1", {4096, 4});
  driver.Advance(seconds(5));
  EXPECT_TRUE(driver.questions.empty());
  EXPECT_EQ(driver.Beat("n1").unconfirmed, Duration{0});
}

TEST(CoreLeadership, StepsDownWhenAnotherIsActiveUnderALaterEpoch) {
  CoreDriver driver(OneOfTwo());
  const uint64_t round = driver.questions.back().round;
  driver.Step(OtherSaid{round, 0, driver.epoch.epoch});
  EXPECT_FALSE(driver.step_down) << "a former one that has not noticed";
  driver.Step(OtherSaid{round, 0, Epoch{driver.epoch.epoch.value + 1}});
  ASSERT_TRUE(driver.step_down);
  EXPECT_EQ(driver.step_down->error.code, ErrorCode::kFenced);
  EXPECT_THAT(driver.step_down->error.message, HasSubstr("active under epoch 2"));
}

TEST(CoreLeadership, SaysOnceThatItIsNotConfirmedAndOnceThatItIsAgain) {
  CoreDriver driver(OneOfTwo());
  const auto said = [&driver] {
    std::vector<std::string> lines;
    for (const Noted& note : driver.notes) {
      if (note.component == "leadership") lines.push_back(note.message);
    }
    return lines;
  };
  driver.Advance(seconds(5));
  EXPECT_TRUE(said().empty());
  driver.Advance(seconds(15));
  ASSERT_EQ(said().size(), 1U);
  EXPECT_THAT(said()[0], HasSubstr("nodes end what runs there after their lease of 25000 ms"));
  driver.Step(StoreSaid{driver.questions.back().round, true});
  ASSERT_EQ(said().size(), 2U);
  EXPECT_THAT(said()[1], HasSubstr("confirmed again"));
}

}  // namespace
}  // namespace weir::rm
