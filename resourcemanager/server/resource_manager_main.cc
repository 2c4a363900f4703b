// weir-resourcemanager: runs one ResourceManager until SIGTERM or SIGINT.
#include <optional>
#include <string>
#include <utility>

#include "platform/daemon_main.h"
#include "platform/signals.h"
#include "resourcemanager/server/resource_manager_daemon.h"
#include "resourcemanager/server/rm_options.h"

namespace {

using namespace weir;

class ResourceManagerProcess final : public platform::DaemonProcess {
 public:
  Status Configure(platform::Configuration config) override {
    WEIR_ASSIGN_OR_RETURN(options_, rm::ReadRmOptions(config));
    return {};
  }
  std::string log_file() const override { return options_.log_file; }
  platform::LogLevel log_level() const override { return options_.log_level; }
  std::optional<platform::StartFailure> Start() override {
    return daemon_.emplace(std::move(options_)).Start();
  }
  int Stop() override {
    const bool stepped_down = daemon_->stepped_down();
    daemon_->Stop();
    return stepped_down ? exit_status::kFailure : exit_status::kOk;
  }

 private:
  rm::RmOptions options_;
  std::optional<rm::ResourceManagerDaemon> daemon_;
};

}  // namespace

int main(int argc, char** argv) {
  platform::BlockSignals();
  ResourceManagerProcess process;
  return platform::RunDaemon(
      argc,
      argv,
      {.name = "weir-resourcemanager",
       .description = "Weir's ResourceManager: gives containers on nodes to applications.",
       .component = "rm.server",
       .version = WEIR_VERSION},
      process);
}
