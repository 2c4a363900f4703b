#include "stream/taskmanager/server/task_manager_options.h"

#include <utility>
#include <vector>

#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/rpc_security.h"

namespace weir::stream::taskmanager {
namespace {

using platform::keys::kDataPorts;
constexpr int64_t kSlotsMax = 1024;

}  // namespace

Result<TaskManagerOptions> ReadTaskManagerOptions(
    const std::function<std::string(const char*)>& variable,
    const platform::Configuration& config) {
  TaskManagerOptions options;
  std::vector<std::string> faults;
  const auto needed = [&](const char* name) {
    std::string value = variable(name);
    if (value.empty()) faults.push_back(std::string(name) + " is not set");
    return value;
  };
  options.container = needed("CONTAINER_ID");
  options.directory = needed("PWD");
  const std::string secrets = needed("WEIR_SECRETS_DIR");
  const std::string address = needed("WEIR_JOBMANAGER_ADDRESS");
  const std::string slots = needed("WEIR_TASK_SLOTS");
  options.cluster_id = variable("WEIR_CLUSTER_ID");
  if (!address.empty()) {
    auto parsed = HostPort::Parse(address);
    if (parsed.ok()) {
      options.job_manager = std::move(parsed).value();
    } else {
      faults.push_back("WEIR_JOBMANAGER_ADDRESS: " + parsed.error().message);
    }
  }
  const auto count = ParseInt64(slots);
  if (!slots.empty() && (!count || *count < 1 || *count > kSlotsMax)) {
    faults.push_back("WEIR_TASK_SLOTS is '" + slots + "', not a number from 1 to 1024");
  }
  options.slots = static_cast<int32_t>(count.value_or(1));
  const auto ports = PortRange::Parse(config.GetOr(kDataPorts, platform::DefaultOf(kDataPorts)));
  if (ports.ok()) {
    options.data_ports = *ports;
  } else {
    faults.push_back(std::string(kDataPorts) + ": " + ports.error().message);
  }
  if (!faults.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot start: " + Join(faults, "; "),
                 "it is started by weir-appmaster, in a container"};
  }
  WEIR_ASSIGN_OR_RETURN(options.secret, platform::ReadSecretFile(secrets + "/worker.secret"));
  return options;
}

}  // namespace weir::stream::taskmanager
