// Command: one noun of `weir` ("application", "session"...), and what every command gets.
//
// A command parses its words, talks to the cluster and prints. Single-threaded.
#ifndef WEIR_CLIENT_COMMAND_H_
#define WEIR_CLIENT_COMMAND_H_

#include <optional>
#include <string>
#include <vector>

#include "client/arguments.h"
#include "client/exit_code.h"
#include "platform/hadoop_xml_config.h"

namespace weir::cli {

struct Command {
  std::string name;
  std::string summary;  // one line, for `weir help`
  std::string help;     // usage, options, examples
  ExitCode (*run)(const std::vector<std::string>& words);
};

const std::vector<Command>& Commands();

// Parses; on --help prints the help of the command `name`; loads the configuration.
struct Invocation {
  Arguments arguments;
  platform::Configuration config;
  bool json = false;
};
// The exit code instead, when the command is over already (help shown, or a fault said).
struct Prepared {
  std::optional<Invocation> invocation;
  ExitCode exit = ExitCode::kOk;
};
Prepared Prepare(const std::string& name, ParseRules rules, const std::vector<std::string>& words);

ExitCode RunApplicationCommand(const std::vector<std::string>& words);
ExitCode RunQueueCommand(const std::vector<std::string>& words);
ExitCode RunRmCommand(const std::vector<std::string>& words);
ExitCode RunRmadminCommand(const std::vector<std::string>& words);
ExitCode RunClusterCommand(const std::vector<std::string>& words);
ExitCode RunNodeCommand(const std::vector<std::string>& words);
ExitCode RunLogsCommand(const std::vector<std::string>& words);
ExitCode RunSecurityCommand(const std::vector<std::string>& words);
ExitCode RunSessionCommand(const std::vector<std::string>& words);
ExitCode RunRunCommand(const std::vector<std::string>& words);
ExitCode RunJobCommand(const std::vector<std::string>& words);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_COMMAND_H_
