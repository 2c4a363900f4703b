#include "tests/sls/synth_generator.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "tests/sls/distributions.h"
#include "tests/sls/trace_reader.h"

namespace weir::sls {
namespace {

constexpr int64_t kMemoryLeast = 1024;
constexpr double kSampleMax = 1e12;

struct Sample {
  enum class Kind { kConstant, kLogNormal, kNormal, kDiscrete };
  Kind kind = Kind::kConstant;
  double value = 0;
  double deviation = 0;
  std::vector<double> choices;
  std::vector<double> weights;

  int64_t Draw(Random& random) const {
    double drawn = value;
    switch (kind) {
      case Kind::kConstant:
        break;
      case Kind::kLogNormal:
        drawn = DrawLogNormal(random, value, deviation);
        break;
      case Kind::kNormal:
        drawn = DrawNormal(random, value, deviation);
        break;
      case Kind::kDiscrete:
        drawn = choices[DrawWeighted(random, weights)];
        break;
    }
    return static_cast<int64_t>(std::floor(std::clamp(drawn, 0.0, kSampleMax)));
  }
};

struct TaskClass {
  Sample count;
  Sample time;
  Sample memory;
  Sample vcores;
  int32_t priority = 20;
  bool second = false;
};

struct JobClass {
  std::string name;
  std::string user;
  std::string type;
  double weight = 1;
  std::vector<TaskClass> tasks;
};

struct Workload {
  std::string queue;
  double weight = 1;
  std::vector<JobClass> classes;
  std::vector<int64_t> times;  // s, rising
  std::vector<double> time_weights;
};

// One object and where it stands: what every reader below needs.
struct Reading {
  const Place& place;
  IgnoredFields& ignored;
};

Result<std::vector<double>> ReadNumbers(JsonFields& fields,
                                        const Json& object,
                                        std::string_view name) {
  std::vector<double> numbers;
  const Json* array = object.Find(name);
  if (array == nullptr) return numbers;
  if (array->kind != Json::Kind::kArray) {
    return fields.Fault(name, "is not an array", "give an array of numbers");
  }
  for (const Json& item : array->items) {
    const bool is_number = item.kind == Json::Kind::kInteger || item.kind == Json::Kind::kNumber;
    if (!is_number || !(item.number >= 0 && item.number <= kSampleMax)) {
      return fields.Fault(
          name, "has an element that is no number from 0 to 1e12", "give numbers in that range");
    }
    numbers.push_back(item.number);
  }
  return numbers;
}

Result<Sample> ReadDiscrete(JsonFields& fields, const Json& object) {
  Sample sample;
  sample.kind = Sample::Kind::kDiscrete;
  fields.Claim("discrete");
  fields.Claim("weights");
  WEIR_ASSIGN_OR_RETURN(sample.choices, ReadNumbers(fields, object, "discrete"));
  WEIR_ASSIGN_OR_RETURN(sample.weights, ReadNumbers(fields, object, "weights"));
  if (sample.weights.empty()) sample.weights.assign(sample.choices.size(), 1);
  const bool some = std::any_of(
      sample.weights.begin(), sample.weights.end(), [](double weight) { return weight > 0; });
  if (sample.choices.empty() || sample.weights.size() != sample.choices.size() || !some) {
    return fields.Fault("discrete",
                        "has no choices, or not as many as weights",
                        "give as many weights as values, one of them above 0");
  }
  return sample;
}

Result<Sample> ReadSample(const Reading& reading, JsonFields& parent, std::string_view name) {
  WEIR_ASSIGN_OR_RETURN(const Json* object, parent.Object(name));
  if (object == nullptr) {
    return parent.Fault(name, "is missing", "give {\"val\": number} or with \"std\"");
  }
  JsonFields fields(*object, reading.place, parent.PathOf(name), reading.ignored);
  if (fields.Has("discrete")) return ReadDiscrete(fields, *object);
  Sample sample;
  WEIR_ASSIGN_OR_RETURN(sample.value, fields.Number("val", 0));
  WEIR_ASSIGN_OR_RETURN(sample.deviation, fields.Number("std", 0, 0.0));
  WEIR_ASSIGN_OR_RETURN(const std::string kind, fields.Text("dist", "LOGNORM"));
  if (kind != "LOGNORM" && kind != "NORM") {
    return fields.Fault("dist", "is \"" + kind + "\"", "use LOGNORM or NORM");
  }
  // Nothing spreads around a log-normal mean of 0.
  if (sample.deviation > 0 && (kind == "NORM" || sample.value > 0)) {
    sample.kind = kind == "NORM" ? Sample::Kind::kNormal : Sample::Kind::kLogNormal;
  }
  return sample;
}

Result<TaskClass> ReadTaskClass(const Reading& reading, JsonFields& fields, bool reducers_wait) {
  TaskClass task;
  WEIR_ASSIGN_OR_RETURN(const std::string type, fields.Text("type", "map"));
  task.second = reducers_wait && type == "reduce";
  WEIR_ASSIGN_OR_RETURN(const int64_t priority, fields.Integer("priority", {0, 1'000'000}, 20));
  task.priority = static_cast<int32_t>(priority);
  WEIR_ASSIGN_OR_RETURN(task.count, ReadSample(reading, fields, "count"));
  WEIR_ASSIGN_OR_RETURN(task.time, ReadSample(reading, fields, "time"));
  WEIR_ASSIGN_OR_RETURN(task.memory, ReadSample(reading, fields, "max_memory"));
  WEIR_ASSIGN_OR_RETURN(task.vcores, ReadSample(reading, fields, "max_vcores"));
  WEIR_ASSIGN_OR_RETURN(const std::string execution, fields.Text("execution_type", "GUARANTEED"));
  if (execution != "GUARANTEED") {
    return fields.Fault(
        "execution_type", "is " + execution, "only GUARANTEED containers are simulated");
  }
  return task;
}

Result<JobClass> ReadJobClass(const Reading& reading, JsonFields& fields) {
  JobClass job;
  if (fields.Has("mtasks_avg")) {
    return fields.Fault("mtasks_avg",
                        "belongs to the old form of SYNTH",
                        "describe the tasks in an array \"tasks\"; see tests/sls/samples");
  }
  WEIR_ASSIGN_OR_RETURN(job.name, fields.Text("class_name", "class"));
  WEIR_ASSIGN_OR_RETURN(job.user, fields.Text("user_name", "default"));
  WEIR_ASSIGN_OR_RETURN(job.type, fields.Text("type", "mapreduce"));
  WEIR_ASSIGN_OR_RETURN(job.weight, fields.Number("class_weight", 0, 1.0));
  WEIR_ASSIGN_OR_RETURN(const auto tasks, fields.Objects("tasks"));
  if (tasks.empty()) return fields.Fault("tasks", "is missing or empty", "give at least one task");
  for (size_t i = 0; i < tasks.size(); ++i) {
    JsonFields of_task(*tasks[i], reading.place, fields.PathOf("tasks", i), reading.ignored);
    WEIR_ASSIGN_OR_RETURN(TaskClass task, ReadTaskClass(reading, of_task, job.type == "mapreduce"));
    job.tasks.push_back(std::move(task));
  }
  return job;
}

Status ReadTimes(const Reading& reading, JsonFields& fields, Workload& workload) {
  WEIR_ASSIGN_OR_RETURN(const auto times, fields.Objects("time_distribution"));
  constexpr int64_t kSecondsMax = kTimeMax / seconds(1);
  double sum = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    JsonFields of_time(
        *times[i], reading.place, fields.PathOf("time_distribution", i), reading.ignored);
    const int64_t least = workload.times.empty() ? 0 : workload.times.back();
    WEIR_ASSIGN_OR_RETURN(const int64_t time, of_time.Integer("time", {least, kSecondsMax}));
    WEIR_ASSIGN_OR_RETURN(const double weight, of_time.Number("weight", 0));
    workload.times.push_back(time);
    workload.time_weights.push_back(weight);
    sum += weight;
  }
  if (sum > 0) return {};
  return fields.Fault("time_distribution",
                      "has no time with a weight above 0",
                      "give [{\"time\": seconds, \"weight\": number}, ...]");
}

Result<Workload> ReadWorkload(const Reading& reading, JsonFields& fields) {
  Workload workload;
  fields.Claim("workload_name");
  fields.Claim("description");
  WEIR_ASSIGN_OR_RETURN(workload.queue, fields.Text("queue_name", "default"));
  WEIR_ASSIGN_OR_RETURN(workload.weight, fields.Number("workload_weight", 0, 1.0));
  WEIR_RETURN_IF_ERROR(ReadTimes(reading, fields, workload));
  WEIR_ASSIGN_OR_RETURN(const auto classes, fields.Objects("job_classes"));
  double sum = 0;
  for (size_t i = 0; i < classes.size(); ++i) {
    JsonFields of_class(
        *classes[i], reading.place, fields.PathOf("job_classes", i), reading.ignored);
    WEIR_ASSIGN_OR_RETURN(JobClass job, ReadJobClass(reading, of_class));
    sum += job.weight;
    workload.classes.push_back(std::move(job));
  }
  if (sum > 0) return workload;
  return fields.Fault(
      "job_classes", "has no class with a class_weight above 0", "give at least one");
}

template <typename Item>
const Item& Choose(Random& random, const std::vector<Item>& items) {
  std::vector<double> weights;
  for (const Item& item : items) weights.push_back(item.weight);
  return items[DrawWeighted(random, weights)];
}

JobPlan DrawJob(Random& random, const Workload& workload) {
  JobPlan job;
  const size_t at = DrawWeighted(random, workload.time_weights);
  int64_t start = workload.times[at];
  if (at + 1 < workload.times.size() && workload.times[at + 1] > start) {
    start = random.Between(start, workload.times[at + 1] - 1);
  }
  job.start = seconds(start);
  const JobClass& from = Choose(random, workload.classes);
  job.type = from.type;
  job.user = from.user;
  job.queue = workload.queue;
  job.name = from.name;
  for (const TaskClass& task : from.tasks) {
    TaskPlan plan;
    plan.priority = task.priority;
    plan.second = task.second;
    plan.resource.memory_mib =
        std::clamp(task.memory.Draw(random), kMemoryLeast, Resource::kMemoryMibMax);
    plan.resource.vcores = std::clamp<int64_t>(task.vcores.Draw(random), 1, Resource::kVcoresMax);
    const int64_t count = std::min(task.count.Draw(random), kTasksMax + 1);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t run = std::min<int64_t>(task.time.Draw(random), kTimeMax / milliseconds(1));
      plan.run = milliseconds(run);
      plan.count = 1;
      const bool alike = i > 0 && job.tasks.back().run == plan.run;
      if (alike) {
        ++job.tasks.back().count;
      } else {
        job.tasks.push_back(plan);
      }
    }
  }
  return job;
}

}  // namespace

Status AddSynthJobs(const JsonObject& object,
                    std::optional<uint64_t> seed,
                    IgnoredFields& ignored,
                    Trace& trace) {
  JsonFields fields(object.value, object.place, "", ignored);
  const Reading reading{object.place, ignored};
  fields.Claim("description");
  WEIR_ASSIGN_OR_RETURN(trace.nodes, fields.Integer("num_nodes", {1, kNodesMax}));
  WEIR_ASSIGN_OR_RETURN(trace.nodes_per_rack, fields.Integer("nodes_per_rack", {0, kNodesMax}, 0));
  WEIR_ASSIGN_OR_RETURN(const int64_t jobs, fields.Integer("num_jobs", {1, kJobsMax}));
  WEIR_ASSIGN_OR_RETURN(const int64_t own_seed,
                        fields.Integer("rand_seed", {INT64_MIN, INT64_MAX}, 1));
  trace.seed = seed.value_or(static_cast<uint64_t>(own_seed));
  WEIR_ASSIGN_OR_RETURN(const auto objects, fields.Objects("workloads"));
  std::vector<Workload> workloads;
  double sum = 0;
  for (size_t i = 0; i < objects.size(); ++i) {
    JsonFields of_workload(*objects[i], object.place, fields.PathOf("workloads", i), ignored);
    WEIR_ASSIGN_OR_RETURN(Workload workload, ReadWorkload(reading, of_workload));
    sum += workload.weight;
    workloads.push_back(std::move(workload));
  }
  if (!(sum > 0)) {
    return fields.Fault(
        "workloads", "has none with a workload_weight above 0", "give at least one");
  }
  Random random(trace.seed);
  int64_t tasks = 0;
  for (int64_t i = 0; i < jobs; ++i) {
    JobPlan job = DrawJob(random, Choose(random, workloads));
    job.name += "_" + std::to_string(i + 1);
    tasks += TasksOf(job);
    WEIR_RETURN_IF_ERROR(CheckSize(fields, trace, tasks));
    trace.jobs.push_back(std::move(job));
  }
  return {};
}

}  // namespace weir::sls
