#include "client/stream_cluster.h"

#include <unistd.h>

#include "client/node_fit.h"
#include "client/output.h"
#include "platform/rpc_security.h"

namespace weir::cli {
namespace {

constexpr int64_t kJobManagerMemoryMib = 1024;
constexpr int64_t kTaskManagerMemoryMib = 1024;

std::string ModeOf(const std::string& type) {
  return type.substr(std::string("weir-").size());
}

bool IsClusterType(const std::string& type) {
  return type == kSessionType || type == kPerJobType || type == kApplicationType;
}

}  // namespace

std::vector<OptionSpec> ClusterOptions() {
  return {{"jm", "MB", "", false},
          {"tm", "MB", "", false},
          {"s", "SLOTS", "", false},
          {"n", "COUNT", "", false},
          {"nm", "NAME", "", false},
          {"qu", "QUEUE", "", false},
          {"queue-timeout", "TIME", "", false},
          {"priority", "N", "", false},
          {"label", "LABEL", "", false},
          {"amLabel", "LABEL", "", false},
          {"lifetime", "TIME", "", false},
          {"keepOnLeaseEnd", "", "", false},
          {"d", "", "", false}};
}

Result<platform::StreamOptions> ReadDefinitions(const Arguments& arguments) {
  platform::Configuration::Source source;
  source.overrides = arguments.definitions();
  WEIR_ASSIGN_OR_RETURN(const auto config, platform::Configuration::Load(source));
  return platform::ReadStreamOptions(config);
}

Result<SubmissionContext> MakeClusterContext(const Arguments& arguments,
                                             const std::string& type,
                                             const std::string& default_name,
                                             const std::optional<ClusterJob>& job) {
  WEIR_ASSIGN_OR_RETURN(const platform::StreamOptions defined, ReadDefinitions(arguments));
  WEIR_ASSIGN_OR_RETURN(const int64_t jm_memory,
                        arguments.GetMemoryMib("jm", kJobManagerMemoryMib));
  WEIR_ASSIGN_OR_RETURN(const int64_t tm_memory,
                        arguments.GetMemoryMib("tm", kTaskManagerMemoryMib));
  WEIR_ASSIGN_OR_RETURN(const int64_t slots, arguments.GetInt("s", 1, 1, 1024));
  WEIR_ASSIGN_OR_RETURN(const int64_t warm, arguments.GetInt("n", 0, 0, 10'000));
  SubmissionContext context;
  WEIR_ASSIGN_OR_RETURN(context.queue_timeout, arguments.GetDuration("queue-timeout", Duration(0)));
  WEIR_ASSIGN_OR_RETURN(context.lifetime, arguments.GetDuration("lifetime", Duration(0)));
  WEIR_ASSIGN_OR_RETURN(const int64_t priority,
                        arguments.GetInt("priority", 0, -1'000'000, 1'000'000));
  context.priority = static_cast<int32_t>(priority);
  context.max_attempts = defined.attempts;
  context.attempt_failures_validity = defined.attempt_failures_validity;
  context.label = arguments.Get("label");
  context.am_label = arguments.Get("amLabel");
  context.name = arguments.Get("nm", default_name);
  context.type = type;
  context.queue = arguments.Get("qu");
  context.am_resource = {jm_memory, 1};
  std::vector<std::string>& argv = context.am_launch.command;
  argv = {"{{WEIR_HOME}}/bin/weir-appmaster",
          "--mode",
          ModeOf(type),
          "--task-manager-memory",
          std::to_string(tm_memory),
          "--slots",
          std::to_string(slots),
          "--min-task-managers",
          std::to_string(warm)};
  if (arguments.Has("keepOnLeaseEnd")) {
    context.am_launch.on_lease_end = LeaseEnd::kKeep;
    argv.push_back("--keep-on-lease-end");
  }
  for (const auto& [key, value] : arguments.definitions()) {
    argv.insert(argv.end(), {"-D", key + "=" + value});
  }
  if (!job) return context;
  context.am_launch.local_resources["job.so"] = job->library;
  argv.insert(argv.end(),
              {"--job-library",
               "job.so",
               "--job-name",
               job->name,
               "--parallelism",
               std::to_string(job->parallelism),
               "--slot-timeout-ms",
               std::to_string(ToMillis(context.queue_timeout))});
  if (job->graph) {
    context.am_launch.local_resources["job.graph"] = *job->graph;
    argv.insert(argv.end(), {"--job-graph", "job.graph"});
  }
  argv.push_back("--");
  argv.insert(argv.end(), job->arguments.begin(), job->arguments.end());
  return context;
}

ExitCode CheckContainers(const Arguments& arguments, RmClient& rm) {
  struct Kind {
    const char* option;
    int64_t default_mib;
    const char* what;
  };
  for (const Kind& kind : {Kind{"jm", kJobManagerMemoryMib, "a container for the JobManager"},
                           Kind{"tm", kTaskManagerMemoryMib, "a container for a TaskManager"}}) {
    const auto memory = arguments.GetMemoryMib(kind.option, kind.default_mib);
    if (!memory.ok()) return Fail(memory.error());
    const auto container = rm.NormalizeContainer({*memory, 1});
    if (!container.ok()) return Fail(container.error());
    if (arguments.Has("queue-timeout")) continue;
    const ExitCode fits = RefuseIfNoNodeFits(rm, kind.what, *container);
    if (fits != ExitCode::kOk) return fits;
  }
  return ExitCode::kOk;
}

Result<std::vector<ApplicationReport>> FindClusters(RmClient& rm, bool sessions_only) {
  WEIR_ASSIGN_OR_RETURN(const auto live,
                        rm.List({.states = {ApplicationState::kNew,
                                            ApplicationState::kSubmitted,
                                            ApplicationState::kAccepted,
                                            ApplicationState::kRunning},
                                 .user = platform::UserName(geteuid()),
                                 .queue = ""}));
  std::vector<ApplicationReport> clusters;
  for (const ApplicationReport& report : live) {
    if (sessions_only ? report.type == kSessionType : IsClusterType(report.type)) {
      clusters.push_back(report);
    }
  }
  return clusters;
}

Result<WatchedApplication> FindSession(RmClient& rm,
                                       const std::string& id,
                                       const std::string& how_to_name) {
  if (!id.empty()) {
    WEIR_ASSIGN_OR_RETURN(const ApplicationId parsed, ApplicationId::Parse(id));
    return rm.Get(parsed);
  }
  WEIR_ASSIGN_OR_RETURN(const auto sessions, FindClusters(rm, true));
  if (sessions.empty()) {
    return Error{ErrorCode::kNotFound,
                 "you have no running session cluster",
                 "start one with 'weir session start -d', or run with -t per-job"};
  }
  if (sessions.size() > 1) {
    return Error{ErrorCode::kFailedPrecondition,
                 "you have " + std::to_string(sessions.size()) + " running session clusters",
                 how_to_name};
  }
  return rm.Get(sessions[0].id);
}

}  // namespace weir::cli
