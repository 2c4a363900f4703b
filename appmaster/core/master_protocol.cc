#include "appmaster/core/master_protocol.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/limits.h"

namespace weir::am {
namespace {

// A poll that overtakes another travels on another connection: the older one is given this long to
// arrive first. A connection that may have to be made anew is given longer.
constexpr Duration kOvertakeWarm = milliseconds(1);
constexpr Duration kOvertakeCold = milliseconds(50);
// While a standby says that it is not active yet, no try waits longer, until nothing has been heard
// for so long: then there is no fail-over under way.
constexpr Duration kNotActivePause = milliseconds(400);
constexpr Duration kFailover = seconds(15);

bool IsFatal(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kFenced:
      return true;
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kNotActive:
    case ErrorCode::kResync:
    case ErrorCode::kCorruption:
    case ErrorCode::kAborted:
    case ErrorCode::kInternal:
      return false;
  }
  return false;
}

// No active RM was heard: the connection failed, or only a standby answered.
bool IsTransport(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
         code == ErrorCode::kNotActive;
}

}  // namespace

MasterProtocol::MasterProtocol(const MasterProtocolOptions& options)
    : options_(options), backoff_(options.backoff_first, options.backoff_most) {}

void MasterProtocol::Start(Instant now) {
  WEIR_CHECK(phase_ == Phase::kIdle, "a master registers once");
  phase_ = Phase::kRegistering;
  last_contact_ = now;
  not_before_ = now;
}

void MasterProtocol::SetAsk(const ContainerAsk& ask) {
  const auto known = asks_.find(ask.request_id);
  if (known != asks_.end() && known->second == ask) return;
  if (known == asks_.end() && ask.count == 0) return;
  asks_[ask.request_id] = ask;
  changed_.insert(ask.request_id);
}

void MasterProtocol::Release(const ContainerId& id) {
  releases_.push_back(id);
}

void MasterProtocol::SetSize(const SizeAsk& ask) {
  WantedSize& wanted = sizes_[ask.container];
  wanted.resource = ask.resource;
  if (!wanted.asked) sizes_to_send_.insert(ask.container);
}

void MasterProtocol::OnSizeAnswered(const ContainerId& id) {
  const auto wanted = sizes_.find(id);
  if (wanted == sizes_.end() || !wanted->second.asked) return;
  if (*std::exchange(wanted->second.asked, std::nullopt) == wanted->second.resource) {
    sizes_.erase(wanted);
    return;
  }
  sizes_to_send_.insert(id);
}

void MasterProtocol::OnEnded(const ContainerId& id) {
  sizes_.erase(id);
  sizes_to_send_.erase(id);
}

void MasterProtocol::SetProgress(float progress) {
  progress_ = progress;
}

void MasterProtocol::Finish(const FinishMasterRequest& request) {
  if (phase_ == Phase::kFinished || phase_ == Phase::kRejected) return;
  finish_ = request;
  if (phase_ == Phase::kActive) phase_ = Phase::kFinishing;
}

std::optional<int> MasterProtocol::FreeLane() const {
  for (int lane = 0; lane < kMasterLanes; ++lane) {
    if (!lanes_[static_cast<size_t>(lane)]) return lane;
  }
  return std::nullopt;
}

MasterCall::Kind MasterProtocol::SoleCallOf(Phase phase) {
  return phase == Phase::kRegistering ? MasterCall::Kind::kRegister : MasterCall::Kind::kFinish;
}

bool MasterProtocol::Out(MasterCall::Kind kind) const {
  return std::any_of(lanes_.begin(), lanes_.end(), [kind](const auto& call) {
    return call && call->kind == kind;
  });
}

std::optional<MasterCall> MasterProtocol::Next(Instant now) {
  if (now < not_before_) return std::nullopt;
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kFinished:
    case Phase::kRejected:
      return std::nullopt;
    case Phase::kActive:
      return NextAllocate(now);
    case Phase::kRegistering:
    case Phase::kFinishing: {
      const MasterCall::Kind kind = SoleCallOf(phase_);
      const std::optional<int> lane = FreeLane();
      if (!lane || Out(kind)) return std::nullopt;
      return Send(*lane, kind, {}, now);
    }
  }
  return std::nullopt;
}

const MasterProtocol::InFlight* MasterProtocol::Parked() const {
  const InFlight* found = nullptr;
  for (const auto& call : lanes_) {
    if (!call) continue;
    const bool poll = call->kind == MasterCall::Kind::kAllocate && call->generation == generation_;
    if (found != nullptr || !poll) return nullptr;
    found = &*call;
  }
  return found;
}

std::optional<MasterCall> MasterProtocol::NextAllocate(Instant now) {
  const std::optional<int> lane = FreeLane();
  if (!lane) return std::nullopt;
  if (repeat_) {
    AllocateRequest request = *std::exchange(repeat_, std::nullopt);
    MasterCall call = Send(*lane, MasterCall::Kind::kAllocate, std::move(request), now);
    lanes_[static_cast<size_t>(*lane)]->overtakes = std::exchange(repeat_overtakes_, false);
    return call;
  }
  bool polling = false;
  for (const auto& call : lanes_) {
    polling = polling || (call && call->generation == generation_);
  }
  if (!polling) return Send(*lane, MasterCall::Kind::kAllocate, TakeNews(), now);

  const InFlight* parked = Parked();
  if (parked == nullptr || !HasNews() || !MayBeOvertaken(*parked)) return std::nullopt;
  const int busy = *lane == 0 ? 1 : 0;
  const Duration ahead = warm_[static_cast<size_t>(busy)] ? kOvertakeWarm : kOvertakeCold;
  if (now < parked->sent + ahead) return std::nullopt;
  MasterCall call = Send(*lane, MasterCall::Kind::kAllocate, TakeNews(), now);
  lanes_[static_cast<size_t>(*lane)]->overtakes = true;
  return call;
}

AllocateRequest MasterProtocol::TakeNews() {
  AllocateRequest request;
  request.sequence = ++sequence_;
  request.progress = progress_;
  request.park = options_.park;
  while (!changed_.empty() && request.asks.size() < limits::kAsksPerAllocate) {
    request.asks.push_back(asks_.at(*changed_.begin()));
    changed_.erase(changed_.begin());
  }
  const size_t releases = std::min(releases_.size(), limits::kAsksPerAllocate);
  const auto end = releases_.begin() + static_cast<std::ptrdiff_t>(releases);
  request.releases.assign(releases_.begin(), end);
  releases_.erase(releases_.begin(), end);
  while (!sizes_to_send_.empty() && request.sizes.size() < limits::kSizesPerAllocate) {
    const ContainerId id = *sizes_to_send_.begin();
    sizes_to_send_.erase(sizes_to_send_.begin());
    WantedSize& wanted = sizes_.at(id);
    wanted.asked = wanted.resource;
    request.sizes.push_back({.container = id, .resource = wanted.resource});
  }
  return request;
}

MasterCall MasterProtocol::Send(int lane,
                                MasterCall::Kind kind,
                                AllocateRequest request,
                                Instant now) {
  MasterCall call;
  call.kind = kind;
  call.lane = lane;
  call.allocate = request;
  if (kind == MasterCall::Kind::kFinish) call.finish = *finish_;
  InFlight out;
  out.kind = kind;
  out.request = std::move(request);
  out.sent = now;
  out.generation = generation_;
  lanes_[static_cast<size_t>(lane)] = std::move(out);
  return call;
}

Instant MasterProtocol::NextDeadline() const {
  if (phase_ == Phase::kIdle || phase_ == Phase::kFinished || phase_ == Phase::kRejected) {
    return kNever;
  }
  const std::optional<int> lane = FreeLane();
  if (!lane) return kNever;
  if (phase_ == Phase::kRegistering || phase_ == Phase::kFinishing) {
    return Out(SoleCallOf(phase_)) ? kNever : not_before_;
  }
  if (const InFlight* parked = Parked(); parked != nullptr) {
    if (repeat_) return not_before_;
    if (!HasNews() || !MayBeOvertaken(*parked)) return kNever;
    const int busy = *lane == 0 ? 1 : 0;
    const Duration ahead = warm_[static_cast<size_t>(busy)] ? kOvertakeWarm : kOvertakeCold;
    return std::max(not_before_, parked->sent + ahead);
  }
  return not_before_;
}

void MasterProtocol::OnRegistered(int lane, Instant now) {
  const auto index = static_cast<size_t>(lane);
  WEIR_CHECK(lanes_[index].has_value(), "an answer belongs to a call");
  lanes_[index].reset();
  warm_[index] = true;
  last_contact_ = now;
  backoff_.Reset();
  interrupted_ = false;
  sequence_ = 0;
  ++generation_;
  phase_ = finish_ ? Phase::kFinishing : Phase::kActive;
}

void MasterProtocol::OnAllocated(int lane,
                                 const std::vector<int64_t>& granted_requests,
                                 Instant now) {
  const auto index = static_cast<size_t>(lane);
  WEIR_CHECK(lanes_[index].has_value(), "an answer belongs to a call");
  lanes_[index].reset();
  warm_[index] = true;
  last_contact_ = now;
  backoff_.Reset();
  for (const int64_t request_id : granted_requests) {
    const auto ask = asks_.find(request_id);
    if (ask != asks_.end() && ask->second.count > 0) --ask->second.count;
  }
  ForgetSettledAsks();
}

// An ask of 0 is kept until no call that carries it is out: it may have to be sent again.
void MasterProtocol::ForgetSettledAsks() {
  if (Parked() != nullptr) return;
  std::erase_if(asks_, [this](const auto& entry) {
    return entry.second.count == 0 && !changed_.contains(entry.first);
  });
}

void MasterProtocol::OnFinished(int lane, Instant now) {
  lanes_[static_cast<size_t>(lane)].reset();
  last_contact_ = now;
  phase_ = Phase::kFinished;
}

MasterErrorMeaning MasterProtocol::OnError(int lane, const Error& error, Instant now) {
  const auto index = static_cast<size_t>(lane);
  WEIR_CHECK(lanes_[index].has_value(), "an error belongs to a call");
  const InFlight call = *lanes_[index];
  lanes_[index].reset();
  if (IsTransport(error.code)) {
    warm_[index] = false;
  } else {
    last_contact_ = now;
  }
  if (phase_ == Phase::kFinished || phase_ == Phase::kRejected) return MasterErrorMeaning::kIgnored;
  // What a call of an earlier registration met says nothing about this one.
  if (call.generation != generation_) return MasterErrorMeaning::kIgnored;
  if (call.kind == MasterCall::Kind::kAllocate) return OnPollError(lane, call, error, now);
  if (IsFatal(error.code)) {
    phase_ = Phase::kRejected;
    return MasterErrorMeaning::kRejected;
  }
  if (error.code == ErrorCode::kResync && call.kind == MasterCall::Kind::kFinish) {
    return Resync(call, now);
  }
  return BackOff(now, error.code);
}

MasterErrorMeaning MasterProtocol::OnPollError(int lane,
                                               const InFlight& call,
                                               const Error& error,
                                               Instant now) {
  // The final status says all that matters now.
  if (phase_ == Phase::kFinishing) return MasterErrorMeaning::kIgnored;
  if (error.code == ErrorCode::kAborted) {
    if (call.request.sequence < sequence_) return MasterErrorMeaning::kIgnored;
    // The newest is ended by nobody but a copy of itself that came later and holds the answer.
    repeat_ = call.request;
    repeat_overtakes_ = false;
    return BackOff(now, error.code);
  }
  if (IsFatal(error.code)) {
    phase_ = Phase::kRejected;
    return MasterErrorMeaning::kRejected;
  }
  const auto& other = lanes_[lane == 0 ? 1 : 0];
  const bool newer_is_out = other && other->kind == MasterCall::Kind::kAllocate &&
                            other->generation == generation_ &&
                            other->request.sequence > call.request.sequence;
  if (error.code == ErrorCode::kResync) {
    if (!call.overtakes) return Resync(call, now);
    // It may only have arrived before the poll that it overtakes: once more before giving in.
    repeat_ = call.request;
    repeat_overtakes_ = false;
    not_before_ = now + kOvertakeWarm;
    return MasterErrorMeaning::kRetrying;
  }
  // Which of two polls the RM has taken is not known: only a new registration settles it.
  if (newer_is_out || (repeat_ && repeat_->sequence > call.request.sequence)) {
    return Resync(call, now);
  }
  interrupted_ = interrupted_ || IsTransport(error.code);
  repeat_ = call.request;
  repeat_overtakes_ = call.overtakes && other.has_value();
  return BackOff(now, error.code);
}

MasterErrorMeaning MasterProtocol::BackOff(Instant now, ErrorCode why) {
  const bool failover = why == ErrorCode::kNotActive && now - last_contact_ < kFailover;
  not_before_ = now + (failover ? backoff_.Fail(kNotActivePause) : backoff_.Fail());
  return MasterErrorMeaning::kRetrying;
}

MasterErrorMeaning MasterProtocol::Resync(const InFlight& failed, Instant now) {
  ResendEverything(failed);
  ++generation_;
  phase_ = Phase::kRegistering;
  // One that took over is there: what was waited for while none was is over.
  const bool at_once = std::exchange(interrupted_, false);
  if (at_once) backoff_.Reset();
  not_before_ = at_once ? now : now + backoff_.Fail();
  return MasterErrorMeaning::kResync;
}

// What no answered call has carried. The RM ignores a release of what is gone already.
void MasterProtocol::ResendEverything(const InFlight& failed) {
  const auto keep_releases = [this](const AllocateRequest& request) {
    releases_.insert(releases_.end(), request.releases.begin(), request.releases.end());
  };
  keep_releases(failed.request);
  for (const auto& call : lanes_) {
    if (call && call->kind == MasterCall::Kind::kAllocate) keep_releases(call->request);
  }
  if (repeat_) keep_releases(*repeat_);
  repeat_.reset();
  for (auto& [id, wanted] : sizes_) {
    wanted.asked.reset();
    sizes_to_send_.insert(id);
  }
  ResendAsks();
}

void MasterProtocol::ResendAsks() {
  for (const auto& [request_id, ask] : asks_) changed_.insert(request_id);
}

bool MasterProtocol::Lost(Instant now) const {
  return phase_ != Phase::kIdle && phase_ != Phase::kFinished && phase_ != Phase::kRejected &&
         now - last_contact_ > options_.lost_after;
}

int32_t MasterProtocol::Outstanding(int64_t request_id) const {
  const auto ask = asks_.find(request_id);
  return ask == asks_.end() ? 0 : ask->second.count;
}

}  // namespace weir::am
