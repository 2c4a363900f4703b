// Whether a start may be carried out on this node, before anything is done about it. Pure
// functions; thread-safe.
#ifndef WEIR_NODEMANAGER_CORE_LAUNCH_CHECK_H_
#define WEIR_NODEMANAGER_CORE_LAUNCH_CHECK_H_

#include <string_view>

#include "common/caller.h"
#include "common/container.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::nm {

// A name that is one plain part of a path: not empty, "." or "..", without '/' and NUL, and short.
bool IsPlainFileName(std::string_view name);

// kInvalidArgument: names the argument, file or bound that is wrong.
Status CheckLaunchContext(const LaunchContext& launch);

// What the token says against what this node is. kPermissionDenied (another node, or a resource or
// user that cannot be), kUnauthenticated (expired), kFenced (an older epoch than the node is
// registered under, or given out before this process first registered), kUnavailable (a newer
// epoch: the node has yet to register there). `rm_wall`: the clock of the RM that gave it out.
struct NodeRegistration {
  NodeId node;
  Epoch epoch;
  int64_t first_session = 0;  // of this process
};
Status CheckContainerToken(const ContainerTokenIdentifier& token,
                           const NodeRegistration& registration,
                           WallTime rm_wall);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_LAUNCH_CHECK_H_
