#include "tests/unit/stream/mini_cluster.h"

#include <gtest/gtest.h>

namespace weir::stream {

using platform::MutexLock;

MiniTaskManager::MiniTaskManager(const std::string& name, const std::string& secret)
    : exchange(
          loop, gates, {.secret = secret, .name = name, .bind_host = "127.0.0.1", .ports = {}}) {
  loop.Start();
  const Result<HostPort> bound = exchange.Listen();
  EXPECT_TRUE(bound.ok());
  address = bound.value();
}

MiniTaskManager::~MiniTaskManager() {
  exchange.Close();
  loop.Stop();
}

MiniJob::MiniJob(std::vector<std::unique_ptr<MiniTaskManager>>& managers,
                 std::shared_ptr<const JobProgram> program,
                 std::map<TaskKey, std::vector<TextSplit>> splits,
                 int print_fd,
                 platform::FileSystem& files)
    : managers_(managers),
      program_(std::move(program)),
      splits_(std::move(splits)),
      files_(files),
      print_(print_fd) {
  for (const JobVertex& vertex : program_->graph.vertices) {
    for (int32_t subtask = 0; subtask < vertex.parallelism; ++subtask) {
      const TaskKey key(vertex.id, subtask);
      places_[key] = {"execution-" + std::to_string(key.first) + "-" + std::to_string(key.second),
                      ManagerOf(key).address};
    }
  }
}

MiniJob::~MiniJob() {
  tasks_.clear();
  for (const auto& [key, gate] : gates_) ManagerOf(key).gates.Unregister(places_[key].execution);
}

void MiniJob::Deploy(TaskKey key) {
  MiniTaskManager& manager = ManagerOf(key);
  TaskSpec spec;
  spec.job = "job";
  spec.execution = places_[key].execution;
  spec.vertex = key.first;
  spec.subtask = key.second;
  spec.program = program_;
  if (const auto splits = splits_.find(key); splits != splits_.end()) spec.splits = splits->second;
  auto sources = SourcesOf(program_->graph, key.first, key.second);
  if (!sources.empty()) {
    spec.input = std::make_shared<InputGate>(std::move(sources));
    gates_[key] = spec.input;
    ASSERT_TRUE(manager.gates.Register(spec.execution, spec.input));
  }
  auto outputs =
      OpenOutputs({program_->graph, places_, manager.address, manager.gates, manager.exchange},
                  key.first,
                  key.second);
  ASSERT_TRUE(outputs.ok()) << outputs.error().ToString();
  spec.outputs = std::move(outputs).value();
  const TaskEnvironment environment{files_, print_};
  Task::Listener listener{[] {},
                          [this, key](const TaskOutcome& outcome) {
                            MutexLock lock(mutex_);
                            outcomes_[key] = outcome;
                            changed_.NotifyAll();
                          }};
  tasks_[key] = std::make_unique<Task>(std::move(spec), environment, std::move(listener));
  tasks_[key]->Start();
}

void MiniJob::DeployAll() {
  for (const auto& [key, place] : places_) Deploy(key);
}

void MiniJob::Cancel() {
  for (const auto& [key, task] : tasks_) task->Cancel();
}

std::map<TaskKey, TaskOutcome> MiniJob::Wait() {
  MutexLock lock(mutex_);
  while (outcomes_.size() < tasks_.size()) {
    if (!changed_.WaitFor(mutex_, std::chrono::seconds(60))) {
      ADD_FAILURE() << "only " << outcomes_.size() << " of " << tasks_.size() << " tasks ended";
      break;
    }
  }
  return outcomes_;
}

std::vector<std::unique_ptr<MiniTaskManager>> MakeManagers(size_t count) {
  std::vector<std::unique_ptr<MiniTaskManager>> managers;
  for (size_t i = 0; i < count; ++i) {
    managers.push_back(std::make_unique<MiniTaskManager>("worker-" + std::to_string(i)));
  }
  return managers;
}

std::shared_ptr<const JobProgram> MakeProgram(
    int32_t parallelism, const std::function<void(StreamEnvironment&)>& build) {
  auto env = std::make_unique<StreamEnvironment>(parallelism);
  build(*env);
  Result<JobProgram> program = BuildProgram(std::move(env));
  EXPECT_TRUE(program.ok()) << (program.ok() ? "" : program.error().ToString());
  return std::make_shared<JobProgram>(std::move(program).value());
}

std::map<TaskKey, std::vector<TextSplit>> SplitFile(const std::string& path, int32_t parts) {
  const auto info = platform::FileSystem::Real().Stat(path);
  EXPECT_TRUE(info.ok());
  std::map<TaskKey, std::vector<TextSplit>> splits;
  for (int32_t i = 0; i < parts; ++i) {
    splits[{0, i}] = {{path, info->size * i / parts, info->size * (i + 1) / parts}};
  }
  return splits;
}

std::string Failures(const std::map<TaskKey, TaskOutcome>& outcomes) {
  std::string out;
  for (const auto& [key, outcome] : outcomes) {
    if (outcome.end == TaskEnd::kFinished) continue;
    out += std::to_string(key.first) + "/" + std::to_string(key.second) + ": " +
           (outcome.end == TaskEnd::kCanceled ? "canceled" : outcome.failure) + "\n";
  }
  return out;
}

}  // namespace weir::stream
