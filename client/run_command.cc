// weir run: one stream job, in a session or in a cluster of its own.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "client/application_watch.h"
#include "client/command.h"
#include "client/graph_builder.h"
#include "client/job_client.h"
#include "client/output.h"
#include "client/stream_cluster.h"
#include "platform/clock.h"
#include "platform/crypto.h"

namespace weir::cli {
namespace {

constexpr Duration kPark = seconds(1);
constexpr Duration kReconnect = seconds(60);

struct JobRequest {
  std::string library;
  std::vector<std::string> arguments;
  int64_t parallelism = 1;
  std::string target;
};

// A session has its memory and slots already; a cluster of the job's own is no session.
Status CheckOptionsOf(const std::string& target, const Arguments& arguments) {
  const bool session = target == "session";
  const std::vector<std::string> foreign =
      session ? std::vector<std::string>{"jm", "tm", "s", "n", "nm", "qu"}
              : std::vector<std::string>{"id"};
  for (const std::string& name : foreign) {
    if (!arguments.Has(name)) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "'-" + name + "' has no meaning with '-t " + target + "'",
                 session ? "give it to 'weir session start', or use -t per-job or application"
                         : "leave it out, or use -t session"};
  }
  return {};
}

Result<JobRequest> ParseRequest(const Arguments& arguments) {
  JobRequest request;
  request.target = arguments.Get("t", "session");
  if (request.target.starts_with("yarn-")) request.target.erase(0, 5);
  if (request.target != "session" && request.target != "per-job" &&
      request.target != "application") {
    return Error{ErrorCode::kInvalidArgument,
                 "'-t " + arguments.Get("t") + "' is not a target",
                 "use session, per-job or application"};
  }
  if (arguments.words().empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "run needs a job library",
                 "weir run [options] JOB.so [ARGUMENT...]; see 'weir run --help'"};
  }
  WEIR_RETURN_IF_ERROR(CheckOptionsOf(request.target, arguments));
  WEIR_ASSIGN_OR_RETURN(request.parallelism, arguments.GetInt("p", 1, 1, stream::kParallelismMax));
  request.library = arguments.words()[0];
  request.arguments.assign(arguments.words().begin() + 1, arguments.words().end());
  return request;
}

// Left to the default action once: Ctrl-C ends the wait, never the job.
std::string g_interrupt_note;  // written before the handler is set, read only by it
void OnInterrupt(int) {
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, g_interrupt_note.data(), g_interrupt_note.size());
  _exit(static_cast<int>(ExitCode::kInterrupted));
}
void ExplainInterrupt(const std::string& what, const std::string& how) {
  g_interrupt_note = "\nweir: " + what + " goes on; end it with: " + how + "\n";
  std::signal(SIGINT, OnInterrupt);
}

ExitCode ReportJobEnd(const idl::JobReport& report) {
  if (report.state == "FINISHED") {
    std::printf("Job %s FINISHED in %lld ms\n",
                report.job_id.c_str(),
                static_cast<long long>(report.finished_ms - report.started_ms));
    for (const std::string& path : report.outputs) std::printf("%s\n", path.c_str());
    return ExitCode::kOk;
  }
  return Fail({ErrorCode::kInternal,
               "job " + report.job_id + " " + report.state +
                   (report.failure.empty() ? "" : ": " + report.failure),
               ""},
              ExitCode::kUnsuccessful);
}

bool IsOver(RmClient& rm, const ApplicationId& id) {
  const auto application = rm.Get(id);
  return application.ok() && IsTerminal(application->report.state);
}

// Follows a job to its end. Errors: the JobManager is gone: its application has ended, or nothing
// was heard from it for a minute.
Result<idl::JobReport> FollowJob(RmClient& rm,
                                 const ApplicationId& id,
                                 JobClient& jobs,
                                 const std::string& job) {
  JobProgress progress;
  int64_t version = -1;
  Instant give_up = kNever;
  while (true) {
    auto report = jobs.Watch(job, version, kPark);
    if (!report.ok()) {
      const ErrorCode code = report.error().code;
      const bool transient =
          code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded;
      const Instant now = platform::MonotonicNow();
      if (give_up == kNever) give_up = now + kReconnect;
      if (!transient || now > give_up || IsOver(rm, id)) return report.error();
      std::this_thread::sleep_for(milliseconds(100));  // between attempts to reconnect
      continue;
    }
    give_up = kNever;
    version = report->version;
    progress.Tell(*report);
    if (IsTerminalJobState(report->state)) return report;
  }
}

// Why the JobManager went away: the application's own end says it best.
ExitCode ExplainLoss(RmClient& rm, const ApplicationId& id, const Error& lost) {
  ApplicationProgress progress;
  const auto end = WatchUntil(rm, id, progress, [](const WatchedApplication&) { return true; });
  if (!end.ok()) return Fail(lost);
  return Fail({ErrorCode::kUnavailable,
               "the JobManager is gone (" + lost.message + "); " + DescribeEnd(end->report),
               "see 'weir logs -applicationId " + id.ToString() + "'"},
              ExitCode::kUnsuccessful);
}

ExitCode RunInSession(const Invocation& invocation, RmClient& rm, const JobRequest& request) {
  const auto built = BuildGraph(request.library, request.parallelism, request.arguments);
  if (!built.ok()) return Fail(built.error(), ExitCode::kBadJob);
  if (const Status inputs = CheckInputs(built->graph); !inputs.ok()) return Fail(inputs.error());
  const auto session =
      FindSession(rm, invocation.arguments.Get("id"), "name one with -id; see 'weir session list'");
  if (!session.ok()) return Fail(session.error());
  const auto timeout = invocation.arguments.GetDuration("queue-timeout", Duration(0));
  if (!timeout.ok()) return Fail(timeout.error());
  const auto jobs = JobClient::Connect(*session);
  if (!jobs.ok()) return Fail(jobs.error());
  const auto library = (*jobs)->UploadBlob(request.library);
  if (!library.ok()) return Fail(library.error());
  idl::JobSpec spec;
  spec.__set_idempotency_key(platform::RandomUuid());
  spec.__set_name(built->graph.name);
  spec.__set_library_sha256(*library);
  spec.__set_arguments(request.arguments);
  spec.__set_graph(built->text);
  spec.__set_parallelism(static_cast<int32_t>(request.parallelism));
  std::map<std::string, std::string> configuration;
  for (const auto& [key, value] : invocation.arguments.definitions()) configuration[key] = value;
  spec.__set_configuration(std::move(configuration));
  spec.__set_slot_timeout_ms(ToMillis(*timeout));
  const auto job = (*jobs)->Submit(spec);
  if (!job.ok()) return Fail(job.error());
  std::printf("Job has been submitted with JobID %s\n", job->c_str());
  std::fflush(stdout);
  if (invocation.arguments.Has("d")) return ExitCode::kOk;
  ExplainInterrupt("job " + *job, "weir job cancel " + *job);
  const auto end = FollowJob(rm, session->report.id, **jobs, *job);
  if (!end.ok()) return ExplainLoss(rm, session->report.id, end.error());
  return ReportJobEnd(*end);
}

// Stages the canonical graph text, by way of a file that is gone afterwards.
Result<LocalResource> StageText(RmClient& rm, const std::string& text) {
  const char* directory = std::getenv("TMPDIR");
  std::string path = std::string(directory == nullptr ? "/tmp" : directory) + "/weir-graph-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0)
    return Error{ErrorCode::kUnavailable, "cannot make a file in " + path, "set TMPDIR"};
  close(file);
  std::ofstream(path, std::ios::binary) << text;
  auto staged = rm.Stage(path);
  unlink(path.c_str());
  return staged;
}

Result<ClusterJob> StageJob(RmClient& rm, const JobRequest& request) {
  ClusterJob job;
  job.name = request.library.substr(request.library.rfind('/') + 1);
  job.parallelism = request.parallelism;
  job.arguments = request.arguments;
  // Checked here in both modes, so that a bad library is told at once; in application mode the
  // cluster builds its own graph all the same.
  WEIR_ASSIGN_OR_RETURN(const BuiltGraph built,
                        BuildGraph(request.library, request.parallelism, request.arguments));
  WEIR_RETURN_IF_ERROR(CheckInputs(built.graph));
  job.name = built.graph.name;
  WEIR_ASSIGN_OR_RETURN(job.library, rm.Stage(request.library));
  if (request.target == "per-job") {
    WEIR_ASSIGN_OR_RETURN(job.graph, StageText(rm, built.text));
  }
  return job;
}

// The job of a cluster that has one: waits until the JobManager has it.
Result<std::string> OnlyJob(JobClient& jobs) {
  WEIR_ASSIGN_OR_RETURN(const auto reports, jobs.List());
  if (reports.empty()) {
    return Error{ErrorCode::kInternal, "the JobManager runs but has no job", "see its log"};
  }
  return reports[0].job_id;
}

// A cluster that exists for its job ends as its job did.
ExitCode ReportClusterEnd(const ApplicationReport& report) {
  if (report.final_status == FinalStatus::kSucceeded) {
    std::printf("%s\n", DescribeEnd(report).c_str());
    return ExitCode::kOk;
  }
  return Fail({ErrorCode::kInternal,
               DescribeEnd(report),
               "see 'weir logs -applicationId " + report.id.ToString() + "'"},
              ExitCode::kUnsuccessful);
}

ExitCode ExplainClusterLoss(RmClient& rm, const ApplicationId& id, const Error& lost) {
  const auto application = rm.Get(id);
  const bool ended = application.ok() && IsTerminal(application->report.state);
  const bool succeeded = ended && application->report.final_status == FinalStatus::kSucceeded;
  return succeeded ? ReportClusterEnd(application->report) : ExplainLoss(rm, id, lost);
}

ExitCode FollowCluster(const Invocation& invocation, RmClient& rm, const ApplicationId& id) {
  ApplicationProgress progress;
  auto application = WatchUntilServing(rm, id, progress);
  if (!application.ok()) return Fail(application.error());
  // One that has ended may still be there to tell how.
  if (IsTerminal(application->report.state) && !application->client_token) {
    return ReportClusterEnd(application->report);
  }
  const auto jobs = JobClient::Connect(*application);
  if (!jobs.ok()) return Fail(jobs.error());
  const auto job = OnlyJob(**jobs);
  if (!job.ok()) return ExplainClusterLoss(rm, id, job.error());
  std::printf("Job has been submitted with JobID %s\n", job->c_str());
  std::fflush(stdout);
  if (invocation.arguments.Has("d")) return ExitCode::kOk;
  const auto end = FollowJob(rm, id, **jobs, *job);
  if (!end.ok()) return ExplainClusterLoss(rm, id, end.error());
  const ExitCode exit = ReportJobEnd(*end);
  const auto over = WatchUntilOver(rm, id, progress);
  return over.ok() ? exit : Fail(over.error());
}

ExitCode RunInOwnCluster(const Invocation& invocation, RmClient& rm, const JobRequest& request) {
  if (const auto defined = ReadDefinitions(invocation.arguments); !defined.ok()) {
    return Fail(defined.error());
  }
  const ExitCode can = CheckContainers(invocation.arguments, rm);
  if (can != ExitCode::kOk) return can;
  const auto job = StageJob(rm, request);
  if (!job.ok()) {
    const bool bad = job.error().code == ErrorCode::kInvalidArgument;
    return Fail(job.error(), bad ? ExitCode::kBadJob : ExitCodeOf(job.error().code));
  }
  const bool per_job = request.target == "per-job";
  const auto context =
      MakeClusterContext(invocation.arguments,
                         per_job ? kPerJobType : kApplicationType,
                         per_job ? "Weir per-job cluster" : "Weir application cluster",
                         *job);
  if (!context.ok()) return Fail(context.error());
  const auto id = rm.Submit(*context);
  if (!id.ok()) return Fail(id.error());
  std::printf("%s\n", id->ToString().c_str());
  std::fflush(stdout);
  Say(id->ToString() + " submitted");
  ExplainInterrupt(id->ToString(), "weir application -kill " + id->ToString());
  return FollowCluster(invocation, rm, *id);
}

}  // namespace

ExitCode RunRunCommand(const std::vector<std::string>& words) {
  ParseRules rules{.options = ClusterOptions(), .stop_at_first_word = true};
  rules.options.push_back({"t", "TARGET", "", false});
  rules.options.push_back({"target", "TARGET", "", false});
  rules.options.push_back({"id", "SESSION", "", false});
  rules.options.push_back({"p", "PARALLELISM", "", false});
  const Prepared prepared = Prepare("run", std::move(rules), words);
  if (!prepared.invocation) return prepared.exit;
  const auto request = ParseRequest(prepared.invocation->arguments);
  if (!request.ok()) return Fail(request.error());
  RmClient rm(prepared.invocation->config);
  if (request->target == "session") return RunInSession(*prepared.invocation, rm, *request);
  return RunInOwnCluster(*prepared.invocation, rm, *request);
}

}  // namespace weir::cli
