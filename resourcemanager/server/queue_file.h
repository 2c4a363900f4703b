// capacity-scheduler.xml as the core takes it: one version of the queue configuration.
//
// A version stands for itself: what mapping-rule-json-file names is read and stands in it as
// mapping-rule-json. Functions block on the file system; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_QUEUE_FILE_H_
#define WEIR_RESOURCEMANAGER_SERVER_QUEUE_FILE_H_

#include <string>

#include "common/result.h"
#include "platform/hadoop_xml_config.h"
#include "resourcemanager/core/events.h"

namespace weir::rm {

// What faults call the file of a version: whose properties remember their lines only.
inline constexpr char kQueueFileName[] = "capacity-scheduler.xml";

// kNotFound; kInvalidArgument: every fault of its form, "file:line: what"; a relative
// mapping-rule-json-file is sought beside the file.
Result<QueueProperties> ReadQueueFile(const std::string& path);

// The same for a text that came from elsewhere; `name` is for messages. A relative
// mapping-rule-json-file is refused.
Result<QueueProperties> ParseQueueFile(const std::string& name, const std::string& text);

// "capacity-scheduler.xml:12: ..." of each line becomes "NAME:12: ...".
std::string NameQueueFile(const std::string& messages, const std::string& name);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_QUEUE_FILE_H_
