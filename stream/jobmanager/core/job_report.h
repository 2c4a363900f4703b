// What a client is told about a job and about the cluster. Immutable values.
#ifndef WEIR_STREAM_JOBMANAGER_CORE_JOB_REPORT_H_
#define WEIR_STREAM_JOBMANAGER_CORE_JOB_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "stream/jobmanager/core/job_states.h"
#include "stream/jobmanager/core/task_states.h"

namespace weir::stream {

struct TaskCounters {
  int64_t records_in = 0;  // of a source: records read
  int64_t records_out = 0;
  int64_t bytes_in = 0;
  int64_t bytes_out = 0;
  bool operator==(const TaskCounters&) const = default;
};

struct VertexReport {
  int32_t id = 0;
  std::string name;
  int32_t parallelism = 0;
  std::map<TaskState, int32_t> tasks;  // how many are in which state
  TaskCounters counters;               // sums over the tasks
};

struct JobReport {
  JobId id;
  std::string name;
  JobState state = JobState::kInitializing;
  WallTime started;
  WallTime finished;  // 1970 until then
  std::string failure;
  std::vector<VertexReport> vertices;
  int32_t slots_needed = 0;
  int32_t slots_ready = 0;
  int32_t task_managers_ready = 0;
  int32_t task_managers_wanted = 0;
  std::string waiting;               // why it waits or what it is about to lose, in words, or ""
  std::vector<std::string> outputs;  // published results
  int64_t version = 0;               // grows with every change
  int64_t source_records = 0;
};

// What is wanted of the cluster and what it has.
struct SlotSummary {
  int32_t task_managers = 0;  // registered, not shutting down
  int32_t slots_total = 0;    // of those
  int32_t slots_free = 0;
  int32_t slots_waiting = 0;  // needed by jobs that hold none yet
  int32_t jobs_live = 0;
  bool operator==(const SlotSummary&) const = default;
};

struct WorkerUse {
  ContainerId container;
  int32_t slots = 0;
  int32_t used = 0;
  bool shutting_down = false;
  bool operator==(const WorkerUse&) const = default;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_JOB_REPORT_H_
