#include "tests/bench/failover_node.h"

#include <csignal>
#include <utility>

#include "nodemanager/server/container_service.h"
#include "platform/authenticators.h"
#include "platform/clock.h"
#include "platform/config_keys.h"
#include "platform/door.h"
#include "platform/rm_places.h"

namespace weir::bench {

void JournalExecutor::Localize(const ContainerTokenIdentifier& token,
                               const LaunchContext& launch,
                               const nm::StagingAccess& /*staging*/) {
  running_.emplace(token.id, launch);
  sink_(nm::LocalizationDone{token.id});
}

void JournalExecutor::Reacquire(const ContainerTokenIdentifier& token,
                                const LaunchContext& /*launch*/,
                                bool runs) {
  // Without records there is no earlier NodeManager.
  if (runs) sink_(nm::LaunchFailed{token.id, {ErrorCode::kInternal, "it was never here", ""}});
}

// It was ready as soon as it began.
void JournalExecutor::CallOffLocalization(const ContainerId& /*id*/) {}

void JournalExecutor::Launch(const nm::Launch& wanted) {
  const ContainerId& id = wanted.id;
  journal_.Started(id, platform::MonotonicNow());
  sink_(nm::Launched{id});
  if (id.is_application_master()) masters_.begin(id, running_.at(id));
}

void JournalExecutor::Resize(const nm::Resize& wanted) {
  sink_(nm::Resized{wanted.id, wanted.number, std::nullopt});
}

void JournalExecutor::SignalContainer(const ContainerId& id, nm::SignalKind kind) {
  if (kind == nm::SignalKind::kDumpThreads || running_.erase(id) == 0) return;
  journal_.ToldToStop(id);
  if (id.is_application_master()) masters_.end(id);
  sink_(nm::Exited{id, {.kind = nm::ExitKind::kSignaled, .value = SIGTERM}});
  sink_(nm::Drained{id});
}

void JournalExecutor::CleanUp(const ContainerId& id) {
  sink_(nm::CleanedUp{id});
}

void JournalExecutor::Forget(const ContainerId& id) {
  running_.erase(id);
}

void JournalExecutor::CleanUpApplication(const ApplicationId& /*id*/) {}

void JournalExecutor::UseDirectories(const nm::UseDirectories& /*good*/) {}

FailoverNode::FailoverNode(const Surroundings& around, int64_t number)
    : around_(around), id_{"bench-node-" + std::to_string(number)} {}

FailoverNode::~FailoverNode() {
  Stop();
}

Status FailoverNode::Start() {
  platform::ThriftListenerOptions listener;
  listener.address = {"127.0.0.1", 0};
  listener.cluster_id = around_.cluster_id;
  listener.authenticator =
      platform::MakeNmTokenAuthenticator([this] { return credentials_.keys(); }, id_);
  listener.door = platform::MakeDoor(security::Service::kContainers);
  listener.factory = [this](platform::ConnectionContext& context) {
    return nm::MakeContainerService(context, *server_, credentials_);
  };
  WEIR_ASSIGN_OR_RETURN(const HostPort address, around_.thrift.Listen(std::move(listener)));

  executor_ = std::make_unique<JournalExecutor>(
      around_.journal, around_.masters, [this](nm::Event event) { Take(std::move(event)); });
  nm::RmClientOptions options;
  options.cluster_id = around_.cluster_id;
  options.cluster_secret = around_.secret;
  options.node = id_;
  options.find_rms = [this] {
    return platform::FindRmEndpoints(around_.config, "tracker", platform::keys::kRmTrackerAddress);
  };
  rm_ = std::make_unique<nm::RmClient>(
      std::move(options), credentials_, [this](nm::Event event) { Take(std::move(event)); });

  nm::CoreOptions core;
  core.id = id_;
  core.address = address;
  core.http_address = "127.0.0.1:8042";
  core.capacity = around_.capacity;
  core.seed = std::hash<std::string>()(id_.uuid);
  server_ = std::make_unique<nm::NodeManagerServer>(
      nm::NodeManagerServer::Parts{around_.core_loop,
                                   *executor_,
                                   *rm_,
                                   credentials_,
                                   metrics_,
                                   nullptr,
                                   [] {},
                                   [](const ApplicationId&) {}},
      std::make_unique<nm::NodeManagerCore>(core, nm::Recovery{}, platform::ReadClock()));
  server_->Start();
  return {};
}

void FailoverNode::Stop() {
  if (rm_) rm_->Stop();
}

void FailoverNode::Take(nm::Event event) {
  if (const auto* registered = std::get_if<nm::Registered>(&event)) {
    registered_under_ = registered->answer.epoch.value;
  }
  server_->Post(std::move(event));
}

}  // namespace weir::bench
