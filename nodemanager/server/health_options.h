// What the configuration says about the health of a node: its disk checks, health scripts and
// suspicion. Part of NmOptions. Pure function.
#ifndef WEIR_NODEMANAGER_SERVER_HEALTH_OPTIONS_H_
#define WEIR_NODEMANAGER_SERVER_HEALTH_OPTIONS_H_

#include "nodemanager/core/node_health.h"
#include "nodemanager/executor/health_monitor.h"
#include "platform/hadoop_xml_config.h"
#include "platform/option_reader.h"

namespace weir::nm {

// Faults are kept by `read`. The directories of the monitor are set by the caller.
HealthLimits ReadHealthLimits(const platform::Configuration& config, platform::OptionReader& read);
HealthMonitorOptions ReadHealthMonitorOptions(const platform::Configuration& config,
                                              platform::OptionReader& read);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_HEALTH_OPTIONS_H_
