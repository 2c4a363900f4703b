// Queue files as tests write them: one "suffix value" per line, below yarn.scheduler.capacity.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_CONFIG_CONFIG_TEXT_H_
#define WEIR_TESTS_UNIT_SCHEDULER_CONFIG_CONFIG_TEXT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/config/queue_configuration_parser.h"

namespace weir::scheduler {

// Memory from 1024 to 8192 MiB, vcores from 1 to 4, and yarn.io/gpu up to 8.
ResourceTypes TestTypes();

// Every line is "name value"; a name that begins with "yarn." stands as it is, any other gets the
// prefix. Lines are numbered from 1; the file is "q.xml".
std::vector<ConfigProperty> Properties(std::string_view text);

// With label "fast" (exclusive) and "slow" (not).
ParsedQueueConfiguration ParseText(std::string_view text);
// Requires: `text` has no faults (the test fails otherwise, and gets an empty configuration).
QueueConfiguration Parsed(std::string_view text);

// What a usable configuration keeps; empty when it does.
std::string CheckUsable(const QueueConfiguration& configuration);

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_CONFIG_CONFIG_TEXT_H_
