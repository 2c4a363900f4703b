// The configuration of EnvironmentRules (nodemanager/executor/container_environment.h):
// yarn.nodemanager.admin-env and env-whitelist, with the values that this process's environment has
// now. Part of NmOptions.
#ifndef WEIR_NODEMANAGER_SERVER_ENVIRONMENT_OPTIONS_H_
#define WEIR_NODEMANAGER_SERVER_ENVIRONMENT_OPTIONS_H_

#include <string>

#include "nodemanager/executor/container_environment.h"
#include "platform/hadoop_xml_config.h"
#include "platform/option_reader.h"

namespace weir::nm {

// Faults are kept by `read`, each with its key.
EnvironmentRules ReadEnvironmentRules(const platform::Configuration& config,
                                      platform::OptionReader& read);

// "LANG, TZ", for the log: values may be secret.
std::string NamesOf(const Environment& environment);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_ENVIRONMENT_OPTIONS_H_
