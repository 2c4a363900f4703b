#include "client/application_changes.h"

#include <cstdio>

#include "client/explain_output.h"
#include "client/job_client.h"
#include "client/output.h"
#include "client/rm_client.h"
#include "client/stream_cluster.h"

namespace weir::cli {
namespace {

// The application of -appId.
Result<ApplicationId> NamedApplication(const Arguments& arguments, const std::string& action) {
  if (!arguments.Has("appId")) {
    return Error{ErrorCode::kInvalidArgument,
                 "'application " + action + "' needs -appId ID",
                 "see 'weir application --help'"};
  }
  return ApplicationId::Parse(arguments.Get("appId"));
}

// Prints the report with -o json, else `line`.
ExitCode Tell(const Invocation& invocation,
              const Result<ApplicationReport>& report,
              const std::string& line) {
  if (!report.ok()) return Fail(report.error());
  std::fputs((invocation.json ? ApplicationJson(*report) : line + "\n").c_str(), stdout);
  return ExitCode::kOk;
}

ExitCode Move(const Invocation& invocation, RmClient& rm) {
  const Arguments& arguments = invocation.arguments;
  const bool old_form = arguments.Has("movetoqueue");
  const auto id = old_form ? ApplicationId::Parse(arguments.Get("movetoqueue"))
                           : NamedApplication(arguments, "-changeQueue");
  if (!id.ok()) return Fail(id.error());
  const std::string queue = arguments.Get(old_form ? "queue" : "changeQueue");
  if (queue.empty()) {
    return Fail({ErrorCode::kInvalidArgument,
                 "'application -movetoqueue' needs -queue QUEUE",
                 "'weir queue -list all' shows the queues"});
  }
  if (!invocation.json) {
    std::printf("Moving application %s to queue %s\n", id->ToString().c_str(), queue.c_str());
    std::fflush(stdout);
  }
  return Tell(invocation, rm.Move(*id, queue), "Successfully completed move.");
}

ExitCode UpdatePriority(const Invocation& invocation, RmClient& rm) {
  const auto id = NamedApplication(invocation.arguments, "-updatePriority");
  if (!id.ok()) return Fail(id.error());
  const auto priority = invocation.arguments.GetInt("updatePriority", 0, INT32_MIN, INT32_MAX);
  if (!priority.ok()) return Fail(priority.error());
  if (!invocation.json) {
    std::printf("Updating priority of an application %s\n", id->ToString().c_str());
    std::fflush(stdout);
  }
  const auto report = rm.UpdatePriority(*id, static_cast<int32_t>(*priority));
  if (!report.ok()) return Fail(report.error());
  std::string line = "Successfully updated the application " + id->ToString() + " with priority '" +
                     std::to_string(report->priority) + "'";
  if (report->priority != *priority) {
    line += " (asked for " + std::to_string(*priority) + ": the most that queue and cluster allow)";
  }
  return Tell(invocation, report, line);
}

ExitCode UpdateLifetime(const Invocation& invocation, RmClient& rm) {
  const auto id = NamedApplication(invocation.arguments, "-updateLifetime");
  if (!id.ok()) return Fail(id.error());
  const auto lifetime = invocation.arguments.GetDuration("updateLifetime", Duration(0));
  if (!lifetime.ok()) return Fail(lifetime.error());
  if (!invocation.json) {
    std::printf("Updating timeout for given timeoutType: LIFETIME of an application %s\n",
                id->ToString().c_str());
    std::fflush(stdout);
  }
  const auto report = rm.UpdateLifetime(*id, *lifetime);
  if (!report.ok()) return Fail(report.error());
  return Tell(invocation,
              report,
              "Successfully updated the timeouts of application " + id->ToString() +
                  ": it ends at " + FormatTime(report->expires));
}

// What the JobManager's own jobs wait for; nothing when it cannot be asked.
std::vector<std::string> WaitingJobs(const WatchedApplication& application) {
  std::vector<std::string> lines;
  const std::string& type = application.report.type;
  if (type != kSessionType && type != kPerJobType && type != kApplicationType) return lines;
  if (application.report.state != ApplicationState::kRunning) return lines;
  const auto jobs = JobClient::Connect(application);
  if (!jobs.ok()) return lines;
  const auto reports = (*jobs)->List();
  if (!reports.ok()) return lines;
  for (const idl::JobReport& job : *reports) {
    if (IsTerminalJobState(job.state) || job.waiting.empty()) continue;
    lines.push_back("Job " + job.job_id + " " + job.state + " : " + job.waiting);
  }
  return lines;
}

ExitCode Explain(const Invocation& invocation, RmClient& rm) {
  const auto id = ApplicationId::Parse(invocation.arguments.Get("explain"));
  if (!id.ok()) return Fail(id.error());
  const auto explanation = rm.Explain(*id);
  if (!explanation.ok()) return Fail(explanation.error());
  PastTheScheduler past;
  if (!IsTerminal(explanation->state)) {
    const auto containers = rm.Containers(*id);
    if (!containers.ok()) return Fail(containers.error());
    for (const ContainerReport& container : *containers) {
      if (container.state == ContainerState::kNew) past.starting.push_back(container);
    }
    const auto watched = rm.Get(*id);
    if (watched.ok()) past.jobs = WaitingJobs(*watched);
  }
  std::fputs((invocation.json ? ExplanationJson(*explanation, past)
                              : FormatExplanation(*explanation, past))
                 .c_str(),
             stdout);
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunApplicationChange(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  RmClient rm(invocation.config);
  if (arguments.Has("updatePriority")) return UpdatePriority(invocation, rm);
  if (arguments.Has("updateLifetime")) return UpdateLifetime(invocation, rm);
  if (arguments.Has("explain")) return Explain(invocation, rm);
  return Move(invocation, rm);
}

}  // namespace weir::cli
