// weir-taskmanager: runs tasks of stream jobs in a container of a stream ApplicationMaster.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "platform/config_keys.h"
#include "platform/log.h"
#include "platform/signals.h"
#include "stream/api/job_library.h"
#include "stream/taskmanager/server/task_manager_options.h"
#include "stream/taskmanager/server/task_manager_server.h"

namespace {

using weir::platform::Configuration;
using weir::stream::taskmanager::TaskManagerOptions;

constexpr int kUsage = 2;
constexpr int kSignalBase = 128;

int Fail(int code, const weir::Error& error) {
  std::cerr << "weir-taskmanager: " << error.ToString() << std::endl;
  return code;
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
  if (!started.ok()) return Fail(EXIT_FAILURE, started.error());
  std::thread signals([&server] {
    const int signal = weir::platform::WaitForTermination([] { weir::platform::ReopenLog(); });
    server.Stop(kSignalBase + signal);
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
  std::vector<std::string> definitions;
  CLI::App app("Runs tasks of stream jobs; started by weir-appmaster", "weir-taskmanager");
  app.set_version_flag("--version", "weir-taskmanager, " WEIR_STREAM_ABI);
  app.add_option("--conf", source.directory, "directory of yarn-site.xml");
  app.add_option("-D", definitions, "key=value, stronger than the files");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kUsage;
  }
  for (const std::string& definition : definitions) {
    const size_t equals = definition.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Fail(kUsage,
                  {weir::ErrorCode::kInvalidArgument, "-D " + definition, "give key=value"});
    }
    source.overrides.emplace_back(definition.substr(0, equals), definition.substr(equals + 1));
  }
  const auto config = Configuration::Load(source);
  if (!config.ok()) return Fail(kUsage, config.error());
  const weir::Status logging = StartLog(*config);
  if (!logging.ok()) return Fail(kUsage, logging.error());
  auto options = weir::stream::taskmanager::ReadTaskManagerOptions(Variable, *config);
  if (!options.ok()) return Fail(kUsage, options.error());
  return Serve(std::move(options).value());
}
