// What a trace says: the nodes, and the jobs with their tasks. Immutable values.
//
// Bounds: kJobsMax jobs, kTasksMax tasks over all jobs, kNodesMax nodes.
#ifndef WEIR_TESTS_SLS_TRACE_H_
#define WEIR_TESTS_SLS_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/resource.h"
#include "common/time.h"

namespace weir::sls {

inline constexpr int64_t kJobsMax = 100'000;
inline constexpr int64_t kTasksMax = 1'000'000;
inline constexpr int64_t kNodesMax = 100'000;
inline constexpr Duration kTimeMax = std::chrono::hours(24 * 365);

// `count` alike tasks.
struct TaskPlan {
  int64_t count = 1;
  int32_t priority = 20;  // lower number first
  Resource resource{1024, 1};
  Duration run{0};
  Duration delay{0};    // asked for so long after the job's start
  std::string host;     // it would like best; "" = anywhere
  std::string rack;     // of that host; "" = not known
  bool second = false;  // a reducer: asked for once all that are not are done
  bool operator==(const TaskPlan&) const = default;
};

struct JobPlan {
  std::string name;
  std::string type;  // "mapreduce", "stream", ...
  std::string user;
  std::string queue;
  std::string label;
  int32_t priority = 0;
  Duration start{0};  // from the beginning of the trace
  Resource master{1024, 1};
  std::vector<TaskPlan> tasks;
  bool operator==(const JobPlan&) const = default;
};

struct NodePlan {
  std::string host;
  std::string rack;
  std::string label;
  Resource capacity;
  bool operator==(const NodePlan&) const = default;
};

struct Trace {
  std::string format;          // "SLS", "SYNTH"
  int64_t nodes = 0;           // that the trace asks for; 0 = it does not say
  int64_t nodes_per_rack = 0;  // 0 = all in one
  uint64_t seed = 1;           // that the jobs were drawn with
  std::vector<JobPlan> jobs;   // by start, then as in the file
  std::vector<std::string> ignored_fields;
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_TRACE_H_
