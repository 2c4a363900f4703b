#include "nodemanager/core/node_manager_core.h"

#include <algorithm>
#include <utility>

#include "common/overloaded.h"
#include "nodemanager/core/machine.h"

namespace weir::nm {
namespace {

NodeManagerCore::ContainerView ViewOf(const Container& container) {
  return {container.status,
          container.state,
          container.token.user,
          container.started,
          container.finished,
          container.complete() ? ContainerIndices{} : container.indices};
}

}  // namespace

NodeManagerCore::Machine::Machine(const CoreOptions& core_options,
                                  const Recovery& recovery,
                                  Now now)
    : options(core_options),
      most(core_options.capacity),
      rm(core_options.smallest_back_off,
         core_options.largest_back_off,
         core_options.seed,
         core_options.process),
      health(core_options.health) {
  Recover(recovery, now);
}

void NodeManagerCore::Machine::Dispatch(const Event& event, Now now) {
  std::visit(Overloaded{
                 [&](const Registered& e) { OnRegistered(e, now); },
                 [&](const RegistrationFailed& e) { Note(rm.OnRegistrationFailed(e.error, now)); },
                 [&](const HeartbeatAnswered& e) { OnAnswered(e, now); },
                 [&](const HeartbeatFailed& e) {
                   Note(rm.OnFailure(e.session, e.sequence, e.error, now));
                 },
                 [&](const Unregistered&) {
                   if (shutdown && shutdown->unregistering) actions.push_back(Stopped{});
                 },
                 [&](const StartContainer& e) { OnStart(e, now); },
                 [&](const StopContainer& e) { OnStop(e, now); },
                 [&](const WatchContainer& e) { OnWatch(e, now); },
                 [&](const CallAbandoned& e) {
                   watchers.erase(e.call);
                   for (auto& [sequence, calls] : gated) std::erase(calls, e.call);
                 },
                 [&](const LocalizationDone& e) { OnLocalized(e.id, now); },
                 [&](const LocalizationFailed& e) { OnLocalizationFailed(e, now); },
                 [&](const LocalizationProgress& e) { OnLocalizationProgress(e); },
                 [&](const Launched& e) { OnLaunched(e.id, now); },
                 [&](const LaunchFailed& e) { OnLaunchFailed(e, now); },
                 [&](const Exited& e) { OnExited(e.id, e.outcome); },
                 [&](const Drained& e) { OnDrained(e.id, now); },
                 [&](const CleanedUp& e) { OnCleanedUp(e.id, now); },
                 [&](const Resized& e) { OnResized(e, now); },
                 [&](const ExcessLogs& e) { OnExcessLogs(e, now); },
                 [&](const DirectoriesChecked& e) { health.OnSamples(e.samples); },
                 [&](const HealthScriptRan& e) { health.OnScript(e.result); },
                 [&](const UsageSampled& e) { OnUsageSampled(e, now); },
                 [&](const RecordsKept& e) { OnKept(e.sequence, now); },
                 [&](const RecordFailed& e) { OnKeepFailed(e, now); },
                 [&](const ShutDown& e) { OnShutDown(e.keep_containers, now); },
                 [&](const DeadlineReached&) { OnDeadline(now); },
             },
             event);
}

void NodeManagerCore::Machine::OnDeadline(Now now) {
  health.OnDeadline(now);
  AnswerLateWatchers(now);
  StartDueRetries(now);
  for (auto& [id, container] : containers) {
    if (container.signal_deadline > now.monotonic) continue;
    if (container.signal_waits) {
      SendEnd(container, now);
      continue;
    }
    container.signal_deadline = now.monotonic + options.sigkill_repeat;
    actions.push_back(Signal{id, SignalKind::kKill});
  }
}

void NodeManagerCore::Machine::Pump(Now now) {
  UseHealth();
  PumpLease(now);
  PumpShutdown(now);
  RecordConversation();
  if (rm.MayRegister(now)) {
    rm.RegisterSent(now);
    health_told = false;
    actions.push_back(SendRegister{{.id = options.id,
                                    .address = options.address,
                                    .http_address = options.http_address,
                                    .rack = options.rack,
                                    .capacity = options.capacity,
                                    .containers = Statuses(false),
                                    .applications = {applications.begin(), applications.end()},
                                    .label = options.label,
                                    .process = rm.process(),
                                    .number = rm.registrations()}});
  }
  while (auto repeat = rm.TakeRepeat(now)) actions.push_back(SendHeartbeat{*std::move(repeat)});
  // The next heartbeat acknowledges the start commands of the answer before.
  if (!accepting.empty() || !rm.MaySendNext(HasNews())) return;
  SendHeartbeat next{{.session = rm.session(),
                      .sequence = rm.next_sequence(),
                      .containers = Statuses(true),
                      .healthy = healthy,
                      .health_report = health_report,
                      .park = lease.LongestPark(options.park),
                      .utilization = utilization,
                      .outcomes = TellOutcomes()}};
  health_told = true;
  rm.Sent(next.request, now);
  actions.push_back(std::move(next));
}

Actions NodeManagerCore::Machine::TakeActions() {
  return std::exchange(actions, {});
}

Resource NodeManagerCore::Machine::used() const {
  Resource sum;
  for (const auto& [id, container] : containers) {
    if (!container.complete()) sum += container.Most();
  }
  return sum;
}

NodeManagerCore::NodeManagerCore(const CoreOptions& options, const Recovery& recovery, Now now)
    : machine_(std::make_unique<Machine>(options, recovery, now)) {}
NodeManagerCore::~NodeManagerCore() = default;

Actions NodeManagerCore::Start(Now now) {
  machine_->Pump(now);
  return machine_->TakeActions();
}

Actions NodeManagerCore::Step(const Event& event, Now now) {
  machine_->Dispatch(event, now);
  machine_->Pump(now);
  return machine_->TakeActions();
}

Instant NodeManagerCore::NextDeadline() const {
  Instant next = std::min({machine_->rm.NextDeadline(),
                           machine_->health.NextDeadline(),
                           machine_->NextLeaseDeadline()});
  for (const auto& [id, container] : machine_->containers) {
    next = std::min(next, container.signal_deadline);
    if (!container.resizing) next = std::min(next, container.retry_at);
  }
  for (const auto& [call, watcher] : machine_->watchers) next = std::min(next, watcher.deadline);
  if (const auto& shutdown = machine_->shutdown; shutdown && !shutdown->unregistering) {
    next = std::min({next, shutdown->containers_deadline, shutdown->recording_deadline});
  }
  return next;
}

std::vector<NodeManagerCore::ContainerView> NodeManagerCore::Containers() const {
  std::vector<ContainerView> views;
  for (const auto& [id, container] : machine_->containers) views.push_back(ViewOf(container));
  return views;
}

std::optional<NodeManagerCore::ContainerView> NodeManagerCore::Find(const ContainerId& id) const {
  const auto it = machine_->containers.find(id);
  if (it == machine_->containers.end()) return std::nullopt;
  return ViewOf(it->second);
}

size_t NodeManagerCore::size() const {
  return machine_->containers.size();
}
Resource NodeManagerCore::used() const {
  return machine_->used();
}
bool NodeManagerCore::registered() const {
  return machine_->rm.registered();
}
Epoch NodeManagerCore::epoch() const {
  return machine_->rm.highest_epoch();
}
const NodeUtilization& NodeManagerCore::utilization() const {
  return machine_->utilization;
}
WallTime NodeManagerCore::last_answer() const {
  return machine_->rm.last_answer();
}
const CoreOptions& NodeManagerCore::options() const {
  return machine_->options;
}
const NodeHealth& NodeManagerCore::health() const {
  return machine_->health;
}

std::vector<IgnoredPair> NodeManagerCore::ignored() const {
  return {machine_->ignored.begin(), machine_->ignored.end()};
}

std::string NodeManagerCore::CheckInvariants() const {
  const Machine& m = *machine_;
  if (std::string broken = m.rm.CheckInvariants(); !broken.empty()) return broken;
  if (!m.used().FitsIn(m.most)) return "containers exceed the node's capacity";
  if (std::string broken = m.CheckIndices(); !broken.empty()) return broken;
  for (const auto& [id, container] : m.containers) {
    const std::string name = id.ToString();
    if (container.complete() && container.has_process) return name + " is complete with a process";
    if (container.complete() == (container.status.exit_code == exit_code::kNotYet)) {
      return name + " has an exit code exactly when it should not";
    }
    if (container.state == State::kDone && !container.complete()) return name + " is done early";
    if (container.state == State::kDone && container.recorded) return name + " is kept for nothing";
    if (container.recorded && !container.complete()) return name + " was recorded while it lived";
    if (container.signal_deadline != kNever && !container.has_process) {
      return name + " is to be signalled without a process";
    }
    if (container.signal_waits && !container.stop && !container.asked) {
      return name + " is about to be ended for nobody";
    }
    if ((container.retry_at != kNever) != (container.state == State::kRelaunching)) {
      return name + " waits for a retry exactly when it should not";
    }
    if (container.state == State::kRelaunching && container.has_process) {
      return name + " is to be started again while it runs";
    }
    if (container.resizing && container.complete()) return name + " is resized after its end";
    if (container.status.resource != container.token.resource) return name + " has two sizes";
    if (m.remembered.contains(id)) return name + " is held and remembered";
  }
  return "";
}

}  // namespace weir::nm
