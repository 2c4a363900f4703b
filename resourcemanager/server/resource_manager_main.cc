// weir-resourcemanager: runs one ResourceManager until SIGTERM or SIGINT.
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "platform/daemon_main.h"
#include "platform/rm_places.h"
#include "platform/short_turns.h"
#include "platform/signals.h"
#include "resourcemanager/server/high_availability_daemon.h"
#include "resourcemanager/server/listen_addresses.h"
#include "resourcemanager/server/resource_manager_daemon.h"
#include "resourcemanager/server/rm_options.h"

namespace {

using namespace weir;

class ResourceManagerProcess final : public platform::DaemonProcess {
 public:
  Status Configure(platform::Configuration config) override {
    WEIR_ASSIGN_OR_RETURN(const platform::Configuration own, platform::OwnRmConfiguration(config));
    WEIR_ASSIGN_OR_RETURN(options_, rm::ReadRmOptions(own));
    return {};
  }
  std::string log_file() const override { return options_.log_file; }
  platform::LogLevel log_level() const override { return options_.log_level; }
  std::optional<platform::StartFailure> Start() override {
    if (options_.ha.enabled) return one_of_several_.emplace(std::move(options_)).Start();
    addresses_.emplace(options_.address_file(), options_.last_address_file());
    rm::ResourceManagerDaemon::Hooks hooks;
    hooks.step_down = [](const Error&) { kill(getpid(), SIGTERM); };
    return the_only_one_.emplace(std::move(options_), *addresses_, std::move(hooks)).Start();
  }
  int Stop() override {
    if (one_of_several_) {
      one_of_several_->Stop();
      return exit_status::kOk;
    }
    const bool stepped_down = the_only_one_->stepped_down();
    the_only_one_->Stop();
    return stepped_down ? exit_status::kFailure : exit_status::kOk;
  }

 private:
  rm::RmOptions options_;
  std::optional<rm::ListenAddresses> addresses_;
  std::optional<rm::ResourceManagerDaemon> the_only_one_;
  std::optional<rm::HighAvailabilityDaemon> one_of_several_;
};

}  // namespace

int main(int argc, char** argv) {
  platform::BlockSignals();
  // What a client or node asks passes through three threads and the disk: where it is not granted,
  // all is the same but slower on a busy machine.
  platform::AskForShortTurns();
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
