#include "client/node_drain.h"

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "client/output.h"
#include "client/rm_client.h"
#include "common/strings.h"
#include "platform/clock.h"

namespace weir::cli {
namespace {

constexpr seconds kPollPeriod{1};
constexpr seconds kPatience{5};  // beyond the timeout, for the ends to be reported
constexpr int kEnforcedPolls = 60;

Result<std::vector<std::string>> StillGoing(RmClient& rm) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<NodeReport> nodes, rm.Nodes());
  std::vector<std::string> going;
  for (const NodeReport& node : nodes) {
    if (node.state == NodeState::kDecommissioning) going.push_back(node.name);
  }
  return going;
}

}  // namespace

ExitCode FollowDecommissions(const Invocation& invocation,
                             AdminClient& admin,
                             std::optional<Duration> timeout) {
  RmClient rm(invocation.config);
  const bool bounded = timeout && *timeout >= Duration(0);
  const Instant enforce_at =
      bounded ? platform::MonotonicNow() + *timeout + kPatience : Instant::max();
  int enforced = 0;
  while (true) {
    const auto going = StillGoing(rm);
    if (!going.ok()) return Fail(going.error());
    if (going->empty()) break;
    std::printf("Decommissioning nodes: %s\n", Join(*going, ", ").c_str());
    std::fflush(stdout);
    if (enforced == 0 && platform::MonotonicNow() >= enforce_at) {
      if (Status done = admin.RefreshNodes(false, std::nullopt); !done.ok()) {
        return Fail(done.error());
      }
      enforced = 1;
    } else if (enforced > 0 && ++enforced > kEnforcedPolls) {
      std::printf("Graceful decommissioning not completed: %s\n", Join(*going, ", ").c_str());
      return ExitCode::kFailure;
    }
    std::this_thread::sleep_for(kPollPeriod);  // as YARN: the state is looked at once a second
  }
  std::printf(enforced > 0 ? "Forceful decommissioning completed in time.\n"
                           : "Graceful decommissioning completed in time.\n");
  return ExitCode::kOk;
}

ExitCode DrainNode(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const bool undo = arguments.Has("undo");
  std::optional<Duration> timeout;
  if (arguments.Has("timeout")) {
    if (undo) {
      return Fail({ErrorCode::kInvalidArgument,
                   "-undo takes a node back at once: it has no -timeout",
                   "see 'weir node --help'"});
    }
    if (arguments.Get("timeout") == "-1") {
      timeout = Duration(-1);
    } else {
      const auto given = arguments.GetDuration("timeout", Duration(0));
      if (!given.ok()) return Fail(given.error());
      timeout = *given;
    }
  }
  AdminClient admin(invocation.config);
  const Status done = admin.DrainNode(arguments.Get("drain"), timeout, undo);
  return done.ok() ? ExitCode::kOk : Fail(done.error());
}

}  // namespace weir::cli
