// The nodes of a simulated cluster: from a nodes file as Hadoop's simulator reads it (one object
// per rack: {"rack": "r1", "nodes": [{"node": "n1", "memory-mb": 10240, "vcores": 10, "labels":
// "x"}]}; all but "node" may be left out), or made alike from a number.
// Pure functions; thread-safe.
#ifndef WEIR_TESTS_SLS_NODES_READER_H_
#define WEIR_TESTS_SLS_NODES_READER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tests/sls/json_fields.h"
#include "tests/sls/trace.h"

namespace weir::sls {

// `capacity` is what a node has where the file does not say. kInvalidArgument: the first fault, a
// host twice among them.
Result<std::vector<NodePlan>> ReadNodes(const std::string& file,
                                        std::string_view text,
                                        const Resource& capacity,
                                        IgnoredFields& ignored);

// The nodes that a trace asks for, or the hosts that its tasks name when it does not say.
Result<std::vector<NodePlan>> NodesOf(const Trace& trace, const Resource& capacity);

// The labels of the nodes, all of them exclusive.
std::map<std::string, bool> LabelsOf(const std::vector<NodePlan>& nodes);

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_NODES_READER_H_
