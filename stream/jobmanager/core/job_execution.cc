// The part of JobManagerCore that moves jobs: slots, deployment, reports, commits, ends, losses.
#include <algorithm>
#include <utility>

#include "common/check.h"
#include "stream/jobmanager/core/job_manager_core.h"

namespace weir::stream {

// --- TaskManagers

void JobManagerCore::On(const RegisterTaskManager& event) {
  if (given_up_.contains(event.container)) {
    actions_.push_back(
        AnswerRegistration{event.call,
                           Error{ErrorCode::kFailedPrecondition,
                                 "TaskManager " + event.container.ToString() + " was given up",
                                 "it must exit; another container takes its place"}});
    return;
  }
  const bool is_new = managers_.Find(event.container) == nullptr;
  Result<TaskManagerSession> session = managers_.Register(event, now_.monotonic);
  const bool accepted = session.ok();
  actions_.push_back(AnswerRegistration{event.call, std::move(session)});
  if (!accepted || !is_new) return;
  actions_.push_back(WorkerRegistered{event.container, event.slots});
  TouchWaitingJobs();
}

void JobManagerCore::On(const PollTaskManager& event) {
  if (managers_.Poll(event, now_.monotonic, actions_) != TaskManagerTable::PollKind::kNew) return;
  const ContainerId container = managers_.FindSession(event.session)->container;
  std::set<JobId> touched;
  for (const TaskReport& report : event.tasks) {
    Job* job = Find(report.job);
    if (job == nullptr || IsTerminal(job->state())) continue;
    job->TakeReport(container, report);
    touched.insert(report.job);
  }
  for (const CommitReport& report : event.commits) {
    Job* job = Find(report.job);
    if (job == nullptr || job->pending_commits.erase(container) == 0) continue;
    job->Touch();
    if (!report.failure.empty() && job->state() == JobState::kCommitting) {
      Fail(*job, "publishing results failed on " + container.ToString() + ": " + report.failure);
    }
    touched.insert(report.job);
  }
  for (const JobId& id : touched) Advance(*Find(id));
}

void JobManagerCore::LoseWorker(const ContainerId& container,
                                const std::string& cause,
                                bool give_up) {
  const TaskManager* manager = managers_.Find(container);
  if (manager == nullptr) return;
  const std::string sentence = "TaskManager " + container.ToString() + " at " +
                               manager->data_address.ToString() + " was lost: " + cause;
  managers_.Remove(container, Error{ErrorCode::kFailedPrecondition, sentence, "exit"}, actions_);
  if (give_up && given_up_.size() < kTaskManagersMax) given_up_.insert(container);
  if (give_up) actions_.push_back(WorkerGivenUp{container, cause});
  for (auto& [number, job] : jobs_) {
    if (IsTerminal(job->state()) || !job->Workers().contains(container)) continue;
    job->DropSlots(container);
    if (give_up && job->UnendedWorkers().contains(container)) job->unconfirmed.insert(container);
    const bool was_committing = job->state() == JobState::kCommitting;
    const bool was_pending = job->pending_commits.erase(container) > 0;
    if (was_committing && !was_pending) continue;  // its results are published
    job->LoseWorker(container, sentence);
    Transition(*job, JobEvent::kFailure);
    Advance(*job);
  }
  TouchWaitingJobs();
}

void JobManagerCore::TouchWaitingJobs() {
  for (auto& [number, job] : jobs_) {
    if (IsWaiting(job->state())) job->Touch();
  }
}

// --- slots

void JobManagerCore::AssignSlots() {
  for (auto& [number, job] : jobs_) {
    if (job->state() != JobState::kCreated) continue;
    if (managers_.FreeSlots() < job->slots_needed()) continue;
    job->Assign(TakeSlots(job->slots_needed()));
    Transition(*job, JobEvent::kSlotsAssigned);
    TouchWaitingJobs();
  }
}

std::vector<ContainerId> JobManagerCore::TakeSlots(int32_t count) {
  std::vector<ContainerId> slots;
  for (auto& [container, manager] : managers_.all()) {
    while (static_cast<int32_t>(slots.size()) < count && manager.free_slots() > 0) {
      ++manager.used;
      slots.push_back(container);
    }
  }
  return slots;
}

// --- the life of a job

void JobManagerCore::Fail(Job& job, const std::string& cause) {
  job.NoteFailure(cause);
  Transition(job, JobEvent::kFailure);
}

void JobManagerCore::Transition(Job& job, JobEvent event) {
  const JobState from = job.state();
  const TransitionKind kind = job.Apply(event, now_);
  WEIR_CHECK(
      kind != TransitionKind::kInvalid,
      std::string(JobStateName(from)) + " has no answer to " + std::string(JobEventName(event)));
  if (kind != TransitionKind::kAllowed) return;
  actions_.push_back(JobChanged{job.id(), from, job.state(), job.failure()});
  Enter(job);
}

void JobManagerCore::Enter(Job& job) {
  job.slot_deadline = kNever;
  job.cancel_deadline = kNever;
  switch (job.state()) {
    case JobState::kInitializing:
      break;
    case JobState::kCreated:
      if (job.spec().slot_timeout > Duration{0}) {
        job.slot_deadline = now_.monotonic + job.spec().slot_timeout;
      }
      break;
    case JobState::kRunning:
      Deploy(job);
      break;
    case JobState::kCommitting:
      StartCommit(job);
      break;
    case JobState::kFailing:
    case JobState::kCancelling:
      EndTasks(job);
      break;
    case JobState::kFinished:
    case JobState::kFailed:
    case JobState::kCanceled:
      End(job);
      break;
  }
}

void JobManagerCore::Advance(Job& job) {
  switch (job.state()) {
    case JobState::kInitializing:
    case JobState::kCreated:
    case JobState::kFinished:
    case JobState::kFailed:
    case JobState::kCanceled:
      return;
    case JobState::kRunning: {
      const auto failed = [](const Task& task) { return task.state == TaskState::kFailed; };
      if (std::any_of(job.tasks().begin(), job.tasks().end(), failed)) {
        Transition(job, JobEvent::kFailure);
      } else if (job.AllTasksFinished()) {
        Transition(job, JobEvent::kTasksFinished);
      }
      return;
    }
    case JobState::kCommitting:
      if (job.pending_commits.empty()) Clean(job);
      return;
    case JobState::kFailing:
    case JobState::kCancelling:
      if (job.UnendedWorkers().empty() && job.unconfirmed.empty()) Clean(job);
      return;
  }
}

void JobManagerCore::Deploy(Job& job) {
  auto information = std::make_shared<JobInformation>();
  information->job = job.id();
  information->library_sha256 = job.spec().library_sha256;
  information->library_size = job.spec().library_size;
  information->arguments = job.spec().arguments;
  information->graph_sha256 = job.spec().graph_sha256;
  information->parallelism = job.spec().parallelism;
  information->configuration = job.spec().configuration;
  for (const Task& task : job.tasks()) {
    const TaskManager* manager = managers_.Find(task.worker);
    WEIR_CHECK(manager != nullptr, "slots are those of registered TaskManagers");
    information->locations.push_back(
        {task.vertex, task.subtask, task.execution_id, manager->data_address});
  }
  for (const ContainerId& worker : job.Workers()) managers_.Send(worker, PrepareJob{information});
  for (auto& [worker, deploy] : job.TakeDeployments()) managers_.Send(worker, std::move(deploy));
}

void JobManagerCore::StartCommit(Job& job) {
  job.pending_commits = job.Workers();
  for (const ContainerId& worker : job.pending_commits) {
    managers_.Send(worker, CommitResults{job.id()});
  }
}

void JobManagerCore::EndTasks(Job& job) {
  job.cancel_deadline = now_.monotonic + options_.cancel_timeout;
  job.CancelTasks();
  for (const ContainerId& worker : job.ActiveWorkers()) {
    managers_.Send(worker, CancelTasks{job.id()});
  }
  Advance(job);
}

// When a TaskManager does not say that it has ended its part, it is given up; when its container is
// not said to have ended either, we stop waiting for it.
void JobManagerCore::CheckCancelDeadline(Job& job) {
  if (job.cancel_deadline > now_.monotonic) return;
  const std::set<ContainerId> unended = job.UnendedWorkers();
  job.cancel_deadline = unended.empty() ? kNever : now_.monotonic + options_.cancel_timeout;
  for (const ContainerId& container : unended) {
    LoseWorker(container,
               "it did not end its cancelled tasks within " +
                   std::to_string(ToMillis(options_.cancel_timeout)) + " ms",
               /*give_up=*/true);
  }
  if (!unended.empty()) return;
  job.unconfirmed.clear();
  Advance(job);
}

// Who can still write there has ended: the hidden files go, and before a bad end the results too.
void JobManagerCore::Clean(Job& job) {
  if (job.cleaning) return;
  job.cleaning = true;
  job.cancel_deadline = kNever;
  job.Touch();
  if (auto clean = CleaningOf(job); !clean.directories.empty()) {
    actions_.push_back(std::move(clean));
  } else {
    On(OutputsCleaned{job.id(), ""});
  }
}

CleanOutputs JobManagerCore::CleaningOf(const Job& job) const {
  // Once all have published, the job is as good as FINISHED.
  const bool committed = job.state() == JobState::kCommitting && job.cleaning;
  return {job.id(), job.OutputDirectories(), committed};
}

void JobManagerCore::On(const OutputsCleaned& event) {
  Job* job = Find(event.id);
  if (job == nullptr || !job->cleaning) return;
  job->cleaning = false;
  if (job->state() == JobState::kCommitting) return Transition(*job, JobEvent::kCommitted);
  if (!event.failure.empty()) job->NoteLeftovers(event.failure);
  Transition(*job, JobEvent::kCleanedUp);
}

std::vector<CleanOutputs> JobManagerCore::Unclean() const {
  std::vector<CleanOutputs> unclean;
  for (const auto& [number, job] : jobs_) {
    if (IsTerminal(job->state()) || IsWaiting(job->state())) continue;
    if (auto clean = CleaningOf(*job); !clean.directories.empty()) {
      unclean.push_back(std::move(clean));
    }
  }
  return unclean;
}

void JobManagerCore::End(Job& job) {
  job.CancelTasks();  // those never deployed
  for (const ContainerId& worker : job.slots()) {
    if (TaskManager* manager = managers_.Find(worker); manager != nullptr) --manager->used;
  }
  for (const ContainerId& worker : job.Workers()) managers_.Send(worker, ReleaseTasks{job.id()});
  ended_.push_back(job.id());
}

void JobManagerCore::ForgetOldJobs() {
  while (ended_.size() > kEndedJobsKept) {
    const auto by_id = by_id_.find(ended_.front());
    const auto job = jobs_.find(by_id->second);
    by_key_.erase(job->second->spec().idempotency_key);
    jobs_.erase(job);
    by_id_.erase(by_id);
    ended_.pop_front();
  }
}

}  // namespace weir::stream
