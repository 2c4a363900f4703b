// weir-taskmanager: runs tasks of stream jobs in a container of a stream ApplicationMaster.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "platform/config_keys.h"
#include "platform/daemon_main.h"
#include "platform/log.h"
#include "platform/signals.h"
#include "stream/api/job_library.h"
#include "stream/taskmanager/server/task_manager_options.h"
#include "stream/taskmanager/server/task_manager_server.h"

namespace {

using weir::platform::Configuration;
using weir::stream::taskmanager::TaskManagerOptions;

constexpr weir::platform::DaemonInfo kInfo = {
    .name = "weir-taskmanager",
    .description = "Runs tasks of stream jobs; started by weir-appmaster",
    .component = "tm.daemon",
    .version = WEIR_STREAM_ABI};

int Fail(int code, const weir::Error& error) {
  return weir::platform::FailProgram(kInfo.name, code, error.ToString());
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

weir::Status StartLog(const Configuration& config) {
  namespace keys = weir::platform::keys;
  WEIR_ASSIGN_OR_RETURN(const weir::platform::LogLevel level,
                        weir::platform::ParseLogLevel(config.GetOr(
                            keys::kLogLevel, weir::platform::DefaultOf(keys::kLogLevel))));
  return weir::platform::StartLog(config.GetOr(keys::kLogFile, ""), level);
}

int Serve(TaskManagerOptions options) {
  weir::stream::taskmanager::TaskManagerServer server(
      std::move(options), weir::platform::FileSystem::Real(), STDOUT_FILENO);
  const weir::Status started = server.Start();
  if (!started.ok()) return Fail(weir::exit_status::kFailure, started.error());
  std::thread signals([&server] {
    const int signal = weir::platform::WaitForTermination([] { weir::platform::ReopenLog(); });
    server.Stop(weir::exit_status::kSignalBase + signal);
  });
  const int code = server.WaitForExit();
  // Wakes the thread, if it still waits; the exit code stands already.
  kill(getpid(), SIGTERM);
  signals.join();
  weir::platform::FlushLog();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  weir::platform::BlockSignals();
  Configuration::Source source;
  if (const auto status = weir::platform::ParseDaemonCommandLine(argc, argv, kInfo, source)) {
    return *status;
  }
  const auto config = Configuration::Load(source);
  if (!config.ok()) return Fail(weir::exit_status::kUsage, config.error());
  const weir::Status logging = StartLog(*config);
  if (!logging.ok()) return Fail(weir::exit_status::kUsage, logging.error());
  auto options = weir::stream::taskmanager::ReadTaskManagerOptions(Variable, *config);
  if (!options.ok()) return Fail(weir::exit_status::kUsage, options.error());
  return Serve(std::move(options).value());
}
