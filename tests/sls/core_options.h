// The options of a simulated ResourceManager: queues from a capacity-scheduler.xml, container sizes
// that fit the nodes, and time limits that suit agents which never fall silent.
// Blocks on the file system; thread-safe.
#ifndef WEIR_TESTS_SLS_CORE_OPTIONS_H_
#define WEIR_TESTS_SLS_CORE_OPTIONS_H_

#include <string>
#include <vector>

#include "common/result.h"
#include "resourcemanager/core/resource_manager_core.h"
#include "tests/sls/trace.h"

namespace weir::sls {

// `queues` "" = one queue, root.default. Keys of yarn-site.xml that concern the scheduler may stand
// in the same file: yarn.scheduler.minimum-allocation-mb and -vcores (default 1024 and 1),
// maximum-allocation-mb and -vcores (default: the largest node).
// kNotFound; kInvalidArgument: every fault of the file with its line.
Result<rm::CoreOptions> MakeCoreOptions(const std::string& queues,
                                        const std::vector<NodePlan>& nodes);

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_CORE_OPTIONS_H_
