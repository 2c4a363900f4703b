// weir-nodemanager: runs one NodeManager until SIGTERM or SIGINT.
#include <optional>
#include <string>
#include <utility>

#include "nodemanager/server/nm_options.h"
#include "nodemanager/server/node_manager_daemon.h"
#include "platform/daemon_main.h"
#include "platform/signals.h"

namespace {

using namespace weir;

class NodeManagerProcess final : public platform::DaemonProcess {
 public:
  Status Configure(platform::Configuration config) override {
    WEIR_ASSIGN_OR_RETURN(options_, nm::ReadNmOptions(config));
    config_ = std::move(config);
    return {};
  }
  std::string log_file() const override { return options_.log_file; }
  platform::LogLevel log_level() const override { return options_.log_level; }
  std::optional<platform::StartFailure> Start() override {
    return daemon_.emplace(std::move(options_), std::move(config_)).Start();
  }
  int Stop() override {
    daemon_->Stop();
    return exit_status::kOk;
  }

 private:
  nm::NmOptions options_;
  platform::Configuration config_;
  std::optional<nm::NodeManagerDaemon> daemon_;
};

}  // namespace

int main(int argc, char** argv) {
  platform::BlockSignals();
  NodeManagerProcess process;
  return platform::RunDaemon(argc,
                             argv,
                             {.name = "weir-nodemanager",
                              .description = "Weir's NodeManager: runs containers on one machine.",
                              .component = "nm.server",
                              .version = WEIR_VERSION},
                             process);
}
