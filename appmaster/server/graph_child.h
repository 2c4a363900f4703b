// Building a job's graph in application mode: weir-graph runs the program in a process of its own,
// so that nothing it does can hurt the ApplicationMaster.
#ifndef WEIR_APPMASTER_SERVER_GRAPH_CHILD_H_
#define WEIR_APPMASTER_SERVER_GRAPH_CHILD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace weir::am {

struct GraphRequest {
  std::string program;  // path of weir-graph
  std::string library;
  int32_t parallelism = 1;
  std::vector<std::string> arguments;
  Duration timeout = seconds(20);
};

// The graph's text. Blocks for at most the timeout; what the program prints goes to our standard
// error. kInvalidArgument with the builder's last line; kDeadlineExceeded; kUnavailable: it cannot
// be started.
Result<std::string> RunGraphBuilder(const GraphRequest& request);

}  // namespace weir::am

#endif  // WEIR_APPMASTER_SERVER_GRAPH_CHILD_H_
