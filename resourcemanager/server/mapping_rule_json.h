// The placement rules of yarn.scheduler.capacity.mapping-rule-json: {"rules": [{"type": "user",
// "matches": "*", "policy": "primaryGroup", "parentQueue": "root.groups", "create": true,
// "fallbackResult": "skip"}, ...]}. Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_MAPPING_RULE_JSON_H_
#define WEIR_RESOURCEMANAGER_SERVER_MAPPING_RULE_JSON_H_

#include <string>
#include <vector>

#include "scheduler/config/queue_configuration.h"

namespace weir::rm {

struct ParsedMappingRules {
  std::vector<scheduler::PlacementRule> rules;  // empty when there are faults
  std::vector<std::string> faults;              // "rules[2].policy: ..."
};

// At most 10,000 rules.
ParsedMappingRules ParseMappingRules(const std::string& json);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_MAPPING_RULE_JSON_H_
