// The conversation between a NodeManager and the ResourceManager, as values.
//
// A NodeManager registers and gets a session; then it calls Heartbeat with (session, sequence) 1,
// 2, 3...: the same sequence gets the same answer, an unknown session or a gap gets kResync
// (register again). Heartbeat n + 1 acknowledges answer n. Heartbeat is a long poll like Allocate.
// Commands name containers explicitly: nothing is ever killed because it is absent from a list, and
// a receiver refuses an epoch below the highest it has seen. A stop command is repeated until the
// container is reported COMPLETE: a NodeManager that never had it reports it COMPLETE too
// (kAborted) and refuses a start that comes later. Resize and signal commands have numbers, which
// grow over the life of the cluster; each is told once in a session, and again in the next one,
// until the NodeManager has said its outcome by that number. It acts on each once. Immutable
// values.
#ifndef WEIR_COMMON_NODE_MESSAGES_H_
#define WEIR_COMMON_NODE_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/caller.h"
#include "common/container.h"
#include "common/result.h"

namespace weir {

struct RegisterNodeRequest {
  NodeId id;
  HostPort address;          // advertised container service
  std::string http_address;  // advertised, host:port
  std::string rack;
  Resource capacity;
  std::vector<ContainerStatus> containers;  // everything it holds, running or not yet acknowledged
  // Of which it holds directories: those that are over come back in applications_finished.
  std::vector<ApplicationId> applications = {};
  // The partition that its configuration names; "" = none. Counts until an administrator gives the
  // node another.
  std::string label = {};
  // Which of the registrations of a node is the newest, should an old one come late: a number that
  // grows with each process of the node (0 = unknown), and how many this one has sent.
  int64_t process = 0;
  int64_t number = 0;
};

struct RegisterNodeAnswer {
  Epoch epoch;
  int64_t session = 0;
  Duration expiry{0};  // the NM is lost when nothing is heard for so long
  Duration lease{0};   // containers live so long without word from the RM; 0 = as expiry
  // The RM's clock, by which tokens expire, when it said this; 1970 = not said.
  WallTime wall{};
  // For how long, when it said this, the RM has not known whether another one has taken over:
  // the lease counts from so much before the request was sent.
  Duration unconfirmed{0};
};

// What came of a resize or signal command. Told until a heartbeat with it was answered.
struct CommandOutcome {
  int64_t number = 0;
  std::optional<Error> refusal = {};  // nothing: it was carried out
};

struct NodeHeartbeatRequest {
  int64_t session = 0;
  int64_t sequence = 0;
  std::vector<ContainerStatus> containers;  // changed since the last acknowledged heartbeat
  bool healthy = true;
  std::string health_report;
  Duration park{0};
  NodeUtilization utilization{};
  std::vector<CommandOutcome> outcomes = {};
};

// Starts an ApplicationMaster's container (other containers are started by their AM).
struct StartContainerCommand {
  ContainerTokenIdentifier token;
  LaunchContext launch;
};

struct StopContainerCommand {
  ContainerId id;
  StopReason reason = StopReason::kKilledByResourceManager;
};

// Another size for a container that runs. At most one for a container is without an outcome.
struct ResizeContainerCommand {
  ContainerId id;
  Resource resource;
  int64_t number = 0;
};

struct SignalContainerCommand {
  ContainerId id;
  ContainerSignal signal = ContainerSignal::kGracefulShutdown;
  int64_t number = 0;
  std::string by = {};  // the user who sends it
};

struct NodeHeartbeatAnswer {
  Epoch epoch;
  int64_t sequence = 0;
  std::vector<StartContainerCommand> start;
  std::vector<StopContainerCommand> stop;
  std::vector<ContainerId> completions_recorded;     // the NM may forget these
  std::vector<ApplicationId> applications_finished;  // clean up what is left of them
  // What an administrator lets the node offer, if that is not what it says itself.
  std::optional<Resource> capacity = {};
  std::vector<ResizeContainerCommand> resize = {};
  std::vector<SignalContainerCommand> signal = {};
  WallTime wall{};          // as in RegisterNodeAnswer
  Duration unconfirmed{0};  // as in RegisterNodeAnswer
};

}  // namespace weir

#endif  // WEIR_COMMON_NODE_MESSAGES_H_
