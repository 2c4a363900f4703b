#include "appmaster/server/master_options.h"

#include <CLI/CLI.hpp>

#include "appmaster/server/command_line.h"
#include "platform/stream_options.h"

namespace weir::am {
namespace {

constexpr char kName[] = "weir-appmaster";

struct Words {
  std::string mode = "session";
  int64_t memory = 1024;
  int64_t vcores = 1;
  std::vector<std::string> definitions;
  int64_t slot_timeout_ms = 0;
};

void AddOptions(CLI::App& app, Words& words, MasterOptions& options) {
  app.add_option("--mode", words.mode, "What the cluster is for")
      ->check(CLI::IsMember({"session", "per-job", "application"}));
  app.add_option("--task-manager-memory", words.memory, "Memory of a TaskManager")
      ->type_name("MB")
      ->check(CLI::Range(int64_t{1}, Resource::kMemoryMibMax));
  app.add_option("--task-manager-vcores", words.vcores, "Virtual cores of a TaskManager")
      ->check(CLI::Range(int64_t{1}, Resource::kVcoresMax));
  app.add_option("--slots", options.cluster.slots_per_worker, "Slots of a TaskManager")
      ->check(CLI::Range(1, 1024));
  app.add_option("--parallelism", options.parallelism, "Default parallelism of the job")
      ->check(CLI::Range(1, 32768));
  app.add_option("--min-task-managers", options.cluster.workers_min, "Kept warm by a session")
      ->check(CLI::Range(0, 10000));
  app.add_option("--job-library", options.job_library, "The job's shared library");
  app.add_option("--job-graph", options.job_graph, "The job's graph, as text (per-job)");
  app.add_option("--job-name", options.job_name, "Name of the job");
  app.add_option("--slot-timeout-ms", words.slot_timeout_ms, "Most time a job waits for slots")
      ->check(CLI::Range(int64_t{0}, int64_t{365} * 24 * 3600 * 1000));
  app.add_flag("--keep-on-lease-end",
               options.keep_on_lease_end,
               "TaskManagers live on when their node is cut off");
  app.add_option("-D", words.definitions, "Sets a configuration key")->type_name("KEY=VALUE");
  app.set_version_flag("--version", std::string(kName) + " " + WEIR_VERSION);
  app.footer("What follows -- are the job's arguments.");
}

Status CheckMode(const std::string& mode, MasterOptions& options) {
  ClusterOptions& cluster = options.cluster;
  cluster.mode = mode == "session"   ? DeploymentMode::kSession
                 : mode == "per-job" ? DeploymentMode::kPerJob
                                     : DeploymentMode::kApplication;
  // A session has no single end that a client waits for.
  if (cluster.mode == DeploymentMode::kSession) {
    cluster.fetch_timeout = seconds(1);
    return {};
  }
  cluster.workers_min = 0;
  if (options.job_library.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "--mode " + mode + " needs a job",
                 "name its library with --job-library"};
  }
  if (cluster.mode == DeploymentMode::kPerJob && options.job_graph.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "--mode per-job needs the job's graph",
                 "name its file with --job-graph"};
  }
  return {};
}

Spread SpreadNamed(const std::string& name) {
  if (name == "nodes") return Spread::kNodes;
  return name == "racks" ? Spread::kRacks : Spread::kPack;
}

Status ReadConfiguration(MasterOptions& options) {
  platform::Configuration::Source source;
  source.overrides = options.definitions;
  WEIR_ASSIGN_OR_RETURN(const auto config, platform::Configuration::Load(source));
  WEIR_ASSIGN_OR_RETURN(const auto read, platform::ReadStreamOptions(config));
  options.port_low = read.master_ports.first;
  options.port_high = read.master_ports.last;
  options.cluster.idle_timeout = read.idle_timeout;
  // A cluster for one job has use for all of that job's TaskManagers or for none. A session's jobs
  // must not wait for each other's.
  options.placement.gang = read.gang == "auto" ? options.exists_for_job() : read.gang == "true";
  options.placement.spread = SpreadNamed(read.spread);
  options.placement.max_per_node = static_cast<int32_t>(read.max_per_node);
  options.park = read.park;
  options.log_level = read.log_level;
  return {};
}

}  // namespace

Result<ParsedCommandLine> ParseMasterOptions(int argc, char** argv) {
  ParsedCommandLine parsed;
  MasterOptions& options = parsed.options;
  Words words;
  SplitCommandLine split = SplitAtDashes(argc, argv);
  options.job_arguments = split.rest;
  CLI::App app("Runs a stream cluster: JobManager and the containers of its TaskManagers.", kName);
  AddOptions(app, words, options);
  try {
    app.parse(static_cast<int>(split.own.size()), split.own.data());
  } catch (const CLI::Success& wanted) {
    app.exit(wanted);
    parsed.done = true;
    return parsed;
  } catch (const CLI::ParseError& error) {
    return Error{ErrorCode::kInvalidArgument, error.what(), "see --help"};
  }
  options.cluster.worker_resource = {words.memory, words.vcores};
  options.slot_timeout = milliseconds(words.slot_timeout_ms);
  for (const std::string& text : words.definitions) {
    WEIR_ASSIGN_OR_RETURN(auto definition, platform::ParseDefinition(text));
    options.definitions.push_back(std::move(definition));
  }
  WEIR_RETURN_IF_ERROR(CheckMode(words.mode, options));
  WEIR_RETURN_IF_ERROR(ReadConfiguration(options));
  return parsed;
}

}  // namespace weir::am
