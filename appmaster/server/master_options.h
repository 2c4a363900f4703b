// The command line of weir-appmaster. Immutable value.
#ifndef WEIR_APPMASTER_SERVER_MASTER_OPTIONS_H_
#define WEIR_APPMASTER_SERVER_MASTER_OPTIONS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "appmaster/core/cluster_core.h"
#include "common/master_messages.h"
#include "platform/hadoop_xml_config.h"
#include "platform/log.h"

namespace weir::am {

struct MasterOptions {
  ClusterOptions cluster;
  // Of the cluster's own job (per-job, application).
  std::string job_library;
  std::string job_graph;  // a file; per-job
  std::string job_name;
  std::vector<std::string> job_arguments;
  int32_t parallelism = 1;
  Duration slot_timeout{0};
  bool keep_on_lease_end = false;                                // of TaskManagers
  std::vector<std::pair<std::string, std::string>> definitions;  // -D
  // From the configuration.
  uint16_t port_low = 0;
  uint16_t port_high = 0;
  Duration park{0};
  ContainerAsk placement;  // gang, spread and bounds of the TaskManagers
  platform::LogLevel log_level = platform::LogLevel::kInfo;

  bool exists_for_job() const { return cluster.mode != DeploymentMode::kSession; }
};

struct ParsedCommandLine {
  MasterOptions options;
  bool done = false;  // --help or --version was answered
};

// kInvalidArgument: what is wrong in one line.
Result<ParsedCommandLine> ParseMasterOptions(int argc, char** argv);

}  // namespace weir::am

#endif  // WEIR_APPMASTER_SERVER_MASTER_OPTIONS_H_
