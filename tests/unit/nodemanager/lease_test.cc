#include "nodemanager/core/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;

constexpr Duration kExpiry = seconds(30);

// Registered under a lease; the first heartbeat is under way since then.
void RegisterWith(CoreDriver& node, Duration lease) {
  ++node.session;
  node.Step(Registered{{Epoch{3}, node.session, kExpiry, lease}});
  node.sequence = 1;
}
// A container that is to be kept when the lease ends.
void RunKept(CoreDriver& node, int64_t number) {
  LaunchContext launch = SleepForEver();
  launch.on_lease_end = LeaseEnd::kKeep;
  node.Step(StartContainer{node.NextCall(), kAttempt, node.Token(number), launch});
  node.Step(LocalizationDone{IdOf(number)});
  node.Step(Launched{IdOf(number)});
}
// A stop takes so long.
CoreOptions WithGrace(Duration grace) {
  CoreOptions options = SmallNode();
  options.sigkill_delay = grace - options.record_patience;
  return options;
}

TEST(Lease, StopsSoEarlyThatSigkillComesAtItsEnd) {
  Lease lease;
  EXPECT_EQ(lease.StopAt(seconds(5)), kNever);
  lease.SetLength(seconds(20));
  EXPECT_EQ(lease.StopAt(seconds(5)), kNever) << "nothing was heard yet";
  lease.Heard(Instant(seconds(100)));
  EXPECT_EQ(lease.StopAt(seconds(1)), Instant(seconds(119)));
  EXPECT_EQ(lease.StopAt(seconds(60)), Instant(seconds(115))) << "at most a quarter is for that";
  lease.Heard(Instant(seconds(90)));
  EXPECT_EQ(lease.heard(), Instant(seconds(100)));
  EXPECT_LE(2 * lease.LongestPark(seconds(30)), seconds(20) / 4);
  EXPECT_EQ(lease.LongestPark(seconds(1)), seconds(1));
}

TEST(NodeManagerLease, ASilentRmEndsWhatIsToStopAndKeepsWhatIsToStay) {
  CoreDriver node(WithGrace(seconds(1)));
  RegisterWith(node, seconds(20));
  node.Run(1);
  RunKept(node, 2);
  node.Advance(seconds(19) - milliseconds(1));
  EXPECT_FALSE(node.Take<Signal>());
  node.Advance(milliseconds(1));
  const auto signal = node.Take<Signal>();
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->id, IdOf(1));
  EXPECT_FALSE(node.Take<Signal>());
  EXPECT_TRUE(IsError(node.Start(3), ErrorCode::kUnavailable)) << "nobody counts on it any more";
  node.Advance(seconds(1));
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kKill);
  node.End(1, {.kind = ExitKind::kSignaled, .value = 9});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kAborted);
  EXPECT_THAT(node.StatusOf(1).diagnostics,
              HasSubstr("had heard of no ResourceManager: 19000 ms of silence, of a lease of 20000 "
                        "ms"));
  EXPECT_EQ(node.StatusOf(2).state, ContainerState::kRunning);
  // The RM is back: the kept one is its business again. Answers to what was sent long ago do not
  // say that.
  node.Answer();
  node.Answer();
  EXPECT_TRUE(IsError(node.Start(3), ErrorCode::kUnavailable));
  node.Answer();
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.Start(3).answer));
}

TEST(NodeManagerLease, CountsFromWhenTheAnsweredRequestWasSent) {
  CoreDriver node(WithGrace(seconds(1)));
  RegisterWith(node, seconds(20));
  node.Run(1);
  node.Step(HeartbeatFailed{1, 1, {ErrorCode::kAborted, "a newer one came", ""}});
  node.sequence = 2;
  node.Advance(seconds(10));
  node.Answer();  // of a heartbeat that was sent 10 s ago; the next goes out now
  node.Advance(seconds(8));
  EXPECT_FALSE(node.Take<Signal>());
  node.Advance(seconds(1));
  EXPECT_TRUE(node.Take<Signal>());
}

TEST(NodeManagerLease, ARepetitionCountsFromItsFirstCopyAndRefusalsDoNotCount) {
  CoreDriver node(WithGrace(seconds(1)));
  RegisterWith(node, seconds(20));
  node.Run(1);
  node.Step(HeartbeatFailed{1, 1, {ErrorCode::kAborted, "a newer one came", ""}});
  for (int i = 0; i < 9; ++i) {
    node.Advance(seconds(2));
    node.Step(HeartbeatFailed{1, 2, {ErrorCode::kUnavailable, "", ""}});
  }
  node.Advance(milliseconds(999));
  EXPECT_FALSE(node.Take<Signal>());
  node.Advance(milliseconds(1));
  EXPECT_TRUE(node.Take<Signal>());
}

// It answers, but has not known for long whether another one leads.
TEST(NodeManagerLease, CountsFromWhenWhoeverAnswersKnewThatItLeads) {
  CoreDriver node(WithGrace(seconds(1)));
  RegisterWith(node, seconds(20));
  node.Run(1);
  for (int i = 1; i <= 9; ++i) {
    node.Advance(seconds(2));
    NodeHeartbeatAnswer answer;
    answer.unconfirmed = i * seconds(2);  // since the registration
    node.Answer(answer);
  }
  EXPECT_FALSE(node.Take<Signal>());
  node.Advance(seconds(1));
  EXPECT_TRUE(node.Take<Signal>());
  EXPECT_TRUE(IsError(node.Start(2), ErrorCode::kUnavailable)) << "nobody may count on it";
  node.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_THAT(node.StatusOf(1).diagnostics,
              HasSubstr("whose ResourceManager did not know whether it leads: 19000 ms without a "
                        "leader that is sure of it, of a lease of 20000 ms"));
}

TEST(NodeManagerLease, ARegistrationCountsInTheSameWay) {
  CoreDriver node(WithGrace(seconds(1)));
  ++node.session;
  RegisterNodeAnswer answer{Epoch{3}, node.session, kExpiry, seconds(20)};
  answer.unconfirmed = seconds(25);
  node.Step(Registered{answer});
  node.sequence = 1;
  EXPECT_TRUE(IsError(node.Start(1), ErrorCode::kUnavailable));
}

TEST(NodeManagerLease, WithoutOneTheExpiryCounts) {
  CoreDriver node(WithGrace(seconds(1)));
  RegisterWith(node, Duration{0});
  node.Run(1);
  node.Advance(kExpiry - seconds(1));
  EXPECT_TRUE(node.Take<Signal>());
}

TEST(NodeManagerLease, WhatIsBeingFetchedIsCalledOff) {
  CoreDriver node(WithGrace(seconds(1)));
  RegisterWith(node, seconds(20));
  node.Start(1);
  node.Advance(seconds(19));
  EXPECT_TRUE(node.Take<CallOffLocalization>());
}

TEST(NodeManagerLease, ANodeManagerThatComesBackGoesOnWithTheSameLease) {
  CoreDriver before(WithGrace(seconds(1)));
  RegisterWith(before, seconds(20));
  before.Run(1);
  Recovery recovery = before.Records();
  recovery.containers[0].found.found = Found::kRunning;
  CoreDriver node(WithGrace(seconds(1)), recovery);  // of the same clock
  node.Advance(seconds(18));
  EXPECT_FALSE(node.Take<Signal>());
  node.Advance(seconds(1));
  EXPECT_TRUE(node.Take<Signal>()) << "it has not reached the RM since";
}

}  // namespace
}  // namespace weir::nm
