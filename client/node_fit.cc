#include "client/node_fit.h"

#include "client/output.h"

namespace weir::cli {

Result<NodeFit> FindNodeFor(RmClient& rm, const Resource& container) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<NodeReport> nodes, rm.Nodes());
  NodeFit found;
  for (const NodeReport& node : nodes) {
    if (node.state != NodeState::kRunning) continue;
    ++found.running;
    found.fits = found.fits || container.FitsIn(node.capacity);
  }
  return found;
}

ExitCode RefuseIfNoNodeFits(RmClient& rm, const std::string& what, const Resource& container) {
  const auto found = FindNodeFor(rm, container);
  if (!found.ok()) return Fail(found.error());
  if (found->fits || found->running == 0) return ExitCode::kOk;
  return Fail({ErrorCode::kFailedPrecondition,
               what + " of " + container.ToString() + " is larger than each of the " +
                   std::to_string(found->running) + " nodes that run",
               "ask for less, or wait for a larger node with -queue-timeout TIME"},
              ExitCode::kCannotPlace);
}

}  // namespace weir::cli
