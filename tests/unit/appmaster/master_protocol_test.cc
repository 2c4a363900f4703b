#include "appmaster/core/master_protocol.h"

#include <gtest/gtest.h>

#include "common/random.h"

namespace weir::am {
namespace {

Instant At(int64_t ms) {
  return Instant(milliseconds(ms));
}

ContainerAsk Ask(int64_t request_id, int32_t count) {
  return {.request_id = request_id, .priority = 1, .count = count, .resource = {1024, 1}};
}

Error Failure(ErrorCode code) {
  return {code, "it failed", ""};
}

ContainerId Container(int64_t sequence) {
  return ContainerId::Make({{1700000000000, 1}, 1}, Epoch{3}, sequence);
}

// A protocol that has registered on lane 0 at time 0.
MasterProtocol Registered() {
  MasterProtocol protocol{{}};
  protocol.Start(At(0));
  const auto call = protocol.Next(At(0));
  EXPECT_EQ(call->kind, MasterCall::Kind::kRegister);
  protocol.OnRegistered(call->lane, At(0));
  return protocol;
}

TEST(MasterProtocol, RegistersThenPollsWithSequenceOne) {
  MasterProtocol protocol = Registered();
  const auto poll = protocol.Next(At(0));
  ASSERT_TRUE(poll);
  EXPECT_EQ(poll->kind, MasterCall::Kind::kAllocate);
  EXPECT_EQ(poll->allocate.sequence, 1);
  EXPECT_FALSE(protocol.Next(At(0)));
  EXPECT_EQ(protocol.NextDeadline(), kNever);
}

TEST(MasterProtocol, TriesToRegisterAgainAfterABackOffThatGrowsAndIsBounded) {
  MasterProtocolOptions options;
  MasterProtocol protocol{options};
  protocol.Start(At(0));
  Instant now = At(0);
  Duration last{0};
  for (int i = 0; i < 20; ++i) {
    const auto call = protocol.Next(now);
    ASSERT_TRUE(call);
    EXPECT_EQ(protocol.OnError(call->lane, Failure(ErrorCode::kUnavailable), now),
              MasterErrorMeaning::kRetrying);
    EXPECT_FALSE(protocol.Next(now));
    const Duration delay = protocol.NextDeadline() - now;
    EXPECT_GE(delay, last);
    EXPECT_LE(delay, options.backoff_most);
    last = delay;
    now = protocol.NextDeadline();
  }
  EXPECT_EQ(last, options.backoff_most);
}

TEST(MasterProtocol, DuringAFailoverTriesComeOftenAndLaterLessOften) {
  MasterProtocolOptions options;
  MasterProtocol protocol = Registered();
  const auto first = protocol.Next(At(0));
  ASSERT_TRUE(first);
  Instant now = At(0);
  Duration longest{0};
  std::optional<MasterCall> call = first;
  while (now < At(30'000)) {
    ASSERT_TRUE(call);
    EXPECT_EQ(call->allocate.sequence, first->allocate.sequence);
    EXPECT_EQ(protocol.OnError(call->lane, Failure(ErrorCode::kNotActive), now),
              MasterErrorMeaning::kRetrying);
    const Duration delay = protocol.NextDeadline() - now;
    EXPECT_LE(delay, now < At(15'000) ? Duration(milliseconds(400)) : options.backoff_most);
    longest = std::max(longest, delay);
    now = protocol.NextDeadline();
    call = protocol.Next(now);
  }
  EXPECT_EQ(longest, options.backoff_most);
  EXPECT_FALSE(protocol.Lost(now)) << "less than a minute";
  EXPECT_TRUE(protocol.Lost(At(61'000))) << "a standby is nobody to have heard of";
}

TEST(MasterProtocol, SendsNewsAtOnceOnTheOtherLaneWhileAPollIsParked) {
  MasterProtocol protocol = Registered();
  const auto first = protocol.Next(At(0));
  protocol.SetAsk(Ask(7, 2));
  const auto second = protocol.Next(At(5));
  ASSERT_TRUE(second);
  EXPECT_NE(second->lane, first->lane);
  EXPECT_EQ(second->allocate.sequence, 2);
  EXPECT_EQ(second->allocate.asks, std::vector<ContainerAsk>{Ask(7, 2)});
  EXPECT_EQ(protocol.OnError(first->lane, Failure(ErrorCode::kAborted), At(6)),
            MasterErrorMeaning::kIgnored);
  EXPECT_FALSE(protocol.Next(At(6)));
  protocol.OnAllocated(second->lane, {7}, At(7));
  EXPECT_EQ(protocol.Outstanding(7), 1);
  const auto third = protocol.Next(At(7));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->allocate.sequence, 3);
  EXPECT_TRUE(third->allocate.asks.empty());
}

TEST(MasterProtocol, AsksForOneSizeOfAContainerAtATimeAndForTheNewestNext) {
  MasterProtocol protocol = Registered();
  protocol.SetSize({Container(2), {2048, 1}});
  const auto first = protocol.Next(At(0));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->allocate.sizes, (std::vector<SizeAsk>{{Container(2), {2048, 1}}}));
  protocol.SetSize({Container(2), {3072, 1}});
  protocol.SetSize({Container(2), {4096, 1}});
  EXPECT_FALSE(protocol.Next(At(5))) << "the first is not answered";
  protocol.OnAllocated(first->lane, {}, At(6));
  const auto second = protocol.Next(At(6));
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->allocate.sizes.empty());
  protocol.OnSizeAnswered(Container(2));
  const auto third = protocol.Next(At(10));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->allocate.sizes, (std::vector<SizeAsk>{{Container(2), {4096, 1}}}));
  protocol.OnSizeAnswered(Container(2));
  protocol.OnSizeAnswered(Container(2));
  protocol.OnAllocated(third->lane, {}, At(11));
  protocol.OnError(second->lane, Failure(ErrorCode::kAborted), At(11));
  EXPECT_TRUE(protocol.Next(At(12))->allocate.sizes.empty());
}

TEST(MasterProtocol, AsksForSizesAgainAfterARegistrationUnlessTheyAreAnsweredOrTheContainerEnded) {
  MasterProtocol protocol = Registered();
  for (int64_t i = 2; i <= 4; ++i) protocol.SetSize({Container(i), {2048, 1}});
  const auto first = protocol.Next(At(0));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->allocate.sizes.size(), 3U);
  protocol.OnSizeAnswered(Container(2));
  protocol.OnEnded(Container(3));
  EXPECT_EQ(protocol.OnError(first->lane, Failure(ErrorCode::kResync), At(1)),
            MasterErrorMeaning::kResync);
  const auto registration = protocol.Next(protocol.NextDeadline());
  ASSERT_TRUE(registration);
  protocol.OnRegistered(registration->lane, At(200));
  const auto again = protocol.Next(At(200));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->allocate.sizes, (std::vector<SizeAsk>{{Container(4), {2048, 1}}}));
}

// A network can deliver a call twice: the later copy parks, and ends the earlier one. To go on then
// would acknowledge an answer that nobody has read.
TEST(MasterProtocol, RepeatsTheNewestPollWhenACopyOfItEndsIt) {
  MasterProtocol protocol = Registered();
  const auto poll = protocol.Next(At(0));
  EXPECT_EQ(protocol.OnError(poll->lane, Failure(ErrorCode::kAborted), At(1)),
            MasterErrorMeaning::kRetrying);
  const auto again = protocol.Next(protocol.NextDeadline());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->allocate.sequence, poll->allocate.sequence);
}

TEST(MasterProtocol, SendsNoThirdPollWhileTheAnswerToTheFirstMayBeLost) {
  MasterProtocol protocol = Registered();
  const auto first = protocol.Next(At(0));
  protocol.SetAsk(Ask(7, 2));
  const auto second = protocol.Next(At(5));
  ASSERT_TRUE(second);
  protocol.OnAllocated(second->lane, {}, At(6));
  protocol.SetAsk(Ask(7, 3));
  EXPECT_FALSE(protocol.Next(At(500)));
  EXPECT_EQ(protocol.NextDeadline(), kNever);
  EXPECT_EQ(protocol.OnError(first->lane, Failure(ErrorCode::kDeadlineExceeded), At(501)),
            MasterErrorMeaning::kRetrying);
  const auto again = protocol.Next(protocol.NextDeadline());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->allocate.sequence, 1) << "the RM still has that answer";
  protocol.OnAllocated(again->lane, {}, At(900));
  const auto third = protocol.Next(At(900));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->allocate.sequence, 3);
  EXPECT_EQ(third->allocate.asks, std::vector<ContainerAsk>{Ask(7, 3)});
}

TEST(MasterProtocol, GivesTheParkedPollAHeadStartBeforeItIsOvertaken) {
  MasterProtocol protocol = Registered();
  ASSERT_TRUE(protocol.Next(At(0)));
  protocol.SetAsk(Ask(7, 2));
  EXPECT_FALSE(protocol.Next(At(0)));
  const Instant wake = protocol.NextDeadline();
  EXPECT_GT(wake, At(0));
  EXPECT_LE(wake, At(50));
  EXPECT_TRUE(protocol.Next(wake));
}

TEST(MasterProtocol, RepeatsTheSameSequenceWithTheSameContentAfterALostAnswer) {
  MasterProtocol protocol = Registered();
  protocol.SetAsk(Ask(1, 3));
  protocol.Release(Container(5));
  const auto poll = protocol.Next(At(0));
  ASSERT_TRUE(poll);
  EXPECT_EQ(protocol.OnError(poll->lane, Failure(ErrorCode::kDeadlineExceeded), At(1)),
            MasterErrorMeaning::kRetrying);
  protocol.SetAsk(Ask(2, 9));
  const auto again = protocol.Next(protocol.NextDeadline());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->allocate.sequence, poll->allocate.sequence);
  EXPECT_EQ(again->allocate.asks, poll->allocate.asks);
  EXPECT_EQ(again->allocate.releases, poll->allocate.releases);
}

TEST(MasterProtocol, RegistersAgainAndSendsEverythingAgainAfterAResync) {
  MasterProtocol protocol = Registered();
  protocol.SetAsk(Ask(1, 3));
  protocol.SetAsk(Ask(2, 1));
  auto poll = protocol.Next(At(0));
  protocol.OnAllocated(poll->lane, {2}, At(1));
  protocol.Release(Container(5));
  poll = protocol.Next(At(1));
  EXPECT_EQ(protocol.OnError(poll->lane, Failure(ErrorCode::kResync), At(2)),
            MasterErrorMeaning::kResync);
  const Instant then = protocol.NextDeadline();
  const auto registration = protocol.Next(then);
  ASSERT_TRUE(registration);
  EXPECT_EQ(registration->kind, MasterCall::Kind::kRegister);
  protocol.OnRegistered(registration->lane, then);
  const auto first = protocol.Next(then);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->allocate.sequence, 1);
  EXPECT_EQ(first->allocate.asks, std::vector<ContainerAsk>{Ask(1, 3)});
  EXPECT_EQ(first->allocate.releases, std::vector<ContainerId>{Container(5)});
}

// The next one is there: what was waited for while none was must not be waited for again.
TEST(MasterProtocol, RegistersAtOnceWithTheOneThatTookOver) {
  MasterProtocol protocol = Registered();
  Instant now = At(0);
  for (int i = 0; i < 4; ++i) {
    const auto poll = protocol.Next(now);
    ASSERT_TRUE(poll);
    protocol.OnError(poll->lane, Failure(ErrorCode::kNotActive), now);
    now = protocol.NextDeadline();
  }
  const auto poll = protocol.Next(now);
  ASSERT_TRUE(poll);
  EXPECT_EQ(protocol.OnError(poll->lane, Failure(ErrorCode::kResync), now),
            MasterErrorMeaning::kResync);
  const auto again = protocol.Next(now);
  ASSERT_TRUE(again) << "at once";
  EXPECT_EQ(again->kind, MasterCall::Kind::kRegister);
  // One that asks for it although nothing was lost is not asked in a tight loop.
  protocol.OnRegistered(again->lane, now);
  const auto next = protocol.Next(now);
  ASSERT_TRUE(next);
  protocol.OnError(next->lane, Failure(ErrorCode::kResync), now);
  EXPECT_FALSE(protocol.Next(now));
  EXPECT_EQ(protocol.NextDeadline(), now + MasterProtocolOptions{}.backoff_first);
}

TEST(MasterProtocol, TriesAnOvertakingPollOnceMoreBeforeItRegistersAgain) {
  MasterProtocol protocol = Registered();
  const auto first = protocol.Next(At(0));
  protocol.SetAsk(Ask(1, 1));
  const auto second = protocol.Next(At(50));
  ASSERT_TRUE(second);
  EXPECT_EQ(protocol.OnError(second->lane, Failure(ErrorCode::kResync), At(51)),
            MasterErrorMeaning::kRetrying);
  const auto again = protocol.Next(protocol.NextDeadline());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->allocate.sequence, 2);
  EXPECT_EQ(protocol.OnError(first->lane, Failure(ErrorCode::kAborted), At(60)),
            MasterErrorMeaning::kIgnored);
  EXPECT_EQ(protocol.OnError(again->lane, Failure(ErrorCode::kResync), At(60)),
            MasterErrorMeaning::kResync);
}

TEST(MasterProtocol, WithdrawsAnAskByItsCountOfZeroAndForgetsItOnceTaken) {
  MasterProtocol protocol = Registered();
  protocol.SetAsk(Ask(1, 3));
  auto poll = protocol.Next(At(0));
  protocol.OnAllocated(poll->lane, {}, At(1));
  protocol.SetAsk(Ask(1, 0));
  poll = protocol.Next(At(1));
  EXPECT_EQ(poll->allocate.asks, std::vector<ContainerAsk>{Ask(1, 0)});
  protocol.OnAllocated(poll->lane, {}, At(2));
  protocol.ResendAsks();
  poll = protocol.Next(At(2));
  EXPECT_TRUE(poll->allocate.asks.empty());
}

TEST(MasterProtocol, GivesUpWhenTheResourceManagerRefusesTheAttempt) {
  for (const ErrorCode code : {ErrorCode::kNotFound,
                               ErrorCode::kFailedPrecondition,
                               ErrorCode::kUnauthenticated,
                               ErrorCode::kPermissionDenied}) {
    MasterProtocol protocol = Registered();
    const auto poll = protocol.Next(At(0));
    EXPECT_EQ(protocol.OnError(poll->lane, Failure(code), At(1)), MasterErrorMeaning::kRejected);
    EXPECT_FALSE(protocol.Next(At(100'000)));
    EXPECT_EQ(protocol.NextDeadline(), kNever);
  }
}

TEST(MasterProtocol, SaysTheFinalStatusUntilItIsAcknowledged) {
  MasterProtocol protocol = Registered();
  const auto poll = protocol.Next(At(0));
  protocol.Finish({FinalStatus::kFailed, "the cause", ""});
  auto finish = protocol.Next(At(1));
  ASSERT_TRUE(finish);
  EXPECT_EQ(finish->kind, MasterCall::Kind::kFinish);
  EXPECT_EQ(finish->finish.diagnostics, "the cause");
  EXPECT_EQ(protocol.NextDeadline(), kNever);
  EXPECT_EQ(protocol.OnError(finish->lane, Failure(ErrorCode::kUnavailable), At(2)),
            MasterErrorMeaning::kRetrying);
  // The parked poll may end in any way meanwhile: only the final call counts.
  EXPECT_EQ(protocol.OnError(poll->lane, Failure(ErrorCode::kFailedPrecondition), At(3)),
            MasterErrorMeaning::kIgnored);
  finish = protocol.Next(protocol.NextDeadline());
  ASSERT_TRUE(finish);
  protocol.OnFinished(finish->lane, At(200));
  EXPECT_TRUE(protocol.finished());
  EXPECT_FALSE(protocol.Next(At(300)));
}

TEST(MasterProtocol, FinishesEvenWhenTheFinalStatusIsKnownBeforeTheRegistration) {
  MasterProtocol protocol{{}};
  protocol.Start(At(0));
  protocol.Finish({FinalStatus::kFailed, "early", ""});
  auto call = protocol.Next(At(0));
  EXPECT_EQ(call->kind, MasterCall::Kind::kRegister);
  protocol.OnRegistered(call->lane, At(1));
  call = protocol.Next(At(1));
  ASSERT_TRUE(call);
  EXPECT_EQ(call->kind, MasterCall::Kind::kFinish);
}

TEST(MasterProtocol, KnowsThatTheResourceManagerWasNotHeardForTooLong) {
  MasterProtocol protocol = Registered();
  EXPECT_FALSE(protocol.Lost(At(60'000)));
  EXPECT_TRUE(protocol.Lost(At(60'001)));
}

// A ResourceManager's side of the sequence rules, to which random losses and delays happen.
struct RmModel {
  int64_t last = 0;
  std::map<int64_t, int32_t> asks;
  bool registered = false;

  Result<int> Allocate(const AllocateRequest& request) {
    if (!registered) return Failure(ErrorCode::kResync);
    if (request.sequence != last && request.sequence != last + 1) {
      registered = false;
      return Failure(ErrorCode::kResync);
    }
    last = request.sequence;
    for (const auto& ask : request.asks) asks[ask.request_id] = ask.count;
    return 0;
  }
};

TEST(MasterProtocol, ConvergesToTheAsksOfItsOwnerWhateverIsLost) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    MasterProtocol protocol{{}};
    RmModel rm;
    std::map<int64_t, int32_t> wanted;
    std::vector<MasterCall> out;
    protocol.Start(At(0));
    for (int64_t t = 0; t < 4000; ++t) {
      const Instant now = At(t * 10);
      const bool calm = t > 2000;
      if (!calm && random.Chance(1, 5)) {
        const auto id = static_cast<int64_t>(random.Below(4));
        const auto count = static_cast<int32_t>(random.Below(5));
        wanted[id] = count;
        protocol.SetAsk(Ask(id, count));
      }
      while (auto call = protocol.Next(now)) out.push_back(*call);
      if (out.empty()) continue;
      const size_t pick = calm ? 0 : random.Below(out.size());
      const MasterCall call = out[pick];
      const bool reaches = calm || !random.Chance(1, 6);
      const bool answered = reaches && (calm || !random.Chance(1, 6));
      if (!calm && random.Chance(1, 3)) continue;
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(pick));
      if (call.kind == MasterCall::Kind::kRegister) {
        if (reaches) rm = RmModel{0, {}, true};
        if (answered) protocol.OnRegistered(call.lane, now);
        if (!answered) protocol.OnError(call.lane, Failure(ErrorCode::kUnavailable), now);
        continue;
      }
      Result<int> result = reaches ? rm.Allocate(call.allocate) : Failure(ErrorCode::kUnavailable);
      if (!answered) result = Failure(ErrorCode::kUnavailable);
      if (result.ok()) protocol.OnAllocated(call.lane, {}, now);
      if (!result.ok()) protocol.OnError(call.lane, result.error(), now);
    }
    for (const auto& [id, count] : wanted) {
      EXPECT_EQ(rm.asks[id], count) << "seed " << seed << " ask " << id;
    }
  }
}

}  // namespace
}  // namespace weir::am
