#include "resourcemanager/core/role_policy.h"

#include <gtest/gtest.h>

namespace weir::rm {
namespace {

constexpr Instant kStart{std::chrono::hours(1)};

TEST(RolePolicy, IsActiveWhileItIsElected) {
  RolePolicy policy(true);
  EXPECT_TRUE(policy.stands(kStart));
  EXPECT_FALSE(policy.to_be_active());
  policy.Elected();
  EXPECT_TRUE(policy.to_be_active());
  policy.Deposed();
  EXPECT_FALSE(policy.to_be_active());
  EXPECT_TRUE(policy.stands(kStart)) << "it follows, and takes over when the other goes";
  EXPECT_EQ(policy.NextDeadline(kStart), kNever);
}

TEST(RolePolicy, LetsAnotherHaveTheChanceAfterAFailureAndLongerEachTime) {
  RolePolicy policy(true);
  Instant now = kStart;
  for (const int back_off : {1, 2, 4, 8, 16, 30, 30}) {
    policy.Elected();
    policy.Ended(now);
    policy.Deposed();  // it gives the lock back
    EXPECT_FALSE(policy.to_be_active());
    EXPECT_FALSE(policy.stands(now + seconds(back_off) - milliseconds(1)));
    EXPECT_EQ(policy.NextDeadline(now), now + seconds(back_off));
    now += seconds(back_off);
    EXPECT_TRUE(policy.stands(now));
  }
  policy.Elected();
  policy.Started(now);
  policy.Ended(now + RolePolicy::kSteady - milliseconds(1));
  EXPECT_EQ(policy.NextDeadline(now), now + RolePolicy::kSteady - milliseconds(1) + seconds(30));
  policy.Started(now);
  policy.Ended(now + RolePolicy::kSteady);
  EXPECT_EQ(policy.NextDeadline(now), now + RolePolicy::kSteady - milliseconds(1) + seconds(30))
      << "a shorter one does not end it";
  policy.Ended(now + 2 * RolePolicy::kSteady);
  EXPECT_EQ(policy.NextDeadline(now + 2 * RolePolicy::kSteady),
            now + 2 * RolePolicy::kSteady + seconds(2))
      << "steady: it begins anew";
}

TEST(RolePolicy, CedesForAWhile) {
  RolePolicy policy(true);
  policy.Elected();
  ASSERT_TRUE(policy.Cede(seconds(10), kStart).ok());
  EXPECT_FALSE(policy.to_be_active());
  policy.Deposed();
  EXPECT_FALSE(policy.stands(kStart + milliseconds(9'999)));
  EXPECT_TRUE(policy.stands(kStart + seconds(10)));
  for (const Duration wrong : {Duration{}, Duration{-1}, RolePolicy::kCedeMost + Duration{1}}) {
    EXPECT_EQ(policy.Cede(wrong, kStart).error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(RolePolicy, HasCededWhenAnotherLeads) {
  RolePolicy policy(true);
  policy.Elected();
  ASSERT_TRUE(policy.Cede(seconds(10), kStart).ok());
  policy.Deposed();
  policy.AnotherLeads();
  EXPECT_TRUE(policy.stands(kStart)) << "it takes over as soon as that one goes";
  EXPECT_EQ(policy.NextDeadline(kStart), kNever);

  policy.Elected();
  policy.Ended(kStart);
  policy.Deposed();
  policy.AnotherLeads();
  EXPECT_FALSE(policy.stands(kStart)) << "a back-off goes on";
  EXPECT_EQ(policy.NextDeadline(kStart), kStart + RolePolicy::kFirstBackOff);
  ASSERT_TRUE(policy.ToStandby(true).ok());
  policy.AnotherLeads();
  EXPECT_FALSE(policy.stands(kStart + seconds(60))) << "so does what an administrator has said";
}

// To end the active part may take longer than the time for which it does not stand.
TEST(RolePolicy, GivesBackWhatItHoldsInVainBeforeItStandsAgain) {
  const auto expect_gives_back = [](RolePolicy& policy, Instant later, const char* why) {
    SCOPED_TRACE(why);
    EXPECT_TRUE(policy.holds_in_vain());
    EXPECT_FALSE(policy.stands(later));
    policy.Deposed();
    EXPECT_FALSE(policy.holds_in_vain());
    EXPECT_TRUE(policy.stands(later));
  };
  const Instant later = kStart + seconds(1);
  RolePolicy ceded(true);
  ceded.Elected();
  EXPECT_FALSE(ceded.holds_in_vain());
  ASSERT_TRUE(ceded.Cede(milliseconds(1), kStart).ok());
  expect_gives_back(ceded, later, "it has ceded");

  RolePolicy ended(true);
  ended.Elected();
  ended.Ended(kStart);
  expect_gives_back(ended, later, "its active part has ended");
}

TEST(RolePolicy, AnElectionIsOverruledByForceOnly) {
  RolePolicy policy(true);
  policy.Elected();
  EXPECT_EQ(policy.ToActive(false).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(policy.ToStandby(false).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(policy.to_be_active());
  ASSERT_TRUE(policy.ToStandby(true).ok());
  EXPECT_FALSE(policy.to_be_active());
  policy.Deposed();
  EXPECT_FALSE(policy.stands(kStart + std::chrono::hours(1'000)));
  ASSERT_TRUE(policy.ToActive(true).ok());
  EXPECT_TRUE(policy.stands(kStart));
  EXPECT_FALSE(policy.to_be_active()) << "it is to be elected first";
}

TEST(RolePolicy, WithoutElectionItDoesWhatItIsTold) {
  RolePolicy policy(false);
  EXPECT_FALSE(policy.stands(kStart));
  policy.Elected();
  EXPECT_FALSE(policy.to_be_active()) << "there is no election";
  ASSERT_TRUE(policy.ToActive(false).ok());
  EXPECT_TRUE(policy.to_be_active());
  EXPECT_EQ(policy.Cede(seconds(1), kStart).error().code, ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(policy.ToStandby(false).ok());
  EXPECT_FALSE(policy.to_be_active());
  ASSERT_TRUE(policy.ToActive(false).ok());
  policy.Ended(kStart);
  EXPECT_FALSE(policy.to_be_active()) << "whoever told it to sees that it failed, and tells again";
}

}  // namespace
}  // namespace weir::rm
