#include "state-store/protocol/leader_election.h"

#include <utility>

namespace weir::store {

LeaderElection::LeaderElection(std::string lock, std::string member, IsMember is_member)
    : lock_(std::move(lock)), member_(std::move(member)), is_member_(std::move(is_member)) {}

void LeaderElection::Stand(ElectionActions& actions) {
  if (std::exchange(stands_, true)) return;
  if (state_ == State::kVacant) return Read(actions);
  if (state_ == State::kFollowing) BreakIfOfFormerRun(actions);
}

void LeaderElection::Retire(ElectionActions& actions) {
  stands_ = false;
  Depose("it was asked to", actions);
  // In any other state what is under way ends in a reading, which finds a lock of ours.
  if (state_ == State::kLeading) Release(actions);
}

void LeaderElection::Connected(ElectionActions& actions) {
  Read(actions);
}

void LeaderElection::Disconnected() {
  state_ = State::kAway;
}

void LeaderElection::OperationDone(uint64_t id,
                                   const ZkOutcome& outcome,
                                   ElectionActions& actions) {
  if (id != last_id_) return;
  if (state_ == State::kClaiming) return ClaimDone(outcome, actions);
  if (state_ != State::kReleasing && state_ != State::kBreaking) return;
  if (outcome.code == ZkCode::kUnknown) {
    state_ = State::kVacant;
    return;
  }
  // What is there after this answer is not of a former run any more.
  if (state_ == State::kBreaking) former_run_ = false;
  Read(actions);
}

void LeaderElection::ClaimDone(const ZkOutcome& outcome, ElectionActions& actions) {
  const bool there = outcome.code == ZkCode::kOk || outcome.code == ZkCode::kNodeExists;
  if (parent_bytes_ > 0 && there) return MakeParent(actions);
  if (parent_bytes_ == 0 && outcome.code == ZkCode::kNoNode) return MakeParent(actions);
  if (outcome.code == ZkCode::kUnknown) {
    state_ = State::kVacant;
  } else if (there) {
    Read(actions);  // whose it is, and with a watch
  } else {
    Refuse(outcome, actions);
  }
}

void LeaderElection::LockRead(uint64_t id,
                              const ZkOutcome& outcome,
                              const ZkNode& lock,
                              bool ours,
                              ElectionActions& actions) {
  if (id != last_id_ || state_ != State::kReading) return;
  state_ = State::kVacant;
  if (outcome.code == ZkCode::kUnknown) return;
  if (outcome.code != ZkCode::kOk && outcome.code != ZkCode::kNoNode) {
    return Refuse(outcome, actions);
  }
  if (!lock.exists || ours || lock.data != member_) former_run_ = false;
  if (!lock.exists) {
    if (!leads_) SetLeader("", actions);
    if (stands_) Claim(actions);
    return;
  }
  if (!ours && IsForeign(lock)) {
    if (!leads_) SetLeader("", actions);
    actions.emplace_back(ElectionRefused{lock_, outcome, lock.data});
    return;
  }
  SetLeader(lock.data, actions);
  if (!ours) {
    state_ = State::kFollowing;
    Depose(lock.data + " was elected", actions);
    if (stands_) BreakIfOfFormerRun(actions);
    return;
  }
  if (!stands_) return Release(actions);
  state_ = State::kLeading;
  if (!std::exchange(leads_, true)) actions.emplace_back(Elected{});
}

void LeaderElection::LockChanged(ElectionActions& actions) {
  if (state_ == State::kFollowing || state_ == State::kLeading) Read(actions);
}

void LeaderElection::LeaderGone(const std::string& leader, ElectionActions& actions) {
  if (state_ == State::kFollowing && stands_ && leader == leader_) Break(actions);
}

void LeaderElection::BreakIfOfFormerRun(ElectionActions& actions) {
  if (former_run_ && leader_ == member_) Break(actions);
}

void LeaderElection::Break(ElectionActions& actions) {
  state_ = State::kBreaking;
  DeleteLock(actions);
}

void LeaderElection::LookAgain(ElectionActions& actions) {
  if (state_ == State::kVacant) Read(actions);
}

void LeaderElection::Read(ElectionActions& actions) {
  state_ = State::kReading;
  actions.emplace_back(ReadLock{++last_id_});
}

void LeaderElection::Claim(ElectionActions& actions) {
  state_ = State::kClaiming;
  parent_bytes_ = 0;
  Send({.kind = ZkOperation::Kind::kCreateEphemeral, .path = lock_, .data = member_}, actions);
}

// The next of the nodes above the lock, or the lock when all are there. The last of them is this
// cluster's own: nobody else can make a lock there.
void LeaderElection::MakeParent(ElectionActions& actions) {
  parent_bytes_ = lock_.find('/', parent_bytes_ + 1);
  if (parent_bytes_ == std::string::npos) return Claim(actions);
  const bool last = parent_bytes_ == lock_.rfind('/');
  Send({.kind = ZkOperation::Kind::kCreate,
        .path = lock_.substr(0, parent_bytes_),
        .data = "",
        .open = !last},
       actions);
}

void LeaderElection::Release(ElectionActions& actions) {
  state_ = State::kReleasing;
  DeleteLock(actions);
}

void LeaderElection::DeleteLock(ElectionActions& actions) {
  Send({.kind = ZkOperation::Kind::kDelete, .path = lock_}, actions);
}

void LeaderElection::Send(ZkOperation operation, ElectionActions& actions) {
  actions.emplace_back(ElectionOperation{++last_id_, std::move(operation)});
}

void LeaderElection::Depose(std::string why, ElectionActions& actions) {
  if (std::exchange(leads_, false)) actions.emplace_back(Deposed{std::move(why)});
}

void LeaderElection::SetLeader(const std::string& leader, ElectionActions& actions) {
  if (leader == leader_) return;
  leader_ = leader;
  actions.emplace_back(LeaderChanged{leader});
}

void LeaderElection::Refuse(const ZkOutcome& outcome, ElectionActions& actions) {
  state_ = State::kVacant;
  actions.emplace_back(ElectionRefused{lock_, outcome, std::nullopt});
}

bool LeaderElection::IsForeign(const ZkNode& lock) const {
  return !lock.ephemeral || lock.data.empty() || (is_member_ && !is_member_(lock.data));
}

std::string_view ElectionStateName(LeaderElection::State state) {
  constexpr std::string_view kNames[] = {
      "AWAY", "READING", "VACANT", "FOLLOWING", "CLAIMING", "RELEASING", "LEADING", "BREAKING"};
  return kNames[static_cast<size_t>(state) - 1];
}

}  // namespace weir::store
