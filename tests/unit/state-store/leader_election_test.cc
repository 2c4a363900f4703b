// Members of an election against a ZooKeeper of a few lines, in every order of what may happen.
#include "state-store/protocol/leader_election.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace weir::store {
namespace {

using State = LeaderElection::State;
using Words = std::vector<std::string>;

const std::string kLock = "/election/weir/lock";

std::string TextOf(const ElectionAction& action) {
  if (const auto* operation = std::get_if<ElectionOperation>(&action)) {
    const auto& [kind, path, data, version, open] = operation->operation;
    const char* verb = kind == ZkOperation::Kind::kDelete   ? "delete "
                       : open                               ? "make for all "
                       : kind == ZkOperation::Kind::kCreate ? "make "
                                                            : "claim ";
    return verb + path;
  }
  if (std::holds_alternative<ReadLock>(action)) return "read";
  if (std::holds_alternative<Elected>(action)) return "ELECTED";
  if (const auto* deposed = std::get_if<Deposed>(&action)) return "DEPOSED: " + deposed->why;
  if (const auto* leader = std::get_if<LeaderChanged>(&action)) return "leader=" + leader->leader;
  const auto& refused = std::get<ElectionRefused>(action);
  return refused.foreign ? "FOREIGN: " + *refused.foreign : "REFUSED: " + refused.outcome.text;
}

// One member, spoken to by hand: each step gives back what it wants done.
class Member {
 public:
  LeaderElection& core() { return core_; }

  Words Stand() { return Taken(&LeaderElection::Stand); }
  Words Retire() { return Taken(&LeaderElection::Retire); }
  Words Connected() { return Taken(&LeaderElection::Connected); }
  Words LookAgain() { return Taken(&LeaderElection::LookAgain); }
  Words LockChanged() { return Taken(&LeaderElection::LockChanged); }
  Words LeaderGone(const std::string& leader) {
    ElectionActions actions;
    core_.LeaderGone(leader, actions);
    return Note(actions);
  }
  Words Done(ZkCode code) {
    ElectionActions actions;
    core_.OperationDone(last_id_, {.code = code, .failed = 0, .text = "no"}, actions);
    return Note(actions);
  }
  Words Read(ZkCode code,
             const std::string& holder = "",
             bool ours = false,
             bool ephemeral = true) {
    ElectionActions actions;
    const bool exists = code == ZkCode::kOk;
    core_.LockRead(
        last_id_,
        {.code = code, .failed = 0, .text = "no"},
        {.data = holder, .version = 0, .exists = exists, .ephemeral = exists && ephemeral},
        ours,
        actions);
    return Note(actions);
  }
  // From a member that stands to one that leads.
  void Elect() {
    Stand();
    Connected();
    Read(ZkCode::kNoNode);
    Done(ZkCode::kOk);
    Read(ZkCode::kOk, "rm1", true);
  }

 private:
  Words Taken(void (LeaderElection::*step)(ElectionActions&)) {
    ElectionActions actions;
    (core_.*step)(actions);
    return Note(actions);
  }
  Words Note(const ElectionActions& actions) {
    Words words;
    for (const ElectionAction& action : actions) {
      words.push_back(TextOf(action));
      if (const auto* sent = std::get_if<ElectionOperation>(&action)) last_id_ = sent->id;
      if (const auto* read = std::get_if<ReadLock>(&action)) last_id_ = read->id;
    }
    return words;
  }

  LeaderElection core_{
      kLock, "rm1", [](const std::string& bytes) { return bytes.starts_with("rm"); }};
  uint64_t last_id_ = 0;
};

TEST(LeaderElection, TheFirstIsElectedAndReadsItsLockForTheWatch) {
  Member member;
  EXPECT_EQ(member.Stand(), Words{}) << "nothing is sent without a connection";
  EXPECT_EQ(member.Connected(), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"claim " + kLock});
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", true), (Words{"leader=rm1", "ELECTED"}));
  EXPECT_TRUE(member.core().leads());
  EXPECT_EQ(member.core().state(), State::kLeading);
}

TEST(LeaderElection, TheNodesAboveTheLockAreMadeOneByOne) {
  Member member;
  member.Stand();
  member.Connected();
  EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"claim " + kLock});
  EXPECT_EQ(member.Done(ZkCode::kNoNode), Words{"make for all /election"});
  EXPECT_EQ(member.Done(ZkCode::kNodeExists), Words{"make /election/weir"});
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"claim " + kLock});
}

TEST(LeaderElection, AMissingChrootIsRefusedAndTriedAgainWhenAsked) {
  Member member;
  member.Stand();
  member.Connected();
  member.Read(ZkCode::kNoNode);
  EXPECT_EQ(member.Done(ZkCode::kNoNode), Words{"make for all /election"});
  EXPECT_EQ(member.Done(ZkCode::kNoNode), Words{"REFUSED: no"});
  EXPECT_EQ(member.LookAgain(), Words{"read"});
}

TEST(LeaderElection, WhoIsLateFollowsAndClaimsWhenTheLockGoes) {
  Member member;
  member.Stand();
  member.Connected();
  member.Read(ZkCode::kNoNode);
  EXPECT_EQ(member.Done(ZkCode::kNodeExists), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm2"), Words{"leader=rm2"});
  EXPECT_EQ(member.core().state(), State::kFollowing);
  EXPECT_EQ(member.LookAgain(), Words{}) << "the watch tells";
  EXPECT_EQ(member.LockChanged(), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), (Words{"leader=", "claim " + kLock}));
}

TEST(LeaderElection, AnUnknownOutcomeIsSettledByReadingWhoseTheLockIs) {
  for (const bool applied : {true, false}) {
    Member member;
    member.Stand();
    member.Connected();
    member.Read(ZkCode::kNoNode);
    EXPECT_EQ(member.Done(ZkCode::kUnknown), Words{});
    member.core().Disconnected();
    EXPECT_EQ(member.Connected(), Words{"read"});
    if (applied) {
      EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", true), (Words{"leader=rm1", "ELECTED"}));
    } else {
      EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"claim " + kLock});
    }
  }
}

TEST(LeaderElection, ALeaderGoesOnWithoutAConnectionAndMakesTheLockAnewInTheNextSession) {
  Member member;
  member.Elect();
  member.core().Disconnected();
  EXPECT_TRUE(member.core().leads());
  EXPECT_EQ(member.Connected(), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"claim " + kLock});
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", true), Words{}) << "it was elected already";
  EXPECT_TRUE(member.core().leads());
}

TEST(LeaderElection, ALeaderThatFindsAnothersLockIsDeposed) {
  Member member;
  member.Elect();
  member.core().Disconnected();
  member.Connected();
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm2"), (Words{"leader=rm2", "DEPOSED: rm2 was elected"}));
  EXPECT_FALSE(member.core().leads());
}

// Its own name in the lock of a session that is not its own: that run has ended, or this one would
// not be.
TEST(LeaderElection, ALockOfAFormerRunIsNotWaitedFor) {
  Member member;
  member.Stand();
  member.Connected();
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", false), (Words{"leader=rm1", "delete " + kLock}));
  EXPECT_EQ(member.core().state(), State::kBreaking);
  EXPECT_EQ(member.Done(ZkCode::kUnknown), Words{}) << "it may still be there";
  EXPECT_EQ(member.LookAgain(), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", false), Words{"delete " + kLock});
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), (Words{"leader=", "claim " + kLock}));
}

TEST(LeaderElection, ALockOfAFormerRunIsDeletedByOneThatStandsOnly) {
  Member member;
  member.Connected();
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", false), Words{"leader=rm1"});
  EXPECT_EQ(member.core().state(), State::kFollowing);
  EXPECT_EQ(member.Stand(), Words{"delete " + kLock});
}

// Two members with one name are a fault of the configuration, and do not take turns for it.
TEST(LeaderElection, OneThatBearsOurNameAfterwardsIsFollowed) {
  const auto expect_follows = [](Member& member, const char* when) {
    SCOPED_TRACE(when);
    const Words words = member.Read(ZkCode::kOk, "rm1", false);
    for (const std::string& word : words) EXPECT_EQ(word.find("delete"), std::string::npos) << word;
    EXPECT_EQ(member.core().state(), State::kFollowing);
    EXPECT_FALSE(member.core().leads());
    EXPECT_EQ(member.Retire(), Words{});
    EXPECT_EQ(member.Stand(), Words{});
  };
  Member led;
  led.Elect();
  led.LockChanged();
  expect_follows(led, "it has led");

  Member found_none;
  found_none.Stand();
  found_none.Connected();
  found_none.Read(ZkCode::kNoNode);
  found_none.Done(ZkCode::kNodeExists);
  expect_follows(found_none, "it has seen that there was no lock");

  Member found_another;
  found_another.Stand();
  found_another.Connected();
  found_another.Read(ZkCode::kOk, "rm2");
  found_another.LockChanged();
  expect_follows(found_another, "it has seen another's");

  for (const ZkCode answer : {ZkCode::kOk, ZkCode::kNoNode, ZkCode::kNoAuth}) {
    Member broke;
    broke.Stand();
    broke.Connected();
    broke.Read(ZkCode::kOk, "rm1", false);
    broke.Done(answer);
    expect_follows(broke, "it has deleted one already");
  }
}

TEST(LeaderElection, WhoRetiresGivesTheLockBackAndStandsAgainWhenTold) {
  Member member;
  member.Elect();
  EXPECT_EQ(member.Retire(), (Words{"DEPOSED: it was asked to", "delete " + kLock}));
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"leader="});
  EXPECT_EQ(member.core().state(), State::kVacant);
  EXPECT_EQ(member.LookAgain(), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{});
  EXPECT_EQ(member.Stand(), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"claim " + kLock});
}

TEST(LeaderElection, ALockClaimedWhileRetiringIsGivenBack) {
  Member member;
  member.Stand();
  member.Connected();
  member.Read(ZkCode::kNoNode);
  EXPECT_EQ(member.Retire(), Words{}) << "the claim is under way";
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", true), (Words{"leader=rm1", "delete " + kLock}));
  EXPECT_FALSE(member.core().leads());
}

TEST(LeaderElection, OneWhoseLeaderHasGoneDoesNotWaitForTheEndOfItsSession) {
  Member member;
  member.Stand();
  member.Connected();
  member.Read(ZkCode::kOk, "rm2");
  EXPECT_EQ(member.LeaderGone("rm2"), Words{"delete " + kLock});
  EXPECT_EQ(member.core().state(), State::kBreaking);
  EXPECT_EQ(member.LeaderGone("rm2"), Words{}) << "it is being done";
  EXPECT_EQ(member.LockChanged(), Words{}) << "our own doing, whose answer is on its way";
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), (Words{"leader=", "claim " + kLock}));
}

TEST(LeaderElection, ALockThatIsGoneBeforeItIsDeletedIsAsGood) {
  for (const ZkCode code : {ZkCode::kNoNode, ZkCode::kNoAuth}) {
    Member member;
    member.Stand();
    member.Connected();
    member.Read(ZkCode::kOk, "rm2");
    member.LeaderGone("rm2");
    EXPECT_EQ(member.Done(code), Words{"read"});
    EXPECT_EQ(member.Read(ZkCode::kOk, "rm3"), Words{"leader=rm3"});
    EXPECT_EQ(member.core().state(), State::kFollowing);
  }
  Member member;
  member.Stand();
  member.Connected();
  member.Read(ZkCode::kOk, "rm2");
  member.LeaderGone("rm2");
  EXPECT_EQ(member.Done(ZkCode::kUnknown), Words{});
  EXPECT_EQ(member.LookAgain(), Words{"read"});
}

TEST(LeaderElection, WhatIsSaidOfAnotherLeaderOrInAnotherStateCountsForNothing) {
  Member member;
  EXPECT_EQ(member.LeaderGone(""), Words{}) << "not connected";
  member.Connected();
  EXPECT_EQ(member.LeaderGone(""), Words{}) << "the lock is being read";
  member.Read(ZkCode::kOk, "rm2");
  EXPECT_EQ(member.LeaderGone("rm2"), Words{}) << "it does not stand";
  member.Stand();
  EXPECT_EQ(member.LeaderGone("rm3"), Words{}) << "that one does not lead any more";
  EXPECT_EQ(member.LeaderGone("rm2"), Words{"delete " + kLock});

  Member leading;
  leading.Elect();
  EXPECT_EQ(leading.LeaderGone("rm1"), Words{}) << "it is here";
  EXPECT_TRUE(leading.core().leads());
}

TEST(LeaderElection, ALeaderWhoseLockWasDeletedMakesItAnew) {
  Member member;
  member.Elect();
  EXPECT_EQ(member.LockChanged(), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"claim " + kLock});
  EXPECT_EQ(member.Done(ZkCode::kOk), Words{"read"});
  EXPECT_EQ(member.Read(ZkCode::kOk, "rm1", true), Words{});
  EXPECT_TRUE(member.core().leads());
}

TEST(LeaderElection, WhatIsForAnotherSecretIsRefused) {
  Member member;
  member.Stand();
  member.Connected();
  EXPECT_EQ(member.Read(ZkCode::kNoAuth), Words{"REFUSED: no"});
  EXPECT_EQ(member.LookAgain(), Words{"read"});
}

// One that stays whoever's session ends, and some that are no member's text.
TEST(LeaderElection, WhatIsNoMembersLockIsToldAndLookedAtAgainUntilItIsGone) {
  struct Foreign {
    std::string bytes;
    bool ephemeral;
  };
  for (const Foreign& foreign :
       {Foreign{"rm2", false}, {"of YARN", true}, {"", true}, {"", false}}) {
    SCOPED_TRACE(foreign.bytes + (foreign.ephemeral ? " of a session" : " for good"));
    const auto read = [&foreign](Member& member) {
      return member.Read(ZkCode::kOk, foreign.bytes, false, foreign.ephemeral);
    };
    const std::string told = "FOREIGN: " + foreign.bytes;
    Member member;
    member.Stand();
    member.Connected();
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(read(member), Words{told});
      EXPECT_EQ(member.core().state(), State::kVacant);
      EXPECT_EQ(member.core().leader(), "");
      EXPECT_EQ(member.LockChanged(), Words{}) << "it is looked at from time to time";
      EXPECT_EQ(member.LeaderGone(foreign.bytes), Words{}) << "it is not ours to delete";
      EXPECT_EQ(member.LookAgain(), Words{"read"});
    }
    EXPECT_EQ(member.Read(ZkCode::kNoNode), Words{"claim " + kLock});
    EXPECT_EQ(member.Done(ZkCode::kNodeExists), Words{"read"}) << "it is back";
    EXPECT_EQ(read(member), Words{told});

    Member following;
    following.Stand();
    following.Connected();
    following.Read(ZkCode::kOk, "rm3");
    following.LockChanged();
    EXPECT_EQ(read(following), (Words{"leader=", told})) << "rm3 leads by its lock no more";

    Member leading;
    leading.Elect();
    leading.LockChanged();
    EXPECT_EQ(read(leading), Words{told});
    EXPECT_TRUE(leading.core().leads()) << "nobody else was elected";
    EXPECT_EQ(leading.LookAgain(), Words{"read"});
    EXPECT_EQ(leading.Read(ZkCode::kNoNode), Words{"claim " + kLock});
    EXPECT_EQ(leading.Done(ZkCode::kOk), Words{"read"});
    EXPECT_EQ(leading.Read(ZkCode::kOk, "rm1", true), Words{}) << "it goes on";
  }
}

TEST(LeaderElection, AnswersOfAFormerConnectionCountForNothing) {
  Member member;
  member.Stand();
  member.Connected();
  ElectionActions actions;
  member.core().Disconnected();
  member.core().Connected(actions);  // asks anew
  actions.clear();
  member.core().LockRead(
      1, {}, {.data = "rm2", .version = 0, .exists = true, .ephemeral = true}, false, actions);
  EXPECT_TRUE(actions.empty());
  EXPECT_EQ(member.core().leader(), "");
}

// --- several members, any order

// A ZooKeeper with the lock alone. Requests are applied when they are delivered; answers may be
// lost with the connection.
class Council {
 public:
  explicit Council(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) members_.emplace_back("rm" + std::to_string(i));
    for (Seat& seat : members_) {
      ElectionActions actions;
      seat.core->Stand(actions);
      Take(seat, actions);
      Connect(seat, true);
    }
  }

  void Step() {
    Seat& seat = members_[random_() % members_.size()];
    switch (random_() % 19) {
      case 0:
        return Disconnect(seat);
      case 1:
        return Expire(seat);
      case 2:
        return Call(seat, &LeaderElection::Retire);
      case 3:
        return Call(seat, &LeaderElection::LookAgain);
      case 4:
      case 5:
        return Call(seat, &LeaderElection::Stand);
      case 6:
      case 7:
        if (!seat.connected) Connect(seat, seat.session == 0);
        return;
      case 8:
        return SayThatTheLeaderHasGone(seat);
      case 9:
        return StartAgain(seat);
      case 10:
        return ExpireFormerRun();
      default:
        return Deliver(seat);
    }
  }

  // Faults are over: everybody stands, is connected, and is asked from time to time.
  void Settle() {
    for (Seat& seat : members_) {
      if (!seat.connected) Connect(seat, seat.session == 0);
      Call(seat, &LeaderElection::Stand);
    }
    for (int round = 0; round < 20; ++round) {
      for (Seat& seat : members_) {
        while (!seat.requests.empty()) Deliver(seat);
        Call(seat, &LeaderElection::LookAgain);
      }
    }
  }

  int holders() const {
    int count = 0;
    for (const Seat& seat : members_) {
      if (seat.core->leads() && seat.session != 0 && seat.session == owner_) ++count;
    }
    return count;
  }
  int leaders() const {
    int count = 0;
    for (const Seat& seat : members_) count += seat.core->leads() ? 1 : 0;
    return count;
  }
  bool AllKnow() const {
    for (const Seat& seat : members_) {
      if (seat.core->leader() != lock_) return false;
    }
    return !lock_.empty();
  }

 private:
  struct Seat {
    explicit Seat(std::string its_name) : name(std::move(its_name)) { core.emplace(kLock, name); }
    const std::string name;
    std::optional<LeaderElection> core;
    bool told = false;  // of an election, and not of its end
    bool connected = false;
    uint64_t session = 0;  // 0 = it is over
    bool watching = false;
    std::deque<ElectionAction> requests;
  };

  void Call(Seat& seat, void (LeaderElection::*step)(ElectionActions&)) {
    ElectionActions actions;
    ((*seat.core).*step)(actions);
    Take(seat, actions);
  }

  // Rightly or wrongly: it must do no harm either way.
  void SayThatTheLeaderHasGone(Seat& seat) {
    ElectionActions actions;
    seat.core->LeaderGone(seat.core->leader(), actions);
    Take(seat, actions);
    breaking_ = breaking_ || !actions.empty();
  }

  void Connect(Seat& seat, bool anew) {
    seat.connected = true;
    if (anew) seat.session = ++last_session_;
    Call(seat, &LeaderElection::Connected);
  }

  // What was sent may be applied all the same; nobody hears of it.
  void Disconnect(Seat& seat) {
    if (!seat.connected) return;
    seat.connected = false;
    seat.watching = false;
    if (!seat.requests.empty() && random_() % 2 == 0) Apply(seat, seat.requests.front());
    seat.requests.clear();
    seat.core->Disconnected();
  }

  void Expire(Seat& seat) {
    Disconnect(seat);
    if (owner_ == seat.session && owner_ != 0) SetLock(0, "");
    seat.session = 0;
  }

  // Its process is killed and another one begins; the session goes on for a while.
  void StartAgain(Seat& seat) {
    Disconnect(seat);
    seat.session = 0;
    seat.told = false;
    breaking_ = true;  // it deletes its former run's, which may be another's by then
    seat.core.emplace(kLock, seat.name);
    Call(seat, &LeaderElection::Stand);
    Connect(seat, true);
  }

  void ExpireFormerRun() {
    for (const Seat& seat : members_) {
      if (seat.session == owner_) return;
    }
    if (owner_ != 0) SetLock(0, "");
  }

  void SetLock(uint64_t owner, const std::string& data) {
    owner_ = owner;
    lock_ = data;
    for (Seat& seat : members_) {
      if (!std::exchange(seat.watching, false)) continue;
      Call(seat, &LeaderElection::LockChanged);
    }
  }

  ZkOutcome Apply(Seat& seat, const ElectionAction& request) {
    const auto* sent = std::get_if<ElectionOperation>(&request);
    if (sent == nullptr) return {};
    if (sent->operation.kind == ZkOperation::Kind::kDelete) {
      if (owner_ == 0) return {.code = ZkCode::kNoNode, .failed = 0, .text = ""};
      EXPECT_TRUE(owner_ == seat.session || breaking_) << "nobody deletes another's lock unasked";
      SetLock(0, "");
      return {};
    }
    if (owner_ != 0) return {.code = ZkCode::kNodeExists, .failed = 0, .text = ""};
    SetLock(seat.session, sent->operation.data);
    return {};
  }

  void Deliver(Seat& seat) {
    if (seat.requests.empty()) return;
    const ElectionAction request = seat.requests.front();
    seat.requests.pop_front();
    const ZkOutcome outcome = Apply(seat, request);
    ElectionActions actions;
    if (const auto* sent = std::get_if<ElectionOperation>(&request)) {
      seat.core->OperationDone(sent->id, outcome, actions);
    } else {
      const bool there = owner_ != 0;
      seat.watching = there;
      seat.core->LockRead(std::get<ReadLock>(request).id,
                          {.code = there ? ZkCode::kOk : ZkCode::kNoNode, .failed = 0, .text = ""},
                          {.data = lock_, .version = 0, .exists = there, .ephemeral = there},
                          there && owner_ == seat.session,
                          actions);
    }
    Take(seat, actions);
  }

  void Take(Seat& seat, const ElectionActions& actions) {
    for (const ElectionAction& action : actions) {
      if (std::holds_alternative<Elected>(action)) {
        EXPECT_FALSE(std::exchange(seat.told, true)) << "elected twice";
      } else if (std::holds_alternative<Deposed>(action)) {
        EXPECT_TRUE(std::exchange(seat.told, false)) << "deposed twice";
      } else if (std::holds_alternative<ElectionOperation>(action) ||
                 std::holds_alternative<ReadLock>(action)) {
        ASSERT_TRUE(seat.connected) << "nothing is sent without a connection";
        seat.requests.push_back(action);
        ASSERT_LE(seat.requests.size(), 2u) << "one under way, and one whose answer counts no more";
      }
    }
    EXPECT_EQ(seat.told, seat.core->leads());
  }

  std::mt19937_64 random_;
  std::deque<Seat> members_;
  uint64_t last_session_ = 0;
  uint64_t owner_ = 0;  // the lock's session; 0 = there is no lock
  std::string lock_;
  bool breaking_ = false;  // somebody was told that the leader has gone, or was started again
};

TEST(LeaderElection, InEveryOrderOfFaultsOneLeadsInTheEndAndAllKnowIt) {
  for (uint64_t seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE(seed);
    Council council(seed);
    for (int i = 0; i < 200; ++i) {
      council.Step();
      ASSERT_LE(council.holders(), 1);
    }
    council.Settle();
    ASSERT_EQ(council.leaders(), 1);
    ASSERT_EQ(council.holders(), 1);
    ASSERT_TRUE(council.AllKnow());
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace weir::store
