// The help texts of the commands: usage, options, examples. Immutable.
#ifndef WEIR_CLIENT_COMMAND_HELP_H_
#define WEIR_CLIENT_COMMAND_HELP_H_

namespace weir::cli {

extern const char kApplicationHelp[];
extern const char kContainerHelp[];
extern const char kNodeHelp[];
extern const char kLogsHelp[];
extern const char kSecurityHelp[];
extern const char kSessionHelp[];
extern const char kRunHelp[];
extern const char kJobHelp[];
extern const char kQueueHelp[];
extern const char kRmHelp[];
extern const char kRmadminHelp[];
extern const char kClusterHelp[];

}  // namespace weir::cli

#endif  // WEIR_CLIENT_COMMAND_HELP_H_
