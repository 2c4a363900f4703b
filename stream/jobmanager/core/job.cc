#include "stream/jobmanager/core/job.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "common/strings.h"

namespace weir::stream {

Job::Job(JobId id, JobSpec spec, const Now& now)
    : id_(std::move(id)), spec_(std::move(spec)), started_(now.wall) {
  for (const JobVertex& vertex : spec_.graph.vertices) {
    first_task_.push_back(tasks_.size());
    for (int32_t subtask = 0; subtask < vertex.parallelism; ++subtask) {
      Task task;
      task.vertex = vertex.id;
      task.subtask = subtask;
      task.execution_id =
          id_.hex + "_" + std::to_string(vertex.id) + "_" + std::to_string(subtask) + "_0";
      by_execution_.emplace(task.execution_id, tasks_.size());
      tasks_.push_back(std::move(task));
    }
  }
}

Status Job::Check(const JobSpec& spec) {
  WEIR_RETURN_IF_ERROR(spec.graph.Validate());
  size_t tasks = 0;
  for (const JobVertex& vertex : spec.graph.vertices) {
    tasks += static_cast<size_t>(vertex.parallelism);
  }
  if (tasks > kTasksPerJobMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "job '" + spec.name + "' has " + std::to_string(tasks) + " tasks",
                 "at most " + std::to_string(kTasksPerJobMax) + "; lower the parallelism"};
  }
  return {};
}

TransitionKind Job::Apply(JobEvent event, const Now& now) {
  const auto transition = FindTransition(JobTransitions(), state_, event);
  if (transition.kind != TransitionKind::kAllowed) return transition.kind;
  state_ = transition.to;
  if (IsTerminal(state_)) finished_ = now.wall;
  Touch();
  return transition.kind;
}

void Job::NoteFailure(const std::string& cause, bool inherited) {
  if (!failure_.empty() && (inherited || !failure_inherited_)) return;
  failure_ = CutMiddle(cause.empty() ? "no cause was given" : cause, limits::kDiagnosticsBytes);
  failure_inherited_ = inherited;
  Touch();
}

std::map<int32_t, std::vector<std::string>> Job::SourcePaths() const {
  std::map<int32_t, std::vector<std::string>> paths;
  for (const JobVertex& vertex : spec_.graph.vertices) {
    if (vertex.source == SourceKind::kTextFiles) paths[vertex.id] = vertex.source_paths;
  }
  return paths;
}

Status Job::Schedule(const std::map<int32_t, std::vector<SourceFile>>& files) {
  for (const auto& [id, paths] : SourcePaths()) {
    const auto found = files.find(id);
    const size_t count = found == files.end() ? 0 : found->second.size();
    if (count == 0 || count > kSourceFilesMax) {
      return Error{ErrorCode::kInvalidArgument,
                   "the input " + Join(paths, ", ") + " has " + std::to_string(count) + " files",
                   "from 1 to " + std::to_string(kSourceFilesMax) + " files can be read"};
    }
    const JobVertex& vertex = spec_.graph.vertices[static_cast<size_t>(id)];
    auto splits = CutSplits(found->second, vertex.parallelism);
    for (int32_t subtask = 0; subtask < vertex.parallelism; ++subtask) {
      tasks_[IndexOf(id, subtask)].splits = std::move(splits[static_cast<size_t>(subtask)]);
    }
  }
  for (Task& task : tasks_) ApplyToTask(task, TaskEvent::kSchedule);
  return {};
}

size_t Job::IndexOf(int32_t vertex, int32_t subtask) const {
  return first_task_[static_cast<size_t>(vertex)] + static_cast<size_t>(subtask);
}

void Job::ApplyToTask(Task& task, TaskEvent event) {
  const auto transition = FindTransition(TaskTransitions(), task.state, event);
  if (transition.kind != TransitionKind::kAllowed) return;
  task.state = transition.to;
  Touch();
}

void Job::Assign(std::vector<ContainerId> slots) {
  WEIR_CHECK(slots.size() == static_cast<size_t>(slots_needed()), "one slot per subtask");
  slots_ = std::move(slots);
  for (Task& task : tasks_) {
    task.worker = slots_[static_cast<size_t>(task.subtask)];
    ApplyToTask(task, TaskEvent::kDeploy);
  }
}

std::vector<std::pair<ContainerId, DeployTask>> Job::TakeDeployments() {
  std::vector<std::pair<ContainerId, DeployTask>> deployments;
  for (auto task = tasks_.rbegin(); task != tasks_.rend(); ++task) {
    if (task->state != TaskState::kDeploying) continue;
    DeployTask deploy{id_, task->execution_id, task->vertex, task->subtask, {}};
    deploy.splits = std::move(task->splits);
    task->splits.clear();
    deployments.emplace_back(task->worker, std::move(deploy));
  }
  return deployments;
}

std::string Job::Describe(const Task& task) const {
  const JobVertex& vertex = spec_.graph.vertices[static_cast<size_t>(task.vertex)];
  return "task '" + vertex.Name() + "' (" + std::to_string(task.subtask + 1) + "/" +
         std::to_string(vertex.parallelism) + ") on " + task.worker.ToString();
}

void Job::TakeReport(const ContainerId& from, const TaskReport& report) {
  const auto found = by_execution_.find(report.execution_id);
  if (found == by_execution_.end()) return;
  Task& task = tasks_[found->second];
  if (task.worker != from || IsTerminal(task.state)) return;
  if (task.counters != report.counters) {
    task.counters = report.counters;
    Touch();
  }
  if (!report.event) return;
  const bool unasked =
      *report.event == TaskEvent::kReportedCanceled && task.state != TaskState::kCanceling;
  ApplyToTask(task, *report.event);
  if (task.state == TaskState::kFailed) {
    NoteFailure(Describe(task) + " failed: " +
                    (unasked ? "its TaskManager cancelled it without being asked" : report.failure),
                report.failure.starts_with(kInheritedFailure));
  }
  if (task.state == TaskState::kFinished) {
    const size_t room = kOutputsMax - outputs_.size();
    const auto count = static_cast<std::ptrdiff_t>(std::min(room, report.outputs.size()));
    outputs_.insert(outputs_.end(), report.outputs.begin(), report.outputs.begin() + count);
  }
}

void Job::CancelTasks() {
  for (Task& task : tasks_) ApplyToTask(task, TaskEvent::kCancel);
}

void Job::DropSlots(const ContainerId& worker) {
  std::erase(slots_, worker);
}

void Job::LoseWorker(const ContainerId& worker, const std::string& cause) {
  for (Task& task : tasks_) {
    if (task.worker == worker) ApplyToTask(task, TaskEvent::kWorkerLost);
  }
  NoteFailure(cause);
}

bool Job::AllTasksFinished() const {
  return std::all_of(tasks_.begin(), tasks_.end(), [](const Task& task) {
    return task.state == TaskState::kFinished;
  });
}

std::set<ContainerId> Job::ActiveWorkers() const {
  std::set<ContainerId> workers;
  for (const Task& task : tasks_) {
    if (!IsTerminal(task.state)) workers.insert(task.worker);
  }
  return workers;
}

std::set<ContainerId> Job::UnendedWorkers() const {
  std::set<ContainerId> workers = ActiveWorkers();
  workers.insert(pending_commits.begin(), pending_commits.end());
  return workers;
}

std::vector<std::string> Job::OutputDirectories() const {
  std::set<std::string> directories;
  for (const JobVertex& vertex : spec_.graph.vertices) {
    if (vertex.sink == SinkKind::kTextFiles) directories.insert(vertex.sink_path);
  }
  return {directories.begin(), directories.end()};
}

void Job::NoteLeftovers(const std::string& leftovers) {
  failure_ = CutMiddle(failure_ + "; what it wrote is not all deleted: " + leftovers,
                       limits::kDiagnosticsBytes);
  Touch();
}

JobReport Job::Report() const {
  JobReport report;
  report.id = id_;
  report.name = spec_.name;
  report.state = state_;
  report.started = started_;
  report.finished = finished_;
  report.slots_needed = slots_needed();
  report.version = version_;
  if (state_ == JobState::kFailed || state_ == JobState::kFailing) report.failure = failure_;
  if (state_ == JobState::kFinished) {
    report.outputs = outputs_;
    std::sort(report.outputs.begin(), report.outputs.end());
  }
  for (const JobVertex& vertex : spec_.graph.vertices) {
    VertexReport one;
    one.id = vertex.id;
    one.name = vertex.Name();
    one.parallelism = vertex.parallelism;
    for (int32_t subtask = 0; subtask < vertex.parallelism; ++subtask) {
      const Task& task = tasks_[IndexOf(vertex.id, subtask)];
      ++one.tasks[task.state];
      one.counters.records_in += task.counters.records_in;
      one.counters.records_out += task.counters.records_out;
      one.counters.bytes_in += task.counters.bytes_in;
      one.counters.bytes_out += task.counters.bytes_out;
    }
    if (vertex.source != SourceKind::kNone) report.source_records += one.counters.records_in;
    report.vertices.push_back(std::move(one));
  }
  return report;
}

}  // namespace weir::stream
