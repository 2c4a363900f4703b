// What an owner, an administrator or its ApplicationMaster wants of a container that runs: another
// size, or (but for the last) a signal to its processes. Its node is told once in each session,
// until it has said what came of it; so long the calls that asked for it wait, and when their time
// is up they are told that it is still to come. Gone with its container. Never stored: after a
// restart the node says what size a container has.
//
// A size on its way: node, queues and user are charged with the larger part of both, so that what
// may be in use is taken whatever the node does; with the new size alone when its node has changed
// the limits; with the old one again when it has refused. Owner: the core's state. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_CONTAINER_COMMAND_H_
#define WEIR_RESOURCEMANAGER_CORE_CONTAINER_COMMAND_H_

#include <cstddef>
#include <optional>
#include <set>
#include <string>

#include "common/container.h"
#include "common/resource.h"
#include "resourcemanager/core/events.h"
#include "scheduler/slots.h"

namespace weir::rm {

inline constexpr size_t kCommandsPerNode = 1000;  // without an outcome

struct ContainerCommand {
  scheduler::ContainerSlot slot;
  std::optional<Resource> size{};  // nothing: it is a signal
  Resource before{};               // what it has had until now
  ContainerSignal signal = ContainerSignal::kGracefulShutdown;
  std::string by{};             // who wants it, in words
  bool for_master = false;      // its ApplicationMaster is told what came of it
  bool told = false;            // in the session of its node
  std::set<CallId> calls = {};  // that wait
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_CONTAINER_COMMAND_H_
