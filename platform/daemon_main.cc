#include "platform/daemon_main.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>
#include <vector>

#include "platform/config_keys.h"
#include "platform/signals.h"

namespace weir::platform {
namespace {

int Serve(const DaemonInfo& info, DaemonProcess& process) {
  if (const auto failure = process.Start()) {
    return FailProgram(info.name, failure->exit_code, failure->error.ToString());
  }
  const int signal = WaitForTermination([] { ReopenLog(); });
  LogInfo(info.component, "-", "stopping", {{"signal", std::to_string(signal)}});
  const int status = process.Stop();
  FlushLog();
  return status;
}

}  // namespace

int FailProgram(const char* program, int status, const std::string& message) {
  static_cast<void>(std::fprintf(stderr, "%s: %s\n", program, message.c_str()));
  return status;
}

std::optional<int> ParseDaemonCommandLine(int argc,
                                          char** argv,
                                          const DaemonInfo& info,
                                          Configuration::Source& source) {
  CLI::App app(info.description, info.name);
  std::vector<std::string> definitions;
  app.add_option("--conf", source.directory, "Directory with yarn-site.xml")->type_name("DIR");
  app.add_option("-D", definitions, "Sets a configuration key")->type_name("KEY=VALUE");
  app.set_version_flag("--version", std::string(info.name) + " " + info.version);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return FailProgram(info.name, exit_status::kUsage, std::string(error.what()) + " (see --help)");
  }
  for (const std::string& text : definitions) {
    auto definition = ParseDefinition(text);
    if (!definition.ok()) {
      return FailProgram(
          info.name, exit_status::kUsage, "-D " + text + " is not of the form key=value");
    }
    source.overrides.push_back(std::move(definition).value());
  }
  return std::nullopt;
}

int RunDaemon(int argc, char** argv, const DaemonInfo& info, DaemonProcess& process) {
  Configuration::Source source;
  if (const auto status = ParseDaemonCommandLine(argc, argv, info, source)) return *status;
  const auto refuse = [&](const Error& error) {
    return FailProgram(info.name, exit_status::kUsage, error.ToString());
  };
  auto config = Configuration::Load(source);
  if (!config.ok()) return refuse(config.error());
  const std::vector<std::string> warnings = UnknownKeyWarnings(*config);
  if (auto read = process.Configure(*std::move(config)); !read.ok()) return refuse(read.error());
  if (auto log = StartLog(process.log_file(), process.log_level()); !log.ok()) {
    return refuse(log.error());
  }
  for (const std::string& warning : warnings) LogWarn(info.component, "-", warning);
  return Serve(info, process);
}

}  // namespace weir::platform
