// NmOptions: the configuration of a NodeManager, read and checked once, all faults together.
// Immutable value.
#ifndef WEIR_NODEMANAGER_SERVER_NM_OPTIONS_H_
#define WEIR_NODEMANAGER_SERVER_NM_OPTIONS_H_

#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "nodemanager/core/node_manager_core.h"
#include "nodemanager/core/run_as.h"
#include "nodemanager/executor/container_environment.h"
#include "nodemanager/executor/container_groups.h"
#include "nodemanager/executor/health_monitor.h"
#include "nodemanager/server/node_logs.h"
#include "nodemanager/server/resource_options.h"
#include "platform/audit_options.h"
#include "platform/hadoop_xml_config.h"
#include "platform/log.h"
#include "platform/option_reader.h"

namespace weir::nm {

struct NmOptions {
  std::string cluster_id;
  std::string directory;  // of this NodeManager
  std::string address_file;
  std::string secret_file;
  std::string log_file;
  platform::LogLevel log_level = platform::LogLevel::kInfo;
  platform::AuditOptions audit;
  platform::ServiceAddress container;
  platform::ServiceAddress http;
  std::vector<std::string> local_dirs;
  std::vector<std::string> log_dirs;
  Duration delete_delay{0};
  Duration log_retain{0};
  NodeLogOptions logs;
  bool recover = true;             // containers outlive a NodeManager that dies
  bool supervised = false;         // and one that is stopped: something starts the next one soon
  std::string recovery_dir{};      // its records
  int64_t cache_target_bytes = 0;  // of all local directories together
  RunAsPolicy run_as;
  bool core_dumps = false;
  EnvironmentRules environment;
  bool monitor = true;  // look at what containers use
  Duration monitor_interval = seconds(3);
  size_t fetch_threads = 4;
  Duration fetch_stall = seconds(30);
  int64_t archive_max_bytes = 0;  // unpacked
  std::string program_directory;  // with weir-launch; its parent is WEIR_HOME
  HealthMonitorOptions health;
  std::vector<ResourcePlugin> resources;
  CoreOptions core;  // id, addresses, indices and seed are set when they are known

  CgroupOptions cgroups;  // the name is set when the node's id is known

  std::string lock_file() const { return directory + "/lock"; }
  std::string id_file() const { return directory + "/node-id"; }
  std::string cgroup_file() const { return directory + "/cgroups"; }
  std::string notes() const { return directory + "/containers"; }
};

// kInvalidArgument: every fault, one line each. An address to bind that is not of this machine's
// loopback is a fault: nothing is encrypted yet.
Result<NmOptions> ReadNmOptions(const platform::Configuration& config);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NM_OPTIONS_H_
