// ResourceManagerCore: the whole ResourceManager as a deterministic machine.
//
//   Step(event, now) -> actions        NextDeadline()        const queries
//
// No clock, thread, lock, file, socket or ambient randomness: time comes in, actions go out. The
// same events with the same times give the same actions.
//
// Invariants: every call is answered exactly once; an application acknowledged to a client is in
// the store; one attempt of an application is listened to at a time; a container id is used once;
// resources of a container are free only when its node has reported it COMPLETE or is LOST.
//
// Owner: the server's core loop, or the simulator. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_RESOURCE_MANAGER_CORE_H_
#define WEIR_RESOURCEMANAGER_CORE_RESOURCE_MANAGER_CORE_H_

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/application.h"
#include "common/ids.h"
#include "common/limits.h"
#include "common/queue.h"
#include "common/time.h"
#include "resourcemanager/core/actions.h"
#include "resourcemanager/core/events.h"
#include "resourcemanager/core/leadership.h"
#include "scheduler/capacity_scheduler.h"
#include "scheduler/config/queue_configuration.h"
#include "state-store/records.h"

namespace weir::rm {

// What the properties of a queue configuration mean, or what is wrong with them.
struct ParsedQueues {
  std::shared_ptr<const scheduler::QueueConfiguration> configuration;  // null when there are faults
  std::vector<std::string> faults;    // each with line, queue and rule
  std::vector<std::string> warnings;  // what is taken but may not be meant
  std::string sha256;                 // of the properties' names and values, hexadecimal
};
// Judges them with what else they depend on (yarn-site.xml, the resource types): the same answer to
// the same properties and labels (label -> exclusive).
using QueueParser = std::function<ParsedQueues(const QueueProperties& properties,
                                               const std::map<std::string, bool>& labels)>;

struct CoreOptions {
  scheduler::SchedulerOptions scheduler;
  Duration node_expiry = seconds(30);    // silence after which a node is LOST
  Duration node_lease{0};                // see node_lease.h; 0 = the longest that is safe
  Duration master_expiry = seconds(30);  // silence after which an AM's attempt fails
  LeadershipOptions leadership{};        // of one of several ResourceManagers
  // After a start, while nodes are awaited: so long at most queues are held to their guarantees.
  // Who is silent is given up in the end, so that it ends without a limit too.
  Duration recovery_wait{0};
  static constexpr Duration kUntilAllAreSettled = Duration::max();
  Duration launch_expiry = seconds(600);  // a granted container not started by then is EXPIRED
  int32_t max_attempts = 1;               // cap on what applications ask for
  // From a counted failure to the ask for the next attempt: doubled with each in a row, up to the
  // longest. An AM that lived for the reset time begins a new row. 0 = no pause.
  Duration attempt_pause{0};
  Duration longest_attempt_pause = seconds(60);
  Duration attempt_pause_reset = seconds(300);
  // A next AM is kept away from nodes where one failed while these are less than this share of
  // those that get containers; 0 = nowhere.
  double avoided_nodes_share = 0.8;
  size_t completed_applications = limits::kCompletedApplications;  // kept; the oldest go first
  // Of those, kept in the store as well.
  size_t stored_completed_applications = limits::kCompletedApplications;
  size_t live_applications = limits::kLiveApplications;
  Duration container_token_life = seconds(600);
  // What capacity-scheduler.xml says when the process starts. A stored version wins over it.
  QueueProperties local_queues{};
  // Without one, the properties are judged by themselves.
  QueueParser parse_queues{};
  NodeLists node_lists{};                         // as the files say when the process starts
  Duration decommission_timeout = seconds(3600);  // negative = for ever
  size_t known_nodes = 20'000;               // at most; the one that is gone for longest makes room
  Duration untracked_timeout = seconds(60);  // then a node that is gone and in no list is forgotten
  double expiry_share = 0.1;  // of the active nodes, at most LOST for silence per minute; 1 = all
  Duration usage_interval = seconds(60);  // how often what applications use is stored
};

// A pair that its table says to ignore, and that occurred.
struct IgnoredPair {
  std::string_view machine;
  std::string_view state;
  std::string_view event;
  auto operator<=>(const IgnoredPair&) const = default;
};

class ResourceManagerCore {
 public:
  // `epoch` and the records are what the store gave: see StateStore::Open and Load. Who has
  // followed the store has one made already: standby_core.h.
  ResourceManagerCore(const CoreOptions& options,
                      const store::EpochRecord& epoch,
                      std::vector<store::Record> records,
                      Now now);
  ~ResourceManagerCore();

  // What recovery itself wants done (applications that were running end as failed). Call once,
  // first.
  Actions Start(Now now);
  Actions Step(const Event& event, Now now);
  // When DeadlineReached is due at the latest; kNever if nothing waits.
  Instant NextDeadline() const;

  // --- queries, for reports; bounded pages
  std::optional<ApplicationReport> Report(const ApplicationId& id, Now now) const;
  struct ApplicationFilter {
    std::vector<ApplicationState> states;  // empty = all
    std::string user;                      // "" = any
    std::string queue;                     // "" = any; short or full name
    std::optional<ApplicationId> after;    // for the next page
    size_t limit = 1000;
  };
  struct ApplicationPage {
    std::vector<ApplicationReport> applications;  // newest first
    bool more = false;
  };
  ApplicationPage List(const ApplicationFilter& filter, Now now) const;
  // Live ones and those that ended, newest last; kNotFound for an unknown application.
  Result<std::vector<ContainerReport>> Containers(const ApplicationId& id) const;
  std::vector<NodeReport> Nodes() const;
  ClusterSummary Summary() const;

  // --- queues and labels
  // Why the application waits, with every limit's numbers. kNotFound.
  Result<Explanation> Explain(const ApplicationId& id, Now now) const;
  // Parents before children, with what they have used since they are known.
  std::vector<QueueReport> Queues(Now now) const;
  // What ReconfigureQueues would do; its faults are in the plan.
  QueuePlan PlanQueues(const QueueProperties& properties, Now now) const;
  // The versions that are kept, newest first; the first one is in force.
  std::vector<QueueConfigurationVersion> QueueHistory() const;
  // A stored version won at the start over a local file that says something else.
  bool LocalQueuesDiffer() const;
  // Of one kept version; 0 = in force. kNotFound.
  Result<QueueProperties> QueuePropertiesOf(int64_t version) const;
  // What a user may do with each queue, in the order of paths.
  struct QueueRights {
    std::string path;
    bool submit = false;
    bool administer = false;
  };
  std::vector<QueueRights> RightsOf(const std::string& user,
                                    const std::vector<std::string>& groups) const;
  using LabelReport = weir::LabelReport;
  std::vector<LabelReport> Labels() const;
  Epoch epoch() const;
  const CoreOptions& options() const;
  // Each pair once, in order. For the simulator's coverage.
  std::vector<IgnoredPair> ignored() const;
  // The first broken invariant in words; "" if all hold. For the simulator and debug builds.
  std::string CheckInvariants() const;

 private:
  friend class StandbyCore;
  struct State;
  explicit ResourceManagerCore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_RESOURCE_MANAGER_CORE_H_
