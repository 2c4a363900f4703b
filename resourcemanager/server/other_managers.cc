#include "resourcemanager/server/other_managers.h"

#include <atomic>
#include <utility>

#include "gen/HaService.h"
#include "platform/authenticators.h"
#include "platform/clock.h"
#include "platform/event_loop.h"
#include "platform/sockets.h"
#include "platform/thrift_client.h"

namespace weir::rm {
namespace {

platform::HelloIdentity Daemon(const std::string& cluster_id, const std::string& secret) {
  platform::HelloIdentity identity;
  identity.cluster_id = cluster_id;
  identity.secret = secret;
  identity.role = platform::kDaemonRole;
  identity.name = "resourcemanager";
  identity.any_role = true;
  return identity;
}

struct Other {
  Other(const HostPort& place, const platform::HelloIdentity& identity)
      : address(place), thrift({.unix_path = "", .address = place}, identity) {}

  const HostPort address;
  platform::ThriftClient<idl::HaServiceClient> thrift;
};

std::optional<Epoch> AskOne(Other& other) {
  const auto state = other.thrift.Call(OtherManagers::kPatience, [](idl::HaServiceClient& rm) {
    idl::ServiceState answer;
    rm.getServiceState(answer);
    return answer;
  });
  if (state.ok()) return state->state == "ACTIVE" ? Epoch{state->epoch} : Epoch{};
  const Instant deadline = platform::MonotonicNow() + OtherManagers::kPatience;
  const bool connection = state.error().code == ErrorCode::kUnavailable;
  if (connection && platform::IsRefused(other.address, deadline)) return Epoch{};
  return std::nullopt;
}

}  // namespace

struct OtherManagers::State {
  std::vector<std::unique_ptr<Other>> others;
  std::atomic<bool> busy{false};
  std::atomic<bool> ending{false};
  platform::EventLoop loop{"rm-others"};  // the last: it uses all of the above
};

OtherManagers::OtherManagers(const std::vector<HostPort>& admin_addresses,
                             const std::string& cluster_id,
                             const std::string& cluster_secret)
    : state_(std::make_unique<State>()) {
  for (const HostPort& address : admin_addresses) {
    state_->others.push_back(std::make_unique<Other>(address, Daemon(cluster_id, cluster_secret)));
  }
  state_->loop.Start();
}

OtherManagers::~OtherManagers() {
  state_->ending = true;
  for (const auto& other : state_->others) other->thrift.Interrupt();
  state_->loop.Stop();
}

void OtherManagers::Ask(Said said) {
  if (state_->busy.exchange(true)) return;
  state_->loop.Post([&state = *state_, said = std::move(said)] {
    for (size_t i = 0; i < state.others.size() && !state.ending; ++i) {
      said(i, AskOne(*state.others[i]));
    }
    state.busy = false;
  });
}

}  // namespace weir::rm
