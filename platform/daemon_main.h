// The frame of a daemon's process: command line, configuration, log, signals, exit status.
//
// A daemon understands --conf DIR, -D key=value (repeatable), --help and --version. What keeps it
// from starting is one message on standard error. Its main calls BlockSignals() first.
// Single-threaded: main's.
#ifndef WEIR_PLATFORM_DAEMON_MAIN_H_
#define WEIR_PLATFORM_DAEMON_MAIN_H_

#include <optional>
#include <string>

#include "common/exit_status.h"
#include "common/result.h"
#include "platform/hadoop_xml_config.h"
#include "platform/log.h"

namespace weir::platform {

struct DaemonInfo {
  const char* name;         // of the program
  const char* description;  // one sentence
  const char* component;    // of the frame's log lines
  const char* version;
};

struct StartFailure {
  int exit_code = exit_status::kFailure;
  Error error;
};

// What a daemon's main brings. Called in the order of the methods; Stop() only after a good
// Start().
class DaemonProcess {
 public:
  virtual ~DaemonProcess() = default;
  // kInvalidArgument: every fault, one line each.
  virtual Status Configure(Configuration config) = 0;
  virtual std::string log_file() const = 0;
  virtual LogLevel log_level() const = 0;
  // Serves when it returns nothing.
  virtual std::optional<StartFailure> Start() = 0;
  // Gives the exit status.
  virtual int Stop() = 0;
};

// Prints "program: message" to standard error; gives `status`.
int FailProgram(const char* program, int status, const std::string& message);

// Fills `source`, or gives the exit status with which the process is to end: --help and --version
// are answered, mistakes are told.
std::optional<int> ParseDaemonCommandLine(int argc,
                                          char** argv,
                                          const DaemonInfo& info,
                                          Configuration::Source& source);

// Runs it until SIGTERM or SIGINT; gives the exit status of the process.
int RunDaemon(int argc, char** argv, const DaemonInfo& info, DaemonProcess& process);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_DAEMON_MAIN_H_
