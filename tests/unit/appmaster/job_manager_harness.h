// A JobManagerCore with fake TaskManagers around it, driven by hand in virtual time.
#ifndef WEIR_TESTS_UNIT_APPMASTER_JOB_MANAGER_HARNESS_H_
#define WEIR_TESTS_UNIT_APPMASTER_JOB_MANAGER_HARNESS_H_

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "stream/jobmanager/core/job_manager_core.h"

namespace weir::stream::testing {

inline ContainerId Container(int64_t sequence) {
  return ContainerId::Make({{1700000000000, 1}, 1}, Epoch{3}, sequence);
}

// source (parallelism p) -> hash -> sink (parallelism q)
inline JobGraph Graph(int32_t p, int32_t q, SourceKind source = SourceKind::kSequence) {
  JobGraph graph;
  graph.name = "test";
  graph.parallelism = p;
  JobVertex from;
  from.id = 0;
  from.parallelism = p;
  from.operators = {"source"};
  from.source = source;
  if (source == SourceKind::kTextFiles) from.source_paths = {"/in"};
  JobVertex to;
  to.id = 1;
  to.parallelism = q;
  to.operators = {"sum", "sink"};
  to.sink = SinkKind::kTextFiles;
  to.sink_path = "/out";
  graph.vertices = {from, to};
  graph.edges = {{0, 1, Partitioning::kHash}};
  return graph;
}

inline JobSpec Spec(const std::string& key, JobGraph graph) {
  JobSpec spec;
  spec.idempotency_key = key;
  spec.name = "job " + key;
  spec.library_sha256 = "aa";
  spec.graph = std::move(graph);
  spec.graph_sha256 = "bb";
  return spec;
}

class Harness {
 public:
  explicit Harness(JobManagerOptions options = {}) : core(options) {}

  void Step(const JobManagerEvent& event) {
    auto actions = core.Step(event, now);
    std::vector<JobId> cleaned;
    for (auto& action : actions) {
      if (const auto* clean = std::get_if<CleanOutputs>(&action)) cleaned.push_back(clean->id);
      history.push_back(std::move(action));
    }
    if (!cleans) return;
    for (const JobId& job : cleaned) Step(OutputsCleaned{job, ""});
  }
  // Runs every deadline on the way.
  void Pass(Duration time) {
    const Instant target = now.monotonic + time;
    for (int steps = 0; steps < 10'000 && core.NextDeadline() < target; ++steps) {
      Jump(std::max(core.NextDeadline() - now.monotonic, Duration(0)));
    }
    Jump(target - now.monotonic);
  }
  // None of them: as when the process stands still.
  void Jump(Duration time) {
    now.monotonic += time;
    now.wall += std::chrono::duration_cast<milliseconds>(time);
    Step(DeadlineReached{});
  }
  CallId NextCall() { return {++calls}; }

  JobId Submit(JobSpec spec) {
    const JobId id{std::string(31, '0') + std::to_string(++jobs)};
    const CallId call = NextCall();
    Step(SubmitJob{call, id, std::move(spec)});
    const auto* answer = Answer<AnswerSubmission>(call);
    if (answer == nullptr || !answer->result.ok()) return {};
    return *answer->result;
  }

  // Registers; the harness then keeps session and sequence.
  bool Register(int64_t worker, int32_t slots) {
    const CallId call = NextCall();
    Step(RegisterTaskManager{
        call, Container(worker), {"127.0.0.1", static_cast<uint16_t>(worker)}, slots});
    const auto* answer = Answer<AnswerRegistration>(call);
    if (answer == nullptr || !answer->result.ok()) return false;
    sessions[worker] = {answer->result->session, 0};
    return true;
  }

  // One poll; the commands it was answered with at once, or nothing when it is parked.
  std::optional<std::vector<TaskCommand>> Poll(int64_t worker,
                                               std::vector<TaskReport> tasks = {},
                                               std::vector<CommitReport> commits = {},
                                               Duration park = Duration{0}) {
    auto& [session, sequence] = sessions[worker];
    const CallId call = NextCall();
    Step(PollTaskManager{call, session, ++sequence, std::move(tasks), std::move(commits), park});
    const auto* answer = Answer<AnswerPoll>(call);
    if (answer == nullptr || !answer->result.ok()) return std::nullopt;
    for (const TaskCommand& command : answer->result->commands) {
      received[worker].push_back(command);
      if (const auto* deploy = std::get_if<DeployTask>(&command)) {
        deployed[worker].push_back(*deploy);
      }
    }
    return answer->result->commands;
  }

  TaskReport ReportOf(const DeployTask& task, TaskEvent event, const std::string& failure = "") {
    TaskReport report;
    report.job = task.job;
    report.execution_id = task.execution_id;
    report.event = event;
    report.failure = failure;
    return report;
  }
  // Every task deployed on the worker so far reports the same.
  void ReportAll(int64_t worker, TaskEvent event) {
    std::vector<TaskReport> reports;
    for (const DeployTask& task : deployed[worker]) reports.push_back(ReportOf(task, event));
    Poll(worker, std::move(reports));
  }

  JobReport Report(const JobId& id) { return *core.Report(id); }
  JobState StateOf(const JobId& id) { return core.Report(id)->state; }

  template <typename T>
  const T* Answer(CallId call) const {
    const T* found = nullptr;
    for (const auto& action : history) {
      const T* one = std::get_if<T>(&action);
      if (one == nullptr || one->call != call) continue;
      EXPECT_EQ(found, nullptr) << "call " << call.value << " was answered twice";
      found = one;
    }
    return found;
  }
  template <typename T>
  std::vector<T> All() const {
    std::vector<T> found;
    for (const auto& action : history) {
      if (const T* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
  }

  JobManagerCore core;
  Now now{Instant(seconds(1000)), WallTime(milliseconds(1'700'000'000'000))};
  std::vector<JobManagerAction> history;
  std::map<int64_t, std::pair<int64_t, int64_t>> sessions;  // worker -> session, sequence
  std::map<int64_t, std::vector<TaskCommand>> received;
  std::map<int64_t, std::vector<DeployTask>> deployed;
  bool cleans = true;  // answers CleanOutputs at once
  uint64_t calls = 0;
  int jobs = 0;
};

template <typename T>
int CountOf(const std::vector<TaskCommand>& commands) {
  int count = 0;
  for (const TaskCommand& command : commands) count += std::holds_alternative<T>(command) ? 1 : 0;
  return count;
}

}  // namespace weir::stream::testing

#endif  // WEIR_TESTS_UNIT_APPMASTER_JOB_MANAGER_HARNESS_H_
