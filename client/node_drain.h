// What administrators do to take nodes out of the cluster: weir node -drain, and the waiting of
// weir rmadmin -refreshNodes -g -client. Blocking; single-threaded.
#ifndef WEIR_CLIENT_NODE_DRAIN_H_
#define WEIR_CLIENT_NODE_DRAIN_H_

#include <optional>

#include "client/admin_client.h"
#include "client/command.h"
#include "common/time.h"

namespace weir::cli {

// Prints once a second which nodes are still being decommissioned, until none is. After `timeout`
// and a little, the rest is decommissioned at once.
ExitCode FollowDecommissions(const Invocation& invocation,
                             AdminClient& admin,
                             std::optional<Duration> timeout);

// weir node -drain NODE [-timeout TIME | -undo]. Says nothing when all went well.
ExitCode DrainNode(const Invocation& invocation);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_NODE_DRAIN_H_
