#include "stream/jobmanager/server/job_json.h"

#include <nlohmann/json.hpp>

namespace weir::stream {
namespace {

using Json = nlohmann::ordered_json;

// Flink says -1 for what has not happened.
int64_t MillisOrNone(WallTime time) {
  return ToMillis(time) == 0 ? -1 : ToMillis(time);
}

Json Overview(const JobReport& report) {
  Json tasks = Json::object();
  int64_t total = 0;
  for (const TaskState state : {TaskState::kCreated,
                                TaskState::kScheduled,
                                TaskState::kDeploying,
                                TaskState::kInitializing,
                                TaskState::kRunning,
                                TaskState::kFinished,
                                TaskState::kCanceling,
                                TaskState::kCanceled,
                                TaskState::kFailed}) {
    int64_t count = 0;
    for (const VertexReport& vertex : report.vertices) {
      const auto found = vertex.tasks.find(state);
      count += found == vertex.tasks.end() ? 0 : found->second;
    }
    std::string name(TaskStateName(state));
    for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    tasks[name] = count;
    total += count;
  }
  tasks["total"] = total;
  return {{"jid", report.id.hex},
          {"name", report.name},
          {"state", PublicName(report.state)},
          {"start-time", ToMillis(report.started)},
          {"end-time", MillisOrNone(report.finished)},
          {"tasks", std::move(tasks)}};
}

// Text of users may be any bytes.
std::string Print(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string JobsToJson(const std::vector<JobReport>& reports) {
  Json jobs = Json::array();
  for (const JobReport& report : reports) jobs.push_back(Overview(report));
  return Print({{"jobs", std::move(jobs)}});
}

std::string JobToJson(const JobReport& report) {
  Json json = Overview(report);
  Json vertices = Json::array();
  for (const VertexReport& vertex : report.vertices) {
    Json tasks = Json::object();
    for (const auto& [state, count] : vertex.tasks)
      tasks[std::string(TaskStateName(state))] = count;
    vertices.push_back({{"id", vertex.id},
                        {"name", vertex.name},
                        {"parallelism", vertex.parallelism},
                        {"tasks", std::move(tasks)},
                        {"metrics",
                         {{"read-records", vertex.counters.records_in},
                          {"write-records", vertex.counters.records_out},
                          {"read-bytes", vertex.counters.bytes_in},
                          {"write-bytes", vertex.counters.bytes_out}}}});
  }
  json["vertices"] = std::move(vertices);
  json["failure-cause"] = report.failure;
  json["waiting"] = report.waiting;
  json["slots-needed"] = report.slots_needed;
  json["slots-ready"] = report.slots_ready;
  json["source-records"] = report.source_records;
  json["outputs"] = report.outputs;
  return Print(json);
}

}  // namespace weir::stream
