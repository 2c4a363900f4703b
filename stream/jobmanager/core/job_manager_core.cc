#include "stream/jobmanager/core/job_manager_core.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace weir::stream {
namespace {

constexpr Duration kPause = seconds(1);  // a deadline noticed so late tells of a pause of our own

Error NoSuchJob(const JobId& id) {
  return {ErrorCode::kNotFound,
          "no job '" + id.hex.substr(0, 64) + "' in this cluster",
          "list the jobs; ended ones are kept until " + std::to_string(kEndedJobsKept) +
              " newer ones have ended"};
}

}  // namespace

JobManagerCore::JobManagerCore(const JobManagerOptions& options)
    : options_(options), managers_(options.task_manager_expiry) {}

std::vector<JobManagerAction> JobManagerCore::Step(const JobManagerEvent& event, const Now& now) {
  now_ = now;
  actions_.clear();
  std::visit([this](const auto& one) { On(one); }, event);
  AssignSlots();
  managers_.FlushPolls(now.monotonic, actions_);
  AnswerWatchers();
  ForgetOldJobs();
  return std::exchange(actions_, {});
}

Instant JobManagerCore::NextDeadline() const {
  Instant next = managers_.NextDeadline();
  for (const auto& [number, job] : jobs_) {
    next = std::min({next, job->slot_deadline, job->cancel_deadline});
  }
  for (const Watcher& watcher : watchers_) next = std::min(next, watcher.deadline);
  return next;
}

// --- clients

void JobManagerCore::On(const SubmitJob& event) {
  const auto answer = [&](Result<JobId> result) {
    actions_.push_back(AnswerSubmission{event.call, std::move(result)});
  };
  const std::string& key = event.spec.idempotency_key;
  if (const auto known = by_key_.find(key); !key.empty() && known != by_key_.end()) {
    return answer(known->second);
  }
  if (stopping_) {
    return answer(Error{ErrorCode::kFailedPrecondition, "the cluster is being stopped", ""});
  }
  size_t live = 0;
  for (const auto& [number, job] : jobs_) live += IsTerminal(job->state()) ? 0u : 1u;
  if (live >= kLiveJobsMax) {
    return answer(Error{ErrorCode::kResourceExhausted,
                        "the cluster has " + std::to_string(live) + " jobs that have not ended",
                        "wait for some to end or start another session"});
  }
  if (by_id_.contains(event.id)) {
    return answer(Error{ErrorCode::kAlreadyExists, "job id " + event.id.hex + " exists", ""});
  }
  if (Status status = Job::Check(event.spec); !status.ok()) return answer(status.error());

  auto owned = std::make_unique<Job>(event.id, event.spec, now_);
  Job& job = *owned;
  const int64_t number = ++submissions_;
  jobs_.emplace(number, std::move(owned));
  by_id_.emplace(event.id, number);
  if (!key.empty()) by_key_.emplace(key, event.id);
  answer(event.id);
  actions_.push_back(JobChanged{job.id(), job.state(), job.state(), ""});
  if (auto paths = job.SourcePaths(); !paths.empty()) {
    actions_.push_back(ListSources{job.id(), std::move(paths)});
  } else {
    On(SourcesListed{job.id(), std::map<int32_t, std::vector<SourceFile>>{}});
  }
}

void JobManagerCore::On(const CancelJob& event) {
  Job* job = Find(event.id);
  if (job == nullptr) {
    actions_.push_back(AnswerCancel{event.call, NoSuchJob(event.id)});
    return;
  }
  Status result;
  if (IsTerminal(job->state())) {
    result = Error{
        ErrorCode::kFailedPrecondition,
        "job " + event.id.hex + " has ended already: " + std::string(PublicName(job->state())),
        ""};
  } else {
    Transition(*job, JobEvent::kCancelRequested);
  }
  actions_.push_back(AnswerCancel{event.call, std::move(result)});
}

void JobManagerCore::On(const WatchJob& event) {
  if (Find(event.id) == nullptr) {
    actions_.push_back(AnswerWatch{event.call, NoSuchJob(event.id)});
    return;
  }
  if (watchers_.size() >= kWatchersMax) {
    actions_.push_back(AnswerWatch{
        event.call, Error{ErrorCode::kResourceExhausted, "too many clients wait for jobs", ""}});
    return;
  }
  watchers_.push_back({event.call, event.id, event.known_version, now_.monotonic + event.park});
}

void JobManagerCore::On(const CallAbandoned& event) {
  std::erase_if(watchers_, [&](const Watcher& watcher) { return watcher.call == event.call; });
  managers_.Abandon(event.call);
}

void JobManagerCore::AnswerWatchers() {
  std::erase_if(watchers_, [this](const Watcher& watcher) {
    Job* job = Find(watcher.id);
    if (job == nullptr) {
      actions_.push_back(AnswerWatch{watcher.call, NoSuchJob(watcher.id)});
      return true;
    }
    const bool ready = job->version() > watcher.known_version || IsTerminal(job->state());
    if (!ready && now_.monotonic < watcher.deadline) return false;
    actions_.push_back(AnswerWatch{watcher.call, FullReport(*job)});
    job->end_seen = job->end_seen || IsTerminal(job->state());
    return true;
  });
}

// --- the shell and the ApplicationMaster

void JobManagerCore::On(const SourcesListed& event) {
  Job* job = Find(event.id);
  if (job == nullptr) return;
  if (job->state() != JobState::kInitializing) return;  // as the table says: it ended meanwhile
  if (!event.files.ok()) return Fail(*job, event.files.error().ToString());
  if (Status status = job->Schedule(*event.files); !status.ok()) {
    return Fail(*job, status.error().ToString());
  }
  Transition(*job, JobEvent::kSourcesListed);
}

void JobManagerCore::On(const WorkerEnded& event) {
  given_up_.erase(event.container);
  LoseWorker(event.container, event.cause, /*give_up=*/false);
  for (auto& [number, job] : jobs_) {
    if (job->unconfirmed.erase(event.container) > 0) Advance(*job);
  }
}

void JobManagerCore::On(const ShutDownWorker& event) {
  TaskManager* manager = managers_.Find(event.container);
  if (manager == nullptr || manager->shutting_down) return;
  manager->shutting_down = true;
  managers_.Send(event.container, ShutDown{});
  TouchWaitingJobs();
}

void JobManagerCore::On(const FailWaitingJobs& event) {
  for (auto& [number, job] : jobs_) {
    if (IsWaiting(job->state())) Fail(*job, event.cause);
  }
}

void JobManagerCore::On(const WorkersPlanned& event) {
  if (event.wanted == planned_.wanted && event.detail == planned_.detail) return;
  planned_ = event;
  TouchWaitingJobs();
}

void JobManagerCore::On(const WorkersWantedBack& event) {
  const std::set<ContainerId> before = std::exchange(wanted_back_, event.containers);
  for (auto& [number, job] : jobs_) {
    if (IsTerminal(job->state())) continue;
    const std::set<ContainerId> workers = job->Workers();
    if (std::any_of(workers.begin(), workers.end(), [&](const ContainerId& worker) {
          return before.contains(worker) != wanted_back_.contains(worker);
        })) {
      job->Touch();
    }
  }
}

void JobManagerCore::On(const StopJobs&) {
  stopping_ = true;
  for (auto& [number, job] : jobs_) {
    if (!IsTerminal(job->state())) Transition(*job, JobEvent::kCancelRequested);
  }
}

void JobManagerCore::On(const DeadlineReached&) {
  const Instant due = managers_.NextDeadline();
  if (due != kNever && now_.monotonic - due >= kPause) managers_.ForgiveAll(now_.monotonic);
  for (const ContainerId& container : managers_.Expired(now_.monotonic)) {
    LoseWorker(container,
               "nothing was heard from it for " +
                   std::to_string(ToMillis(options_.task_manager_expiry)) + " ms",
               /*give_up=*/true);
  }
  for (auto& [number, job] : jobs_) {
    if (job->slot_deadline <= now_.monotonic) {
      const std::string waiting = WaitingSentence(*job);
      job->slot_deadline = kNever;
      Fail(*job,
           "slots were missing for " + std::to_string(ToMillis(job->spec().slot_timeout)) +
               " ms: " + waiting);
    }
    CheckCancelDeadline(*job);
  }
}

// --- queries

Job* JobManagerCore::Find(const JobId& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : jobs_.at(found->second).get();
}

const Job* JobManagerCore::Find(const JobId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : jobs_.at(found->second).get();
}

std::vector<JobReport> JobManagerCore::Reports() const {
  std::vector<JobReport> reports;
  for (const auto& [number, job] : jobs_) reports.push_back(FullReport(*job));
  return reports;
}

Result<JobReport> JobManagerCore::Report(const JobId& id) const {
  const Job* job = Find(id);
  if (job == nullptr) return NoSuchJob(id);
  return FullReport(*job);
}

SlotSummary JobManagerCore::Slots() const {
  SlotSummary slots;
  for (const auto& [container, manager] : managers_.all()) {
    if (manager.shutting_down) continue;
    ++slots.task_managers;
    slots.slots_total += manager.slots;
    slots.slots_free += manager.free_slots();
  }
  for (const auto& [number, job] : jobs_) {
    if (!IsTerminal(job->state())) ++slots.jobs_live;
    if (IsWaiting(job->state())) slots.slots_waiting += job->slots_needed();
  }
  return slots;
}

std::vector<WorkerUse> JobManagerCore::Workers() const {
  std::vector<WorkerUse> workers;
  for (const auto& [container, manager] : managers_.all()) {
    workers.push_back({container, manager.slots, manager.used, manager.shutting_down});
  }
  return workers;
}

bool JobManagerCore::AllJobsEnded() const {
  return std::all_of(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return IsTerminal(entry.second->state());
  });
}

bool JobManagerCore::AllEndsSeen() const {
  return std::all_of(
      jobs_.begin(), jobs_.end(), [](const auto& entry) { return entry.second->end_seen; });
}

JobReport JobManagerCore::FullReport(const Job& job) const {
  JobReport report = job.Report();
  const SlotSummary slots = Slots();
  report.slots_ready =
      IsWaiting(job.state()) ? std::min(slots.slots_free, job.slots_needed()) : job.slots_needed();
  report.task_managers_ready = slots.task_managers;
  report.task_managers_wanted = std::max(planned_.wanted, slots.task_managers);
  report.waiting = WaitingSentence(job);
  return report;
}

std::string JobManagerCore::WaitingSentence(const Job& job) const {
  switch (job.state()) {
    case JobState::kInitializing:
      return "its input files are being listed";
    case JobState::kCreated: {
      const SlotSummary slots = Slots();
      std::string text = "waits for slots: " + std::to_string(job.slots_needed()) + " needed, " +
                         std::to_string(std::min(slots.slots_free, job.slots_needed())) +
                         " ready; TaskManagers: " +
                         std::to_string(std::max(planned_.wanted, slots.task_managers)) +
                         " wanted, " + std::to_string(slots.task_managers) + " ready";
      if (!planned_.detail.empty()) text += "; " + planned_.detail;
      return text;
    }
    case JobState::kCommitting:
      if (job.cleaning) return "its hidden files are being deleted";
      return "its results are being published; TaskManagers still at it: " +
             std::to_string(job.pending_commits.size());
    case JobState::kFailing:
    case JobState::kCancelling:
      if (job.cleaning) return "what it wrote is being deleted";
      return "its tasks are ending on " +
             std::to_string(job.UnendedWorkers().size() + job.unconfirmed.size()) + " TaskManagers";
    case JobState::kRunning:
      return WantedBackSentence(job);
    case JobState::kFinished:
    case JobState::kFailed:
    case JobState::kCanceled:
      return "";
  }
  return "";
}

std::string JobManagerCore::WantedBackSentence(const Job& job) const {
  std::string names;
  int64_t count = 0;
  for (const ContainerId& worker : job.Workers()) {
    if (!wanted_back_.contains(worker)) continue;
    if (++count == 1) names = worker.ToString();
  }
  if (count == 0) return "";
  if (count > 1) names += " and " + std::to_string(count - 1) + " more";
  return "the scheduler takes back TaskManagers of it for other queues or users: " + names +
         "; it fails when they are stopped, unless it ends or they are no longer wanted before";
}

}  // namespace weir::stream
