// The configuration keys of a stream cluster, which travel with its submission: read by its
// ApplicationMaster, and checked before by the client that submits it. Immutable.
#ifndef WEIR_PLATFORM_STREAM_OPTIONS_H_
#define WEIR_PLATFORM_STREAM_OPTIONS_H_

#include <cstdint>
#include <string>

#include "common/time.h"
#include "platform/hadoop_xml_config.h"
#include "platform/log.h"
#include "platform/port_range.h"

namespace weir::platform {

struct StreamOptions {
  int32_t attempts = 1;                  // 0 = as many as the ResourceManager allows
  Duration attempt_failures_validity{};  // 0 = all count
  PortRange master_ports;                // weir.appmaster.port-range
  PortRange data_ports;                  // weir.taskmanager.data.port
  Duration idle_timeout{};
  std::string gang;    // auto, true, false
  std::string spread;  // none, nodes, racks
  int64_t max_per_node = 0;
  Duration park{};
  LogLevel log_level = LogLevel::kInfo;
};

// kInvalidArgument: every fault with its key, what it says and what it may say.
Result<StreamOptions> ReadStreamOptions(const Configuration& config);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_STREAM_OPTIONS_H_
