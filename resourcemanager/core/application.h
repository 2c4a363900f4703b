// One application: what was submitted, how it stands, what is kept of it for reports.
//
// Terms: the state is what the core has decided; the *visible* state is what reports show, and
// follows once the record that justifies the state is durable. Owner: the core's state.
// Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_APPLICATION_H_
#define WEIR_RESOURCEMANAGER_CORE_APPLICATION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/ids.h"
#include "common/resource.h"
#include "common/time.h"
#include "resourcemanager/core/application_attempt.h"
#include "resourcemanager/core/application_states.h"
#include "resourcemanager/core/dense_set.h"
#include "state-store/records.h"

namespace weir::rm {

inline constexpr size_t kEndedContainersKept = 1000;       // per application, for reports
inline constexpr size_t kEndedContainersKeptAll = 50'000;  // of all applications
inline constexpr size_t kAttemptsMax = 100;                // whether their failures count or not
static_assert(kAttemptsMax <= UINT8_MAX, "Container::attempt");

struct Application {
  store::ApplicationRecord record;  // as it was last given to the store
  Resource am_resource;             // rounded up
  // Why it is in the recovery queue instead of its own, in words; "" = it is not.
  std::string held_because;
  int64_t order = 0;                // of submission
  std::vector<std::string> groups;  // of its user, as told at submission
  RmApplicationState state = RmApplicationState::kNew;
  ApplicationState visible = ApplicationState::kNew;
  uint64_t submission_sequence = 0;  // of the Append; 0 for recovered ones
  uint64_t final_sequence = 0;       // of the Append; 0 until the outcome is decided
  bool final_durable = false;
  bool retired = false;  // over, durable, nothing held: counted among the completed ones
  bool resumed = false;  // it went on before this ResourceManager led (following.cc)

  std::vector<std::unique_ptr<ApplicationAttempt>> attempts;  // by number; the last is current
  // Of the current attempt, while it is NEW: from the failure before it on.
  Duration pause{0};
  WallTime paused_until;
  float progress = 0;
  std::string tracking_url;
  WallTime launched;
  DenseSet nodes;  // Node::index of those that ever held a container of it

  size_t held_containers = 0;
  Resource allocated;                                     // of the held containers
  store::UsedAmounts used;                                // in the queue it is in
  std::map<std::string, store::UsedAmounts> used_before;  // in other queues
  Instant charged_until;
  store::ApplicationUsageRecord stored_usage;  // as it was last given to the store
  bool usage_forgotten = false;                // it is in the totals of queues and users already
  int64_t preempted_containers = 0;
  size_t ended = 0;  // of its containers, as far as they are kept

  int64_t version = 1;
  PendingReason reported_reason = PendingReason::kNone;  // as watchers last saw it
  std::set<CallId> watchers;                             // parked calls
  // --- of the step under way
  bool dirty = false;       // watchers may have something to hear
  bool maybe_done = false;  // it may be over

  const ApplicationId& id() const { return record.id; }
  ApplicationAttempt* current() { return attempts.empty() ? nullptr : attempts.back().get(); }
  const ApplicationAttempt* current() const {
    return attempts.empty() ? nullptr : attempts.back().get();
  }
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_APPLICATION_H_
