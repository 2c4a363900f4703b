// The actions of weir rmadmin about which of several ResourceManagers is active. Blocking.
#ifndef WEIR_CLIENT_HA_COMMAND_H_
#define WEIR_CLIENT_HA_COMMAND_H_

#include <string>
#include <vector>

#include "client/command.h"
#include "client/exit_code.h"

namespace weir::cli {

// Their names, without dashes.
const std::vector<std::string>& HaActions();
// The options that one of them takes beside itself.
std::vector<std::string> HaOptionsOf(const std::string& action);
// Requires: `action` is one of HaActions.
ExitCode RunHaAction(const Invocation& invocation, const std::string& action);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_HA_COMMAND_H_
