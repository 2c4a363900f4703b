// What the shell adds to the scheduler's reader of queue configurations: the keys of yarn-site.xml
// that count for queues, mapping rules in JSON, and the digest of a version.
#ifndef WEIR_RESOURCEMANAGER_SERVER_QUEUE_PARSER_H_
#define WEIR_RESOURCEMANAGER_SERVER_QUEUE_PARSER_H_

#include <string>
#include <vector>

#include "platform/hadoop_xml_config.h"
#include "resourcemanager/core/resource_manager_core.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/resource_types.h"

namespace weir::rm {

// Of yarn-site.xml and -D: preemption, the highest priority, labels, and queue properties, which
// those of the queue file win over.
std::vector<scheduler::ConfigProperty> SiteQueueProperties(const platform::Configuration& config);

// A queue configuration is named as kQueueFileName (queue_file.h) in what the parser says. Pure;
// called on any thread.
QueueParser MakeQueueParser(std::vector<scheduler::ConfigProperty> site,
                            scheduler::ResourceTypes types);

// The queue file of this machine, as it stands when the process starts.
struct LocalQueues {
  QueueProperties properties;         // without the file: one queue, root.default
  std::vector<std::string> faults;    // "path:line: ..."
  std::vector<std::string> warnings;  // the same
};
// `path` may be empty. Blocks on the file system.
LocalQueues ReadLocalQueues(const std::string& path, const QueueParser& parser);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_QUEUE_PARSER_H_
