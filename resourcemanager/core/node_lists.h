// NodeLists: which nodes may be in the cluster, as the include and exclude files say. A name is a
// host, or host:port of the container service. Immutable value.
#ifndef WEIR_RESOURCEMANAGER_CORE_NODE_LISTS_H_
#define WEIR_RESOURCEMANAGER_CORE_NODE_LISTS_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/time.h"

namespace weir::rm {

inline constexpr size_t kListedNodesMax = 100'000;  // in each list

struct NodeLists {
  std::set<std::string> include;  // empty = all may come
  // -> how long its containers may run on; nothing = as the command or the configuration says;
  // negative = for ever.
  std::map<std::string, std::optional<Duration>> exclude;
  bool operator==(const NodeLists&) const = default;

  struct Exclusion {
    std::string why;
    std::optional<Duration> timeout;
  };
  // Nothing when a node of these names may be in the cluster.
  std::optional<Exclusion> ExclusionOf(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      const auto found = exclude.find(name);
      if (found != exclude.end()) {
        return Exclusion{"the exclude file names " + name, found->second};
      }
    }
    if (include.empty()) return std::nullopt;
    for (const std::string& name : names) {
      if (include.contains(name)) return std::nullopt;
    }
    return Exclusion{"the include file does not name it", std::nullopt};
  }
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_NODE_LISTS_H_
