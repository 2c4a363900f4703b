#include "stream/taskmanager/server/task_manager_server.h"

#include <unistd.h>

#include <utility>

#include "common/check.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/log.h"

namespace weir::stream::taskmanager {
namespace {

using platform::MutexLock;

constexpr char kBindHost[] = "127.0.0.1";  // loopback, until connections are encrypted
constexpr int kFetchTries = 3;

DataExchangeOptions ExchangeOptions(const TaskManagerOptions& options) {
  return {.secret = options.secret,
          .name = options.container,
          .bind_host = kBindHost,
          .ports = options.data_ports};
}

Counters CountersOf(const Task& task) {
  const RecordCounters& counters = task.counters();
  return {counters.records_in, counters.records_out, counters.bytes_in, counters.bytes_out};
}

TaskEvent EventOf(TaskEnd end) {
  switch (end) {
    case TaskEnd::kFinished:
      return TaskEvent::kFinished;
    case TaskEnd::kCanceled:
      return TaskEvent::kCanceled;
    case TaskEnd::kFailed:
      return TaskEvent::kFailed;
  }
  return TaskEvent::kFailed;
}

}  // namespace

TaskManagerServer::TaskManagerServer(TaskManagerOptions options,
                                     platform::FileSystem& files,
                                     int print_fd)
    : options_(std::move(options)),
      files_(files),
      print_(print_fd),
      exchange_(data_loop_, gates_, ExchangeOptions(options_)),
      libraries_(files,
                 options_.directory + "/libraries",
                 [this](const std::string& sha256, int64_t offset, int32_t length) {
                   auto piece = link_->Fetch(sha256, offset, length);
                   for (int i = 1; i < kFetchTries && !piece.ok(); ++i) {
                     if (piece.error().code != ErrorCode::kUnavailable) break;
                     piece = link_->Fetch(sha256, offset, length);
                   }
                   return piece;
                 }),
      core_(platform::MonotonicNow()) {}

TaskManagerServer::~TaskManagerServer() {
  core_loop_.Stop();
  if (link_ != nullptr) link_->Close();  // ends a fetch of the work loop
  work_loop_.Stop();
  link_ = nullptr;
  for (const auto& [id, job] : jobs_) {
    // The JobManager must be able to tell what we have published from other files.
    if (job->publishing) job->results.clear();
    Discard(job);
  }
  exchange_.Close();
  data_loop_.Stop();
}

Status TaskManagerServer::Start() {
  data_loop_.Start();
  work_loop_.Start();
  core_loop_.Start();
  WEIR_ASSIGN_OR_RETURN(data_address_, exchange_.Listen());
  link_ = std::make_unique<JobManagerLink>(
      options_, data_address_, [this](Event event) { Deliver(std::move(event)); });
  platform::LogInfo("tm.daemon",
                    options_.container,
                    "started",
                    {{"data", data_address_.ToString()},
                     {"jobmanager", options_.job_manager.ToString()},
                     {"slots", std::to_string(options_.slots)}});
  Deliver(TimePassed{});
  return {};
}

void TaskManagerServer::Stop(int code) {
  {
    MutexLock lock(mutex_);
    if (!exit_code_) exit_code_ = code;
  }
  changed_.NotifyAll();
}

int TaskManagerServer::WaitForExit() {
  int code = 0;
  {
    MutexLock lock(mutex_);
    while (!exit_code_) changed_.Wait(mutex_);
    code = *exit_code_;
  }
  core_loop_.PostAndWait([this] {
    for (const auto& [id, job] : jobs_) {
      for (const auto& [execution, running] : job->tasks) running.task->Cancel();
    }
  });
  const Instant deadline = platform::MonotonicNow() + kTaskEndTimeout;
  MutexLock lock(mutex_);
  while (threads_ > 0) {
    const Duration left = deadline - platform::MonotonicNow();
    if (left > Duration{0}) {
      changed_.WaitFor(mutex_, left);
      continue;
    }
    platform::LogWarn("tm.daemon",
                      options_.container,
                      "exits although tasks do not end: code of their program does not return",
                      {{"tasks", std::to_string(threads_)}});
    platform::FlushLog();
    _exit(code);
  }
  return code;
}

void TaskManagerServer::ThreadBegins() {
  MutexLock lock(mutex_);
  ++threads_;
}

void TaskManagerServer::ThreadEnds() {
  MutexLock lock(mutex_);
  --threads_;
  changed_.NotifyAll();
}

// --- the core loop

void TaskManagerServer::Deliver(Event event) {
  core_loop_.Post([this, event = std::move(event)] { Step(event); });
}

void TaskManagerServer::Step(const Event& event) {
  for (const Action& action : core_.Step(event, platform::MonotonicNow())) {
    std::visit([this](const auto& each) { Do(each); }, action);
  }
  SetTimer();
}

void TaskManagerServer::SetTimer() {
  core_loop_.Cancel(timer_);
  timer_ = 0;
  const Instant deadline = core_.NextDeadline();
  if (deadline == kNever) return;
  timer_ = core_loop_.At(deadline, [this] {
    timer_ = 0;
    Step(TimePassed{});
  });
}

void TaskManagerServer::Do(const SendRegister&) {
  link_->Register();
}

void TaskManagerServer::Do(const SendPoll& action) {
  link_->Poll(action.request);
}

void TaskManagerServer::Do(const InterruptPoll&) {
  link_->Interrupt();
}

void TaskManagerServer::Do(const PrepareJob& action) {
  auto job = std::make_shared<Job>();
  for (const TaskLocation& each : action.information.locations) {
    job->places[{each.vertex, each.subtask}] = {each.execution, each.data_address};
  }
  jobs_[action.information.job] = job;
  work_loop_.Post([this, job, information = action.information] {
    ThreadBegins();
    auto program = LoadProgram(information);
    ThreadEnds();
    core_loop_.Post([this,
                     job,
                     id = information.job,
                     program = std::make_shared<decltype(program)>(std::move(program))] {
      if (program->ok()) {
        job->program = std::make_shared<const JobProgram>(std::move(*program).value());
      }
      Step(JobPrepared{id, program->ok() ? "" : program->error().ToString()});
    });
  });
}

void TaskManagerServer::Do(const StartTask& action) {
  Job& job = *jobs_.at(action.task.job);
  const Status launched = Launch(job, action.task);
  if (launched.ok()) return;
  Deliver(TaskEnded{
      action.task.execution, TaskEvent::kFailed, launched.error().ToString(), Counters{}, {}});
}

Result<TaskSpec> TaskManagerServer::MakeSpec(const Job& job, const DeployTask& deploy) {
  const JobGraph& graph = job.program->graph;
  if (deploy.vertex < 0 || deploy.vertex >= static_cast<int32_t>(graph.vertices.size()) ||
      deploy.subtask < 0 ||
      deploy.subtask >= graph.vertices[static_cast<size_t>(deploy.vertex)].parallelism) {
    return Error{ErrorCode::kInvalidArgument,
                 "the job has no subtask " + std::to_string(deploy.subtask) + " of vertex " +
                     std::to_string(deploy.vertex),
                 ""};
  }
  TaskSpec spec;
  spec.job = deploy.job;
  spec.execution = deploy.execution;
  spec.vertex = deploy.vertex;
  spec.subtask = deploy.subtask;
  spec.program = job.program;
  for (const FileSplit& split : deploy.splits) {
    spec.splits.push_back({split.path, split.begin_byte, split.end_byte});
  }
  auto sources = SourcesOf(graph, deploy.vertex, deploy.subtask);
  if (!sources.empty()) {
    spec.input = std::make_shared<InputGate>(std::move(sources));
    if (!gates_.Register(deploy.execution, spec.input)) {
      return Error{ErrorCode::kAlreadyExists,
                   "execution " + deploy.execution + " is still being cleaned up here",
                   "give each execution an id of its own"};
    }
  }
  auto outputs = OpenOutputs(
      {graph, job.places, data_address_, gates_, exchange_}, deploy.vertex, deploy.subtask);
  if (!outputs.ok()) {
    gates_.Unregister(deploy.execution);
    return outputs.error();
  }
  spec.outputs = std::move(outputs).value();
  return spec;
}

Status TaskManagerServer::Launch(Job& job, const DeployTask& deploy) {
  WEIR_ASSIGN_OR_RETURN(TaskSpec spec, MakeSpec(job, deploy));
  Task::Listener listener;
  listener.on_running = [this, execution = deploy.execution] { Deliver(TaskRunning{execution}); };
  listener.on_ended = [this, deploy](const TaskOutcome& outcome) {
    core_loop_.Post([this, deploy, outcome] { OnEnded(deploy, outcome); });
    ThreadEnds();
  };
  auto task =
      std::make_unique<Task>(std::move(spec), TaskEnvironment{files_, print_}, std::move(listener));
  ThreadBegins();
  task->Start();
  job.tasks[deploy.execution] = {std::move(task), false};
  job_of_[deploy.execution] = deploy.job;
  return {};
}

void TaskManagerServer::OnEnded(const DeployTask& deploy, const TaskOutcome& outcome) {
  Job& job = *jobs_.at(deploy.job);
  RunningTask& running = job.tasks.at(deploy.execution);
  running.ended = true;
  TaskEnded event;
  event.execution = deploy.execution;
  event.end = EventOf(outcome.end);
  event.failure = outcome.failure;
  event.counters = CountersOf(*running.task);
  if (outcome.output) {
    job.results.push_back(*outcome.output);
    event.outputs.push_back(outcome.output->final);
  }
  Step(event);
}

void TaskManagerServer::Do(const CancelTask& action) {
  const auto job = job_of_.find(action.execution);
  if (job == job_of_.end()) return;  // it did not start
  jobs_.at(job->second)->tasks.at(action.execution).task->Cancel();
}

void TaskManagerServer::Do(const PublishResults& action) {
  const std::shared_ptr<Job> job = jobs_.at(action.job);
  job->publishing = true;
  work_loop_.Post([this, job, id = action.job, results = job->results] {
    std::string failure;
    for (const PendingFile& file : results) {
      const Status committed = CommitFile(files_, file);
      if (!committed.ok()) {
        failure = committed.error().ToString();
        break;
      }
    }
    Deliver(CommitDone{id, failure});
  });
}

void TaskManagerServer::Do(const ForgetJob& action) {
  const auto found = jobs_.find(action.job);
  const std::shared_ptr<Job> job = std::move(found->second);
  jobs_.erase(found);
  for (const auto& [execution, running] : job->tasks) job_of_.erase(execution);
  work_loop_.Post([this, job] { Discard(job); });
}

void TaskManagerServer::Do(const SampleCounters&) {
  CountersSampled sampled;
  for (const auto& [id, job] : jobs_) {
    for (const auto& [execution, running] : job->tasks) {
      if (!running.ended) sampled.by_execution[execution] = CountersOf(*running.task);
    }
  }
  Deliver(std::move(sampled));
}

void TaskManagerServer::Do(const Exit& action) {
  platform::LogInfo("tm.daemon",
                    options_.container,
                    "exits",
                    {{"code", std::to_string(action.code)}, {"cause", action.cause}});
  Stop(action.code);
}

void TaskManagerServer::Do(const Note& action) {
  if (action.cause.empty()) {
    platform::LogInfo("tm.task", action.subject, action.text);
  } else {
    platform::LogWarn("tm.task", action.subject, action.text, {{"cause", action.cause}});
  }
}

// --- the work loop

Result<JobProgram> TaskManagerServer::LoadProgram(const JobInformation& information) {
  WEIR_ASSIGN_OR_RETURN(const JobLibrary library,
                        libraries_.Get(information.library_sha256, information.library_size));
  WEIR_ASSIGN_OR_RETURN(JobProgram program,
                        library.BuildProgram(information.arguments, information.parallelism));
  if (platform::Sha256Hex(program.graph.ToText()) == information.graph_sha256) return program;
  return Error{ErrorCode::kFailedPrecondition,
               "the job's program built another graph in this TaskManager than in the client",
               "it must depend on nothing but its arguments: no clock, no randomness, no files"};
}

void TaskManagerServer::Discard(const std::shared_ptr<Job>& job) {
  // Tasks first: what they write to and read from goes after them.
  for (auto& [execution, running] : job->tasks) running.task = nullptr;
  for (const auto& [execution, running] : job->tasks) gates_.Unregister(execution);
  for (const PendingFile& file : job->results) {
    // Published files keep their other name.
    const Status removed = DiscardFile(files_, file);
    if (!removed.ok()) {
      platform::LogWarn("tm.task", "-", "cannot delete", {{"cause", removed.error().message}});
    }
  }
}

}  // namespace weir::stream::taskmanager
