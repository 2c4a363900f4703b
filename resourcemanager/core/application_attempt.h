// One attempt of an application: its AM's container, its conversation, its containers.
//
// Terms: a grant or completion is *untold* until it is in an answer, and *told* until the next
// sequence acknowledges it. Owner: its application. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_APPLICATION_ATTEMPT_H_
#define WEIR_RESOURCEMANAGER_CORE_APPLICATION_ATTEMPT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/container.h"
#include "common/hostport.h"
#include "common/ids.h"
#include "common/master_messages.h"
#include "common/time.h"
#include "resourcemanager/core/attempt_states.h"
#include "resourcemanager/core/poll_session.h"
#include "scheduler/scheduler.h"

namespace weir::rm {

inline constexpr int64_t kUntold = 0;  // else: the sequence of the answer that told it

struct ApplicationAttempt {
  AttemptId id;
  RmAttemptState state = RmAttemptState::kNew;
  std::optional<scheduler::ApplicationSlot> slot;  // until its last container is gone
  std::set<ContainerId> containers;                // held ones
  int64_t next_container = 1;                      // sequence within the attempt

  ContainerId am_container;  // number 0 until allocated
  NodeId am_node;
  bool record_durable = false;  // the AM may be started
  WallTime started;             // when the AM's container was allocated
  int exit_code = exit_code::kNotYet;
  std::string diagnostics;

  // --- the conversation
  PollSession<AllocateAnswer> polls;
  AllocateRequest last_request;           // what the last sequence asked for
  std::map<ContainerId, int64_t> grants;  // not acknowledged -> told in
  struct Completion {
    ContainerStatus status;
    int64_t told_in = kUntold;
  };
  std::map<ContainerId, Completion> completions;  // not acknowledged
  // All that were ever to be told, as far as the application keeps them: a newer call can have
  // acknowledged an answer that was lost, so they are told again after every registration.
  std::set<ContainerId> completed;
  HostPort rpc_address;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_APPLICATION_ATTEMPT_H_
