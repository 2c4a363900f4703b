#include "stream/taskmanager/core/task_manager_core.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace weir::stream::taskmanager {

TaskManagerCore::TaskManagerCore(Instant now) : now_(now), heard_(now), retry_at_(now) {}

std::vector<Action> TaskManagerCore::Step(const Event& event, Instant now) {
  now_ = now;
  if (link_ == Link::kOver) return {};
  std::visit([this](const auto& each) { On(each); }, event);
  Converse();
  return std::exchange(actions_, {});
}

Instant TaskManagerCore::NextDeadline() const {
  if (link_ == Link::kOver) return kNever;
  Instant next = heard_ + expiry_;
  if (link_ == Link::kRegister || link_ == Link::kIdle) next = std::min(next, retry_at_);
  return std::min(next, sample_at_);
}

// --- the conversation

void TaskManagerCore::Converse() {
  if (link_ == Link::kOver) return;
  if (now_ >= heard_ + expiry_) {
    return End(
        1,
        "nothing was heard from the JobManager for " + std::to_string(ToMillis(expiry_)) + " ms");
  }
  switch (link_) {
    case Link::kRegister:
      if (now_ < retry_at_) return;
      link_ = Link::kRegistering;
      actions_.push_back(SendRegister{});
      return;
    case Link::kIdle:
      if (now_ < retry_at_) return;
      link_ = Link::kPolling;
      interrupted_ = false;
      actions_.push_back(SendPoll{NextRequest()});
      return;
    case Link::kPolling:
      // Only a poll that may be parked is worth interrupting, and only once.
      if (!HasNews() || interrupted_ || in_flight_->park == Duration{0}) return;
      interrupted_ = true;
      actions_.push_back(InterruptPoll{});
      return;
    case Link::kRegistering:
    case Link::kOver:
      return;
  }
}

PollRequest TaskManagerCore::NextRequest() {
  if (in_flight_) {
    in_flight_->park = Duration{0};  // again, and quickly: more may wait behind it
    return *in_flight_;
  }
  PollRequest request;
  request.session = session_;
  request.sequence = ++sequence_;
  request.tasks = std::exchange(strays_, {});
  for (auto* set : {&changed_, &counted_}) {
    while (!set->empty() && request.tasks.size() < kReportsPerPoll) {
      const std::string execution = *set->begin();
      changed_.erase(execution);
      counted_.erase(execution);
      request.tasks.push_back(tasks_.at(execution).report);
    }
  }
  request.commits = std::exchange(commits_, {});
  if (HasNews()) {
    request.park = Duration{0};
  } else {
    request.park = active_ > 0 ? kActivePark : std::min<Duration>(kIdlePark, expiry_ / 3);
  }
  in_flight_ = request;
  return request;
}

void TaskManagerCore::Retry() {
  retry_at_ = now_ + retry_delay_;
  retry_delay_ = std::min<Duration>(retry_delay_ * 2, kRetryMax);
}

void TaskManagerCore::End(int code, const std::string& cause) {
  link_ = Link::kOver;
  for (const auto& [execution, task] : tasks_) {
    if (!IsTerminal(task.state) && task.state != TaskState::kScheduled) {
      actions_.push_back(CancelTask{execution});
    }
  }
  actions_.push_back(Exit{code, cause});
}

void TaskManagerCore::On(const Registered& event) {
  session_ = event.session;
  sequence_ = 0;
  in_flight_.reset();
  if (event.expiry > Duration{0}) expiry_ = event.expiry;
  heard_ = retry_at_ = now_;
  retry_delay_ = kRetryFirst;
  link_ = Link::kIdle;
  // A JobManager that does not know us does not know what we told before.
  for (const auto& [execution, task] : tasks_) {
    if (task.state != TaskState::kScheduled) changed_.insert(execution);
  }
}

void TaskManagerCore::On(const RegisterFailed& event) {
  const bool transient = event.error.code == ErrorCode::kUnavailable ||
                         event.error.code == ErrorCode::kDeadlineExceeded;
  if (!transient) return End(1, "the JobManager refuses us: " + event.error.ToString());
  link_ = Link::kRegister;
  Retry();
}

void TaskManagerCore::On(const PollAnswered& event) {
  link_ = Link::kIdle;
  if (!in_flight_ || event.sequence != in_flight_->sequence) return Retry();
  heard_ = retry_at_ = now_;
  retry_delay_ = kRetryFirst;
  in_flight_.reset();
  for (const Command& command : event.commands) {
    std::visit([this](const auto& each) { Obey(each); }, command);
    if (link_ == Link::kOver) return;
  }
}

void TaskManagerCore::On(const PollFailed& event) {
  const ErrorCode code = event.error.code;
  const bool transient = code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded ||
                         code == ErrorCode::kAborted;
  if (code == ErrorCode::kResync) {
    link_ = Link::kRegister;
    retry_at_ = now_;
    return;
  }
  if (!transient) return End(1, "the JobManager refuses us: " + event.error.ToString());
  link_ = Link::kIdle;
  if (interrupted_) {
    retry_at_ = now_;
  } else {
    Retry();
  }
}

void TaskManagerCore::On(const TimePassed&) {
  if (now_ < sample_at_) return;
  sample_at_ = active_ > 0 ? now_ + kSampleInterval : kNever;
  if (active_ > 0) actions_.push_back(SampleCounters{});
}

void TaskManagerCore::On(const CountersSampled& event) {
  for (const auto& [execution, counters] : event.by_execution) {
    const auto task = tasks_.find(execution);
    if (task == tasks_.end() || IsTerminal(task->second.state)) continue;
    if (task->second.report.counters == counters) continue;
    task->second.report.counters = counters;
    counted_.insert(execution);
  }
}

// --- tasks

void TaskManagerCore::Apply(Task& task, TaskEvent event, const std::string& failure) {
  const auto transition = FindTransition(TaskTransitions(), task.state, event);
  WEIR_CHECK(transition.kind != TransitionKind::kInvalid,
             std::string(TaskStateName(task.state)) + " has no answer to " +
                 std::string(TaskEventName(event)));
  if (transition.kind != TransitionKind::kAllowed) return;
  const bool was_reported = transition.to != TaskState::kCanceling;
  task.state = transition.to;
  if (IsTerminal(task.state)) --active_;
  actions_.push_back(
      Note{task.deploy.execution, "task is " + std::string(TaskStateName(task.state)), failure});
  if (!was_reported) return;
  task.report.state = task.state;
  task.report.failure = failure;
  changed_.insert(task.deploy.execution);
}

void TaskManagerCore::On(const TaskRunning& event) {
  const auto task = tasks_.find(event.execution);
  if (task != tasks_.end()) Apply(task->second, TaskEvent::kRunning, "");
}

void TaskManagerCore::On(const TaskEnded& event) {
  const auto found = tasks_.find(event.execution);
  if (found == tasks_.end()) return;
  Task& task = found->second;
  task.report.counters = event.counters;
  task.report.outputs = event.outputs;
  Apply(task, event.end, event.failure);
  ForgetIfOver(std::string(task.deploy.job));
}

void TaskManagerCore::On(const JobPrepared& event) {
  const auto found = jobs_.find(event.job);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  job.state = event.failure.empty() ? JobState::kReady : JobState::kUnusable;
  job.failure = event.failure;
  for (const std::string& execution : job.tasks) {
    Task& task = tasks_.at(execution);
    if (task.state != TaskState::kScheduled) continue;
    if (job.state == JobState::kReady) {
      Apply(task, TaskEvent::kStart, "");
      actions_.push_back(StartTask{task.deploy});
    } else {
      Apply(task, TaskEvent::kFailed, job.failure);
    }
  }
  ForgetIfOver(event.job);
}

void TaskManagerCore::On(const CommitDone& event) {
  commits_.push_back({event.job, event.failure});
}

// --- commands

void TaskManagerCore::Obey(const JobInformation& command) {
  if (jobs_.contains(command.job)) return;  // told again
  if (jobs_.size() >= kJobsMax) {
    actions_.push_back(Note{command.job, "job refused", "too many jobs in this TaskManager"});
    return;
  }
  jobs_.emplace(command.job, Job{});
  actions_.push_back(PrepareJob{command});
}

void TaskManagerCore::Obey(const DeployTask& command) {
  if (tasks_.contains(command.execution)) return;  // told again
  const auto job = jobs_.find(command.job);
  if (job == jobs_.end() || job->second.released) {
    return Refuse(command, "job " + command.job + " is not known to this TaskManager");
  }
  if (tasks_.size() >= kTasksMax) return Refuse(command, "too many tasks in this TaskManager");
  Task& task = tasks_[command.execution];
  task.deploy = command;
  task.report.job = command.job;
  task.report.execution = command.execution;
  job->second.tasks.insert(command.execution);
  ++active_;
  sample_at_ = std::min(sample_at_, now_ + kSampleInterval);
  if (job->second.state == JobState::kUnusable) {
    Apply(task, TaskEvent::kFailed, job->second.failure);
  } else if (job->second.state == JobState::kReady) {
    Apply(task, TaskEvent::kStart, "");
    actions_.push_back(StartTask{command});
  }
}

void TaskManagerCore::Refuse(const DeployTask& command, const std::string& failure) {
  TaskReport report;
  report.job = command.job;
  report.execution = command.execution;
  report.state = TaskState::kFailed;
  report.failure = failure;
  actions_.push_back(Note{command.execution, "task refused", failure});
  strays_.push_back(std::move(report));
}

void TaskManagerCore::CancelAll(Job& job) {
  for (const std::string& execution : job.tasks) {
    Task& task = tasks_.at(execution);
    const TaskState before = task.state;
    Apply(task, TaskEvent::kCancel, "");
    if (before != task.state && task.state == TaskState::kCanceling) {
      actions_.push_back(CancelTask{execution});
    }
  }
}

void TaskManagerCore::Obey(const CancelJob& command) {
  const auto job = jobs_.find(command.job);
  if (job != jobs_.end()) CancelAll(job->second);
}

void TaskManagerCore::Obey(const CommitJob& command) {
  if (jobs_.contains(command.job)) {
    actions_.push_back(PublishResults{command.job});
  } else {
    commits_.push_back({command.job, "job " + command.job + " is not known to this TaskManager"});
  }
}

void TaskManagerCore::Obey(const ReleaseJob& command) {
  const auto job = jobs_.find(command.job);
  if (job == jobs_.end()) return;
  job->second.released = true;
  CancelAll(job->second);
  ForgetIfOver(command.job);
}

void TaskManagerCore::Obey(const ShutDown&) {
  End(0, "the JobManager said so");
}

void TaskManagerCore::ForgetIfOver(const std::string& id) {
  const auto job = jobs_.find(id);
  if (job == jobs_.end() || !job->second.released) return;
  // A preparation under way refers to the job: its end comes first.
  if (job->second.state == JobState::kPreparing) return;
  for (const std::string& execution : job->second.tasks) {
    if (!IsTerminal(tasks_.at(execution).state)) return;
  }
  for (const std::string& execution : job->second.tasks) {
    tasks_.erase(execution);
    changed_.erase(execution);
    counted_.erase(execution);
  }
  actions_.push_back(ForgetJob{id});
  jobs_.erase(job);
}

}  // namespace weir::stream::taskmanager
