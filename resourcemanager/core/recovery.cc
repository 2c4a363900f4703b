// Recovery: from the records of earlier ResourceManagers to the state this one begins with.
//
// Applications that ended keep their end; the others go on (resume.cc). Known nodes are awaited:
// they have the time of their expiry to register again, then they are LOST. Damaged records never
// stop a start: what lacks its application is deleted, a missing attempt is shown as failed.
#include <algorithm>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr std::string_view kStagingScheme = "staging:";
constexpr std::string_view kAllQueues = "root";

RmApplicationState StateOf(ApplicationState stored) {
  switch (stored) {
    case ApplicationState::kFinished:
      return RmApplicationState::kFinished;
    case ApplicationState::kFailed:
      return RmApplicationState::kFailed;
    case ApplicationState::kKilled:
      return RmApplicationState::kKilled;
    case ApplicationState::kNew:
    case ApplicationState::kSubmitted:
    case ApplicationState::kAccepted:
    case ApplicationState::kRunning:
      break;
  }
  return RmApplicationState::kSubmitted;
}

// Of the last one, when its application has ended.
RmAttemptState LastAttemptState(RmApplicationState application) {
  if (application == RmApplicationState::kFinished) return RmAttemptState::kFinished;
  if (application == RmApplicationState::kKilled) return RmAttemptState::kKilled;
  return RmAttemptState::kFailed;
}

}  // namespace

void ResourceManagerCore::State::Load(std::vector<store::Record> records) {
  LoadQueues(records);
  for (auto& record : records) {
    if (auto* application = std::get_if<store::ApplicationRecord>(&record)) {
      LoadApplication(std::move(*application));
    } else if (const auto* node = std::get_if<store::NodeRecord>(&record)) {
      LoadNode(*node);
    }
  }
  for (const auto& record : records) {
    if (const auto* attempt = std::get_if<store::AttemptRecord>(&record)) LoadAttempt(*attempt);
    if (const auto* usage = std::get_if<store::ApplicationUsageRecord>(&record)) LoadUsage(*usage);
    if (const auto* going = std::get_if<store::DecommissionRecord>(&record)) {
      LoadDecommission(*going);
    }
  }
  FinishLoading();
}

void ResourceManagerCore::State::LoadApplication(store::ApplicationRecord stored) {
  // In their order, as a rule: each goes to the end.
  auto& owned = applications.try_emplace(applications.end(), stored.id)->second;
  if (owned != nullptr) return;  // a store has each key once
  owned = std::make_unique<Application>();
  Application& application = *owned;
  application.record = std::move(stored);
  const store::ApplicationRecord& record = application.record;
  application.am_resource = record.context.am_resource;
  application.charged_until = now.monotonic;
  application.tracking_url = record.tracking_url;
  application.state = StateOf(record.state);
  idempotency_keys.try_emplace(record.idempotency_key, record.id);
  ++counters.submitted;
  if (record.id.cluster_timestamp == epoch.cluster_timestamp) {
    next_application = std::max(next_application, record.id.sequence + 1);
  }
}

void ResourceManagerCore::State::LoadAttempt(const store::AttemptRecord& record) {
  Application* application = FindApplication(record.id.application);
  if (application == nullptr || record.id.number < 1 ||
      static_cast<size_t>(record.id.number) > kAttemptsMax) {
    orphans.push_back(store::Delete{store::AttemptKey(record.id)});
    return;
  }
  auto& attempts = application->attempts;
  while (attempts.size() < static_cast<size_t>(record.id.number)) {
    auto missing = std::make_unique<ApplicationAttempt>();
    missing->id = {record.id.application, static_cast<int32_t>(attempts.size()) + 1};
    missing->state = RmAttemptState::kFailed;
    missing->diagnostics = "Its record was not found in the store";
    attempts.push_back(std::move(missing));
  }
  ApplicationAttempt& attempt = *attempts[static_cast<size_t>(record.id.number) - 1];
  attempt.am_container = record.am_container;
  attempt.am_node = record.am_node;
  attempt.started = record.started;
  attempt.exit_code = record.exit_code;
  attempt.diagnostics = record.diagnostics;
  attempt.counted = record.counted;
  attempt.node_at_fault = record.node_at_fault;
  attempt.ended = std::max(record.ended, record.started);
  attempt.record_durable = true;
  attempt.state = record.finished || record.am_container.number == 0 ? RmAttemptState::kFailed
                                                                     : RmAttemptState::kNew;
}

void ResourceManagerCore::State::LoadNode(const store::NodeRecord& record) {
  if (FindNode(record.id) != nullptr) return;
  Node& node = AddNode(record);
  Move(node, NodeEvent::kRecover);
  node.awaited = true;
  ++awaited_nodes;
  node_deadlines.Set(node.index, now.monotonic + options.node_expiry);
}

void ResourceManagerCore::State::FinishLoading() {
  for (auto& [id, owned] : applications) {
    Application& application = *owned;
    application.order = next_order++;
    if (!IsOver(application.state)) {
      application.visible = ApplicationState::kSubmitted;
      ++live_applications;
      UseStagedFiles(application, 1);
      to_resume.push_back(id);
      continue;
    }
    for (const auto& attempt : application.attempts) attempt->state = RmAttemptState::kFailed;
    if (ApplicationAttempt* last = application.current()) {
      last->state = LastAttemptState(application.state);
    }
    application.visible = application.record.state;
    application.final_durable = true;
    application.retired = true;
    NoteCompleted(application);
    if (application.state == RmApplicationState::kFinished) ++counters.finished;
    if (application.state == RmApplicationState::kFailed) ++counters.failed;
    if (application.state == RmApplicationState::kKilled) ++counters.killed;
  }
}

void ResourceManagerCore::State::BeginWithWhatIsLoaded() {
  // Files of applications that ended: the word that they may go can have been lost in the crash.
  for (const auto& [finished, id] : completed) {
    std::vector<std::string> unused = UnusedStagedFiles(*FindApplication(id));
    if (!unused.empty()) Emit(ForgetStagedFiles{id, std::move(unused)});
  }
  BeginBarrier();
  FindQueues();
  for (const auto& id : std::exchange(to_resume, {})) Resume(*FindApplication(id));
  if (!orphans.empty()) Append(std::exchange(orphans, {}));
  UseListsOfTheStart();
  if (applied_queues.back().parts == 0) {  // chosen just now
    AppliedQueues chosen = std::move(applied_queues.back());
    applied_queues.pop_back();
    Append(RecordsOf(chosen));
    KeepVersion(std::move(chosen));
  }
  for (Noted& note : start_notes) Emit(std::move(note));
  start_notes.clear();
  DropOldestCompleted();
  AskWhetherLeading();
}

void ResourceManagerCore::State::BeginBarrier() {
  if (awaited_nodes == 0 || options.recovery_wait <= Duration(0)) return;
  barrier_ends = now.monotonic + options.recovery_wait;
  sched->HoldToGuarantees(true);
  Emit(Noted{"queues",
             std::string(kAllQueues),
             "get no more than their guarantees of what is there until the " +
                 std::to_string(awaited_nodes) + " nodes of before are back or lost, for " +
                 std::to_string(ToMillis(options.recovery_wait)) + " ms at most",
             false});
}

void ResourceManagerCore::State::EndBarrier(const std::string& why) {
  if (barrier_ends == kNever) return;
  barrier_ends = kNever;
  sched->HoldToGuarantees(false);
  place = true;
  Emit(Noted{"queues",
             std::string(kAllQueues),
             "are not held to their guarantees any more: " + why,
             false});
}

void ResourceManagerCore::State::UseStagedFiles(const Application& application, int32_t change) {
  for (const auto& [name, resource] : application.record.context.am_launch.local_resources) {
    if (!resource.uri.starts_with(kStagingScheme)) continue;
    int32_t& uses = staged_uses[resource.sha256];
    uses += change;
    if (uses == 0) staged_uses.erase(resource.sha256);
  }
}

std::vector<std::string> ResourceManagerCore::State::UnusedStagedFiles(
    const Application& application) const {
  std::vector<std::string> unused;
  for (const auto& [name, resource] : application.record.context.am_launch.local_resources) {
    if (!resource.uri.starts_with(kStagingScheme)) continue;
    if (!staged_uses.contains(resource.sha256)) unused.push_back(resource.sha256);
  }
  std::sort(unused.begin(), unused.end());
  unused.erase(std::unique(unused.begin(), unused.end()), unused.end());
  return unused;
}

}  // namespace weir::rm
