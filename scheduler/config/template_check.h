// Whether the templates of automatic creation would give valid queues: found out when the file is
// read, so that the fault has a place, not when somebody needs the queue.
#ifndef WEIR_SCHEDULER_CONFIG_TEMPLATE_CHECK_H_
#define WEIR_SCHEDULER_CONFIG_TEMPLATE_CHECK_H_

#include "scheduler/config/queue_configuration.h"
#include "scheduler/config/queue_draft.h"
#include "scheduler/config/queue_tree_reader.h"

namespace weir::scheduler {

// Requires: the drafts are read.
void CheckTemplates(const QueueDrafts& tree, ReaderContext& context);

// Keeps the properties of queues that could be made automatically in configuration.unmade, checked;
// warns of the others.
void SortStrays(const QueueDrafts& tree, ReaderContext& context, QueueConfiguration& configuration);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_TEMPLATE_CHECK_H_
