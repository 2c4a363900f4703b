// Applications: submission, kill, watch, and how they end.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/submission_validator.h"

namespace weir::rm {
namespace {

constexpr size_t kLoggedDiagnosticsBytes = 600;

Error UnknownApplication(const ApplicationId& id) {
  return {ErrorCode::kNotFound,
          "application " + id.ToString() + " is not known",
          "see the list of applications; the oldest completed ones are forgotten"};
}

Error KeyTaken(const std::string& key, std::string_view why) {
  return {ErrorCode::kAlreadyExists,
          "the idempotency key \"" + key + "\" was used for " + std::string(why),
          "use a new key for a new submission"};
}

// How it ends, for the log: as key=value words in one short line.
SharedText EndWords(const Application& application) {
  if (application.final_sequence == 0) return {};
  std::string words =
      "finalStatus=" + std::string(FinalStatusName(application.record.final_status));
  const ApplicationAttempt* attempt = application.current();
  if (attempt != nullptr && attempt->exit_code != exit_code::kNotYet) {
    words += " exitCode=" + std::to_string(attempt->exit_code);
  }
  if (application.record.diagnostics.empty()) return SharedText(std::move(words));
  std::string cause = CutMiddle(application.record.diagnostics, kLoggedDiagnosticsBytes);
  for (char& each : cause) {
    if (static_cast<unsigned char>(each) < ' ') each = ' ';
    if (each == '"') each = '\'';
  }
  return SharedText(words + " diagnostics=\"" + cause + "\"");
}

}  // namespace

Application* ResourceManagerCore::State::FindApplication(const ApplicationId& id) {
  const auto found = applications.find(id);
  return found == applications.end() ? nullptr : found->second.get();
}

const Application* ResourceManagerCore::State::FindApplication(const ApplicationId& id) const {
  const auto found = applications.find(id);
  return found == applications.end() ? nullptr : found->second.get();
}

bool ResourceManagerCore::State::Move(Application& application,
                                      ApplicationEvent event,
                                      uint64_t after_record) {
  const bool was_over = IsOver(application.state);
  const auto about = [&] { return std::pair{Subject(application.id()), EndWords(application)}; };
  if (!Apply(application_table, "application", application.state, event, about, after_record)) {
    return false;
  }
  if (!was_over && IsOver(application.state)) --live_applications;
  switch (application.state) {
    case RmApplicationState::kSubmitted:
      application.visible = ApplicationState::kSubmitted;
      break;
    case RmApplicationState::kAccepted:
      application.visible = ApplicationState::kAccepted;
      break;
    case RmApplicationState::kRunning:
      application.visible = ApplicationState::kRunning;
      break;
    case RmApplicationState::kNew:
    case RmApplicationState::kKilling:
    case RmApplicationState::kFinishing:
    case RmApplicationState::kFinished:
    case RmApplicationState::kFailed:
    case RmApplicationState::kKilled:
      break;  // visible once the final record is durable
  }
  Touch(application);
  return true;
}

void ResourceManagerCore::State::Touch(Application& application) {
  ++application.version;
  MarkWatched(application);
}

void ResourceManagerCore::State::MarkWatched(Application& application) {
  if (application.watchers.empty() || std::exchange(application.dirty, true)) return;
  dirty_applications.push_back(application.id());
}

void ResourceManagerCore::State::MarkMaybeDone(Application& application) {
  if (!std::exchange(application.maybe_done, true)) maybe_done.push_back(application.id());
}

void ResourceManagerCore::State::On(const SubmitApplication& event) {
  if (Status valid = ValidateSubmission(event); !valid.ok()) {
    return Answer(event.call, std::move(valid).error());
  }
  if (const auto known = idempotency_keys.find(event.idempotency_key);
      known != idempotency_keys.end()) {
    const Application& earlier = *FindApplication(known->second);
    if (earlier.record.user != event.user) {
      return Answer(event.call, KeyTaken(event.idempotency_key, "another user's application"));
    }
    if (earlier.record.context != event.context) {
      return Answer(event.call, KeyTaken(event.idempotency_key, "a different submission"));
    }
    return Answer(event.call, earlier.id(), earlier.submission_sequence);
  }
  auto admitted = Admit(event);
  if (!admitted.ok()) return Answer(event.call, std::move(admitted).error());
  std::unique_ptr<Application> application = std::move(admitted).value();
  const ApplicationId id = application->id();
  application->submission_sequence = Append({store::Put{application->record}});
  WhenStored(application->submission_sequence, SubmissionStored{id});
  Answer(event.call, id, application->submission_sequence);
  UseStagedFiles(*application, 1);
  if (application->record.lifetime > Duration(0)) {
    lifetime_deadlines.Set(id, now.monotonic + application->record.lifetime);
  }
  idempotency_keys.emplace(event.idempotency_key, id);
  applications.emplace(id, std::move(application));
  ++live_applications;
  ++counters.submitted;
}

Result<std::unique_ptr<Application>> ResourceManagerCore::State::Admit(
    const SubmitApplication& event) {
  const scheduler::Submitter submitter{event.user, event.groups};
  const SubmissionContext& context = event.context;
  WEIR_ASSIGN_OR_RETURN(std::string queue,
                        sched->PlaceApplication(context.queue, context.name, submitter));
  WEIR_RETURN_IF_ERROR(MaySubmit(submitter, queue));
  WEIR_RETURN_IF_ERROR(sched->CheckSubmission(queue, submitter));
  WEIR_ASSIGN_OR_RETURN(Resource am_resource, MasterResource(context, queue));
  WEIR_RETURN_IF_ERROR(CheckLabels(context, queue));
  if (live_applications >= options.live_applications) {
    return Error{ErrorCode::kResourceExhausted,
                 "there are " + std::to_string(live_applications) +
                     " live applications, and no more are taken",
                 "wait for some to end, or kill them"};
  }
  auto application = std::make_unique<Application>();
  // A priority of 0 is none asked for: the queue's default counts.
  const auto asked = context.priority == 0 ? std::nullopt : std::optional(context.priority);
  application->record = {.id = {epoch.cluster_timestamp, next_application++},
                         .idempotency_key = event.idempotency_key,
                         .user = event.user,
                         .queue = queue,
                         .context = context,
                         .submitted = now.wall,
                         .diagnostics = "",
                         .tracking_url = "",
                         .finished = {},
                         .priority = sched->PriorityFor(queue, submitter, asked, context.tags),
                         .lifetime = sched->LifetimeFor(queue, context.lifetime)};
  application->groups = event.groups;
  application->am_resource = std::move(am_resource);
  application->order = next_order++;
  application->charged_until = now.monotonic;
  return application;
}

Result<Resource> ResourceManagerCore::State::MasterResource(const SubmissionContext& context,
                                                            const std::string& queue) const {
  const scheduler::ResourceTypes& types = sched->types();
  const auto maximum = types.KnownPartsOf(sched->maximum_allocation(queue));
  auto rounded = types.Normalize(context.am_resource, maximum);
  if (rounded.ok()) return types.ToResource(*rounded);
  Error error = std::move(rounded).error();
  error.message = "the ApplicationMaster of \"" + context.name + "\": " + error.message;
  return error;
}

Status ResourceManagerCore::State::CheckLabels(const SubmissionContext& context,
                                               const std::string& queue) const {
  for (const std::string& label : {context.label, context.am_label}) {
    if (label.empty()) continue;
    if (!labels.contains(label)) {
      return Error{ErrorCode::kInvalidArgument,
                   "no node label \"" + label + "\" exists",
                   "see `weir rmadmin`; labels are added with -addToClusterNodeLabels"};
    }
    const scheduler::QueueSettings* settings = sched->configuration().Find(queue);
    const bool may_use =
        settings == nullptr || settings->every_label ||
        std::binary_search(settings->labels.begin(), settings->labels.end(), label);
    if (may_use) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "queue " + queue + " may not use nodes with the label \"" + label + "\"",
                 "name another queue or label; see accessible-node-labels of the queue"};
  }
  return {};
}

void ResourceManagerCore::State::OnSubmissionStored(Application& application) {
  if (!Move(application, ApplicationEvent::kStored)) return;
  // The queues may have changed meanwhile.
  const std::string& queue = application.record.queue;
  const scheduler::QueueSettings* settings = sched->configuration().Find(queue);
  Status fits = sched->CheckSubmission(queue, {application.record.user, application.groups});
  if (fits.ok() && settings != nullptr && !settings->leaf) {
    fits = Error{ErrorCode::kInvalidArgument, "queue " + queue + " is a parent now", ""};
  }
  if (!fits.ok()) return Reject(application, fits.error());
  if (Move(application, ApplicationEvent::kAccepted)) StartAttempt(application);
}

void ResourceManagerCore::State::Reject(Application& application, const Error& error) {
  const std::string why =
      "Application " + application.id().ToString() + " was rejected by its queue: " + error.message;
  const uint64_t sequence =
      StoreOutcome(application, {ApplicationState::kFailed, FinalStatus::kFailed, why, ""}, {});
  Move(application, ApplicationEvent::kRejected, sequence);
}

bool ResourceManagerCore::State::KillNow(Application& application, std::string diagnostics) {
  if (!Move(application, ApplicationEvent::kKill)) return false;
  queue_deadlines.Clear(application.id());
  ApplicationAttempt* attempt = application.current();
  if (attempt != nullptr) WithdrawAsks(*attempt);
  StoreOutcome(application,
               {ApplicationState::kKilled, FinalStatus::kKilled, std::move(diagnostics), ""},
               {});
  return true;
}

void ResourceManagerCore::State::OnLifetimeOver(Application& application) {
  KillNow(application,
          "Application " + application.id().ToString() + " exceeded its lifetime of " +
              std::to_string(ToMillis(application.record.lifetime) / 1000) + " s");
}

void ResourceManagerCore::State::On(const KillApplication& event) {
  Application* application = FindApplication(event.id);
  if (application == nullptr) return Answer(event.call, UnknownApplication(event.id));
  if (Status may =
          MayDo(OperationOf(event), *application, {event.user, event.groups}, event.may_administer);
      !may.ok()) {
    return Answer(event.call, std::move(may).error());
  }
  std::string diagnostics = "Application killed by user " + event.user;
  if (!event.diagnostics.empty()) diagnostics += ": " + event.diagnostics;
  KillNow(*application, std::move(diagnostics));
  AnswerKill(event.call, *application);
}

// What the caller hears is true once the final record is durable, and is not said before.
void ResourceManagerCore::State::AnswerKill(CallId call, Application& application) {
  ApplicationReport report = MakeReport(application, now);
  report.state = application.record.state;
  report.final_status = application.record.final_status;
  report.diagnostics = application.record.diagnostics;
  report.finished = application.record.finished;
  report.pending_reason = PendingReason::kNone;
  report.pending_detail.clear();
  Answer(call, std::move(report), application.final_sequence);
}

void ResourceManagerCore::State::On(const WatchApplication& event) {
  Application* application = FindApplication(event.id);
  if (application == nullptr) return Answer(event.call, UnknownApplication(event.id));
  const ParkedCall parked = Park(event.call, event.park, milliseconds(limits::kParkMillisMax));
  Wait(event.call, WaitingWatcher{event.id, event.known_version});
  watcher_polls.Set(event.call, parked.until);
  application->watchers.insert(event.call);
  watched.insert(event.id);
  MarkWatched(*application);
}

void ResourceManagerCore::State::OnQueueTimeout(Application& application) {
  ApplicationAttempt* attempt = application.current();
  if (attempt == nullptr || attempt->state != RmAttemptState::kScheduled) return;
  const auto [reason, detail] = Pending(application);
  const std::string why = "The ApplicationMaster got no container within " +
                          std::to_string(ToMillis(application.record.context.queue_timeout)) +
                          " ms in queue " + application.record.queue + ": " +
                          std::string(PendingReasonName(reason)) + ", " + detail;
  if (!Move(*attempt, AttemptEvent::kQueueTimeout)) return;
  attempt->diagnostics = why;
  CloseAttempt(*attempt, StopReason::kApplicationEnded, why);
  const uint64_t sequence =
      StoreOutcome(application, {ApplicationState::kFailed, FinalStatus::kFailed, why, ""}, {});
  Move(application, ApplicationEvent::kQueueTimeout, sequence);
}

uint64_t ResourceManagerCore::State::StoreOutcome(Application& application,
                                                  const Outcome& outcome,
                                                  std::vector<store::StoreOperation> also) {
  store::ApplicationRecord& record = application.record;
  record.state = outcome.state;
  record.final_status = outcome.final_status;
  record.diagnostics = CutMiddle(outcome.diagnostics, limits::kDiagnosticsBytes);
  record.tracking_url = outcome.tracking_url;
  record.finished = now.wall;
  also.insert(also.begin(), store::Put{record});
  application.final_sequence = Append(std::move(also));
  lifetime_deadlines.Clear(application.id());
  WhenStored(application.final_sequence, FinalStored{application.id()});
  return application.final_sequence;
}

void ResourceManagerCore::State::OnFinalStored(Application& application) {
  application.final_durable = true;
  application.visible = application.record.state;
  Move(application, ApplicationEvent::kFinalStored);
  switch (application.record.state) {
    case ApplicationState::kFinished:
      ++counters.finished;
      break;
    case ApplicationState::kFailed:
      ++counters.failed;
      break;
    case ApplicationState::kKilled:
      ++counters.killed;
      break;
    case ApplicationState::kNew:
    case ApplicationState::kSubmitted:
    case ApplicationState::kAccepted:
    case ApplicationState::kRunning:
      break;  // not final: StoreOutcome is never given these
  }
  Touch(application);
  if (ApplicationAttempt* attempt = application.current(); attempt != nullptr) {
    if (application.state == RmApplicationState::kKilled) {
      KillAttempt(application, *attempt);
    } else if (attempt->state == RmAttemptState::kFinishing) {
      // The AM itself gets the time until its deadline to end by itself.
      WithdrawAsks(*attempt);
      StopWorkers(*attempt, StopReason::kApplicationEnded);
    }
  }
  TellNodesFinished(application);
  MarkMaybeDone(application);
}

void ResourceManagerCore::State::TellNodesFinished(Application& application) {
  for (const int32_t index : application.nodes.All()) {
    TellNodeFinished(NodeAt(index), application.id());
  }
}

bool ResourceManagerCore::State::HoldsContainerOf(const Node& node, const ApplicationId& id) const {
  const auto stranger = node.strangers.lower_bound(ContainerId{{id, 0}, 0});
  if (stranger != node.strangers.end() && stranger->attempt.application == id) return true;
  for (int32_t i = node.containers.first; i >= 0; i = containers.at({i}).of_node.next) {
    if (containers.AttemptOf(containers.at({i}).application).application == id) return true;
  }
  return false;
}

void ResourceManagerCore::State::TellNodeFinished(Node& node, const ApplicationId& application) {
  if (HoldsContainerOf(node, application)) return;
  // A node that is away hears of it when it is back; one that took its leave starts clean.
  if (node.state == NodeState::kShutdown) return;
  if (node.finished_applications.size() >= kFinishedApplicationsPerNode) return;
  node.finished_applications.emplace(application, kUntold);
  MarkDirty(node);
}

void ResourceManagerCore::State::RetireIfDone(const ApplicationId& id) {
  Application* found = FindApplication(id);
  if (found == nullptr) return;
  Application& application = *found;
  application.maybe_done = false;
  if (application.retired || !application.final_durable || application.held_containers > 0) return;
  if (application.state == RmApplicationState::kFinishing) return;
  application.retired = true;
  StoreUsage(application);
  UseStagedFiles(application, -1);
  std::vector<std::string> unused = UnusedStagedFiles(application);
  if (!unused.empty()) Emit(ForgetStagedFiles{application.id(), std::move(unused)});
  NoteCompleted(application);
  DropOldestCompleted();
}

void ResourceManagerCore::State::NoteCompleted(const Application& application) {
  completed.emplace(application.record.finished, application.id());
  stored_completed.emplace(application.record.finished, application.id());
}

void ResourceManagerCore::State::DropRecords(Application& application) {
  const auto stored = stored_completed.find({application.record.finished, application.id()});
  if (stored == stored_completed.end()) return;
  stored_completed.erase(stored);
  std::vector<store::StoreOperation> batch = {
      store::Delete{store::ApplicationKey(application.id())}};
  for (const auto& attempt : application.attempts) {
    batch.push_back(store::Delete{store::AttemptKey(attempt->id)});
  }
  ForgetUsage(application, batch);
  application.usage_forgotten = true;
  Append(std::move(batch));
}

// Of what is stored and of what is remembered. A start reads what is stored, whatever there was.
void ResourceManagerCore::State::DropOldestCompleted() {
  const size_t stored_most =
      std::min(options.stored_completed_applications, options.completed_applications);
  while (stored_completed.size() > stored_most) {
    DropRecords(*FindApplication(ApplicationId(stored_completed.begin()->second)));
  }
  while (completed.size() > options.completed_applications) {
    const ApplicationId id = completed.begin()->second;
    completed.erase(completed.begin());
    Application& application = *FindApplication(id);
    DropRecords(application);
    idempotency_keys.erase(application.record.idempotency_key);
    const std::set<CallId> calls = application.watchers;
    for (const CallId call : calls) {
      Unpark(call);
      Answer(call, UnknownApplication(id));
    }
    while (application.ended > 0) {
      ForgetEnded(ContainerId(ended.lower_bound(ContainerId{{id, 0}, 0})->first));
    }
    applications.erase(id);
  }
}

}  // namespace weir::rm
