// Queue configurations for tests, written as people write them.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_ENGINE_QUEUE_FILES_H_
#define WEIR_TESTS_UNIT_SCHEDULER_ENGINE_QUEUE_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/config/queue_configuration.h"
#include "scheduler/resource_types.h"

namespace weir::scheduler {

// "key=value" each, without the prefix "yarn.scheduler.capacity." unless the key begins with
// "yarn.".
using Lines = std::vector<std::string>;

// Memory from 1024 MiB in steps of 1024, vcores from 1, yarn.io/gpu from 0.
ResourceTypes ThreeTypes();
// Stops the test program with every fault when they are not valid.
std::shared_ptr<const QueueConfiguration> Parse(const Lines& lines,
                                                const ResourceTypes& types,
                                                const std::map<std::string, bool>& labels = {});

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_ENGINE_QUEUE_FILES_H_
