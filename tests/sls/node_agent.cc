#include "tests/sls/node_agent.h"

#include <utility>
#include <variant>

namespace weir::sls {
namespace {

constexpr uint16_t kContainerPort = 45454;
constexpr Duration kPark = milliseconds(limits::kParkMillisMax);
constexpr Duration kTryAgain = seconds(1);
// A NodeManager tells of all that changed within one turn of its loop together.
constexpr Duration kReportDelay = milliseconds(10);

int ExitCodeOf(StopReason reason) {
  switch (reason) {
    case StopReason::kReleasedByApplicationMaster:
      return exit_code::kKilledByApplicationMaster;
    case StopReason::kKilledByResourceManager:
      return exit_code::kKilledByResourceManager;
    case StopReason::kApplicationEnded:
      return exit_code::kKilledAfterApplicationEnd;
    case StopReason::kPreempted:
      return exit_code::kPreempted;
    case StopReason::kNodeDecommissioned:
      return exit_code::kAborted;
  }
  return exit_code::kAborted;
}

}  // namespace

NodeAgent::NodeAgent(EventQueue& queue,
                     ResourceManager& resource_manager,
                     Recorder& recorder,
                     const NodePlan& plan,
                     const Hooks& hooks)
    : queue_(queue),
      resource_manager_(resource_manager),
      recorder_(recorder),
      plan_(plan),
      hooks_(hooks),
      id_{plan.host} {}

void NodeAgent::Start() {
  Register();
}

void NodeAgent::Register() {
  RegisterNodeRequest request;
  request.id = id_;
  request.address = {.host = plan_.host, .port = kContainerPort};
  request.http_address = plan_.host + ":8042";
  request.rack = plan_.rack;
  request.capacity = plan_.capacity;
  request.label = plan_.label;
  for (const auto& [id, running] : running_) {
    request.containers.push_back(
        {.id = id, .state = ContainerState::kRunning, .resource = running.resource});
  }
  resource_manager_.Call(rm::RegisterNode{.call = {}, .request = std::move(request)},
                         [this](const ResourceManager::Answer& answer) {
                           const auto* registered = std::get_if<RegisterNodeAnswer>(&answer);
                           if (registered == nullptr) {
                             queue_.After(kTryAgain, [this] { Register(); });
                             return;
                           }
                           session_ = registered->session;
                           sequence_ = 0;
                           Heartbeat();
                         });
}

void NodeAgent::Heartbeat() {
  NodeHeartbeatRequest request;
  request.session = session_;
  request.sequence = ++sequence_;
  request.containers = std::exchange(news_, {});
  request.park = kPark;
  resource_manager_.Call(rm::NodeHeartbeat{.call = {}, .node = id_, .request = std::move(request)},
                         [this, sequence = sequence_](const ResourceManager::Answer& answer) {
                           OnHeartbeat(sequence, answer);
                         });
}

void NodeAgent::OnHeartbeat(int64_t sequence, const ResourceManager::Answer& answer) {
  if (const auto* commands = std::get_if<NodeHeartbeatAnswer>(&answer)) {
    OnCommands(*commands);
    if (sequence == sequence_) Heartbeat();
    return;
  }
  const auto& error = std::get<Error>(answer);
  if (error.code == ErrorCode::kAborted || sequence != sequence_) return;  // a newer poll is out
  queue_.After(kTryAgain, [this] { Register(); });
}

void NodeAgent::OnCommands(const NodeHeartbeatAnswer& answer) {
  for (const StartContainerCommand& command : answer.start) {
    if (stopped_early_.contains(command.token.id)) continue;
    hooks_.start_master(*this, command);
  }
  for (const StopContainerCommand& command : answer.stop) Stop(command);
  for (const ContainerId& id : answer.completions_recorded) stopped_early_.erase(id);
}

void NodeAgent::StartContainer(const ContainerId& id,
                               const Resource& resource,
                               const std::string& queue,
                               Duration run) {
  if (stopped_early_.erase(id) > 0) return;
  MasterRuns(id, resource, queue);
  queue_.After(run, [this, id] { Exit(id, exit_code::kSuccess); });
}

void NodeAgent::MasterRuns(const ContainerId& id,
                           const Resource& resource,
                           const std::string& queue) {
  running_.emplace(id, Running{.resource = resource, .queue = queue});
  recorder_.Started(queue, resource, Now());
  Report({.id = id, .state = ContainerState::kRunning, .resource = resource});
}

void NodeAgent::Exit(const ContainerId& id, int code) {
  auto ended = running_.extract(id);
  if (ended.empty()) return;  // was stopped
  recorder_.Stopped(ended.mapped().queue, ended.mapped().resource, Now());
  Report({.id = id,
          .state = ContainerState::kComplete,
          .exit_code = code,
          .resource = ended.mapped().resource});
}

void NodeAgent::Stop(const StopContainerCommand& command) {
  const ContainerId& id = command.id;
  const auto found = running_.find(id);
  if (found == running_.end()) {
    // It is on its way here, or has ended and its end is being told.
    stopped_early_.insert(id);
    Report({.id = id, .state = ContainerState::kComplete, .exit_code = exit_code::kAborted});
    return;
  }
  if (command.reason == StopReason::kPreempted) {
    recorder_.ContainerEnded(found->second.queue, ContainerEnd::kPreempted);
  }
  Exit(id, ExitCodeOf(command.reason));
  if (id.is_application_master()) hooks_.stop_master(id, command.reason);
}

void NodeAgent::Report(ContainerStatus status) {
  news_.push_back(std::move(status));
  if (std::exchange(report_due_, true)) return;
  queue_.After(kReportDelay, [this] {
    report_due_ = false;
    if (session_ != 0) Heartbeat();
  });
}

}  // namespace weir::sls
