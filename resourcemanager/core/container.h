// One container in the ResourceManager: its life cycle, on the index of its scheduler slot. Node,
// application and size are the scheduler's (placement()); what is here is small on purpose, as
// there may be a million of them.
//
// From the grant until its resource is free it is *held*. A decision (released, killed, expired)
// comes before the end of the process: from then on the container is *stopping*, and its node is
// told so in every answer until it reports COMPLETE. A held container that its node has not yet
// reported, and that is not stopping, is *awaited*: it expires when it is not started in time.
// Owner: the container table. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_CONTAINER_H_
#define WEIR_RESOURCEMANAGER_CORE_CONTAINER_H_

#include <cstdint>

#include "common/container.h"
#include "common/ids.h"
#include "common/time.h"
#include "resourcemanager/core/container_states.h"
#include "scheduler/slots.h"

namespace weir::rm {

// The place of a container in one list; -1 = none.
struct ContainerLink {
  int32_t previous = -1;
  int32_t next = -1;
};

struct Container {
  int64_t number = 0;      // of its id: epoch and sequence within the attempt
  Instant granted;         // by the scheduler
  WallTime started;        // the same moment, for reports
  WallTime token_expires;  // set when it is told
  scheduler::ApplicationSlot application;
  int32_t node = -1;  // Node::index
  ContainerLink of_attempt;
  ContainerLink of_node;
  ContainerLink of_awaited;
  uint32_t told_after_ms = 0;  // from the grant until it was told
  RmContainerState state = RmContainerState::kNew;
  // The number of the attempt that asked for it: in its id, whichever attempt has it now.
  uint8_t attempt = 0;
  uint8_t reported_state : 4 = static_cast<uint8_t>(ContainerState::kNew);
  uint8_t stop_number : 4 = 0;
  bool held : 1 = false;     // false: the slot is free, nothing else here counts
  bool at_node : 1 = false;  // its node has reported it
  bool told : 1 = false;     // somebody may start it
  bool stopping : 1 = false;
  bool awaited : 1 = false;

  bool is_application_master() const { return ContainerId{{}, number}.is_application_master(); }
  ContainerState reported() const { return static_cast<ContainerState>(reported_state); }
  void set_reported(ContainerState value) { reported_state = static_cast<uint8_t>(value) & 0xf; }
  StopReason stop_reason() const { return static_cast<StopReason>(stop_number); }
  void set_stop_reason(StopReason value) { stop_number = static_cast<uint8_t>(value) & 0xf; }
};
static_assert(sizeof(Container) <= 72, "a million of them are to be cheap");

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_CONTAINER_H_
