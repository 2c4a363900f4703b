// weir-command-master: the ApplicationMaster under which "weir application -submit -- COMMAND"
// runs.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "appmaster/client/master_environment.h"
#include "appmaster/server/command_line.h"
#include "appmaster/server/command_master.h"
#include "appmaster/server/master_process.h"
#include "common/exit_status.h"
#include "common/limits.h"
#include "common/resource_uri.h"
#include "common/strings.h"
#include "platform/daemon_main.h"
#include "platform/log.h"
#include "platform/signals.h"

namespace {

using namespace weir;
using namespace weir::am;

constexpr char kName[] = "weir-command-master";
constexpr int32_t kRetriesMax = 1'000'000;
constexpr int64_t kRetryIntervalMsMax = 86'400'000;
constexpr int64_t kQueueTimeoutMsMax = int64_t{315'360'000'000};  // ten years

// A file or archive that each container gets.
Status AddLocalResource(const std::string& text, LaunchContext& launch) {
  WEIR_ASSIGN_OR_RETURN(const NamedResource named, ParseResourceArgument(text));
  launch.local_resources[named.name] = named.resource;
  return {};
}

// "yarn.io/gpu=2"
Status AddNamedResource(const std::string& text, Resource& resource) {
  const size_t equals = text.rfind('=');
  const auto amount =
      equals == std::string::npos ? std::nullopt : ParseInt64(text.substr(equals + 1));
  if (!amount || *amount < 0 || *amount > Resource::kNamedMax || equals == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "--resource " + text + " is not NAME=AMOUNT",
                 "the amount is a whole number"};
  }
  resource.SetNamed(text.substr(0, equals), *amount);
  return {};
}

// --retries, --retry-interval-ms and --retry-on as they were given.
struct RetryWords {
  int32_t retries = 0;
  int64_t interval_ms = 0;
  std::vector<int32_t> codes;
};

RetryPolicy PolicyOf(const RetryWords& words) {
  RetryPolicy policy;
  if (words.retries == 0) return policy;
  policy.on = words.codes.empty() ? RetryOn::kAnyFailure : RetryOn::kExitCodes;
  policy.exit_codes = words.codes;
  policy.max_retries = words.retries;
  policy.interval = milliseconds(words.interval_ms);
  return policy;
}

void AddRetryOptions(CLI::App& app, RetryWords& words) {
  app.add_option("--retries", words.retries, "Failed containers start again in place; -1 = always")
      ->check(CLI::Range(RetryPolicy::kForEver, kRetriesMax));
  app.add_option("--retry-interval-ms", words.interval_ms, "From a failure to the next start")
      ->type_name("MS")
      ->check(CLI::Range(int64_t{0}, kRetryIntervalMsMax));
  app.add_option("--retry-on", words.codes, "Only after these exit codes")
      ->type_name("CODE,...")
      ->delimiter(',')
      ->expected(1, static_cast<int>(limits::kRetryExitCodes));
}

Spread SpreadOf(const std::string& text) {
  if (text == "nodes") return Spread::kNodes;
  return text == "racks" ? Spread::kRacks : Spread::kPack;
}

struct CommandLine {
  CommandMasterOptions options;
  bool done = false;
};

Result<CommandLine> Parse(int argc, char** argv) {
  CommandLine line;
  int64_t memory = 1024;
  int64_t vcores = 1;
  int64_t queue_timeout_ms = 0;
  std::vector<std::string> resources;
  std::vector<std::string> named;
  std::string spread;
  RetryWords retry;
  SplitCommandLine split = SplitAtDashes(argc, argv);
  CLI::App app("Runs a command in containers: weir-command-master [options] -- COMMAND...", kName);
  app.add_option("--containers", line.options.command.containers, "How many containers")
      ->check(CLI::Range(1, limits::kContainersPerAsk));
  app.add_option("--memory", memory, "Memory of each container")
      ->type_name("MB")
      ->check(CLI::Range(int64_t{1}, Resource::kMemoryMibMax));
  app.add_option("--vcores", vcores, "Virtual cores of each container")
      ->check(CLI::Range(int64_t{1}, Resource::kVcoresMax));
  app.add_option(
         "--queue-timeout-ms", queue_timeout_ms, "Fails when none is placed by then; 0 = never")
      ->type_name("MS")
      ->check(CLI::Range(int64_t{0}, kQueueTimeoutMsMax));
  app.add_option("--resource", named, "Of a named resource, for each container")
      ->type_name("NAME=AMOUNT");
  bool keep = false;
  app.add_flag("--keep-on-lease-end", keep, "Containers live on when their node is cut off");
  app.add_flag("--gang", line.options.placement.gang, "All containers at once or none");
  app.add_option("--spread", spread, "Each container on the next one")
      ->check(CLI::IsMember({"nodes", "racks"}));
  app.add_option("--max-per-node", line.options.placement.max_per_node, "Most on one node; 0 = any")
      ->check(CLI::Range(0, limits::kContainersPerAsk));
  app.add_option("--local-resource", resources, "A file that each container gets")
      ->type_name("NAME=URI,SIZE,MTIME,SHA256,TYPE,VISIBILITY");
  AddRetryOptions(app, retry);
  app.set_version_flag("--version", std::string(kName) + " " + WEIR_VERSION);
  try {
    app.parse(static_cast<int>(split.own.size()), split.own.data());
  } catch (const CLI::Success& wanted) {
    app.exit(wanted);
    line.done = true;
    return line;
  } catch (const CLI::ParseError& error) {
    return Error{ErrorCode::kInvalidArgument, error.what(), "see --help"};
  }
  if (split.rest.empty()) {
    return Error{ErrorCode::kInvalidArgument, "there is no command", "give it after --"};
  }
  line.options.command.resource = {memory, vcores};
  for (const std::string& text : named) {
    WEIR_RETURN_IF_ERROR(AddNamedResource(text, line.options.command.resource));
  }
  line.options.placement.spread = SpreadOf(spread);
  line.options.command.queue_timeout = milliseconds(queue_timeout_ms);
  line.options.launch.command = split.rest;
  line.options.launch.retry = PolicyOf(retry);
  if (keep) line.options.launch.on_lease_end = LeaseEnd::kKeep;
  for (const std::string& text : resources) {
    WEIR_RETURN_IF_ERROR(AddLocalResource(text, line.options.launch));
  }
  return line;
}

int Run(const CommandMasterOptions& options, const MasterEnvironment& environment) {
  platform::EventLoop loop("am-core");
  MasterProcess process;
  CommandMaster master(options, environment, loop, [&process] { process.OnEnd(); });
  loop.Start();
  loop.PostAndWait([&master] { master.Start(); });
  const int signalled = process.Wait([&] { loop.Post([&master] { master.Terminate(); }); });
  loop.Stop();
  master.Close();
  platform::FlushLog();
  return signalled != exit_status::kOk ? signalled : master.exit_status();
}

}  // namespace

int main(int argc, char** argv) {
  platform::BlockSignals();
  const auto line = Parse(argc, argv);
  if (!line.ok()) return platform::FailProgram(kName, exit_status::kUsage, line.error().ToString());
  if (line->done) return exit_status::kOk;
  if (Status log = platform::StartLog("", platform::LogLevel::kInfo); !log.ok()) {
    return platform::FailProgram(kName, exit_status::kFailure, log.error().ToString());
  }
  const auto environment = ReadMasterEnvironment();
  if (!environment.ok()) {
    return platform::FailProgram(kName, exit_status::kUsage, environment.error().ToString());
  }
  return Run(line->options, *environment);
}
