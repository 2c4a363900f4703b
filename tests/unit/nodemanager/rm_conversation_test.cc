#include "nodemanager/core/rm_conversation.h"

#include <gtest/gtest.h>

#include "core_driver.h"

namespace weir::nm {
namespace {

const Error kLost{ErrorCode::kUnavailable, "connection lost", ""};
const Error kEnded{ErrorCode::kAborted, "a newer heartbeat came", ""};
const Error kUnknownSession{ErrorCode::kResync, "unknown session", "register again"};
const Error kStandby{ErrorCode::kNotActive, "a standby", ""};

TEST(Conversation, RegistersUntilItSucceedsWithABackOffBetweenItsBounds) {
  CoreDriver node;
  Duration waited{0};
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(node.Take<SendRegister>()) << i;
    node.Step(RegistrationFailed{kLost});
    EXPECT_FALSE(node.Take<SendRegister>());
    const Duration wait = node.core.NextDeadline() - node.now().monotonic;
    EXPECT_GE(wait, milliseconds(25));
    EXPECT_LE(wait, seconds(2));
    waited = wait;
    node.Advance(wait);
  }
  EXPECT_GE(waited, seconds(1));
  EXPECT_EQ(node.core.registered(), false);
  node.Register();
  EXPECT_EQ(node.core.registered(), true);
}

TEST(Conversation, ARegistrationSaysWhoSpeaksAndHowManyCameBefore) {
  CoreDriver node;
  auto sent = node.Take<SendRegister>();
  ASSERT_TRUE(sent);
  const int64_t process = sent->request.process;
  EXPECT_EQ(sent->request.number, 1);
  // The ResourceManager thinks that a later process was there: this one lives, so it was not.
  int64_t before = process;
  for (int i = 0; i < 5; ++i) {
    node.Step(RegistrationFailed{kEnded});
    node.Advance(node.core.NextDeadline() - node.now().monotonic);
    sent = node.Take<SendRegister>();
    ASSERT_TRUE(sent);
    EXPECT_GT(sent->request.process, before);
    before = sent->request.process;
  }
  EXPECT_GE(before - process, 31'000) << "ms: the steps double";
  node.Step(RegistrationFailed{kLost});
  node.Advance(node.core.NextDeadline() - node.now().monotonic);
  sent = node.Take<SendRegister>();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->request.process, before);
  EXPECT_EQ(sent->request.number, 7);
}

TEST(Conversation, TheNextHeartbeatFollowsAnAnswerAtOnce) {
  CoreDriver node;
  node.Register();
  for (int64_t expected = 2; expected < 5; ++expected) {
    node.Answer();
    const auto next = node.Take<SendHeartbeat>();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->request.sequence, expected);
    EXPECT_EQ(next->request.session, 1);
    EXPECT_EQ(next->request.park, Duration(seconds(30)) / 8) << "of the lease";
  }
}

TEST(Conversation, ALostAnswerIsAskedForAgainWithTheSameRequest) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  const auto second = node.Take<SendHeartbeat>();
  ASSERT_TRUE(second);
  ASSERT_EQ(second->request.containers.size(), 1u);
  node.Step(HeartbeatFailed{1, 1, kEnded});
  node.Step(HeartbeatFailed{1, 2, kLost});
  EXPECT_FALSE(node.Take<SendHeartbeat>());
  node.Advance(seconds(1));
  const auto repeat = node.Take<SendHeartbeat>();
  ASSERT_TRUE(repeat);
  EXPECT_EQ(repeat->request.sequence, 2);
  EXPECT_EQ(repeat->request.containers, second->request.containers);
}

TEST(Conversation, NewsGoOutBesideAParkedHeartbeatAndNeverMoreThanTwo) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  const auto news = node.Take<SendHeartbeat>();
  ASSERT_TRUE(news);
  EXPECT_EQ(news->request.sequence, 2);
  node.Run(2);
  EXPECT_FALSE(node.Take<SendHeartbeat>()) << "a third one while two are under way";
  node.Step(HeartbeatFailed{1, 1, kEnded});
  const auto more = node.Take<SendHeartbeat>();
  ASSERT_TRUE(more);
  EXPECT_EQ(more->request.sequence, 3);
  ASSERT_EQ(more->request.containers.size(), 1u);
  EXPECT_EQ(more->request.containers[0].id, IdOf(2));
}

TEST(Conversation, AHeartbeatThatArrivedBeforeTheOlderOneIsTriedOnceMore) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  const auto second = node.Take<SendHeartbeat>();
  ASSERT_TRUE(second);
  node.Step(HeartbeatFailed{1, 2, kUnknownSession});
  EXPECT_FALSE(node.Take<SendRegister>());
  node.Advance(milliseconds(10));
  const auto repeat = node.Take<SendHeartbeat>();
  ASSERT_TRUE(repeat);
  EXPECT_EQ(repeat->request.sequence, 2);
  EXPECT_EQ(repeat->request.containers, second->request.containers);
  node.Step(HeartbeatFailed{1, 2, kUnknownSession});
  node.Advance(seconds(1));
  EXPECT_TRUE(node.Take<SendRegister>()) << "it was not a matter of order";
}

TEST(Conversation, CommandsOfAnOvertakenAnswerAreCarriedOut) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  ASSERT_TRUE(node.Take<SendHeartbeat>());
  // The RM answered heartbeat 1 just before heartbeat 2 came.
  node.Step(HeartbeatAnswered{1, 2, Under(3)});
  EXPECT_FALSE(node.Take<SendHeartbeat>()) << "heartbeat 1 is not settled";
  node.Step(HeartbeatAnswered{1, 1, Under(3, StopCommand(IdOf(1)))});
  EXPECT_EQ(node.StateOf(1), State::kKilling);
  const auto third = node.Take<SendHeartbeat>();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->request.sequence, 3);
}

TEST(Conversation, ALossBehindANewerHeartbeatIsAskedForAgainToo) {
  CoreDriver node;
  node.Register();
  node.Answer();
  ASSERT_TRUE(node.Take<SendHeartbeat>());
  node.Run(1);
  ASSERT_TRUE(node.Take<SendHeartbeat>());
  node.Step(HeartbeatFailed{1, 2, kLost});
  node.Advance(seconds(1));
  const auto repeat = node.Take<SendHeartbeat>();
  ASSERT_TRUE(repeat) << "the lost answer may have carried commands";
  EXPECT_EQ(repeat->request.sequence, 2);
  node.Step(HeartbeatAnswered{1, 2, Under(3, StopCommand(IdOf(1)))});
  EXPECT_EQ(node.StateOf(1), State::kKilling);
}

TEST(Conversation, ResyncTellsEverythingAgainAndOldAnswersAreIgnored) {
  CoreDriver node;
  node.Register();
  node.Answer();
  node.Run(1);
  node.Step(HeartbeatFailed{1, 2, kUnknownSession});
  node.Step(Registered{{Epoch{3}, 2, seconds(30)}});
  node.Step(HeartbeatAnswered{1, 3, Under(3, StopCommand(IdOf(1)))});
  EXPECT_EQ(node.StateOf(1), State::kRunning);
}

TEST(Conversation, AnRmThatAlwaysWantsAResyncIsNotAskedInATightLoop) {
  CoreDriver node;
  Duration wait{0};
  for (int64_t session = 1; session < 10; ++session) {
    ASSERT_TRUE(node.Take<SendRegister>());
    node.Step(Registered{{Epoch{3}, session, seconds(30)}});
    ASSERT_TRUE(node.Take<SendHeartbeat>());
    node.Step(HeartbeatFailed{session, 1, kUnknownSession});
    wait = node.core.NextDeadline() - node.now().monotonic;
    EXPECT_GE(wait, milliseconds(25));
    node.Advance(wait);
  }
  EXPECT_GE(wait, seconds(1));
}

TEST(Conversation, AnEpochBelowTheHighestSeenIsRefusedEverywhere) {
  CoreDriver node;
  node.Register(5);
  node.Step(HeartbeatAnswered{1, 1, Under(4, ApplicationFinished())});
  EXPECT_FALSE(node.Take<CleanUpApplication>());
  node.Advance(seconds(3));
  ASSERT_TRUE(node.Take<SendRegister>());
  node.Step(Registered{{Epoch{4}, 2, seconds(30)}});
  EXPECT_FALSE(node.core.registered());
  node.Advance(seconds(3));
  node.session = 2;
  node.Register(6);
  EXPECT_EQ(node.core.epoch(), Epoch{6});
}

TEST(Conversation, AStandbyEndsNoSessionAndTheNextActiveOneAsksForARegistration) {
  CoreDriver node;
  node.Register();
  node.Answer();
  const auto lost = node.Take<SendHeartbeat>();
  ASSERT_TRUE(lost);
  node.Step(HeartbeatFailed{1, lost->request.sequence, kStandby});
  EXPECT_FALSE(node.Take<SendRegister>());
  node.Advance(seconds(1));
  const auto repeat = node.Take<SendHeartbeat>();
  ASSERT_TRUE(repeat);
  EXPECT_EQ(repeat->request.sequence, lost->request.sequence);
  node.Step(HeartbeatFailed{1, repeat->request.sequence, kUnknownSession});
  EXPECT_TRUE(node.Take<SendRegister>()) << "at once";
}

// The first heartbeat of a session is parked until there is something to say, for which there may
// have been no time before the next fail-over. Again and again: the back-off must not add up.
TEST(Conversation, AFailoverBeforeTheFirstAnswerOfASessionIsNoReasonToWait) {
  CoreDriver node;
  ASSERT_TRUE(node.Take<SendRegister>());
  for (int64_t session = 1; session < 10; ++session) {
    SCOPED_TRACE(session);
    node.Step(Registered{{Epoch{2 + session}, session, seconds(30)}});
    ASSERT_TRUE(node.Take<SendHeartbeat>());
    for (const Error& error : {kLost, kStandby, kStandby}) {
      node.Step(HeartbeatFailed{session, 1, error});
      EXPECT_FALSE(node.Take<SendHeartbeat>());
      node.Advance(milliseconds(400));
      ASSERT_TRUE(node.Take<SendHeartbeat>());
    }
    node.Step(HeartbeatFailed{session, 1, kUnknownSession});
    ASSERT_TRUE(node.Take<SendRegister>()) << "at once";
  }
}

TEST(Conversation, DuringAFailoverTriesComeOftenAndLaterLessOften) {
  constexpr Duration kStep = milliseconds(10);
  CoreDriver node;
  node.Register();
  node.Answer();
  const auto first = node.Take<SendHeartbeat>();
  ASSERT_TRUE(first);
  const Instant began = node.now().monotonic;
  Duration longest{0};
  while (node.now().monotonic < began + seconds(20)) {
    const bool early = node.now().monotonic < began + seconds(14);
    node.Step(HeartbeatFailed{1, first->request.sequence, kStandby});
    Duration waited{0};
    while (!node.Take<SendHeartbeat>()) {
      ASSERT_LT(waited, seconds(3));
      node.Advance(kStep);
      waited += kStep;
    }
    EXPECT_LE(waited, kStep + (early ? Duration(milliseconds(400)) : Duration(seconds(2))));
    longest = std::max(longest, waited);
  }
  EXPECT_GE(longest, milliseconds(700));
}

TEST(Conversation, HealthIsNews) {
  CoreDriver node;
  node.Register();
  node.Step(HealthScriptRan{{"fan", ScriptResult::End::kError, "ERROR the fan stands still"}});
  const auto news = node.Take<SendHeartbeat>();
  ASSERT_TRUE(news);
  EXPECT_FALSE(news->request.healthy);
  EXPECT_EQ(news->request.health_report,
            "UNHEALTHY: health script 'fan': ERROR the fan stands still");
}

}  // namespace
}  // namespace weir::nm
