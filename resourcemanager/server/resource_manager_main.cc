// weir-resourcemanager: runs one ResourceManager until SIGTERM or SIGINT.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "platform/config_keys.h"
#include "platform/log.h"
#include "platform/signals.h"
#include "resourcemanager/server/resource_manager_daemon.h"
#include "resourcemanager/server/rm_options.h"

namespace {

using weir::Error;
using weir::platform::Configuration;
using namespace weir::rm;

constexpr char kName[] = "weir-resourcemanager";

int Fail(int exit_code, const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", kName, message.c_str());
  return exit_code;
}

// "key=value"; false when there is no key.
bool AddOverride(const std::string& text, Configuration::Source& source) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return false;
  source.overrides.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  return true;
}

int Serve(RmOptions options) {
  ResourceManagerDaemon daemon(std::move(options));
  if (const auto failure = daemon.Start()) {
    return Fail(failure->exit_code, failure->error.ToString());
  }
  const int signal = weir::platform::WaitForTermination([] { weir::platform::ReopenLog(); });
  const bool stepped_down = daemon.stepped_down();
  weir::platform::LogInfo("rm.server", "-", "stopping", {{"signal", std::to_string(signal)}});
  daemon.Stop();
  weir::platform::FlushLog();
  return stepped_down ? exit_status::kFailure : 0;
}

int Run(const Configuration::Source& source) {
  const auto config = Configuration::Load(source);
  if (!config.ok()) return Fail(exit_status::kConfiguration, config.error().ToString());
  auto options = ReadRmOptions(*config);
  if (!options.ok()) return Fail(exit_status::kConfiguration, options.error().ToString());
  if (auto log = weir::platform::StartLog(options->log_file, options->log_level); !log.ok()) {
    return Fail(exit_status::kConfiguration, log.error().ToString());
  }
  for (const std::string& warning : weir::platform::UnknownKeyWarnings(*config)) {
    weir::platform::LogWarn("rm.server", "-", warning);
  }
  return Serve(*std::move(options));
}

}  // namespace

int main(int argc, char** argv) {
  weir::platform::BlockSignals();
  CLI::App app("Weir's ResourceManager: gives containers on nodes to applications.", kName);
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
