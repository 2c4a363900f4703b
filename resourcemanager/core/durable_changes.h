// What changes of queues, labels, what nodes offer, which nodes go or come back, and live
// applications look like on their way to the store.
//
// A change is judged, written, and acts when its record is durable: until then nobody can see it.
// One is under way at a time; those behind it wait (bounded), so that each is judged by what the
// one before it has left. Values; owned by the core's state (durable_changes.cc).
#ifndef WEIR_RESOURCEMANAGER_CORE_DURABLE_CHANGES_H_
#define WEIR_RESOURCEMANAGER_CORE_DURABLE_CHANGES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/queue.h"
#include "common/time.h"
#include "resourcemanager/core/actions.h"
#include "resourcemanager/core/events.h"
#include "resourcemanager/core/node_lists.h"
#include "scheduler/config/queue_configuration.h"
#include "state-store/records.h"

namespace weir::rm {

struct AppliedQueues {
  QueueConfigurationVersion about;
  QueueProperties properties;
  int32_t parts = 0;  // records in the store
};

struct PendingQueues {
  std::shared_ptr<const scheduler::QueueConfiguration> configuration;
  AppliedQueues applied;
  std::vector<std::string> warnings;
};
struct PendingLabels {
  std::shared_ptr<const scheduler::QueueConfiguration> configuration;
  std::map<std::string, bool> labels;
  std::vector<store::NodeSettingsRecord> settings;  // of nodes that lose their label
};
struct PendingNodeSettings {
  std::vector<store::NodeSettingsRecord> settings;
  bool resizes = false;  // they are about what the nodes offer
  Duration overcommit_timeout{-1};
};

// How lists of nodes are put into force.
struct ListChange {
  enum class Kind {
    kStart,     // of the ResourceManager: who is going already goes on as he was
    kGraceful,  // containers may end until the timeout
    kAtOnce
  };
  Kind kind = Kind::kGraceful;
  std::optional<Duration> timeout{};  // of the command; negative = for ever
};
// A node that goes has a record, one that is taken back has none any more.
struct DecommissionChange {
  NodeId node;
  std::optional<store::DecommissionRecord> before{};
  std::optional<store::DecommissionRecord> after{};
};
struct PendingDecommissions {
  std::string by;
  std::vector<DecommissionChange> nodes;
  // Of a change of the lists: what is then in force.
  std::optional<NodeLists> lists{};
  ListChange change{};
};

// What is set changes.
struct PendingApplication {
  ApplicationId id;
  std::optional<std::string> queue{};  // a leaf
  std::optional<int32_t> priority{};
  std::optional<Duration> lifetime{};
};

struct PendingChange {
  std::optional<CallId> call;  // nothing: the caller left
  std::variant<PendingQueues,
               PendingLabels,
               PendingNodeSettings,
               PendingDecommissions,
               PendingApplication>
      what;
  std::vector<Noted> notes;
  // When it can no longer be taken over; of an application: its record as it is then.
  std::vector<store::StoreOperation> undo;
};

using ChangeEvent = std::variant<ReconfigureQueues,
                                 RollbackQueues,
                                 AddLabels,
                                 RemoveLabels,
                                 ReplaceLabelsOnNodes,
                                 UpdateNodeResource,
                                 RefreshNodes,
                                 DrainNode,
                                 MoveApplication,
                                 UpdatePriority,
                                 UpdateLifetime>;

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_DURABLE_CHANGES_H_
