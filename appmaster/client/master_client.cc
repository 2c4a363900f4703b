#include "appmaster/client/master_client.h"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "appmaster/core/held_nodes.h"
#include "common/limits.h"
#include "gen/ApplicationMasterService.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "platform/thrift_client.h"

namespace weir::am {
namespace {

using RmClient = platform::ThriftClient<idl::ApplicationMasterServiceClient>;

constexpr Duration kCallTimeout = seconds(10);
constexpr char kComponent[] = "am.rm";

struct Answer {
  std::optional<MasterRegistration> registration;
  std::optional<wire::ReceivedCredentials> credentials;  // of a registration; else
  std::string client_key;                                // of who has one key of tokens only
  std::optional<wire::ReceivedAllocation> allocation;
};

Result<Answer> RegisterAt(RmClient& rm, const RegisterMasterRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const idl::RegisterMasterAnswer wire_answer,
                        rm.Call(kCallTimeout, [&](auto& client) {
                          idl::RegisterMasterAnswer answer;
                          client.registerMaster(answer, wire::ToWire(request));
                          return answer;
                        }));
  WEIR_ASSIGN_OR_RETURN(RegisterMasterAnswer registered, wire::FromWire(wire_answer));
  Answer answer;
  WEIR_ASSIGN_OR_RETURN(std::vector<wire::ReceivedGrant> containers,
                        wire::InheritedFromWire(wire_answer));
  answer.registration = MasterRegistration{std::move(registered), {}, std::move(containers)};
  if (wire_answer.__isset.credentials) {
    answer.credentials = wire::FromWire(wire_answer.credentials);
  }
  answer.client_key = wire_answer.client_key;
  return answer;
}

Result<Answer> AllocateAt(RmClient& rm, const AllocateRequest& request, int64_t keys_version) {
  idl::AllocateRequest wire_request = wire::ToWire(request);
  wire_request.__set_keys_version(keys_version);
  WEIR_ASSIGN_OR_RETURN(const idl::AllocateAnswer wire_answer,
                        rm.Call(request.park + kCallTimeout, [&](auto& client) {
                          idl::AllocateAnswer answer;
                          client.allocate(answer, wire_request);
                          return answer;
                        }));
  Answer answer;
  WEIR_ASSIGN_OR_RETURN(answer.allocation, wire::FromWire(wire_answer));
  return answer;
}

Result<Answer> FinishAt(RmClient& rm, const FinishMasterRequest& request) {
  WEIR_RETURN_IF_ERROR(
      rm.Call(kCallTimeout, [&](auto& client) { client.finishMaster(wire::ToWire(request)); }));
  return Answer{};
}

struct Lane {
  explicit Lane(int index) : loop("am-rm-" + std::to_string(index)) {}
  platform::EventLoop loop;  // the thread that blocks in calls
  std::unique_ptr<RmClient> client;
};

}  // namespace

struct MasterClient::State : std::enable_shared_from_this<MasterClient::State> {
  State(platform::EventLoop& owner_loop,
        const MasterEnvironment& environment,
        const MasterProtocolOptions& options,
        MasterListener& master_listener)
      : owner(owner_loop),
        subject(environment.attempt.ToString()),
        listener(&master_listener),
        protocol(options),
        token(environment.token) {
    platform::HelloIdentity identity;
    identity.cluster_id = environment.cluster_id;
    identity.token = &environment.token;
    std::vector<platform::Endpoint> endpoints;
    for (const HostPort& address : environment.rm_addresses) endpoints.push_back({"", address});
    // What one lane finds out about who is active the other one knows.
    const auto rms = std::make_shared<platform::EndpointSet>(std::move(endpoints));
    for (int i = 0; i < kMasterLanes; ++i) {
      auto lane = std::make_unique<Lane>(i);
      lane->client = std::make_unique<RmClient>(rms, identity);
      lanes[static_cast<size_t>(i)] = std::move(lane);
    }
  }

  void Pump() {
    if (closed) return;
    const Instant now = platform::MonotonicNow();
    while (std::optional<MasterCall> call = protocol.Next(now)) Dispatch(std::move(*call));
    NoticeLoss(now);
    const Instant wake = std::min({protocol.NextDeadline(), finish_deadline, NextLossCheck(now)});
    if (timer != 0) owner.Cancel(timer);
    timer = 0;
    if (wake == kNever) return;
    timer = owner.At(wake, [self = weak_from_this()] {
      if (const auto state = self.lock()) {
        state->timer = 0;
        state->Pump();
      }
    });
  }

  // A loss is a matter of a minute: looking every second is early enough.
  Instant NextLossCheck(Instant now) const {
    return listener == nullptr ? kNever : now + seconds(1);
  }

  void NoticeLoss(Instant now) {
    if (finish_done && now >= finish_deadline) {
      EndFinish(Error{ErrorCode::kDeadlineExceeded,
                      "the ResourceManager did not acknowledge the final status in time" +
                          (last_error ? ": " + last_error->message : std::string()),
                      "see whether the ResourceManager runs"});
      return;
    }
    const bool is_lost = protocol.Lost(now);
    if (is_lost && !lost && listener != nullptr) {
      listener->OnMasterLost(last_error ? *last_error
                                        : Error{ErrorCode::kUnavailable, "no answer", ""});
    }
    lost = is_lost;
  }

  void Dispatch(MasterCall call) {
    Lane& lane = *lanes[static_cast<size_t>(call.lane)];
    RegisterMasterRequest hello;
    if (call.kind == MasterCall::Kind::kRegister) hello = Registration();
    if (call.kind == MasterCall::Kind::kAllocate) call.allocate.nm_tokens = OldNmTokens();
    lane.loop.Post([this,
                    &lane,
                    call = std::move(call),
                    hello = std::move(hello),
                    version = keys_version,
                    self = weak_from_this()] {
      // The lane's thread is joined before this state goes: see Close().
      Result<Answer> answer = Perform(*lane.client, call, hello, version);
      owner.Post([self, call, answer = std::move(answer)] {
        if (const auto state = self.lock()) state->OnAnswer(call, answer);
      });
    });
  }

  // Nodes for which a token is to be had anew. Looked for only from a new key on until all are.
  std::vector<NodeId> OldNmTokens() {
    if (!renewing) return {};
    std::vector<NodeId> old = nodes.WithTokensBefore(token.key_id, limits::kNmTokensPerAllocate);
    renewing = !old.empty();
    return old;
  }

  void Use(const wire::ReceivedCredentials& credentials) {
    keys_version = credentials.keys_version;
    if (credentials.am_token.key_id == token.key_id) return;
    token = credentials.am_token;
    renewing = true;
    platform::LogInfo(
        kComponent, subject, "has a new token", {{"key", std::to_string(token.key_id)}});
    for (auto& lane : lanes) {
      lane->loop.Post([&client = *lane->client, token = token] { client.SetToken(token); });
    }
  }

  // True: it is new.
  bool Hold(const wire::ReceivedGrant& grant) {
    if (ended.contains(grant.id) || !held.emplace(grant.id, grant.node).second) return false;
    nodes.Add(grant.node, grant.nm_token.key_id);
    return true;
  }
  // True: it was held.
  bool LetGo(const ContainerId& id) {
    const auto found = held.find(id);
    if (found == held.end()) return false;
    nodes.Remove(found->second);
    held.erase(found);
    return true;
  }

  // What it holds goes along: this may be another ResourceManager than the one that granted it.
  RegisterMasterRequest Registration() const {
    RegisterMasterRequest hello = registration;
    hello.again = registered;
    for (const auto& [id, node] : held) {
      if (!released.contains(id)) hello.containers.push_back({.id = id, .node = node});
    }
    return hello;
  }

  static Result<Answer> Perform(RmClient& rm,
                                const MasterCall& call,
                                const RegisterMasterRequest& hello,
                                int64_t keys_version) {
    switch (call.kind) {
      case MasterCall::Kind::kRegister:
        return RegisterAt(rm, hello);
      case MasterCall::Kind::kAllocate:
        return AllocateAt(rm, call.allocate, keys_version);
      case MasterCall::Kind::kFinish:
        return FinishAt(rm, call.finish);
    }
    return Error{ErrorCode::kInternal, "no such call", ""};
  }

  void OnAnswer(const MasterCall& call, const Result<Answer>& answer) {
    if (closed) return;
    const Instant now = platform::MonotonicNow();
    if (!answer.ok()) {
      OnError(call, answer.error(), now);
    } else {
      switch (call.kind) {
        case MasterCall::Kind::kRegister:
          OnRegistered(call.lane, *answer, now);
          break;
        case MasterCall::Kind::kAllocate:
          OnAllocation(call.lane, *answer->allocation, now);
          break;
        case MasterCall::Kind::kFinish:
          protocol.OnFinished(call.lane, now);
          EndFinish({});
          break;
      }
    }
    Pump();
  }

  void OnRegistered(int lane, const Answer& answer, Instant now) {
    MasterRegistration registered_now = *answer.registration;
    registered = true;
    if (answer.credentials) {
      Use(*answer.credentials);
      registered_now.client_keys = answer.credentials->client_keys;
    } else {
      registered_now.client_keys = {{token.key_id, answer.client_key}};
    }
    protocol.OnRegistered(lane, now);
    for (const ContainerId& id : released) protocol.Release(id);
    TakeInherited(registered_now.containers);
    if (listener != nullptr) listener->OnRegistered(registered_now);
  }

  // Those that it did not know stay in the list.
  void TakeInherited(std::vector<wire::ReceivedGrant>& containers) {
    std::erase_if(containers, [this](const wire::ReceivedGrant& one) { return !Hold(one); });
  }

  void OnAllocation(int lane, wire::ReceivedAllocation allocation, Instant now) {
    // Another answer may have brought newer ones.
    if (allocation.credentials && allocation.credentials->keys_version <= keys_version) {
      allocation.credentials.reset();
    }
    if (allocation.credentials) Use(*allocation.credentials);
    for (const auto& renewed : allocation.nm_tokens) {
      nodes.Renewed(renewed.node, renewed.token.key_id);
    }
    TakeInherited(allocation.inherited);
    // After a resync the RM tells again what it does not know to have arrived, and counts it off
    // the asks once more: those then have to be said again.
    std::vector<int64_t> requests;
    bool told_again = false;
    for (const auto& grant : allocation.granted) {
      const bool is_new = Hold(grant);
      if (is_new) requests.push_back(grant.request_id);
      told_again = told_again || !is_new;
    }
    protocol.OnAllocated(lane, requests, now);
    if (told_again) protocol.ResendAsks();
    for (const SizeNotice& notice : allocation.sizes) {
      if (notice.asked) protocol.OnSizeAnswered(notice.container);
    }
    for (const auto& status : allocation.completed) {
      const bool was_held = LetGo(status.id);
      released.erase(status.id);
      protocol.OnEnded(status.id);
      if (ended.insert(status.id).second && !was_held) protocol.ResendAsks();
    }
    if (listener != nullptr) listener->OnAllocation(allocation);
  }

  void OnError(const MasterCall& call, const Error& error, Instant now) {
    const MasterErrorMeaning meaning = protocol.OnError(call.lane, error, now);
    if (meaning == MasterErrorMeaning::kIgnored) return;
    last_error = error;
    platform::LogWarn(kComponent,
                      subject,
                      meaning == MasterErrorMeaning::kRejected ? "refused by the ResourceManager"
                                                               : "call failed, trying again",
                      {{"error", error.ToString()}});
    if (meaning != MasterErrorMeaning::kRejected) return;
    if (finish_done) {
      EndFinish(error);
    } else if (listener != nullptr) {
      std::exchange(listener, nullptr)->OnRejected(error);
    }
  }

  void EndFinish(Status status) {
    finish_deadline = kNever;
    if (finish_done) std::exchange(finish_done, nullptr)(std::move(status));
  }

  platform::EventLoop& owner;
  const std::string subject;
  MasterListener* listener;            // null when there is nothing more to tell
  RegisterMasterRequest registration;  // set before the first call, then constant
  MasterProtocol protocol;
  std::array<std::unique_ptr<Lane>, kMasterLanes> lanes;
  platform::SignedToken token;         // the newest; what the lanes' next connections are made with
  int64_t keys_version = 0;            // of the credentials that it has
  HeldNodes nodes;                     // of `held`
  bool renewing = false;               // a token for one of them may be older than `token`
  std::map<ContainerId, NodeId> held;  // granted or inherited, not completed
  std::set<ContainerId> released;      // of these: given back, and their end not heard of
  std::set<ContainerId> ended;         // completed; an attempt's containers are bounded by its life
  std::optional<Error> last_error;
  bool registered = false;  // an answer to a registration was heard
  bool lost = false;
  bool closed = false;
  platform::EventLoop::TimerId timer = 0;
  std::function<void(Status)> finish_done;
  Instant finish_deadline = kNever;
};

MasterClient::MasterClient(platform::EventLoop& owner,
                           const MasterEnvironment& environment,
                           const MasterProtocolOptions& options,
                           MasterListener& listener)
    : state_(std::make_shared<State>(owner, environment, options, listener)) {}

MasterClient::~MasterClient() {
  Close();
}

void MasterClient::Start(RegisterMasterRequest registration) {
  state_->registration = std::move(registration);
  for (auto& lane : state_->lanes) lane->loop.Start();
  state_->protocol.Start(platform::MonotonicNow());
  state_->Pump();
}

void MasterClient::SetAsk(const ContainerAsk& ask) {
  state_->protocol.SetAsk(ask);
  state_->Pump();
}

void MasterClient::Release(const ContainerId& id) {
  if (state_->held.contains(id)) state_->released.insert(id);
  state_->protocol.Release(id);
  state_->Pump();
}

void MasterClient::SetSize(const SizeAsk& ask) {
  if (state_->ended.contains(ask.container)) return;
  state_->protocol.SetSize(ask);
  state_->Pump();
}

void MasterClient::SetProgress(float progress) {
  state_->protocol.SetProgress(progress);
}

int32_t MasterClient::Outstanding(int64_t request_id) const {
  return state_->protocol.Outstanding(request_id);
}

void MasterClient::Finish(const FinishMasterRequest& request,
                          Instant deadline,
                          std::function<void(Status)> done) {
  state_->listener = nullptr;
  state_->finish_done = std::move(done);
  state_->finish_deadline = deadline;
  state_->protocol.Finish(request);
  state_->Pump();
}

void MasterClient::Close() {
  if (state_->closed) return;
  state_->closed = true;
  for (auto& lane : state_->lanes) {
    lane->client->Interrupt();
    lane->loop.Stop();
  }
}

}  // namespace weir::am
