#include "client/command.h"

#include <cstdio>

#include "client/output.h"
#include "platform/config_keys.h"

namespace weir::cli {
namespace {

constexpr char kApplicationHelp[] =
    R"(Usage: weir application -submit [options] [--] COMMAND [ARGUMENT...]
       weir application -list [-appStates STATE,...|ALL] [-o json]
       weir application -status ID [-o json]
       weir application -kill ID...

Runs a command in containers, lists applications, shows one, ends some.

Submit options:
  -name NAME          name of the application (default: the command's)
  -queue QUEUE        queue (default: root.default)
  -containers N       how many containers run the command (default 1)
  -memory MB          memory of each: 512, 512m, 2g (default 1024)
  -vcores N           virtual cores of each (default 1)
  -file FILE          ship FILE into the directory of every container (repeatable)
  -priority N         higher goes first (default 0)
  -queue-timeout TIME fail if nothing could be placed by then: 30, 5m (default: wait)
  -wait               wait for the end; the exit code is 0 only if it succeeded

Each container runs COMMAND with WEIR_CONTAINER_INDEX from 0 to N-1.

Examples:
  weir application -submit -containers 2 -wait -- /bin/echo hello
  weir application -submit -file ./work.sh -memory 2g -- /bin/sh work.sh
  weir application -list -appStates ALL
)";

constexpr char kNodeHelp[] =
    R"(Usage: weir node -list [-all | -states STATE,...] [-o json]
       weir node -status NODE [-o json]

Lists NodeManagers (RUNNING ones unless told otherwise), or shows one by host:port or uuid.

Examples:
  weir node -list
  weir node -list -all -o json
)";

constexpr char kLogsHelp[] =
    R"(Usage: weir logs -applicationId ID [-containerId ID] [-log_files NAME,...] [-size BYTES]

Prints what the containers of an application wrote, running and finished ones alike.
  -log_files NAMES   only these files (default: all)
  -size BYTES        only so many bytes of each; negative: the last ones

Examples:
  weir logs -applicationId application_1763694000000_0001
  weir logs -applicationId ID -containerId CONTAINER -log_files stdout -size -4096
)";

constexpr char kSessionHelp[] =
    R"(Usage: weir session start [-jm MB] [-tm MB] [-s SLOTS] [-n COUNT] [-nm NAME] [-qu QUEUE]
                          [-D key=value]... [-d]
       weir session list [-o json]
       weir session stop [ID]

A session cluster: one JobManager that runs many jobs; TaskManagers come as jobs need them.
  -jm MB     memory of the JobManager (default 1024)
  -tm MB     memory of each TaskManager (default 1024)
  -s SLOTS   slots of each TaskManager (default 1)
  -n COUNT   TaskManagers kept even when idle (default 0)
  -nm NAME   name (default: Weir session cluster)
  -qu QUEUE  queue
  -d         detached: return when the JobManager runs (otherwise stay until it ends)

Examples:
  weir session start -d -tm 2g -s 2
  weir session stop
)";

constexpr char kRunHelp[] =
    R"(Usage: weir run [-t session|per-job|application] [-id SESSION] [-p PARALLELISM] [-d]
                [--queue-timeout TIME] [-jm MB] [-tm MB] [-s SLOTS] [-nm NAME] [-qu QUEUE]
                [-D key=value]... JOB.so [ARGUMENT...]

Runs a stream job: a shared library built with the DataStream API (stream/api/data_stream.h).
  -t TARGET             session (default): in the running session; per-job: in a cluster of its own;
                        application: as per-job, with the program's main run in the cluster
  -id SESSION           which session, when several run
  -p PARALLELISM        default parallelism of the job (default 1)
  -d                    detached: return when the job is accepted
  --queue-timeout TIME  fail if the job has no containers or slots by then: 30, 5m
  -jm, -tm, -s, -nm, -qu  as for 'weir session start' (per-job and application)

Progress goes to standard error. The exit code is 0 when the job FINISHED, 8 when it did not.

Examples:
  weir run -p 2 build/examples/word_count.so --input /tmp/book.txt --output /tmp/counts
  weir run -t per-job -p 4 -tm 2g build/examples/word_count.so --input DIR --output OUT
)";

constexpr char kJobHelp[] =
    R"(Usage: weir job list [-id SESSION] [-o json]
       weir job status JOB [-id SESSION] [-o json]
       weir job cancel JOB [-id SESSION]

Shows and cancels the jobs of running stream clusters (all of yours, or the one named with -id).

Examples:
  weir job list
  weir job cancel 5f2b9c0d6a1e4f3b8c7d9e0a1b2c3d4e
)";

}  // namespace

const std::vector<Command>& Commands() {
  static const std::vector<Command> kCommands = {
      {"application",
       "run commands, list and kill applications",
       kApplicationHelp,
       RunApplicationCommand},
      {"node", "list NodeManagers", kNodeHelp, RunNodeCommand},
      {"logs", "print the logs of an application", kLogsHelp, RunLogsCommand},
      {"session", "start, list and stop session clusters", kSessionHelp, RunSessionCommand},
      {"run", "run a stream job", kRunHelp, RunRunCommand},
      {"job", "list, show and cancel stream jobs", kJobHelp, RunJobCommand},
  };
  return kCommands;
}

Prepared Prepare(const std::string& name, ParseRules rules, const std::vector<std::string>& words) {
  for (OptionSpec& option : CommonOptions()) rules.options.push_back(std::move(option));
  auto arguments = Arguments::Parse(rules, words);
  if (!arguments.ok()) {
    Error error = arguments.error();
    error.message = name + ": " + error.message;
    return {std::nullopt, Fail(error, ExitCode::kUsage)};
  }
  if (arguments->Has("help") || arguments->Has("h")) {
    for (const Command& command : Commands()) {
      if (command.name == name) std::fputs(command.help.c_str(), stdout);
    }
    return {std::nullopt, ExitCode::kOk};
  }
  const std::string format = arguments->Get("o", "table");
  if (format != "table" && format != "json") {
    return {std::nullopt,
            Fail({ErrorCode::kInvalidArgument,
                  "'-o " + format + "' is not a format",
                  "use table or json"},
                 ExitCode::kUsage)};
  }
  auto config = platform::Configuration::Load(
      {.directory = arguments->Get("conf"), .overrides = arguments->definitions()});
  if (!config.ok()) return {std::nullopt, Fail(config.error(), ExitCode::kUsage)};
  for (const auto& [key, value] : arguments->definitions()) {
    const auto warning = platform::TypedKeyWarning(key);
    if (warning) Say("weir: warning: " + *warning);
  }
  return {Invocation{std::move(arguments).value(), std::move(config).value(), format == "json"},
          ExitCode::kOk};
}

}  // namespace weir::cli
