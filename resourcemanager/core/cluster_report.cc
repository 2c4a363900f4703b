// Reports: what readers are shown, and why something waits.
#include <algorithm>
#include <tuple>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr size_t kPageMax = 10'000;

std::string_view ShortName(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace

std::pair<PendingReason, std::string> ResourceManagerCore::State::Pending(
    const Application& application, Words words) const {
  using Phase = RmApplicationState;
  if (application.state == Phase::kNew || application.state == Phase::kSubmitted) {
    return {PendingReason::kStoring, "the submission is being stored"};
  }
  if (application.state == Phase::kKilling ||
      (IsOver(application.state) && !application.final_durable)) {
    return {PendingReason::kStoring, "the final state is being stored"};
  }
  const ApplicationAttempt* attempt = application.current();
  if (IsOver(application.state) || attempt == nullptr) return {PendingReason::kNone, ""};
  if (attempt->state == RmAttemptState::kNew) {
    return {PendingReason::kLaunchBackoff,
            words == Words::kNone ? std::string() : PauseWords(application)};
  }
  if (attempt->state == RmAttemptState::kAllocated && !attempt->record_durable) {
    return {PendingReason::kStoring, "the ApplicationMaster's container is being stored"};
  }
  const bool launched =
      attempt->state == RmAttemptState::kAllocated || attempt->state == RmAttemptState::kLaunched;
  if (launched) {
    const auto slot = containers.Find(attempt->am_container);
    const std::string where = attempt->am_container.ToString();
    if (attempt->master_unaccounted) {
      return {PendingReason::kAmNotRegistered,
              where +
                  " is awaited: its node has not registered again since the ResourceManager was "
                  "restarted"};
    }
    if (slot && containers.at(*slot).reported() == ContainerState::kRunning) {
      return {PendingReason::kAmNotRegistered, where + " runs, its ApplicationMaster is starting"};
    }
    if (waits_for_former.contains(application.id())) {
      return {PendingReason::kLaunchBackoff,
              where + " " + WordsOf(FormerLeft(application, *attempt))};
    }
    return {PendingReason::kLaunching, where + " is being started"};
  }
  if (!attempt->slot) return {PendingReason::kNone, ""};
  if (!application.held_because.empty()) {
    return {PendingReason::kQueueUnknown,
            words == Words::kNone ? std::string() : WordsOfHeld(application)};
  }
  const PendingReason reason = sched->pending_reason(*attempt->slot);
  if (reason == PendingReason::kNone) {
    if (sched->application_pending(*attempt->slot).IsZero()) return {PendingReason::kNone, ""};
    return {PendingReason::kPriority, "others are being placed first"};
  }
  if (words == Words::kNone) return {reason, ""};
  if (reason == PendingReason::kBlacklisted && !attempt->avoided.empty()) {
    return {reason, AvoidedWords(application)};
  }
  const auto pending = sched->pending(*attempt->slot, 1);
  return {reason, pending.empty() ? std::string() : pending.front().detail};
}

ApplicationReport ResourceManagerCore::State::MakeReport(const Application& application,
                                                         Now at) const {
  const store::ApplicationRecord& record = application.record;
  ApplicationReport report;
  report.id = record.id;
  report.name = record.context.name;
  report.type = record.context.type;
  report.user = record.user;
  report.queue = QueueOf(application);
  report.priority = record.priority;
  report.label = record.context.label;
  report.preempted_containers = application.preempted_containers;
  report.max_attempts = AttemptLimit(application);
  report.counted_failures = CountedFailures(application, at);
  report.attempt_failures_validity = record.context.attempt_failures_validity;
  report.avoided_nodes = NamesOfAvoided(application);
  if (record.lifetime > Duration(0)) {
    report.expires = record.submitted + std::chrono::duration_cast<milliseconds>(record.lifetime);
  }
  report.state = application.visible;
  report.progress = application.progress;
  report.tracking_url = application.tracking_url;
  report.started = record.submitted;
  report.launched = application.launched;
  report.version = application.version;
  if (application.final_durable) {
    report.final_status = record.final_status;
    report.diagnostics = record.diagnostics;
    report.finished = record.finished;
    if (!record.tracking_url.empty()) report.tracking_url = record.tracking_url;
    if (record.final_status == FinalStatus::kSucceeded) report.progress = 1;
  }
  if (const ApplicationAttempt* attempt = application.current()) {
    report.attempt = attempt->id;
    report.am_address = attempt->rpc_address;
    report.am_container = attempt->am_container;
    report.am_node = attempt->am_node;
    if (const Node* node = FindNode(attempt->am_node)) {
      report.am_node_http_address = node->record.http_address;
    }
    if (!application.final_durable) {
      report.diagnostics = attempt->diagnostics;
      // Between attempts, the last failure is what there is to say.
      if (report.diagnostics.empty() && application.attempts.size() > 1) {
        report.diagnostics = application.attempts[application.attempts.size() - 2]->diagnostics;
      }
    }
  }
  report.allocated = application.allocated;
  report.running_containers = static_cast<int32_t>(application.held_containers);
  const store::UsedAmounts used = Used(application, at);
  report.memory_seconds = used.memory_mib_ms / kMillisPerSecond;
  report.vcore_seconds = used.vcore_ms / kMillisPerSecond;
  std::tie(report.pending_reason, report.pending_detail) = Pending(application);
  return report;
}

ContainerReport ResourceManagerCore::State::MakeReport(ContainerSlot slot) const {
  const Container& container = containers.at(slot);
  const Node& node = NodeAt(container.node);
  ContainerReport report;
  report.id = containers.IdOf(slot);
  report.node = node.id();
  report.node_http_address = node.record.http_address;
  report.node_name = node.record.address.ToString();
  report.resource = SizeOf(slot);
  report.state = container.reported();
  report.started = container.started;
  if (const auto said = doing.find(slot); said != doing.end()) report.detail = said->second;
  if (const auto on_its_way = resizing.find(slot); on_its_way != resizing.end()) {
    report.detail += report.detail.empty() ? "" : "; ";
    report.detail += "being resized to " + commands.at(on_its_way->second).size->ToString();
  }
  return report;
}

ContainerReport ResourceManagerCore::State::MakeReport(const ContainerId& id,
                                                       const EndedContainer& end) const {
  ContainerReport report;
  report.id = id;
  if (end.node >= 0) {
    const Node& node = NodeAt(end.node);
    report.node = node.id();
    report.node_http_address = node.record.http_address;
    report.node_name = node.record.address.ToString();
  }
  report.resource = end.resource;
  report.state = ContainerState::kComplete;
  report.exit_code = end.exit_code;
  report.diagnostics = end.diagnostics;
  report.started = end.started;
  report.finished = end.finished;
  return report;
}

void ResourceManagerCore::State::AnswerWatchers(Application& application) {
  application.dirty = false;
  const std::set<CallId> calls = application.watchers;
  for (const CallId call : calls) {
    const auto& watcher = std::get<WaitingWatcher>(*waiting.Find(call.value + 1));
    // Due ones have lost their deadline when it came; those that never park are due at once.
    const bool due = !watcher_polls.Has(call) || watcher_polls.At(call) <= now.monotonic;
    if (application.version <= watcher.known_version && !due) continue;
    Unpark(call);
    Answer(call, MakeReport(application, now));
  }
}

bool ResourceManagerCore::State::Matches(const Application& application,
                                         const ApplicationFilter& filter) const {
  if (!filter.user.empty() && filter.user != application.record.user) return false;
  const std::string queue = filter.queue.empty() ? "" : QueueOf(application);
  if (filter.queue != queue && filter.queue != ShortName(queue)) return false;
  return filter.states.empty() ||
         std::find(filter.states.begin(), filter.states.end(), application.visible) !=
             filter.states.end();
}

std::optional<ApplicationReport> ResourceManagerCore::Report(const ApplicationId& id,
                                                             Now now) const {
  const Application* application = state_->FindApplication(id);
  if (application == nullptr) return std::nullopt;
  return state_->MakeReport(*application, now);
}

ResourceManagerCore::ApplicationPage ResourceManagerCore::List(const ApplicationFilter& filter,
                                                               Now now) const {
  const State& state = *state_;
  const size_t limit = std::min(filter.limit, kPageMax);
  ApplicationPage page;
  auto it = state.applications.rbegin();
  if (filter.after) {
    it = std::make_reverse_iterator(state.applications.lower_bound(*filter.after));
  }
  for (; it != state.applications.rend(); ++it) {
    if (!state.Matches(*it->second, filter)) continue;
    if (page.applications.size() >= limit) {
      page.more = true;
      break;
    }
    page.applications.push_back(state.MakeReport(*it->second, now));
  }
  return page;
}

Result<std::vector<ContainerReport>> ResourceManagerCore::Containers(
    const ApplicationId& id) const {
  const State& state = *state_;
  const Application* application = state.FindApplication(id);
  if (application == nullptr) {
    return Error{ErrorCode::kNotFound,
                 "application " + id.ToString() + " is not known",
                 "see the list of applications"};
  }
  std::vector<ContainerReport> reports;
  auto it = state.ended.lower_bound(ContainerId{{id, 0}, 0});
  for (; it != state.ended.end() && it->first.attempt.application == id; ++it) {
    reports.push_back(state.MakeReport(it->first, it->second));
  }
  for (const auto& attempt : application->attempts) {
    for (const auto slot : state.containers.Listed(attempt->containers, &Container::of_attempt)) {
      reports.push_back(state.MakeReport(slot));
    }
  }
  std::sort(
      reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return reports;
}

void ResourceManagerCore::State::Describe(const Node& node,
                                          const store::DecommissionRecord& going,
                                          NodeReport& report) const {
  std::string words = "decommissioned by " + going.by;
  if (!going.done) {
    words = "DECOMMISSIONING by " + going.by + ": " + std::to_string(node.containers.size) +
            (node.containers.size == 1 ? " container is" : " containers are") + " left, ";
    if (going.deadline == store::kNoDeadline) {
      words += "with all the time they need";
    } else {
      words += (node.drain_enforced ? "being stopped since " : "stopped at ") +
               ToIso8601(going.deadline);
      report.decommission_by = going.deadline;
    }
  }
  report.health_report = report.health_report.empty() ? words : words + "; " + report.health_report;
}

std::vector<NodeReport> ResourceManagerCore::Nodes() const {
  const State& state = *state_;
  std::vector<NodeReport> reports;
  reports.reserve(state.nodes.size());
  for (const auto& [id, node] : state.nodes) {
    NodeReport report;
    report.id = id;
    report.name = node->record.address.ToString();
    report.rack = node->record.rack;
    report.http_address = node->record.http_address;
    report.state = node->state;
    report.capacity = node->record.capacity;
    if (node->slot) {
      report.capacity = state.sched->node_capacity(*node->slot);
      report.used = state.sched->node_used(*node->slot);
      report.label = state.sched->node_label(*node->slot);
    }
    report.containers = node->containers.size;
    report.health_report = node->health_report;
    const auto going = state.decommissions.find(id);
    if (going != state.decommissions.end()) state.Describe(*node, going->second, report);
    if (node->silent_at != kNever) {
      report.health_report = "silent since " + ToIso8601(node->silent_since) +
                             ", not given up yet: " + state.ExpiryLimitWords();
    }
    report.last_heartbeat = node->last_heartbeat;
    report.utilization = node->utilization;
    reports.push_back(std::move(report));
  }
  return reports;
}

ClusterSummary ResourceManagerCore::Summary() const {
  const State& state = *state_;
  ClusterSummary summary;
  summary.started = state.started;
  summary.epoch = state.epoch.epoch;
  summary.unconfirmed = state.leadership->Unconfirmed(state.now.monotonic);
  summary.applications_submitted = state.counters.submitted;
  summary.applications_completed = state.counters.finished;
  summary.applications_failed = state.counters.failed;
  summary.applications_killed = state.counters.killed;
  for (const auto& [id, application] : state.applications) {
    if (IsTerminal(application->visible)) continue;
    if (application->visible == ApplicationState::kRunning) {
      ++summary.applications_running;
    } else {
      ++summary.applications_pending;
    }
  }
  summary.containers_allocated = static_cast<int64_t>(state.containers.size());
  summary.containers_pending = state.sched->pending_containers();
  summary.total = state.sched->cluster_capacity();
  summary.allocated = state.sched->cluster_used();
  summary.pending = state.sched->cluster_pending();
  for (const auto& [id, node] : state.nodes) {
    ++summary.nodes_total;
    summary.nodes_active += node->state == NodeState::kRunning ? 1 : 0;
    summary.nodes_lost += node->state == NodeState::kLost ? 1 : 0;
    summary.nodes_unhealthy += node->state == NodeState::kUnhealthy ? 1 : 0;
    summary.nodes_shutdown += node->state == NodeState::kShutdown ? 1 : 0;
    summary.nodes_decommissioning += node->state == NodeState::kDecommissioning ? 1 : 0;
    summary.nodes_decommissioned += node->state == NodeState::kDecommissioned ? 1 : 0;
    summary.nodes_silent += node->silent_at != kNever ? 1 : 0;
  }
  return summary;
}

}  // namespace weir::rm
