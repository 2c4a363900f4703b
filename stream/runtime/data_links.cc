#include "stream/runtime/data_links.h"

#include <utility>

#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/rpc_security.h"

namespace weir::stream {
namespace {

using platform::MutexLock;

constexpr char kRole[] = "taskmanager";
constexpr Duration kConnectTimeout = seconds(10);

Error Broken(const std::string& what) {
  return Error{ErrorCode::kCorruption, "data connection: " + what, ""};
}

Frame MakeHello(const std::string& secret, const std::string& name) {
  const platform::Proof proof = platform::MakeProof(secret, kRole, name);
  Frame frame{FrameType::kHello, 0, 0, {}};
  for (const std::string& part : {proof.role, proof.name, proof.nonce, proof.mac}) {
    frame.payload.AppendString(part);
  }
  return frame;
}

// Where a task's records leave for another TaskManager.
class RemoteReceiver final : public ChannelReceiver {
 public:
  RemoteReceiver(std::shared_ptr<FramedConnection> connection, uint32_t channel)
      : connection_(std::move(connection)), channel_(channel) {}

  void Deliver(DataBuffer buffer) override {
    const uint8_t flags = buffer.continues ? kFrameContinues : 0;
    connection_->Send(Frame{FrameType::kData, flags, channel_, std::move(buffer.bytes)});
  }
  void End() override { connection_->Send(Frame{FrameType::kEnd, 0, channel_, {}}); }
  void Fail(const std::string& cause) override {
    connection_->Send(MakeTextFrame(FrameType::kFail, channel_, cause));
  }

 private:
  const std::shared_ptr<FramedConnection> connection_;
  const uint32_t channel_;
};

}  // namespace

// A writer in another TaskManager, as the gate here sees it, and its way to the gate.
class IncomingChannel final : public ChannelSender {
 public:
  IncomingChannel(std::shared_ptr<FramedConnection> connection, uint32_t channel)
      : connection_(std::move(connection)), channel_(channel) {}

  void Grant(int32_t credits) override { connection_->Send(MakeCreditFrame(channel_, credits)); }
  void Close(const std::string& cause) override {
    {
      MutexLock lock(mutex_);
      gate_ = nullptr;
      done_ = true;
    }
    connection_->Send(MakeTextFrame(FrameType::kClose, channel_, cause));
  }

  void Attached(std::shared_ptr<InputGate> gate, size_t index) {
    std::string cause;
    {
      MutexLock lock(mutex_);
      cause = failure_;
      if (cause.empty()) {
        gate_ = gate;
        index_ = index;
      }
    }
    if (!cause.empty()) gate->Fail(index, cause);
  }
  // Records that came after the reader closed the channel are dropped: they crossed its message.
  Status Deliver(DataBuffer buffer) {
    size_t index = 0;
    const std::shared_ptr<InputGate> gate = Reader(index);
    if (gate == nullptr) {
      return IsDone() ? Status() : Status(Broken("data for a channel without credit"));
    }
    if (gate->Deliver(index, std::move(buffer))) return {};
    return Broken("data beyond the credit of channel " + std::to_string(channel_));
  }
  Status End() {
    size_t index = 0;
    const std::shared_ptr<InputGate> gate = Reader(index);
    if (gate == nullptr && !IsDone()) return Broken("the end of a channel without credit");
    if (gate != nullptr) gate->End(index);
    MutexLock lock(mutex_);
    gate_ = nullptr;
    done_ = true;
    return {};
  }
  void Fail(const std::string& cause) {
    std::shared_ptr<InputGate> gate;
    size_t index = 0;
    {
      MutexLock lock(mutex_);
      if (done_) return;
      done_ = true;
      failure_ = cause;
      gate = std::move(gate_);
      gate_ = nullptr;
      index = index_;
    }
    if (gate != nullptr) gate->Fail(index, cause);
  }

 private:
  std::shared_ptr<InputGate> Reader(size_t& index) {
    MutexLock lock(mutex_);
    index = index_;
    return gate_;
  }
  bool IsDone() {
    MutexLock lock(mutex_);
    return done_;
  }

  const std::shared_ptr<FramedConnection> connection_;
  const uint32_t channel_;
  platform::Mutex mutex_;
  std::shared_ptr<InputGate> gate_ WEIR_GUARDED_BY(mutex_);
  size_t index_ WEIR_GUARDED_BY(mutex_) = 0;
  bool done_ WEIR_GUARDED_BY(mutex_) = false;    // ended, failed, or closed by the reader
  std::string failure_ WEIR_GUARDED_BY(mutex_);  // came before the reader
};

// --- OutgoingLink

OutgoingLink::OutgoingLink(platform::EventLoop& loop, HostPort peer)
    : peer_(std::move(peer)), connection_(std::make_shared<FramedConnection>(loop)) {}

void OutgoingLink::Start(const std::string& secret,
                         const std::string& name,
                         std::function<void()> on_lost) {
  on_lost_ = std::move(on_lost);
  connection_->Send(MakeHello(secret, name));
  const auto self = shared_from_this();
  connection_->Connect(peer_,
                       kConnectTimeout,
                       {[self](const Frame& frame) { return self->OnFrame(frame); },
                        [self](const std::string& cause) { self->OnClosed(cause); }});
}

void OutgoingLink::Open(const OpenRequest& request, std::shared_ptr<OutputChannel> channel) {
  const auto number = static_cast<uint32_t>(channels_.size());
  if (number == kChannelsMax) {
    channel->Close("too many channels to TaskManager " + peer_.ToString());
    return;
  }
  connection_->Send(MakeOpenFrame(number, request));
  channel->Connect(std::make_shared<RemoteReceiver>(connection_, number));
  channels_.push_back(std::move(channel));
}

Status OutgoingLink::OnFrame(const Frame& frame) {
  if (frame.channel >= channels_.size()) return Broken("an answer for an unknown channel");
  OutputChannel& channel = *channels_[frame.channel];
  if (frame.type == FrameType::kCredit) {
    WEIR_ASSIGN_OR_RETURN(const int32_t credits, ParseCredit(frame));
    channel.Grant(credits);
    return {};
  }
  if (frame.type == FrameType::kClose) {
    WEIR_ASSIGN_OR_RETURN(const std::string cause, ParseText(frame));
    channel.Close(cause);
    return {};
  }
  return Broken("a frame that only writers send");
}

void OutgoingLink::OnClosed(const std::string& cause) {
  for (const auto& channel : channels_) {
    channel->Close("the connection to TaskManager " + peer_.ToString() + " is lost: " + cause);
  }
  channels_.clear();
  if (on_lost_) std::exchange(on_lost_, {})();
}

void OutgoingLink::Close(const std::string& cause) {
  connection_->Close(cause);
}

// --- IncomingLink

IncomingLink::IncomingLink(std::shared_ptr<FramedConnection> connection, GateRegistry& gates)
    : connection_(std::move(connection)), gates_(gates) {}

void IncomingLink::Start(
    const std::string& secret,
    std::function<void(const std::string& peer, const std::string& cause)> on_lost) {
  secret_ = secret;
  on_lost_ = std::move(on_lost);
  const auto self = shared_from_this();
  connection_->Start({[self](Frame frame) { return self->OnFrame(std::move(frame)); },
                      [self](const std::string& cause) { self->OnClosed(cause); }});
}

Status IncomingLink::OnHello(const Frame& frame) {
  ByteReader in(frame.payload.view());
  platform::Proof proof;
  for (std::string* part : {&proof.role, &proof.name, &proof.nonce, &proof.mac}) {
    *part = std::string(in.TakeString());
  }
  if (in.failed() || !in.AtEnd()) return Broken("hello does not decode");
  if (proof.role != kRole || !platform::ProofHolds(proof, secret_)) {
    return Error{ErrorCode::kUnauthenticated,
                 "data connection: hello without the worker secret of this attempt",
                 ""};
  }
  name_ = proof.name;
  authenticated_ = true;
  return {};
}

Status IncomingLink::OnOpen(const Frame& frame) {
  if (frame.channel != channels_.size() || frame.channel >= kChannelsMax) {
    return Broken("channel " + std::to_string(frame.channel) + " is opened out of order");
  }
  WEIR_ASSIGN_OR_RETURN(OpenRequest request, ParseOpen(frame));
  auto channel = std::make_shared<IncomingChannel>(connection_, frame.channel);
  channels_.push_back(channel);
  gates_.Attach({std::move(request.execution),
                 request.vertex,
                 request.subtask,
                 channel,
                 [channel](std::shared_ptr<InputGate> gate, size_t index) {
                   channel->Attached(std::move(gate), index);
                 }},
                platform::MonotonicNow());
  return {};
}

Status IncomingLink::OnFrame(Frame frame) {
  if (!authenticated_) {
    return frame.type == FrameType::kHello ? OnHello(frame) : Broken("no hello");
  }
  if (frame.type == FrameType::kOpen) return OnOpen(frame);
  if (frame.channel >= channels_.size()) return Broken("a frame for an unknown channel");
  IncomingChannel& channel = *channels_[frame.channel];
  switch (frame.type) {
    case FrameType::kData:
      return channel.Deliver({std::move(frame.payload), (frame.flags & kFrameContinues) != 0});
    case FrameType::kEnd:
      return channel.End();
    case FrameType::kFail: {
      WEIR_ASSIGN_OR_RETURN(const std::string cause, ParseText(frame));
      channel.Fail(cause);
      return {};
    }
    case FrameType::kHello:
    case FrameType::kOpen:
    case FrameType::kCredit:
    case FrameType::kClose:
      break;
  }
  return Broken("a frame that has no place here");
}

void IncomingLink::OnClosed(const std::string& cause) {
  const std::string who = name_.empty() ? connection_->peer() : name_;
  for (const auto& channel : channels_) {
    channel->Fail("the connection from TaskManager " + who + " is lost: " + cause);
  }
  channels_.clear();
  if (on_lost_) std::exchange(on_lost_, {})(who, cause);
}

void IncomingLink::Close(const std::string& cause) {
  connection_->Close(cause);
}

}  // namespace weir::stream
