#include "nodemanager/core/rm_conversation.h"

#include <algorithm>
#include <utility>

namespace weir::nm {
namespace {

constexpr size_t kUnderWay = 2;
// Two heartbeats travel on two connections: so long the older one may take to arrive after all.
constexpr Duration kOvertaken = milliseconds(2);

// After the RM has said that this node may not be in the cluster.
constexpr Duration kRefusedPause = seconds(10);

// Milliseconds, a month: far beyond that a clock that is wrong is found out otherwise.
constexpr int64_t kProcessStepMost = int64_t{30} * 86'400'000;

// While a standby says that it is not active yet, another try is worth this long a wait at most,
// until nothing has been heard for so long: then there is no fail-over under way.
constexpr Duration kNotActivePause = milliseconds(400);
constexpr Duration kFailover = seconds(15);

// The request may be lost, and whoever answers next may be another RM.
bool IsTransport(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
         code == ErrorCode::kNotActive;
}

}  // namespace

RmConversation::RmConversation(Duration smallest_back_off,
                               Duration largest_back_off,
                               uint64_t seed,
                               int64_t process)
    : smallest_(smallest_back_off),
      largest_(largest_back_off),
      random_(seed),
      back_off_(smallest_back_off),
      register_at_(Instant::min()),
      process_(process) {}

void RmConversation::Resume(int64_t first_session, Epoch highest_epoch) {
  first_session_ = first_session;
  highest_epoch_ = highest_epoch;
}

std::string RmConversation::OnRegistered(const RegisterNodeAnswer& answer, Now now) {
  if (phase_ != Phase::kRegistering) return "";
  if (answer.epoch < highest_epoch_) {
    BackOff(now, ErrorCode::kFenced);
    phase_ = Phase::kIdle;
    return "refused the registration under epoch " + std::to_string(answer.epoch.value) +
           ": epoch " + std::to_string(highest_epoch_.value) + " was seen";
  }
  phase_ = Phase::kActive;
  refused_ = false;
  session_ = answer.session;
  if (first_session_ == 0) first_session_ = answer.session;
  session_epoch_ = answer.epoch;
  highest_epoch_ = answer.epoch;
  last_sequence_ = 0;
  outstanding_.clear();
  if (!resync_in_vain_) back_off_ = smallest_;
  answered_in_session_ = false;
  interrupted_in_session_ = false;
  last_answer_ = now.wall;
  NoteRmWall(answer.wall, now);
  NoteHeard(register_sent_, answer.unconfirmed);
  return "registered under epoch " + std::to_string(answer.epoch.value);
}

std::string RmConversation::OnRegistrationFailed(const Error& error, Now now) {
  if (phase_ != Phase::kRegistering) return "";
  const bool refused = error.code == ErrorCode::kFailedPrecondition;
  const bool first = refused ? !std::exchange(refused_, true) : back_off_ == smallest_;
  phase_ = Phase::kIdle;
  BackOff(now, error.code);
  if (error.code == ErrorCode::kAborted) {
    process_ += process_step_;
    process_step_ = std::min(process_step_ * 2, kProcessStepMost);
  }
  // It may be let in some day, not in a moment.
  if (refused) register_at_ += kRefusedPause;
  // One line per outage, not one per try.
  return first ? "cannot register: " + error.ToString() : "";
}

bool RmConversation::OnAnswer(int64_t session,
                              int64_t sequence,
                              const NodeHeartbeatAnswer& answer,
                              Now now) {
  const auto it = FindOutstanding(session, sequence);
  if (it == outstanding_.end() || it->answered) return false;
  if (answer.epoch < highest_epoch_) {
    BackOff(now, ErrorCode::kFenced);
    RegisterAgain(register_at_);
    return false;
  }
  highest_epoch_ = answer.epoch;
  last_answer_ = now.wall;
  NoteRmWall(answer.wall, now);
  NoteHeard(it->sent, answer.unconfirmed);
  back_off_ = smallest_;
  answered_in_session_ = true;
  resync_in_vain_ = false;
  it->answered = true;
  it->repeat = kNever;
  DropAnsweredHead();
  return true;
}

std::string RmConversation::OnFailure(int64_t session,
                                      int64_t sequence,
                                      const Error& error,
                                      Now now) {
  const auto it = FindOutstanding(session, sequence);
  if (it == outstanding_.end() || it->answered) return "";
  const bool newest = std::next(it) == outstanding_.end();
  if (error.code == ErrorCode::kAborted && !newest) {
    it->answered = true;
    DropAnsweredHead();
    return "";
  }
  // Lost: the same request goes out again, and the RM still has its answer (it keeps those of the
  // last two). The newest one is ended by nobody but an earlier copy's repeat.
  if (IsTransport(error.code) || error.code == ErrorCode::kAborted) {
    const bool first = back_off_ == smallest_;
    interrupted_in_session_ = interrupted_in_session_ || IsTransport(error.code);
    BackOff(now, error.code);
    it->repeat = register_at_;
    return first && IsTransport(error.code) ? "heartbeat lost: " + error.ToString() : "";
  }
  const bool at_once = error.code == ErrorCode::kResync;
  if (at_once && it != outstanding_.begin() && !std::exchange(it->overtook, true)) {
    it->repeat = now.monotonic + kOvertaken;
    return "";
  }
  // An RM that was heard in this session, or took over since it began, does not ask in vain.
  if (at_once && (answered_in_session_ || interrupted_in_session_)) {
    RegisterAgain(now.monotonic);
    return "registers again: " + error.ToString();
  }
  resync_in_vain_ = true;
  BackOff(now, error.code);
  RegisterAgain(register_at_);
  return "registers again: " + error.ToString();
}

void RmConversation::NoteRmWall(WallTime wall, Now now) {
  if (wall == WallTime{}) return;
  rm_ahead_ = std::chrono::duration_cast<milliseconds>(wall - now.wall);
}

void RmConversation::NoteHeard(Instant sent, Duration unconfirmed) {
  heard_ = std::max(heard_, sent);
  vouched_ = std::max(vouched_, sent - unconfirmed);
}

void RmConversation::Close() {
  phase_ = Phase::kClosed;
  outstanding_.clear();
}

bool RmConversation::MayRegister(Now now) const {
  return phase_ == Phase::kIdle && now.monotonic >= register_at_;
}

void RmConversation::RegisterSent(Now now) {
  phase_ = Phase::kRegistering;
  ++registrations_;
  register_sent_ = now.monotonic;
}

std::optional<NodeHeartbeatRequest> RmConversation::TakeRepeat(Now now) {
  for (Outstanding& one : outstanding_) {
    if (one.repeat > now.monotonic) continue;
    one.repeat = kNever;
    return one.request;
  }
  return std::nullopt;
}

bool RmConversation::MaySendNext(bool news) const {
  if (phase_ != Phase::kActive) return false;
  if (outstanding_.empty()) return true;
  return news && outstanding_.size() < kUnderWay && outstanding_.back().repeat == kNever;
}

void RmConversation::Sent(const NodeHeartbeatRequest& request, Now now) {
  last_sequence_ = request.sequence;
  outstanding_.push_back({request, now.monotonic});
}

Instant RmConversation::NextDeadline() const {
  if (phase_ == Phase::kIdle) return register_at_;
  Instant next = kNever;
  for (const Outstanding& one : outstanding_) next = std::min(next, one.repeat);
  return next;
}

// The next instant in register_at_: between half of the back-off and all of it.
void RmConversation::BackOff(Now now, ErrorCode why) {
  const bool failover = why == ErrorCode::kNotActive && heard_ > now.monotonic - kFailover;
  if (failover) back_off_ = std::min(back_off_, kNotActivePause);
  const Duration half = back_off_ / 2;
  register_at_ = now.monotonic + half + Duration(random_.Between(0, half.count()));
  back_off_ = std::min(back_off_ * 2, largest_);
}

void RmConversation::RegisterAgain(Instant at) {
  phase_ = Phase::kIdle;
  register_at_ = at;
  outstanding_.clear();
}

std::vector<RmConversation::Outstanding>::iterator RmConversation::FindOutstanding(
    int64_t session, int64_t sequence) {
  if (phase_ != Phase::kActive || session != session_) return outstanding_.end();
  return std::find_if(outstanding_.begin(), outstanding_.end(), [&](const Outstanding& one) {
    return one.request.sequence == sequence;
  });
}

// A newer one that was answered first counts only once the older one is settled.
void RmConversation::DropAnsweredHead() {
  while (!outstanding_.empty() && outstanding_.front().answered) {
    outstanding_.erase(outstanding_.begin());
  }
}

std::string RmConversation::CheckInvariants() const {
  if (outstanding_.size() > kUnderWay) return "more than two heartbeats are under way";
  if (phase_ != Phase::kActive && !outstanding_.empty()) return "a heartbeat without a session";
  for (size_t i = 0; i < outstanding_.size(); ++i) {
    const int64_t behind = static_cast<int64_t>(outstanding_.size() - 1 - i);
    if (outstanding_[i].request.sequence != last_sequence_ - behind) {
      return "heartbeats under way are not consecutive";
    }
  }
  return "";
}

}  // namespace weir::nm
