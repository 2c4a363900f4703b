#include "appmaster/client/node_client.h"

#include <atomic>
#include <map>
#include <utility>

#include "appmaster/core/backoff.h"
#include "gen/ContainerManagementService.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/thrift_client.h"

namespace weir::am {
namespace {

using NmClient = platform::ThriftClient<idl::ContainerManagementServiceClient>;
using Attempt = std::function<Result<ContainerStatus>(NmClient&)>;
using Done = std::function<void(Result<ContainerStatus>)>;

// Connections kept per thread; the one used longest ago goes first.
constexpr size_t kConnectionsMax = 64;

// One call with all its tries.
struct NodeCall {
  HostPort address;
  platform::SignedToken nm_token;
  Attempt attempt;
  Done done;
  Instant deadline;
  Backoff backoff{milliseconds(100), seconds(2)};
};

}  // namespace

struct NodeClient::State {
  // One thread with the connections of its nodes.
  struct Worker {
    Worker(State& owner_state, int index)
        : state(owner_state), loop("am-nm-" + std::to_string(index)) {}

    struct Connection {
      std::shared_ptr<NmClient> client;
      uint64_t last_used = 0;
    };

    void Run(const std::shared_ptr<NodeCall>& call) {
      const std::shared_ptr<NmClient> client = Connect(*call);
      if (!client) {
        state.Answer(call, Error{ErrorCode::kUnavailable, "the client is closing", ""});
        return;
      }
      client->SetToken(call->nm_token);  // should it have to connect
      Result<ContainerStatus> result = call->attempt(*client);
      const bool again = !result.ok() && (result.error().code == ErrorCode::kUnavailable ||
                                          result.error().code == ErrorCode::kDeadlineExceeded);
      const Instant next = platform::MonotonicNow() + call->backoff.Fail();
      if (again && next < call->deadline) {
        loop.At(next, [this, call] { Run(call); });
        return;
      }
      state.Answer(call, std::move(result));
    }

    std::shared_ptr<NmClient> Connect(const NodeCall& call) {
      platform::MutexLock lock(mutex);
      if (closed) return nullptr;
      const std::string name = call.address.ToString();
      auto found = connections.find(name);
      if (found == connections.end()) {
        if (connections.size() >= kConnectionsMax) DropOldest();
        platform::HelloIdentity identity;
        identity.cluster_id = state.cluster_id;
        identity.token = &call.nm_token;
        const platform::Endpoint endpoint{"", call.address};
        found = connections.emplace(name, Connection{}).first;
        found->second.client = std::make_shared<NmClient>(endpoint, identity);
      }
      found->second.last_used = ++uses;
      return found->second.client;
    }

    void DropOldest() WEIR_REQUIRES(mutex) {
      auto oldest = connections.begin();
      for (auto it = connections.begin(); it != connections.end(); ++it) {
        if (it->second.last_used < oldest->second.last_used) oldest = it;
      }
      connections.erase(oldest);
    }

    void Close() {
      {
        platform::MutexLock lock(mutex);
        closed = true;
        for (auto& [name, connection] : connections) connection.client->Interrupt();
      }
      loop.Stop();
    }

    State& state;
    platform::EventLoop loop;
    platform::Mutex mutex;
    bool closed WEIR_GUARDED_BY(mutex) = false;
    uint64_t uses WEIR_GUARDED_BY(mutex) = 0;
    std::map<std::string, Connection> connections WEIR_GUARDED_BY(mutex);
  };

  State(platform::EventLoop& owner_loop, std::string cluster, NodeClientOptions node_options)
      : owner(owner_loop), cluster_id(std::move(cluster)), options(node_options) {
    for (int i = 0; i < options.threads; ++i) {
      workers.push_back(std::make_unique<Worker>(*this, i));
      workers.back()->loop.Start();
    }
  }

  void Submit(const wire::ReceivedGrant& grant, Attempt attempt, Done done) {
    if (pending >= options.pending_max) {
      owner.Post([done = std::move(done), address = grant.node_address] {
        done(Error{
            ErrorCode::kResourceExhausted,
            "too many calls to NodeManagers are pending, among them those to " + address.ToString(),
            "ask for fewer containers at a time"});
      });
      return;
    }
    ++pending;
    auto call = std::make_shared<NodeCall>();
    call->address = grant.node_address;
    const auto renewed = tokens.find(grant.node);
    const bool newer = renewed != tokens.end() && renewed->second.key_id > grant.nm_token.key_id;
    call->nm_token = newer ? renewed->second : grant.nm_token;
    call->attempt = std::move(attempt);
    call->done = std::move(done);
    call->deadline = platform::MonotonicNow() + options.deadline;
    const size_t index = std::hash<std::string>()(grant.node_address.ToString()) % workers.size();
    Worker& worker = *workers[index];
    worker.loop.Post([&worker, call] { worker.Run(call); });
  }

  // On a worker's thread.
  void Answer(const std::shared_ptr<NodeCall>& call, Result<ContainerStatus> result) {
    owner.Post([this, call, result = std::move(result), watch = alive] {
      if (!*watch) return;
      --pending;
      call->done(result);
    });
  }

  platform::EventLoop& owner;
  const std::string cluster_id;
  const NodeClientOptions options;
  // On the owner's loop only.
  size_t pending = 0;
  std::map<NodeId, platform::SignedToken> tokens;  // as Renew was given them
  // False once closed: what is posted after that finds no owner.
  std::shared_ptr<std::atomic<bool>> alive = std::make_shared<std::atomic<bool>>(true);
  std::vector<std::unique_ptr<Worker>> workers;
};

NodeClient::NodeClient(platform::EventLoop& owner,
                       std::string cluster_id,
                       NodeClientOptions options)
    : state_(std::make_shared<State>(owner, std::move(cluster_id), options)) {}

NodeClient::~NodeClient() {
  Close();
}

void NodeClient::Start(const wire::ReceivedGrant& grant,
                       LaunchContext launch,
                       std::function<void(Status)> done) {
  idl::StartContainerRequest request;
  request.__set_container_token(wire::ToWire(grant.container_token));
  request.__set_launch(wire::ToWire(launch));
  auto attempt = [request = std::move(request),
                  id = grant.id,
                  timeout = state_->options.call_timeout](NmClient& nm) -> Result<ContainerStatus> {
    WEIR_RETURN_IF_ERROR(nm.Call(timeout, [&](auto& client) { client.startContainer(request); }));
    ContainerStatus status;
    status.id = id;
    status.state = ContainerState::kRunning;
    return status;
  };
  state_->Submit(grant, std::move(attempt), [done = std::move(done)](Result<ContainerStatus> r) {
    done(r.ok() ? Status() : Status(r.error()));
  });
}

void NodeClient::Stop(const wire::ReceivedGrant& grant, std::function<void(Status)> done) {
  auto attempt = [id = grant.id,
                  timeout = state_->options.call_timeout](NmClient& nm) -> Result<ContainerStatus> {
    WEIR_RETURN_IF_ERROR(
        nm.Call(timeout, [&](auto& client) { client.stopContainer(id.ToString()); }));
    ContainerStatus status;
    status.id = id;
    return status;
  };
  state_->Submit(grant, std::move(attempt), [done = std::move(done)](Result<ContainerStatus> r) {
    done(r.ok() ? Status() : Status(r.error()));
  });
}

void NodeClient::GetStatus(const wire::ReceivedGrant& grant,
                           std::function<void(Result<ContainerStatus>)> done) {
  auto attempt = [id = grant.id,
                  timeout = state_->options.call_timeout](NmClient& nm) -> Result<ContainerStatus> {
    WEIR_ASSIGN_OR_RETURN(const idl::ContainerStatus status, nm.Call(timeout, [&](auto& client) {
      idl::ContainerStatus answer;
      client.containerStatus(answer, id.ToString(), 0, 0);
      return answer;
    }));
    return wire::FromWire(status);
  };
  state_->Submit(grant, std::move(attempt), std::move(done));
}

void NodeClient::Renew(const std::vector<wire::ReceivedNmToken>& tokens) {
  for (const auto& [node, token] : tokens) state_->tokens.insert_or_assign(node, token);
}

void NodeClient::Close() {
  if (!state_->alive->exchange(false)) return;
  for (auto& worker : state_->workers) worker->Close();
}

}  // namespace weir::am
