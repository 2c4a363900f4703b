// Whether the nodes that run could hold a container at all, however empty they are: told before
// anything is submitted, not after a long wait.
#ifndef WEIR_CLIENT_NODE_FIT_H_
#define WEIR_CLIENT_NODE_FIT_H_

#include <cstddef>
#include <string>

#include "client/exit_code.h"
#include "client/rm_client.h"

namespace weir::cli {

struct NodeFit {
  size_t running = 0;
  bool fits = false;  // one of them could hold it
};
// Errors of the RM. `container` as RmClient::NormalizeContainer gives it.
Result<NodeFit> FindNodeFor(RmClient& rm, const Resource& container);

// For somebody who has not said how long to wait for a larger node: says why not and how to go on
// if nodes run and none could hold `what`, a container of that size.
ExitCode RefuseIfNoNodeFits(RmClient& rm, const std::string& what, const Resource& container);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_NODE_FIT_H_
