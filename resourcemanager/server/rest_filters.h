// The query parameters of /ws/v1/cluster/apps and /nodes, as YARN names them.
//
// A list is given by commas or by one state per parameter; states are read without regard to case.
// A value that does not exist is an error that lists those that do. Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_REST_FILTERS_H_
#define WEIR_RESOURCEMANAGER_SERVER_REST_FILTERS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/result.h"
#include "resourcemanager/core/resource_manager_core.h"

namespace weir::rm {

using QueryParameters = std::map<std::string, std::string>;

// Most applications in one answer; YARN has no bound, but remembers fewer by default.
inline constexpr size_t kApplicationsPerAnswer = 10'000;

struct ApplicationsQuery {
  ResourceManagerCore::ApplicationFilter core;  // what the core filters by
  bool matches_nothing = false;                 // only states that Weir does not have were named
  size_t limit = kApplicationsPerAnswer;
  std::vector<FinalStatus> final_statuses;  // empty = all, and so on
  std::set<std::string> types;
  std::string name;
  int64_t started_begin = 0;
  int64_t started_end = INT64_MAX;
  int64_t finished_begin = 0;  // above 0: finished ones only
  int64_t finished_end = INT64_MAX;
};

// kInvalidArgument: an unknown state or status, a bad number, a filter Weir does not have.
Result<ApplicationsQuery> ParseApplicationsQuery(const QueryParameters& query);
// What the core does not filter by.
bool Matches(const ApplicationsQuery& query, const ApplicationReport& report);

// Empty = all. kInvalidArgument: an unknown state.
Result<std::vector<NodeState>> ParseNodeStates(const QueryParameters& query);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_REST_FILTERS_H_
