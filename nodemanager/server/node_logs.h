// NodeLogs: everything that the NodeManager does with its containers' logs beside serving them:
// their size limits (log_watch.h), and bringing them to the shared directory (log_aggregator.h) or,
// without aggregation, removing them when they are old.
//
// Owner: the daemon. Update on the core loop; the rest is thread-safe. What it is given must
// outlive it, and the core loop must have stopped before it goes.
#ifndef WEIR_NODEMANAGER_SERVER_NODE_LOGS_H_
#define WEIR_NODEMANAGER_SERVER_NODE_LOGS_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "nodemanager/core/node_manager_core.h"
#include "nodemanager/executor/log_aggregator.h"
#include "nodemanager/executor/log_watch.h"
#include "platform/hadoop_xml_config.h"
#include "platform/metrics.h"
#include "platform/option_reader.h"

namespace weir::nm {

struct NodeLogOptions {
  LogLimits limits;
  std::optional<AggregatorOptions> aggregation;  // nothing = off; `node` is set when it is known
};

// Every fault goes into `read`. `directory`: of the NodeManager.
NodeLogOptions ReadNodeLogOptions(const platform::Configuration& config,
                                  platform::OptionReader& read,
                                  const std::string& directory);

class NodeLogs {
 public:
  NodeLogs(NodeLogOptions options,
           platform::FileSystem& files,
           const ContainerDirectories& directories,
           std::function<void(Event)> post);

  // What the core holds now.
  void Update(const NodeManagerCore& core);
  // The ResourceManager says so, and nothing of it is left here.
  void ApplicationEnded(const ApplicationId& id);
  bool aggregates() const { return aggregator_ != nullptr; }
  // {"logs": {...}}: limits, what was cut, and how the aggregation goes.
  std::string Json() const;

 private:
  const NodeLogOptions options_;
  std::unique_ptr<LogWatch> watch_;
  std::unique_ptr<LogAggregator> aggregator_;  // null: off
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NODE_LOGS_H_
