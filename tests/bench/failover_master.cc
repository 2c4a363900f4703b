#include "tests/bench/failover_master.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"

namespace weir::bench {
namespace {

constexpr int64_t kWorkersRequest = 1;

Result<std::string> Variable(const LaunchContext& launch, const std::string& name) {
  const auto found = launch.environment.find(name);
  if (found != launch.environment.end()) return found->second;
  return Error{ErrorCode::kFailedPrecondition, "the launch context has no " + name, ""};
}

// As ReadMasterEnvironment has it from the environment of a process.
Result<am::MasterEnvironment> EnvironmentOf(const LaunchContext& launch) {
  am::MasterEnvironment environment;
  WEIR_ASSIGN_OR_RETURN(const std::string addresses, Variable(launch, "WEIR_RM_MASTER_ADDRESS"));
  for (const std::string_view part : Split(addresses, ',')) {
    WEIR_ASSIGN_OR_RETURN(HostPort address, HostPort::Parse(part));
    environment.rm_addresses.push_back(std::move(address));
  }
  WEIR_ASSIGN_OR_RETURN(const std::string attempt, Variable(launch, "WEIR_ATTEMPT_ID"));
  WEIR_ASSIGN_OR_RETURN(environment.attempt, AttemptId::Parse(attempt));
  WEIR_ASSIGN_OR_RETURN(environment.cluster_id, Variable(launch, "WEIR_CLUSTER_ID"));
  WEIR_ASSIGN_OR_RETURN(environment.submit_user, Variable(launch, "WEIR_SUBMIT_USER"));
  const auto token = launch.secrets.find("am.token");
  if (token == launch.secrets.end()) {
    return Error{ErrorCode::kFailedPrecondition, "the launch context has no am.token", ""};
  }
  WEIR_ASSIGN_OR_RETURN(environment.token, platform::DecodeTokenFile(token->second));
  environment.host = "127.0.0.1";
  return environment;
}

}  // namespace

Result<std::unique_ptr<FailoverMaster>> FailoverMaster::Make(platform::EventLoop& owner,
                                                             FailoverJournal& journal,
                                                             const LaunchContext& launch) {
  WEIR_ASSIGN_OR_RETURN(const am::MasterEnvironment environment, EnvironmentOf(launch));
  WEIR_ASSIGN_OR_RETURN(const std::string workers, Variable(launch, kFailoverWorkers));
  const auto count = ParseInt64(workers);
  if (!count || *count < 0) {
    return Error{ErrorCode::kInvalidArgument, "workers are '" + workers + "'", ""};
  }
  return std::make_unique<FailoverMaster>(
      owner, journal, environment, static_cast<int32_t>(*count));
}

FailoverMaster::FailoverMaster(platform::EventLoop& owner,
                               FailoverJournal& journal,
                               const am::MasterEnvironment& environment,
                               int32_t workers)
    : owner_(owner),
      journal_(journal),
      environment_(environment),
      wanted_(static_cast<size_t>(workers)),
      rm_(owner, environment, {}, *this) {}

void FailoverMaster::Begin() {
  RegisterMasterRequest request;
  request.rpc_address = {environment_.host, 1};
  rm_.Start(std::move(request));
}

void FailoverMaster::OnRegistered(const am::MasterRegistration& registration) {
  registered_under_ = registration.answer.epoch;
  if (!std::exchange(begun_, true)) Ask(kWorkersRequest, static_cast<int32_t>(wanted_));
}

void FailoverMaster::Ask(int64_t request_id, int32_t count) {
  ContainerAsk ask;
  ask.request_id = request_id;
  ask.count = count;
  ask.resource = kFailoverContainer;
  rm_.SetAsk(ask);
}

void FailoverMaster::AskForOneMore() {
  ++wanted_;
  Ask(++extra_request_, 1);
}

void FailoverMaster::GiveBack() {
  for (auto& [id, held] : held_) {
    if (held.grant.request_id == kWorkersRequest || std::exchange(held.given_back, true)) continue;
    --wanted_;
    journal_.GivenBack(id);
    rm_.Release(id);
  }
}

bool FailoverMaster::Settled() const {
  return begun_ && held_.size() == wanted_ &&
         std::all_of(held_.begin(), held_.end(), [](const auto& one) {
           return one.second.started && !one.second.given_back;
         });
}

void FailoverMaster::OnAllocation(const wire::ReceivedAllocation& allocation) {
  for (const wire::ReceivedGrant& grant : allocation.granted) {
    // After a fail-over what was told already may be told again.
    if (held_.emplace(grant.id, Held{.grant = grant}).second) StartAt(grant);
  }
  for (const ContainerStatus& status : allocation.completed) {
    journal_.ToldEnded(status.id);
    held_.erase(status.id);
  }
}

void FailoverMaster::StartAt(const wire::ReceivedGrant& grant) {
  if (!nodes_) {
    am::NodeClientOptions options;
    options.threads = 1;
    nodes_ = std::make_shared<am::NodeClient>(owner_, environment_.cluster_id, options);
  }
  ++starting_;
  LaunchContext launch;
  launch.command = {"worker"};
  nodes_->Start(grant, std::move(launch), [this, id = grant.id](const Status& status) {
    OnStarted(id, status);
    if (--starting_ == 0) EndStarts();
  });
}

void FailoverMaster::OnStarted(const ContainerId& id, const Status& status) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  Held& held = found->second;
  held.started = status.ok();
  if (status.ok()) return;
  if (held.grant.request_id == kWorkersRequest) {
    failure_ = id.ToString() + ": " + status.error().ToString();
    return;
  }
  // The node may have got another ResourceManager between the grant and the start: another one
  // then.
  if (std::exchange(held.given_back, true)) return;
  journal_.GivenBack(id);
  rm_.Release(id);
  Ask(++extra_request_, 1);
}

// Its thread and connections are not kept for nothing. Not within its own callback.
void FailoverMaster::EndStarts() {
  owner_.Post([nodes = std::exchange(nodes_, nullptr)] { nodes->Close(); });
}

std::string FailoverMaster::Describe() const {
  std::string text = environment_.attempt.ToString() + " registered under epoch " +
                     std::to_string(registered_under_.value) + ", wants " +
                     std::to_string(wanted_) + ", holds";
  for (const auto& [id, held] : held_) {
    text += " " + id.ToString() + (held.started ? "" : " (not started)") +
            (held.given_back ? " (given back)" : "");
  }
  return failure_.empty() ? text : text + ": " + failure_;
}

}  // namespace weir::bench
