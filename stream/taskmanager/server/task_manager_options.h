// What a TaskManager needs to know at its start, from its container's environment.
#ifndef WEIR_STREAM_TASKMANAGER_SERVER_TASK_MANAGER_OPTIONS_H_
#define WEIR_STREAM_TASKMANAGER_SERVER_TASK_MANAGER_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "common/hostport.h"
#include "common/result.h"
#include "platform/hadoop_xml_config.h"
#include "stream/runtime/data_exchange.h"

namespace weir::stream::taskmanager {

struct TaskManagerOptions {
  HostPort job_manager;    // WEIR_JOBMANAGER_ADDRESS
  int32_t slots = 1;       // WEIR_TASK_SLOTS
  std::string container;   // CONTAINER_ID
  std::string secret;      // $WEIR_SECRETS_DIR/worker.secret
  std::string cluster_id;  // WEIR_CLUSTER_ID; "" = any
  std::string directory;   // PWD, for the libraries of jobs
  PortRange data_ports;    // weir.taskmanager.data.port
};

// `variable` reads the environment: "" when it is not set. kInvalidArgument naming each variable or
// key that is missing or malformed; the errors of ReadSecretFile.
Result<TaskManagerOptions> ReadTaskManagerOptions(
    const std::function<std::string(const char*)>& variable, const platform::Configuration& config);

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_SERVER_TASK_MANAGER_OPTIONS_H_
