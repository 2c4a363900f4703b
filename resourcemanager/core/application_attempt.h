// One attempt of an application: its AM's container, its conversation, its containers.
//
// Terms: a grant or completion is *untold* until it is in an answer, and *told* until the next
// sequence acknowledges it. Grants are told in the order in which they were made, so what is not
// acknowledged is always the end of the list of held containers.
// Owner: its application. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_APPLICATION_ATTEMPT_H_
#define WEIR_RESOURCEMANAGER_CORE_APPLICATION_ATTEMPT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/container.h"
#include "common/hostport.h"
#include "common/ids.h"
#include "common/master_messages.h"
#include "common/time.h"
#include "resourcemanager/core/attempt_states.h"
#include "resourcemanager/core/container_table.h"
#include "resourcemanager/core/poll_session.h"
#include "scheduler/slots.h"

namespace weir::rm {

inline constexpr int64_t kUntold = 0;         // else: the sequence of the answer that told it,
inline constexpr int64_t kAcknowledged = -1;  // or that

struct ApplicationAttempt {
  AttemptId id;
  RmAttemptState state = RmAttemptState::kNew;
  std::optional<scheduler::ApplicationSlot> slot;  // until its last container is gone
  ContainerList containers;                        // held ones, in the order of grant
  int64_t next_container = 1;                      // sequence within the attempt

  ContainerId am_container;  // number 0 until allocated
  NodeId am_node;
  bool record_durable = false;  // the AM may be started
  bool found_ended = false;     // by its record, when that was read
  // An earlier ResourceManager may have started the AM, and its node has not yet said what of it is
  // left.
  bool master_unaccounted = false;
  WallTime started;  // when the AM's container was allocated
  int exit_code = exit_code::kNotYet;
  std::string diagnostics;
  bool counted = false;        // its failure, against the limit of attempts
  WallTime ended;              // of final ones; `started` if that is not known
  bool node_at_fault = false;  // perhaps: the next AM is not to run on am_node
  // While the AM's ask waits: the partition it goes to, and the nodes (ids) that it is not to get.
  std::string am_label;
  std::vector<std::string> avoided;

  // Held containers that attempts before it had, and that were kept for it -> it was told of them.
  std::map<ContainerId, bool> inherited;
  size_t untold_inherited = 0;

  // --- the conversation
  PollSession<AllocateAnswer> polls;
  AllocateRequest last_request;  // what the last sequence asked for
  int32_t first_grant = -1;      // slot of the first that is not acknowledged
  int32_t first_untold = -1;     // slot of the first of these that is untold
  struct Completion {
    ContainerStatus status;
    int64_t told_in = kUntold;
    int32_t node = -1;  // Node::index; -1 = it has nothing to be told
  };
  std::map<ContainerId, Completion> completions;  // not acknowledged
  size_t untold_completions = 0;
  // Of containers that have been given another size than the AM was granted, as long as they are
  // held; and refusals of other sizes, until they are acknowledged.
  struct ToldSize {
    Resource resource{};
    bool changed = false;  // since it was granted
    bool asked = false;    // by the AM, and this is the answer
    std::optional<Error> refusal{};
    int64_t told_in = kUntold;
  };
  std::map<ContainerId, ToldSize> sizes;
  size_t untold_sizes = 0;
  // What it asked for, by request id, as far as it may still be needed: to ask again for a grant
  // that was lost, and to tell the grants of a gang together.
  std::map<int64_t, ContainerAsk> asked;
  // Wanted back: slot -> until when it may be given up.
  std::map<int32_t, Instant> wanted_back;
  bool untold_preemption = false;                    // more was wanted back since the last answer
  PendingReason told_reason = PendingReason::kNone;  // why it waits, as the last answer said
  HostPort rpc_address;
  bool dirty = false;  // of the step under way: it may have something to hear
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_APPLICATION_ATTEMPT_H_
