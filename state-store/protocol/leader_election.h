// LeaderElection: which one of several processes leads, by a node in ZooKeeper that only one of
// them can make.
//
// Terms: the *lock* is an ephemeral node; the *member* whose session made it *leads*, and its bytes
// say who that is. A member *stands* when it wants to lead. Leading is a hint, not a right: the
// epoch of the state store decides who may write, and whoever is elected takes that first.
//
// A member that leads goes on leading while its connection is away: nobody else can write before
// its session is over, and nobody does without raising the epoch, which the store notices. When its
// session is over it makes the lock anew in the next one; finding another's there it is deposed.
// The outcome of a creation that is unknown is settled by reading whose the lock is.
//
// A member that stands and is told that the process which leads has *gone* does not wait for the
// end of its session: it deletes the lock. Should that be wrong, or the lock another's by then,
// nothing is lost: whoever leads finds the lock gone, and makes it anew or is deposed.
//
// What is there in the lock's place without being a member's lock, since it goes with nobody's
// session or is no member's text, is *foreign*. Nobody is elected over it, and nobody leads by it:
// it is told, and looked at again, until it is removed. One that leads already goes on.
//
// A lock with a member's own bytes that another session has made is a former run's of the same
// member, which has ended, or this one would not run: it is deleted the same way. Only for as long
// as nothing else was read: a member that has led, or has seen the lock without such an owner, met
// somebody who has taken its name, and two such do not take the lock from one another in turn.
//
// States and what ends them:
//   kAway       not connected, does not lead            -> kReading (connected)
//   kReading    the lock is being read                  -> kLeading (ours), kFollowing (another's),
//                                                          kClaiming (nobody's, and we stand)
//   kVacant     nobody's, and we do not stand; or it is -> kReading (Stand, LookAgain)
//               foreign; or what was asked has not
//               been answered
//   kFollowing  another's; the watch tells of its end   -> kReading (it changed, LookAgain),
//                                                          kBreaking (it has gone, or is our
//                                                          former run's, and we stand)
//   kClaiming   the lock is being made                  -> kLeading, kReading (another was faster)
//   kReleasing  our lock is being deleted               -> kReading
//   kBreaking   the lock of one that has gone is being  -> kReading
//               deleted
//   kLeading    ours
// From every state: Disconnected -> kAway. `leads` is beside the state, since it outlives a
// connection.
//
// Bounded: one operation is under way at a time; its answer counts only in the state that asked.
// What ZooKeeper refuses is tried again by LookAgain only, which the owner calls from time to time.
//
// Pure core: events in, actions out. Owner: a ZookeeperElection's loop, or the simulator.
#ifndef WEIR_STATE_STORE_PROTOCOL_LEADER_ELECTION_H_
#define WEIR_STATE_STORE_PROTOCOL_LEADER_ELECTION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "state-store/protocol/zk_operation.h"

namespace weir::store {

// To be sent on the connection there is; OperationDone with the same id answers.
struct ElectionOperation {
  uint64_t id = 0;
  ZkOperation operation;
};
// Sync, then read the lock and watch it; LockRead answers.
struct ReadLock {
  uint64_t id = 0;
};
struct Elected {};
// Another one leads, or may lead.
struct Deposed {
  std::string why;
};
// Who leads has changed; "" = nobody is known to.
struct LeaderChanged {
  std::string leader;
};
// ZooKeeper refuses what the election needs, such as for another cluster's secret; or the lock is
// foreign, and these are its bytes.
struct ElectionRefused {
  std::string path;
  ZkOutcome outcome;
  std::optional<std::string> foreign = std::nullopt;
};
using ElectionAction =
    std::variant<ElectionOperation, ReadLock, Elected, Deposed, LeaderChanged, ElectionRefused>;
using ElectionActions = std::vector<ElectionAction>;

class LeaderElection {
 public:
  enum class State {
    kAway = 1,
    kReading = 2,
    kVacant = 3,
    kFollowing = 4,
    kClaiming = 5,
    kReleasing = 6,
    kLeading = 7,
    kBreaking = 8,
  };

  using IsMember = std::function<bool(const std::string& bytes)>;

  // `lock`: absolute; the nodes above it are made when they are missing. `member`: the lock's
  // bytes, different for each member and the same in each run of one; `is_member` knows such bytes
  // (none = all but no bytes are).
  LeaderElection(std::string lock, std::string member, IsMember is_member = nullptr);

  // Wants to lead; twice is as once.
  void Stand(ElectionActions& actions);
  // Does not want to lead any more. One that leads is told Deposed and gives the lock back.
  void Retire(ElectionActions& actions);

  void Connected(ElectionActions& actions);
  // The connection went, or the session is over: then Connected follows when there is another one.
  void Disconnected();
  void OperationDone(uint64_t id, const ZkOutcome& outcome, ElectionActions& actions);
  void LockRead(uint64_t id,
                const ZkOutcome& outcome,
                const ZkNode& lock,
                bool ours,
                ElectionActions& actions);
  // The watch: the lock has changed or is gone.
  void LockChanged(ElectionActions& actions);
  // The process that is known as `leader` has ended. Only what is said of the one that is followed
  // counts.
  void LeaderGone(const std::string& leader, ElectionActions& actions);
  // For states in which nothing would be heard of a change.
  void LookAgain(ElectionActions& actions);

  State state() const { return state_; }
  bool stands() const { return stands_; }
  bool leads() const { return leads_; }
  const std::string& leader() const { return leader_; }

 private:
  void Read(ElectionActions& actions);
  void Claim(ElectionActions& actions);
  void MakeParent(ElectionActions& actions);
  void ClaimDone(const ZkOutcome& outcome, ElectionActions& actions);
  void Release(ElectionActions& actions);
  void DeleteLock(ElectionActions& actions);
  void Break(ElectionActions& actions);
  // Requires: kFollowing.
  void BreakIfOfFormerRun(ElectionActions& actions);
  void Send(ZkOperation operation, ElectionActions& actions);
  void Depose(std::string why, ElectionActions& actions);
  void SetLeader(const std::string& leader, ElectionActions& actions);
  void Refuse(const ZkOutcome& outcome, ElectionActions& actions);
  bool IsForeign(const ZkNode& lock) const;

  const std::string lock_;
  const std::string member_;
  const IsMember is_member_;
  State state_ = State::kAway;
  bool stands_ = false;
  bool leads_ = false;
  bool former_run_ = true;  // a lock with our bytes that is not ours is a former run's
  std::string leader_;
  uint64_t last_id_ = 0;     // of the operation under way, if the state has one
  size_t parent_bytes_ = 0;  // of the part of lock_ that is being made, in kClaiming; 0 = the lock
};

std::string_view ElectionStateName(LeaderElection::State state);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_PROTOCOL_LEADER_ELECTION_H_
