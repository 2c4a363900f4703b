#include "client/command.h"

#include <cstdio>

#include "client/command_help.h"
#include "client/container_command.h"
#include "client/output.h"
#include "platform/config_keys.h"

namespace weir::cli {
const std::vector<Command>& Commands() {
  static const std::vector<Command> kCommands = {
      {"application",
       "run commands, list and kill applications",
       kApplicationHelp,
       RunApplicationCommand},
      {"queue", "list, show, plan and change queues", kQueueHelp, RunQueueCommand},
      {"rm", "dump, check, load and empty the state store", kRmHelp, RunRmCommand},
      {"rmadmin", "refresh queues, change nodes and labels", kRmadminHelp, RunRmadminCommand},
      {"cluster", "list node labels", kClusterHelp, RunClusterCommand},
      {"container", "list and show containers", kContainerHelp, RunContainerCommand},
      {"node", "list NodeManagers", kNodeHelp, RunNodeCommand},
      {"logs", "print the logs of an application", kLogsHelp, RunLogsCommand},
      {"security", "make and renew certificates", kSecurityHelp, RunSecurityCommand},
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
