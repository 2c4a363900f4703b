// Placement: into which queue an application goes, and what its submitter may do there. Pure
// functions over a queue configuration.
//
// Rules follow YARN's placement (yarn.scheduler.capacity.queue-mappings and mapping rules); access
// lists are YARN's: a right on a queue is a right on everything below it.
#ifndef WEIR_SCHEDULER_PLACEMENT_PLACEMENT_H_
#define WEIR_SCHEDULER_PLACEMENT_PLACEMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// Who submits or administers.
struct Submitter {
  std::string user;
  std::vector<std::string> groups;  // primary first
};

enum class QueueRight { kSubmit, kAdminister };

// The path of the leaf for an application that names `queue` ("" = none): by the rules when it
// names none or "default" or the rules override, else as it says. A leaf that automatic creation
// would make is returned as if it existed.
// When no rule places one that names no queue, it goes where the rules have set the default
// (setDefaultQueue), else to root.default. In names that become part of a path, dots are "_dot_".
// kNotFound names the known leaves; kInvalidArgument: not a leaf, a bad name, or a short name that
// means several (named); kPermissionDenied: a rule rejects it.
// Time in proportion to the queues for short names, rules of groups and refusals; else logarithmic.
Result<std::string> PlaceInQueue(const QueueConfiguration& configuration,
                                 const std::string& queue,
                                 const std::string& application_name,
                                 const Submitter& submitter);

// The submitter has the right on the queue or one of its ancestors. For a path that does not exist
// yet, those of its nearest existing ancestor count. Who may administer may submit.
bool HasRight(const QueueConfiguration& configuration,
              const std::string& path,
              QueueRight right,
              const Submitter& submitter);

// The priority an application gets: asked, else the default of the user's grant or the queue,
// bounded by the user's grant and the cluster's maximum (0: every priority is 0). Where there are
// grants but none for the submitter, the queue's default bounds it. Never below 0. A tag
// "workflowid:NAME" that workflow-priority-mappings know counts as asked where nothing is asked, or
// always when they override.
int32_t EffectivePriority(const QueueConfiguration& configuration,
                          const std::string& path,
                          const Submitter& submitter,
                          std::optional<int32_t> asked,
                          const std::vector<std::string>& tags = {});

// The longest life; 0 = no end. `asked` 0 = the queue's default; never above the queue's maximum.
Duration EffectiveLifetime(const QueueConfiguration& configuration,
                           const std::string& path,
                           Duration asked);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PLACEMENT_PLACEMENT_H_
