// The configuration of cgroups, with YARN's keys where YARN has them. Pure; thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_CGROUP_OPTIONS_H_
#define WEIR_NODEMANAGER_SERVER_CGROUP_OPTIONS_H_

#include "nodemanager/executor/container_groups.h"
#include "platform/option_reader.h"

namespace weir::nm {

// All but the name, which comes with the node's id, and the record's file. `node_vcores`: what the
// node offers.
CgroupOptions ReadCgroupOptions(platform::OptionReader& read, int64_t node_vcores);

// Of the node's groups: the cluster's id as far as it can be in a file's name, and the node's.
std::string NodeGroupName(const std::string& cluster_id, const std::string& node_uuid);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_CGROUP_OPTIONS_H_
