// weir container: -list, -status.
#ifndef WEIR_CLIENT_CONTAINER_COMMAND_H_
#define WEIR_CLIENT_CONTAINER_COMMAND_H_

#include <string>
#include <vector>

#include "client/exit_code.h"

namespace weir::cli {

ExitCode RunContainerCommand(const std::vector<std::string>& words);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_CONTAINER_COMMAND_H_
