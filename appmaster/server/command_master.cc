#include "appmaster/server/command_master.h"

#include <utility>

#include "common/exit_status.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::am {
namespace {

constexpr int64_t kRequest = 1;
constexpr Duration kFinishDeadline = seconds(30);
constexpr Duration kStopDeadline = seconds(3);
constexpr char kComponent[] = "am.command";

NodeClientOptions NodeOptions() {
  NodeClientOptions options;
  options.call_timeout = seconds(5);
  return options;
}

}  // namespace

CommandMaster::CommandMaster(const CommandMasterOptions& options,
                             const MasterEnvironment& environment,
                             platform::EventLoop& loop,
                             std::function<void()> on_end)
    : options_(options),
      environment_(environment),
      loop_(loop),
      on_end_(std::move(on_end)),
      subject_(environment.attempt.ToString()),
      core_(options.command),
      master_(loop, environment, MasterProtocolOptions(), *this),
      nodes_(loop, environment.cluster_id, NodeOptions()) {}

CommandMaster::~CommandMaster() = default;

void CommandMaster::Start() {
  master_.Start({});  // nobody talks to this ApplicationMaster
}

void CommandMaster::Input(CommandInput input) {
  inputs_.push_back(std::move(input));
  if (std::exchange(draining_, true)) return;
  loop_.Post([this] { Drain(); });
}

struct CommandMaster::Executor {
  CommandMaster& am;
  void operator()(const CommandAsk& ask) const {
    ContainerAsk next = am.options_.placement;
    next.request_id = kRequest;
    next.priority = 1;
    next.count = ask.count;
    next.resource = am.options_.command.resource;
    am.master_.SetAsk(next);
  }
  void operator()(const CommandLaunch& launch) const { am.Launch(launch); }
  void operator()(const CommandRelease& release) const { am.master_.Release(release.container); }
  void operator()(const CommandStop& stop) const {
    const auto grant = am.grants_.find(stop.container);
    if (grant == am.grants_.end()) return;
    ++am.stops_under_way_;
    am.nodes_.Stop(grant->second, [&master = am, id = stop.container](const Status& status) {
      --master.stops_under_way_;
      if (!status.ok()) {
        platform::LogWarn(kComponent,
                          id.ToString(),
                          "could not be stopped",
                          {{"error", status.error().ToString()}});
      }
      if (master.end_when_stopped_ && master.stops_under_way_ == 0) master.End(false);
    });
  }
  void operator()(const CommandProgress& progress) const {
    am.master_.SetProgress(progress.progress);
  }
  void operator()(const CommandFinish& finish) const { am.Finish(finish); }
  void operator()(const CommandEnd& end) const {
    if (end.told || am.stops_under_way_ == 0) return am.End(end.told);
    am.end_when_stopped_ = true;
    am.loop_.At(platform::MonotonicNow() + kStopDeadline, [&master = am] { master.End(false); });
  }
};

void CommandMaster::Drain() {
  while (!inputs_.empty()) {
    const CommandInput input = std::move(inputs_.front());
    inputs_.pop_front();
    const auto actions = core_.Step(input, platform::MonotonicNow());
    for (const CommandAction& action : actions) std::visit(Executor{*this}, action);
  }
  draining_ = false;
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ = 0;
  if (core_.NextDeadline() == kNever) return;
  timer_ = loop_.At(core_.NextDeadline(), [this] {
    timer_ = 0;
    Input(CommandDeadline{});
  });
}

void CommandMaster::Launch(const CommandLaunch& launch) {
  const wire::ReceivedGrant& grant = grants_.at(launch.container);
  platform::LogInfo(
      kComponent,
      launch.container.ToString(),
      "launching",
      {{"index", std::to_string(launch.index)}, {"node", grant.node_address.ToString()}});
  LaunchContext context = options_.launch;
  context.environment["WEIR_CONTAINER_INDEX"] = std::to_string(launch.index);
  context.environment["WEIR_CONTAINER_COUNT"] = std::to_string(options_.command.containers);
  nodes_.Start(grant, std::move(context), [this, id = launch.container](const Status& status) {
    Input(CommandLaunched{id, status});
  });
}

void CommandMaster::Finish(const CommandFinish& finish) {
  if (!finish.succeeded) exit_status_ = exit_status::kUnsuccessful;
  platform::LogInfo(
      kComponent,
      subject_,
      "telling the final status",
      {{"succeeded", finish.succeeded ? "true" : "false"}, {"diagnostics", finish.diagnostics}});
  const FinalStatus status = finish.succeeded ? FinalStatus::kSucceeded : FinalStatus::kFailed;
  master_.Finish({status, finish.diagnostics, ""},
                 platform::MonotonicNow() + kFinishDeadline,
                 [this](const Status& told) {
                   if (told.ok()) return Input(CommandAcknowledged{});
                   platform::LogError(kComponent,
                                      subject_,
                                      "the final status could not be told",
                                      {{"error", told.error().ToString()}});
                   Input(CommandMasterGone{});
                 });
}

void CommandMaster::End(bool told) {
  if (!told) exit_status_ = exit_status::kUnavailable;
  end_when_stopped_ = false;
  on_end_();
}

void CommandMaster::Terminate() {
  Input(CommandMasterGone{});
}

void CommandMaster::Close() {
  master_.Close();
  nodes_.Close();
}

void CommandMaster::OnRegistered(const MasterRegistration& registration) {
  Input(CommandRegistered{registration.answer.minimum_allocation,
                          registration.answer.maximum_allocation});
}

void CommandMaster::OnAllocation(const wire::ReceivedAllocation& allocation) {
  nodes_.Renew(allocation.nm_tokens);
  for (const wire::ReceivedGrant& grant : allocation.granted) {
    grants_.insert_or_assign(grant.id, grant);
    Input(CommandGranted{grant.id, grant.node_address.ToString()});
  }
  const bool waits = allocation.pending_reason != PendingReason::kNone;
  Input(CommandPendingExplained{waits ? allocation.pending_detail : std::string()});
  for (const ContainerStatus& status : allocation.completed) {
    grants_.erase(status.id);
    platform::LogInfo(
        kComponent,
        status.id.ToString(),
        "ended",
        {{"exit_code", std::to_string(status.exit_code)}, {"diagnostics", status.diagnostics}});
    Input(CommandContainerEnded{status});
  }
}

void CommandMaster::OnMasterLost(const Error& last) {
  platform::LogError(
      kComponent, subject_, "the ResourceManager is lost", {{"error", last.ToString()}});
  Input(CommandMasterGone{});
}

void CommandMaster::OnRejected(const Error& error) {
  platform::LogError(kComponent,
                     subject_,
                     "the ResourceManager refuses this attempt",
                     {{"error", error.ToString()}});
  Input(CommandMasterGone{});
}

}  // namespace weir::am
