// Stream clusters as applications: how their AM is started, and how running ones are found.
#ifndef WEIR_CLIENT_STREAM_CLUSTER_H_
#define WEIR_CLIENT_STREAM_CLUSTER_H_

#include <optional>
#include <string>
#include <vector>

#include "client/arguments.h"
#include "client/exit_code.h"
#include "client/rm_client.h"
#include "platform/stream_options.h"

namespace weir::cli {

// The types under which stream clusters are listed.
inline constexpr char kSessionType[] = "weir-session";
inline constexpr char kPerJobType[] = "weir-per-job";
inline constexpr char kApplicationType[] = "weir-application";

// -jm -tm -s -n -nm -qu and --queue-timeout.
std::vector<OptionSpec> ClusterOptions();

// A job that the cluster is started for: files already staged.
struct ClusterJob {
  LocalResource library;
  std::optional<LocalResource> graph;  // built by the client (per-job)
  std::string name;
  int64_t parallelism = 1;
  std::vector<std::string> arguments;
};

// Of -D: what the cluster's processes would refuse one by one, after they were started.
// kInvalidArgument.
Result<platform::StreamOptions> ReadDefinitions(const Arguments& arguments);

// `type` is one of the three; `job` is needed for all but a session. Checks the definitions too.
// kInvalidArgument.
Result<SubmissionContext> MakeClusterContext(const Arguments& arguments,
                                             const std::string& type,
                                             const std::string& default_name,
                                             const std::optional<ClusterJob>& job);

// Says what is wrong if containers of the size of the JobManager or the TaskManagers cannot be had;
// one that no node could hold is waited for only with --queue-timeout.
ExitCode CheckContainers(const Arguments& arguments, RmClient& rm);

// Live clusters of the user: all stream types, or sessions only.
Result<std::vector<ApplicationReport>> FindClusters(RmClient& rm, bool sessions_only);
// The session of this id, or the only one that runs when it is "". kNotFound, kFailedPrecondition
// (several: the remedy is `how_to_name`).
Result<WatchedApplication> FindSession(RmClient& rm,
                                       const std::string& id,
                                       const std::string& how_to_name);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_STREAM_CLUSTER_H_
