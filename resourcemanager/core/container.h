// One container in the ResourceManager: its life cycle, on the index of its scheduler slot.
//
// From the grant until its resource is free it is *held*. A decision (released, killed, expired)
// comes before the end of the process: from then on the container is *stopping*, and its node is
// told so in every answer until it reports COMPLETE. Owner: the core's state. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_CONTAINER_H_
#define WEIR_RESOURCEMANAGER_CORE_CONTAINER_H_

#include <cstdint>

#include "common/container.h"
#include "common/ids.h"
#include "common/resource.h"
#include "common/time.h"
#include "resourcemanager/core/container_states.h"
#include "scheduler/scheduler.h"

namespace weir::rm {

struct Container {
  ContainerId id;
  bool held = false;  // false: the slot is free, nothing else here counts
  RmContainerState state = RmContainerState::kNew;
  bool at_node = false;                            // its node has reported it
  ContainerState reported = ContainerState::kNew;  // as its node reported it
  NodeId node;
  Resource resource;
  int64_t request_id = 0;
  int32_t priority = 0;
  WallTime started;        // the grant
  bool told = false;       // somebody may start it
  WallTime token_expires;  // set when it is told
  Instant token_deadline;  // the same moment, for deadlines
  bool stopping = false;
  StopReason stop_reason = StopReason::kKilledByResourceManager;

  bool is_application_master() const { return id.is_application_master(); }
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_CONTAINER_H_
