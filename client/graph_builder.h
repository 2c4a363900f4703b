// Builds a job's graph from its library by running weir-graph beside this program: user code runs
// in a process of its own, so a crash or an endless loop in it cannot hurt the command line.
#ifndef WEIR_CLIENT_GRAPH_BUILDER_H_
#define WEIR_CLIENT_GRAPH_BUILDER_H_

#include <string>
#include <vector>

#include "common/result.h"
#include "stream/graph/job_graph.h"

namespace weir::cli {

struct BuiltGraph {
  stream::JobGraph graph;
  std::string text;  // canonical
};

// kInvalidArgument with the builder's line (missing file, not a library, no entry point, another
// version, an exception, a crash, no answer within 60 s).
Result<BuiltGraph> BuildGraph(const std::string& library,
                              int64_t parallelism,
                              const std::vector<std::string>& arguments);

// The inputs of the graph can be read from here. kNotFound, kPermissionDenied naming the path.
Status CheckInputs(const stream::JobGraph& graph);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_GRAPH_BUILDER_H_
