#include "tests/sls/trace_reader.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "tests/sls/synth_generator.h"

namespace weir::sls {
namespace {

constexpr int64_t kMillisMax = kTimeMax / milliseconds(1);
constexpr IntegerRange kMillis{0, kMillisMax};

Result<int64_t> ReadRun(JsonFields& fields) {
  for (const char* name : {"duration.ms", "container.duration.ms"}) {
    if (fields.Has(name)) return fields.Integer(name, kMillis);
  }
  WEIR_ASSIGN_OR_RETURN(const int64_t start, fields.Integer("container.start.ms", kMillis));
  WEIR_ASSIGN_OR_RETURN(const int64_t end, fields.Integer("container.end.ms", kMillis));
  if (end < start) {
    return fields.Fault(
        "container.end.ms", "lies before container.start.ms", "give the later of both as the end");
  }
  return end - start;
}

// "/rack/host", or a host alone.
void SetHost(const std::string& text, TaskPlan& task) {
  const size_t slash = text.rfind('/');
  task.host = slash == std::string::npos ? text : text.substr(slash + 1);
  if (slash != std::string::npos && slash > 0) task.rack = text.substr(0, slash);
}

Result<TaskPlan> ReadTask(JsonFields& fields, bool reducers_wait) {
  TaskPlan task;
  WEIR_ASSIGN_OR_RETURN(task.count, fields.Integer("count", {1, kTasksMax}, 1));
  WEIR_ASSIGN_OR_RETURN(const int64_t priority,
                        fields.Integer("container.priority", {0, 1'000'000}, 20));
  task.priority = static_cast<int32_t>(priority);
  WEIR_ASSIGN_OR_RETURN(const std::string host, fields.Text("container.host", ""));
  SetHost(host, task);
  WEIR_ASSIGN_OR_RETURN(const int64_t run, ReadRun(fields));
  task.run = milliseconds(run);
  // Both ways to give the time may be there.
  for (const char* name : {"container.start.ms", "container.end.ms"}) {
    WEIR_ASSIGN_OR_RETURN([[maybe_unused]] const int64_t unused, fields.Integer(name, kMillis, 0));
  }
  WEIR_ASSIGN_OR_RETURN(const int64_t delay, fields.Integer("container.delay.ms", kMillis, 0));
  task.delay = milliseconds(delay);
  WEIR_ASSIGN_OR_RETURN(const std::string type, fields.Text("container.type", "map"));
  task.second = reducers_wait && type == "reduce";
  WEIR_ASSIGN_OR_RETURN(const std::string execution,
                        fields.Text("container.execution.type", "GUARANTEED"));
  if (execution != "GUARANTEED") {
    return fields.Fault(
        "container.execution.type", "is " + execution, "only GUARANTEED containers are simulated");
  }
  WEIR_ASSIGN_OR_RETURN([[maybe_unused]] const int64_t id,
                        fields.Integer("container.allocation.id", {-1, INT64_MAX}, -1));
  WEIR_ASSIGN_OR_RETURN(task.resource, ReadResource(fields, "container.", task.resource));
  return task;
}

Result<JobPlan> ReadJob(JsonFields& fields, const Place& place, IgnoredFields& ignored) {
  JobPlan job;
  WEIR_ASSIGN_OR_RETURN(job.type, fields.Text("am.type", "mapreduce"));
  WEIR_ASSIGN_OR_RETURN(job.name, fields.Text("job.id", ""));
  WEIR_ASSIGN_OR_RETURN(job.user, fields.Text("job.user", "default"));
  WEIR_ASSIGN_OR_RETURN(job.queue, fields.Text("job.queue.name", "default"));
  WEIR_ASSIGN_OR_RETURN(job.label, fields.Text("job.label.expression", ""));
  WEIR_ASSIGN_OR_RETURN(const int64_t priority, fields.Integer("job.priority", {0, 1'000'000}, 0));
  job.priority = static_cast<int32_t>(priority);
  WEIR_ASSIGN_OR_RETURN(const int64_t start, fields.Integer("job.start.ms", kMillis, 0));
  job.start = milliseconds(start);
  WEIR_ASSIGN_OR_RETURN(const int64_t end, fields.Integer("job.end.ms", kMillis, kMillisMax));
  if (end < start) {
    return fields.Fault(
        "job.end.ms", "lies before job.start.ms", "give the later of both as the end");
  }
  WEIR_ASSIGN_OR_RETURN(job.master, ReadResource(fields, "am.", job.master));
  WEIR_ASSIGN_OR_RETURN(const auto tasks, fields.Objects("job.tasks"));
  if (tasks.empty()) {
    return fields.Fault("job.tasks", "is missing or empty", "give at least one task");
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    JsonFields of_task(*tasks[i], place, fields.PathOf("job.tasks", i), ignored);
    WEIR_ASSIGN_OR_RETURN(TaskPlan task, ReadTask(of_task, job.type == "mapreduce"));
    if (!job.tasks.empty()) {  // alike neighbours are one
      TaskPlan& last = job.tasks.back();
      const int64_t count = std::exchange(task.count, last.count);
      if (task == last && last.count + count <= kTasksMax) {
        last.count += count;
        continue;
      }
      task.count = count;
    }
    job.tasks.push_back(std::move(task));
  }
  return job;
}

Status AddJob(JsonFields& fields, const Place& place, IgnoredFields& ignored, Trace& trace) {
  WEIR_ASSIGN_OR_RETURN(const int64_t count, fields.Integer("job.count", {1, kJobsMax}, 1));
  WEIR_ASSIGN_OR_RETURN(JobPlan job, ReadJob(fields, place, ignored));
  if (job.name.empty()) job.name = "job_" + std::to_string(trace.jobs.size() + 1);
  const int64_t tasks = TasksOf(job);
  for (int64_t i = 0; i < count; ++i) {
    WEIR_RETURN_IF_ERROR(CheckSize(fields, trace, tasks * (i + 1)));
    trace.jobs.push_back(job);
    if (count > 1) trace.jobs.back().name += "_" + std::to_string(i + 1);
  }
  return {};
}

Status AddSlsObject(const JsonObject& object, IgnoredFields& ignored, Trace& trace) {
  JsonFields fields(object.value, object.place, "", ignored);
  if (fields.Has("job.tasks") || fields.Has("job.start.ms")) {
    return AddJob(fields, object.place, ignored, trace);
  }
  if (!fields.Has("num.nodes")) {
    return fields.Fault("job.tasks",
                        "is missing, and so is num.nodes",
                        "each object is a job with job.tasks, or says num.nodes and num.racks");
  }
  WEIR_ASSIGN_OR_RETURN(trace.nodes, fields.Integer("num.nodes", {1, kNodesMax}));
  WEIR_ASSIGN_OR_RETURN(const int64_t racks, fields.Integer("num.racks", {1, kNodesMax}, 1));
  trace.nodes_per_rack = (trace.nodes + racks - 1) / racks;
  return {};
}

}  // namespace

int64_t TasksOf(const JobPlan& job) {
  int64_t tasks = 0;
  for (const TaskPlan& task : job.tasks) tasks += task.count;
  return tasks;
}

Status CheckSize(const JsonFields& fields, const Trace& trace, int64_t tasks) {
  if (static_cast<int64_t>(trace.jobs.size()) >= kJobsMax) {
    return fields.Fault("jobs",
                        "are more than may be",
                        "a trace has at most " + std::to_string(kJobsMax) + " jobs");
  }
  if (tasks > kTasksMax) {
    return fields.Fault("tasks",
                        "make more than " + std::to_string(kTasksMax),
                        "lower the counts or split the trace");
  }
  return {};
}

Result<Resource> ReadResource(JsonFields& fields, std::string_view prefix, Resource base) {
  for (const std::string& name : fields.NamesWith(prefix)) {
    const std::string field = std::string(prefix) + name;
    if (name == "memory-mb" || name == "memory") {
      WEIR_ASSIGN_OR_RETURN(base.memory_mib, fields.Integer(field, {1, Resource::kMemoryMibMax}));
    } else if (name == "vcores") {
      WEIR_ASSIGN_OR_RETURN(base.vcores, fields.Integer(field, {1, Resource::kVcoresMax}));
    } else if (name.find('/') != std::string::npos) {
      WEIR_ASSIGN_OR_RETURN(const int64_t amount, fields.Integer(field, {0, Resource::kNamedMax}));
      base.SetNamed(name, amount);
      if (base.named.size() > Resource::kNamedTypesMax) {
        return fields.Fault(field,
                            "is one resource type too many",
                            "at most " + std::to_string(Resource::kNamedTypesMax) + " are named");
      }
    }
  }
  return base;
}

Result<Trace> ReadTrace(const std::string& file,
                        std::string_view text,
                        std::optional<uint64_t> seed) {
  Trace trace;
  IgnoredFields ignored;
  JsonReader reader(file, text);
  int64_t tasks = 0;
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const std::optional<JsonObject> object, reader.Next());
    if (!object) break;
    const size_t before = trace.jobs.size();
    const bool synth = object->value.Find("workloads") != nullptr;
    if (!trace.format.empty() && (synth || trace.format == "SYNTH")) {
      return Error{ErrorCode::kInvalidArgument,
                   object->place.ToString() + ": a SYNTH trace is one object alone",
                   "keep one object with workloads, or jobs only"};
    }
    trace.format = synth ? "SYNTH" : "SLS";
    WEIR_RETURN_IF_ERROR(synth ? AddSynthJobs(*object, seed, ignored, trace)
                               : AddSlsObject(*object, ignored, trace));
    for (size_t i = before; i < trace.jobs.size(); ++i) tasks += TasksOf(trace.jobs[i]);
    if (tasks > kTasksMax) {
      return Error{ErrorCode::kInvalidArgument,
                   object->place.ToString() + ": the trace has more than " +
                       std::to_string(kTasksMax) + " tasks",
                   "split the trace"};
    }
  }
  if (trace.jobs.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 file + " has no jobs",
                 "give an SLS or SYNTH trace; see tests/sls/samples"};
  }
  std::stable_sort(trace.jobs.begin(), trace.jobs.end(), [](const JobPlan& a, const JobPlan& b) {
    return a.start < b.start;
  });
  if (trace.format == "SLS" && seed) trace.seed = *seed;
  trace.ignored_fields.assign(ignored.begin(), ignored.end());
  return trace;
}

}  // namespace weir::sls
