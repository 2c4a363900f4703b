#include "appmaster/server/master_options.h"

#include <CLI/CLI.hpp>

#include "appmaster/server/command_line.h"
#include "common/strings.h"
#include "platform/config_keys.h"

namespace weir::am {
namespace {

constexpr char kName[] = "weir-appmaster";
constexpr char kGang[] = "weir.taskmanager.gang";
constexpr char kSpread[] = "weir.taskmanager.spread";
constexpr char kMaxPerNode[] = "weir.taskmanager.max-per-node";

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

Status ParsePortRange(const std::string& text, MasterOptions& options) {
  const auto parts = Split(text, '-');
  const auto low = ParseInt64(Trim(parts[0]));
  const auto high = parts.size() == 2 ? ParseInt64(Trim(parts[1])) : low;
  if (parts.size() > 2 || !low || !high || *low < 0 || *high > 65535 || *low > *high ||
      (*low == 0 && *high != 0)) {
    return Error{ErrorCode::kInvalidArgument,
                 "weir.appmaster.port-range: '" + text + "' is not a range of ports",
                 "write 0, or low-high from 1 to 65535"};
  }
  options.port_low = static_cast<uint16_t>(*low);
  options.port_high = static_cast<uint16_t>(*high);
  return {};
}

Error BadPlacement(const char* key, const std::string& value, const char* choices) {
  return {ErrorCode::kInvalidArgument,
          std::string(key) + " is '" + value + "'",
          std::string("it must be ") + choices};
}

// A cluster for one job has use for all of that job's TaskManagers or for none. A session's jobs
// must not wait for each other's.
Status ReadPlacement(const platform::Configuration& config, MasterOptions& options) {
  const std::string gang = ToLower(config.GetOr(kGang, platform::DefaultOf(kGang)));
  if (gang != "auto" && gang != "true" && gang != "false") {
    return BadPlacement(kGang, gang, "auto, true or false");
  }
  options.placement.gang = gang == "auto" ? options.exists_for_job() : gang == "true";
  const std::string spread = ToLower(config.GetOr(kSpread, platform::DefaultOf(kSpread)));
  if (spread != "none" && spread != "nodes" && spread != "racks") {
    return BadPlacement(kSpread, spread, "none, nodes or racks");
  }
  if (spread == "nodes") options.placement.spread = Spread::kNodes;
  if (spread == "racks") options.placement.spread = Spread::kRacks;
  WEIR_ASSIGN_OR_RETURN(const int64_t most, config.GetInt(kMaxPerNode, 0, 0, 10'000));
  options.placement.max_per_node = static_cast<int32_t>(most);
  return {};
}

Status ReadConfiguration(MasterOptions& options) {
  platform::Configuration::Source source;
  source.overrides = options.definitions;
  WEIR_ASSIGN_OR_RETURN(const auto config, platform::Configuration::Load(source));
  const auto value = [&](const char* key) { return config.GetOr(key, platform::DefaultOf(key)); };
  WEIR_RETURN_IF_ERROR(ParsePortRange(value("weir.appmaster.port-range"), options));
  WEIR_ASSIGN_OR_RETURN(options.cluster.idle_timeout,
                        config.GetDuration("weir.taskmanager.idle-timeout", seconds(30)));
  WEIR_RETURN_IF_ERROR(ReadPlacement(config, options));
  WEIR_ASSIGN_OR_RETURN(options.park, config.GetDuration(platform::keys::kPollPark, seconds(10)));
  WEIR_ASSIGN_OR_RETURN(options.log_level,
                        platform::ParseLogLevel(value(platform::keys::kLogLevel)));
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
