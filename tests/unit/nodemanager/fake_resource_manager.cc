#include "fake_resource_manager.h"

#include <gtest/gtest.h>

#include <utility>

#include "gen/ResourceTrackerService.h"
#include "platform/authenticators.h"
#include "platform/clock.h"
#include "platform/door.h"
#include "wire/codec.h"

namespace weir::nm {

using platform::MutexLock;
using ExceptionCob = std::function<void(apache::thrift::TDelayedException*)>;

class FakeTrackerHandler : public virtual idl::ResourceTrackerServiceCobSvIf,
                           public virtual idl::BaseServiceCobSvNull {
 public:
  FakeTrackerHandler(platform::ConnectionContext& context, FakeResourceManager& rm)
      : context_(context), rm_(rm) {}

  void registerNode(std::function<void(const idl::RegisterNodeAnswer&)> cob,
                    ExceptionCob,
                    const idl::RegisterNodeRequest& request) override {
    const auto responder = context_.Respond<idl::RegisterNodeAnswer>(std::move(cob));
    auto node = wire::FromWire(request);
    if (!node.ok()) return responder.Fail(node.error());
    const auto answer = rm_.OnRegister(*std::move(node));
    if (!answer.ok()) return responder.Fail(answer.error());
    responder.Reply(wire::ToWire(*answer, rm_.keys(), rm_.address().ToString()));
  }
  void nodeHeartbeat(std::function<void(const idl::NodeHeartbeatAnswer&)> cob,
                     ExceptionCob,
                     const idl::NodeHeartbeatRequest& request) override {
    const auto responder = context_.Respond<NodeHeartbeatAnswer>(
        [cob = std::move(cob), known = wire::KnownOf(request), this](
            const NodeHeartbeatAnswer& answer) {
          const platform::TokenKeys keys = rm_.keys();
          idl::NodeHeartbeatAnswer wire = wire::ToWire(answer, keys);
          wire::AddKeys(known, keys, wire);
          cob(wire);
        });
    const auto heartbeat = wire::FromWire(request);
    if (!heartbeat.ok()) return responder.Fail(heartbeat.error());
    rm_.OnHeartbeat(*heartbeat, responder);
  }
  void unregisterNode(std::function<void()> cob,
                      ExceptionCob,
                      const std::string&,
                      const int64_t) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    rm_.OnUnregister();
    responder.Reply();
  }

 private:
  platform::ConnectionContext& context_;
  FakeResourceManager& rm_;
};

FakeResourceManager::FakeResourceManager(const std::string& cluster_secret,
                                         int64_t epoch,
                                         HostPort address)
    : epoch_{epoch}, keys_({{1, std::string(32, 'k')}}) {
  platform::ThriftListenerOptions options;
  options.address = std::move(address);
  options.cluster_id = "weir";
  options.epoch = [epoch] { return epoch; };
  options.authenticator = platform::MakeDaemonAuthenticator(cluster_secret);
  options.door = platform::MakeDoor(security::Service::kTracker);
  options.admit = [this](const Caller&) -> Status {
    MutexLock lock(mutex_);
    if (!standby_) return {};
    return Error{ErrorCode::kNotActive, "a standby", ""};
  };
  options.factory = [this](platform::ConnectionContext& context) {
    return std::make_shared<idl::ResourceTrackerServiceAsyncProcessor>(
        std::make_shared<FakeTrackerHandler>(context, *this));
  };
  const auto bound = server_.Listen(std::move(options));
  EXPECT_TRUE(bound.ok()) << (bound.ok() ? "" : bound.error().ToString());
  if (bound.ok()) address_ = *bound;
  loop_.Start();
}

FakeResourceManager::~FakeResourceManager() {
  server_.Close();
  loop_.Stop();
}

ContainerTokenIdentifier FakeResourceManager::Token(const AttemptId& attempt, int64_t number) {
  ContainerTokenIdentifier token;
  token.id = ContainerId::Make(attempt, epoch_, number);
  token.node = last_registration().id;
  token.resource = {512, 1};
  token.user = "ann";
  token.expires = platform::WallNow() + seconds(600);
  token.epoch = epoch_;
  token.node_session = session();
  return token;
}

platform::TokenKeys FakeResourceManager::keys() {
  MutexLock lock(keys_mutex_);
  return keys_;
}

void FakeResourceManager::UseKeys(platform::TokenKeys keys) {
  MutexLock lock(keys_mutex_);
  keys_ = std::move(keys);
}

void FakeResourceManager::Command(NodeHeartbeatAnswer answer) {
  MutexLock lock(mutex_);
  if (!pending_) pending_.emplace();
  for (auto& start : answer.start) pending_->start.push_back(std::move(start));
  for (const auto& stop : answer.stop) pending_->stop.push_back(stop);
  for (const auto& id : answer.applications_finished) {
    pending_->applications_finished.push_back(id);
  }
  AnswerParked();
}

void FakeResourceManager::RecordEnds(bool record) {
  MutexLock lock(mutex_);
  record_ends_ = record;
}

void FakeResourceManager::GiveLease(Duration lease) {
  MutexLock lock(mutex_);
  lease_ = lease;
}

void FakeResourceManager::StandBy(bool standby) {
  MutexLock lock(mutex_);
  standby_ = standby;
  if (standby && parked_) parked_->Fail({ErrorCode::kNotActive, "a standby now", ""});
  if (standby) parked_.reset();
}

void FakeResourceManager::RefuseRegistrations(bool refuse) {
  MutexLock lock(mutex_);
  refuse_registrations_ = refuse;
}

std::optional<ContainerStatus> FakeResourceManager::StatusOf(const ContainerId& id) {
  MutexLock lock(mutex_);
  const auto it = statuses_.find(id);
  if (it == statuses_.end()) return std::nullopt;
  return it->second;
}

RegisterNodeRequest FakeResourceManager::last_registration() {
  MutexLock lock(mutex_);
  return registration_;
}
int64_t FakeResourceManager::session() {
  MutexLock lock(mutex_);
  return SessionNow();
}
int FakeResourceManager::registrations() {
  MutexLock lock(mutex_);
  return registrations_;
}
int FakeResourceManager::unregistrations() {
  MutexLock lock(mutex_);
  return unregistrations_;
}

Result<RegisterNodeAnswer> FakeResourceManager::OnRegister(RegisterNodeRequest request) {
  MutexLock lock(mutex_);
  // Whoever sent it may be gone: commands are for the one that comes. To that one, tokens of the
  // session before say nothing.
  if (parked_) parked_->Fail({ErrorCode::kResync, "the node has registered again", ""});
  parked_.reset();
  parked_sequence_ = 0;
  if (pending_) pending_->start.clear();
  registration_ = std::move(request);
  for (const ContainerStatus& status : registration_.containers) Hear(status);
  ++registrations_;
  if (refuse_registrations_) return Error{ErrorCode::kNotActive, "a standby", ""};
  return RegisterNodeAnswer{epoch_, SessionNow(), seconds(30), lease_};
}

void FakeResourceManager::OnHeartbeat(const NodeHeartbeatRequest& request,
                                      const Parked& responder) {
  MutexLock lock(mutex_);
  if (request.session != SessionNow()) {
    responder.Fail({ErrorCode::kResync, "unknown session", "register again"});
    return;
  }
  // Two may be under way; what an older one says is not true any more, to a real one either.
  if (request.sequence < parked_sequence_) {
    responder.Fail({ErrorCode::kAborted, "a newer heartbeat came", ""});
    return;
  }
  for (const ContainerStatus& status : request.containers) Hear(status);
  if (parked_) parked_->Fail({ErrorCode::kAborted, "a newer heartbeat came", ""});
  parked_ = responder;
  parked_sequence_ = request.sequence;
  AnswerParked();
  // As a real one does, when its park is over.
  loop_.At(platform::MonotonicNow() + request.park,
           [this, session = request.session, sequence = request.sequence] {
             MutexLock late(mutex_);
             if (!parked_ || parked_sequence_ != sequence || SessionNow() != session) return;
             if (!pending_) pending_.emplace();
             AnswerParked();
           });
}

void FakeResourceManager::OnUnregister() {
  MutexLock lock(mutex_);
  ++unregistrations_;
}

int64_t FakeResourceManager::SessionNow() const {
  constexpr int64_t kSessionsPerEpoch = 1'000'000;
  return epoch_.value * kSessionsPerEpoch + registrations_;
}

void FakeResourceManager::Hear(const ContainerStatus& status) {
  statuses_[status.id] = status;
  if (status.state != ContainerState::kComplete || !record_ends_) return;
  if (!pending_) pending_.emplace();
  pending_->completions_recorded.push_back(status.id);
}

void FakeResourceManager::AnswerParked() {
  if (!parked_ || !pending_) return;
  pending_->epoch = epoch_;
  pending_->sequence = parked_sequence_;
  parked_->Reply(*std::move(pending_));
  parked_.reset();
  pending_.reset();
}

}  // namespace weir::nm
