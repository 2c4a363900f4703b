// weir job: list, status, cancel.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "client/command.h"
#include "client/job_client.h"
#include "client/output.h"
#include "client/stream_cluster.h"
#include "platform/clock.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

// A JobManager gives up TaskManagers that do not end their tasks, and cleans after them, sooner.
constexpr Duration kCancelWait = seconds(60);
constexpr Duration kPark = seconds(1);
constexpr char kCanceled[] = "CANCELED";

struct FoundJob {
  std::string application;
  idl::JobReport report;
  std::shared_ptr<JobClient> jobs;
};

ordered_json ToJson(const FoundJob& found) {
  const idl::JobReport& report = found.report;
  ordered_json vertices = ordered_json::array();
  for (const auto& vertex : report.vertices) {
    ordered_json tasks = ordered_json::object();
    for (const auto& [state, count] : vertex.tasks) tasks[state] = count;
    vertices.push_back({{"id", vertex.id},
                        {"name", vertex.name},
                        {"parallelism", vertex.parallelism},
                        {"tasks", std::move(tasks)},
                        {"recordsIn", vertex.records_in},
                        {"recordsOut", vertex.records_out}});
  }
  return {{"jid", report.job_id},
          {"name", report.name},
          {"state", report.state},
          {"application", found.application},
          {"startTime", report.started_ms},
          {"endTime", report.finished_ms},
          {"failure", report.failure},
          {"waiting", report.waiting},
          {"vertices", std::move(vertices)}};
}

// The jobs of every cluster that can be asked, or of the one named. A cluster that is just starting
// or ending is told on standard error and passed over when none was named.
Result<std::vector<FoundJob>> FindJobs(RmClient& rm, const std::string& id) {
  std::vector<WatchedApplication> clusters;
  if (!id.empty()) {
    WEIR_ASSIGN_OR_RETURN(auto one, FindSession(rm, id, ""));
    clusters.push_back(std::move(one));
  } else {
    WEIR_ASSIGN_OR_RETURN(const auto reports, FindClusters(rm, false));
    for (const ApplicationReport& report : reports) {
      WEIR_ASSIGN_OR_RETURN(auto one, rm.Get(report.id));
      clusters.push_back(std::move(one));
    }
  }
  std::vector<FoundJob> found;
  for (const WatchedApplication& cluster : clusters) {
    const auto list = [&]() -> Status {
      WEIR_ASSIGN_OR_RETURN(std::shared_ptr<JobClient> jobs, JobClient::Connect(cluster));
      WEIR_ASSIGN_OR_RETURN(const auto reports, jobs->List());
      for (const auto& report : reports) {
        found.push_back({cluster.report.id.ToString(), report, jobs});
      }
      return {};
    };
    const Status listed = list();
    if (!listed.ok() && !id.empty()) return listed.error();
    if (!listed.ok()) Say("weir: passed over " + listed.error().ToString());
  }
  return found;
}

std::string TimeText(int64_t ms) {
  return FormatTime(WallFromMillis(ms));
}

ExitCode List(const Invocation& invocation, const std::vector<FoundJob>& jobs) {
  if (invocation.json) {
    ordered_json list = ordered_json::array();
    for (const FoundJob& job : jobs) list.push_back(ToJson(job));
    std::puts(ordered_json{{"jobs", std::move(list)}}
                  .dump(-1, ' ', false, ordered_json::error_handler_t::replace)
                  .c_str());
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const FoundJob& job : jobs) {
    rows.push_back({TimeText(job.report.started_ms),
                    job.report.job_id,
                    job.report.name,
                    job.report.state,
                    job.application});
  }
  std::fputs(FormatTable({"Start-Time", "Job-Id", "Name", "State", "Application-Id"}, rows).c_str(),
             stdout);
  return ExitCode::kOk;
}

void PrintJob(const FoundJob& job) {
  const idl::JobReport& report = job.report;
  std::printf("Job Report : \n\tJob-Id : %s\n\tName : %s\n\tState : %s\n\tApplication-Id : %s\n",
              report.job_id.c_str(),
              report.name.c_str(),
              report.state.c_str(),
              job.application.c_str());
  std::printf("\tStart-Time : %s\n\tFinish-Time : %s\n",
              TimeText(report.started_ms).c_str(),
              TimeText(report.finished_ms).c_str());
  if (!report.waiting.empty()) {
    std::printf(
        "\t%s : %s\n", report.state == "RUNNING" ? "Warning" : "Waiting", report.waiting.c_str());
  }
  if (!report.failure.empty()) std::printf("\tFailure : %s\n", report.failure.c_str());
  std::vector<std::vector<std::string>> rows;
  for (const auto& vertex : report.vertices) {
    std::string tasks;
    for (const auto& [state, count] : vertex.tasks) {
      tasks += (tasks.empty() ? "" : " ") + state + ":" + std::to_string(count);
    }
    rows.push_back({std::to_string(vertex.id),
                    vertex.name,
                    std::to_string(vertex.parallelism),
                    std::to_string(vertex.records_in),
                    std::to_string(vertex.records_out),
                    tasks});
  }
  std::fputs(
      FormatTable({"Vertex", "Name", "Parallelism", "Records-In", "Records-Out", "Tasks"}, rows)
          .c_str(),
      stdout);
}

// Waits until the job has ended. Errors: kDeadlineExceeded; the JobManager is gone.
Result<std::string> AwaitEnd(JobClient& jobs, const std::string& id) {
  JobProgress progress;
  int64_t version = -1;
  const Instant deadline = platform::MonotonicNow() + kCancelWait;
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const idl::JobReport report, jobs.Watch(id, version, kPark));
    version = report.version;
    progress.Tell(report);
    if (IsTerminalJobState(report.state)) return report.state;
    if (platform::MonotonicNow() < deadline) continue;
    return Error{ErrorCode::kDeadlineExceeded,
                 "job " + id + " is still " + report.state + " after " +
                     std::to_string(ToMillis(kCancelWait) / 1000) + " s",
                 "it goes on ending; see 'weir job status " + id + "'"};
  }
}

ExitCode Cancel(const FoundJob& job, bool detached) {
  const std::string& id = job.report.job_id;
  if (job.report.state == kCanceled) {
    std::printf("Job %s is cancelled already.\n", id.c_str());
    return ExitCode::kOk;
  }
  if (IsTerminalJobState(job.report.state)) {
    return Fail({ErrorCode::kFailedPrecondition,
                 "job " + id + " cannot be cancelled: it is " + job.report.state,
                 "see 'weir job status " + id + "'"});
  }
  std::printf("Cancelling job %s.\n", id.c_str());
  std::fflush(stdout);
  const Status asked = job.jobs->Cancel(id);
  // It may have ended since it was listed; how, is told below.
  const bool over = !asked.ok() && asked.error().code == ErrorCode::kFailedPrecondition;
  if (!asked.ok() && !over) return Fail(asked.error());
  if (detached && !over) return ExitCode::kOk;
  const auto end = AwaitEnd(*job.jobs, id);
  if (!end.ok()) return Fail(end.error());
  if (*end != kCanceled) {
    return Fail({ErrorCode::kFailedPrecondition,
                 "job " + id + " was not cancelled: it is " + *end,
                 *end == "FINISHED" ? "its results were being published already"
                                    : "see 'weir job status " + id + "'"});
  }
  std::printf("Cancelled job %s.\n", id.c_str());
  return ExitCode::kOk;
}

ExitCode WithJob(const Invocation& invocation,
                 const std::vector<FoundJob>& jobs,
                 const std::string& verb,
                 const std::string& id) {
  for (const FoundJob& job : jobs) {
    if (job.report.job_id != id) continue;
    if (verb == "cancel") return Cancel(job, invocation.arguments.Has("d"));
    // The list has only the heads of the jobs; the job itself knows its vertices.
    auto report = job.jobs->Watch(id, -1, Duration(0));
    if (!report.ok()) return Fail(report.error());
    const FoundJob whole{job.application, std::move(report).value(), job.jobs};
    if (invocation.json) {
      std::puts(ToJson(whole).dump(-1, ' ', false, ordered_json::error_handler_t::replace).c_str());
    } else {
      PrintJob(whole);
    }
    return ExitCode::kOk;
  }
  return Fail(
      {ErrorCode::kNotFound, "no running cluster of yours has a job " + id, "see 'weir job list'"});
}

}  // namespace

ExitCode RunJobCommand(const std::vector<std::string>& words) {
  const Prepared prepared =
      Prepare("job", {.options = {{"id", "SESSION", "", false}, {"d", "", "", false}}}, words);
  if (!prepared.invocation) return prepared.exit;
  const auto& verbs = prepared.invocation->arguments.words();
  const std::string verb = verbs.empty() ? "" : verbs[0];
  const bool list = verb == "list" && verbs.size() == 1;
  const bool one = (verb == "status" || verb == "cancel") && verbs.size() == 2;
  if (!list && !one) {
    return Fail({ErrorCode::kInvalidArgument,
                 "job needs one of list, status JOB, cancel JOB",
                 "see 'weir job --help'"});
  }
  std::vector<std::string> options = {"id"};
  if (verb == "cancel") options.push_back("d");
  const Status fits =
      prepared.invocation->arguments.AllowOnly("job " + verb, options, list ? 1 : 2);
  if (!fits.ok()) return Fail(fits.error());
  RmClient rm(prepared.invocation->config);
  const auto jobs = FindJobs(rm, prepared.invocation->arguments.Get("id"));
  if (!jobs.ok()) return Fail(jobs.error());
  if (list) return List(*prepared.invocation, *jobs);
  return WithJob(*prepared.invocation, *jobs, verb, verbs[1]);
}

}  // namespace weir::cli
