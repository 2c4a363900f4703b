#include "stream/runtime/channel.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "stream/graph/kinds.h"

namespace weir::stream {
namespace {

using platform::MutexLock;

// Two to eight buffers per channel: few channels get more, so that one pair runs smoothly, and a
// task with very many inputs does not hold all memory.
int32_t CreditsFor(size_t channels) {
  const size_t share = 128 / std::max<size_t>(channels, 1);
  return static_cast<int32_t>(std::clamp<size_t>(share, 2, 8));
}

// The echo of an echo does not grow.
std::string Inherited(const std::string& cause) {
  return cause.starts_with(kInheritedFailure)
             ? cause
             : CutMiddle(kInheritedFailure + cause, limits::kDiagnosticsBytes);
}

}  // namespace

// --- OutputChannel

bool OutputChannel::WaitForReceiver(bool takes_credit) {
  MutexLock lock(mutex_);
  while (!stopped_ && !closed_ && (!granted_ || (takes_credit && credits_ == 0))) {
    changed_.Wait(mutex_);
  }
  if (stopped_ || closed_) return false;
  if (takes_credit) --credits_;
  return true;
}

bool OutputChannel::Send(DataBuffer buffer) {
  if (!WaitForReceiver(true)) return false;
  std::shared_ptr<ChannelReceiver> receiver;
  {
    MutexLock lock(mutex_);
    receiver = receiver_;
  }
  if (receiver == nullptr) return false;
  receiver->Deliver(std::move(buffer));
  return true;
}

bool OutputChannel::End() {
  if (!WaitForReceiver(false)) return false;
  std::shared_ptr<ChannelReceiver> receiver;
  {
    MutexLock lock(mutex_);
    receiver = std::move(receiver_);
  }
  if (receiver == nullptr) return false;
  receiver->End();
  return true;
}

void OutputChannel::Abort(const std::string& cause) {
  std::shared_ptr<ChannelReceiver> receiver;
  {
    MutexLock lock(mutex_);
    receiver = std::move(receiver_);
    stopped_ = true;
    abort_cause_ = Inherited(cause);
  }
  changed_.NotifyAll();
  if (receiver != nullptr) receiver->Fail(Inherited(cause));
}

void OutputChannel::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.NotifyAll();
}

std::string OutputChannel::close_cause() const {
  MutexLock lock(mutex_);
  return closed_ ? close_cause_ : "";
}

void OutputChannel::Connect(std::shared_ptr<ChannelReceiver> receiver) {
  std::string aborted;
  {
    MutexLock lock(mutex_);
    aborted = abort_cause_;
    if (aborted.empty()) receiver_ = receiver;
  }
  if (!aborted.empty()) receiver->Fail(aborted);
}

void OutputChannel::Grant(int32_t credits) {
  {
    MutexLock lock(mutex_);
    granted_ = true;
    credits_ += credits;
  }
  changed_.NotifyAll();
}

void OutputChannel::Close(const std::string& cause) {
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    close_cause_ = Inherited(cause);
    receiver_ = nullptr;
  }
  changed_.NotifyAll();
}

// --- InputGate

InputGate::InputGate(std::vector<Source> sources)
    : sources_(std::move(sources)),
      credits_(CreditsFor(sources_.size())),
      channels_(sources_.size()) {}

InputGate::Outcome InputGate::Poll(Item& item) {
  if (stopped_) return Outcome::kStopped;
  if (failed_) return Outcome::kFailed;
  if (!waiting_.empty()) {
    item = std::move(waiting_.front());
    waiting_.pop_front();
    return Outcome::kBuffer;
  }
  return ended_ == channels_.size() ? Outcome::kEndOfInput : Outcome::kNothingYet;
}

std::shared_ptr<ChannelSender> InputGate::CreditAfter(size_t index, int32_t& grant) {
  Channel& channel = channels_[index];
  ++channel.consumed;
  // In batches: what is taken and not yet granted stays below half of the credits.
  if (channel.ended || channel.consumed * 2 < credits_) return nullptr;
  grant = channel.consumed;
  channel.consumed = 0;
  channel.outstanding += grant;
  return channel.sender;
}

InputGate::Outcome InputGate::TryTake(Item& item) {
  std::shared_ptr<ChannelSender> sender;
  int32_t grant = 0;
  Outcome outcome = Outcome::kNothingYet;
  {
    MutexLock lock(mutex_);
    outcome = Poll(item);
    if (outcome == Outcome::kBuffer) sender = CreditAfter(item.channel, grant);
  }
  if (sender != nullptr) sender->Grant(grant);
  return outcome;
}

InputGate::Outcome InputGate::Take(Item& item) {
  std::shared_ptr<ChannelSender> sender;
  int32_t grant = 0;
  Outcome outcome = Outcome::kNothingYet;
  {
    MutexLock lock(mutex_);
    while ((outcome = Poll(item)) == Outcome::kNothingYet) changed_.Wait(mutex_);
    if (outcome == Outcome::kBuffer) sender = CreditAfter(item.channel, grant);
  }
  if (sender != nullptr) sender->Grant(grant);
  return outcome;
}

std::string InputGate::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

void InputGate::Stop(const std::string& cause) {
  std::vector<std::shared_ptr<ChannelSender>> senders;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    stop_cause_ = cause;
    waiting_.clear();
    for (Channel& channel : channels_) {
      if (channel.sender != nullptr) senders.push_back(std::move(channel.sender));
      channel.sender = nullptr;
    }
  }
  changed_.NotifyAll();
  if (cause.empty()) return;
  for (const auto& sender : senders) sender->Close(cause);
}

bool InputGate::Attach(int32_t vertex,
                       int32_t subtask,
                       const std::shared_ptr<ChannelSender>& sender,
                       const std::function<void(size_t)>& on_channel) {
  const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const Source& source) {
    return source.vertex == vertex && source.subtask == subtask;
  });
  if (found == sources_.end()) return false;
  const auto index = static_cast<size_t>(found - sources_.begin());
  bool stopped = false;
  std::string cause;
  {
    MutexLock lock(mutex_);
    Channel& channel = channels_[index];
    if (channel.attached) return false;
    channel.attached = true;
    stopped = stopped_;
    cause = stop_cause_;
    if (!stopped) {
      channel.sender = sender;
      channel.outstanding = credits_;
    }
  }
  if (stopped) {
    if (!cause.empty()) sender->Close(cause);
    return true;
  }
  on_channel(index);
  sender->Grant(credits_);
  return true;
}

bool InputGate::Deliver(size_t index, DataBuffer buffer) {
  {
    MutexLock lock(mutex_);
    Channel& channel = channels_[index];
    if (stopped_) return true;  // it was sent before the sender learnt of it
    if (channel.outstanding == 0 || channel.ended) return false;
    --channel.outstanding;
    waiting_.push_back({index, std::move(buffer)});
  }
  changed_.NotifyOne();
  return true;
}

void InputGate::End(size_t index) {
  {
    MutexLock lock(mutex_);
    Channel& channel = channels_[index];
    if (stopped_ || channel.ended) return;
    channel.ended = true;
    channel.sender = nullptr;
    ++ended_;
  }
  changed_.NotifyOne();
}

void InputGate::Fail(size_t index, const std::string& cause) {
  {
    MutexLock lock(mutex_);
    Channel& channel = channels_[index];
    channel.sender = nullptr;
    if (stopped_ || failed_ || channel.ended) return;
    failed_ = true;
    failure_ = Inherited(cause);
  }
  changed_.NotifyOne();
}

size_t InputGate::buffers_waiting() const {
  MutexLock lock(mutex_);
  return waiting_.size();
}

}  // namespace weir::stream
