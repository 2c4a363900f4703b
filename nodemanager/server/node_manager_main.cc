// weir-nodemanager: runs one NodeManager until SIGTERM or SIGINT.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "nodemanager/server/nm_options.h"
#include "nodemanager/server/node_manager_daemon.h"
#include "platform/config_keys.h"
#include "platform/log.h"
#include "platform/signals.h"

namespace {

using weir::platform::Configuration;
using namespace weir::nm;

constexpr char kName[] = "weir-nodemanager";

int Fail(int exit_code, const std::string& message) {
  static_cast<void>(std::fprintf(stderr, "%s: %s\n", kName, message.c_str()));
  return exit_code;
}

// "key=value"; false when there is no key.
bool AddOverride(const std::string& text, Configuration::Source& source) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return false;
  source.overrides.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  return true;
}

int Serve(NmOptions options, Configuration config) {
  NodeManagerDaemon daemon(std::move(options), std::move(config));
  if (const auto failure = daemon.Start()) {
    return Fail(failure->exit_code, failure->error.ToString());
  }
  const int signal = weir::platform::WaitForTermination([] { weir::platform::ReopenLog(); });
  weir::platform::LogInfo("nm.server", "-", "stopping", {{"signal", std::to_string(signal)}});
  daemon.Stop();
  weir::platform::FlushLog();
  return 0;
}

int Run(const Configuration::Source& source) {
  auto config = Configuration::Load(source);
  if (!config.ok()) return Fail(exit_status::kConfiguration, config.error().ToString());
  auto options = ReadNmOptions(*config);
  if (!options.ok()) return Fail(exit_status::kConfiguration, options.error().ToString());
  if (auto log = weir::platform::StartLog(options->log_file, options->log_level); !log.ok()) {
    return Fail(exit_status::kConfiguration, log.error().ToString());
  }
  for (const std::string& warning : weir::platform::UnknownKeyWarnings(*config)) {
    weir::platform::LogWarn("nm.server", "-", warning);
  }
  return Serve(*std::move(options), *std::move(config));
}

}  // namespace

int main(int argc, char** argv) {
  weir::platform::BlockSignals();
  CLI::App app("Weir's NodeManager: runs containers on one machine.", kName);
  Configuration::Source source;
  std::vector<std::string> overrides;
  app.add_option("--conf", source.directory, "Directory with yarn-site.xml")->type_name("DIR");
  app.add_option("-D", overrides, "Sets a configuration key")->type_name("KEY=VALUE");
  app.set_version_flag("--version", std::string(kName) + " " + WEIR_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return Fail(exit_status::kConfiguration, std::string(error.what()) + " (see --help)");
  }
  for (const std::string& text : overrides) {
    if (!AddOverride(text, source)) {
      return Fail(exit_status::kConfiguration, "-D " + text + " is not of the form key=value");
    }
  }
  return Run(source);
}
