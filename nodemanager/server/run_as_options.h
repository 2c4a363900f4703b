// The configuration of RunAsPolicy (nodemanager/core/run_as.h).
#ifndef WEIR_NODEMANAGER_SERVER_RUN_AS_OPTIONS_H_
#define WEIR_NODEMANAGER_SERVER_RUN_AS_OPTIONS_H_

#include "nodemanager/core/run_as.h"
#include "platform/option_reader.h"

namespace weir::nm {

// Faults are kept in `read`. The rights are those of this process.
RunAsPolicy ReadRunAsPolicy(platform::OptionReader& read);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RUN_AS_OPTIONS_H_
