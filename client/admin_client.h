// AdminClient: the command line's conversation with the active ResourceManager as an administrator,
// over its unix socket. Blocking; single-threaded. With high availability it waits while none is
// active: client/active_rm.h. What is not known to have been done and may not be done twice (a
// version of the queues, labels removed) is not asked for again.
//
// Errors: those of the RM, kPermissionDenied for who may not administer it; kUnavailable with the
// remedy when no RM runs here.
#ifndef WEIR_CLIENT_ADMIN_CLIENT_H_
#define WEIR_CLIENT_ADMIN_CLIENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/queue.h"
#include "common/resource.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/hadoop_xml_config.h"

namespace weir::cli {

struct LabelToAdd {
  std::string name;
  bool exclusive = true;
};

struct NodeResourceChange {
  std::string node;
  std::optional<Resource> capacity;  // nothing: what its NodeManager says
  Duration overcommit_timeout{-1};   // negative: containers may run to their end
};

// A roll of the keys that sign tokens.
struct TokenKeyRoll {
  int32_t next_key = 0;  // is being made known
  Duration signs_in{};
  std::optional<int32_t> dropped_key;  // its tokens are refused from then on
};

class AdminClient {
 public:
  explicit AdminClient(const platform::Configuration& config);
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  using Version = QueueConfigurationVersion;
  Result<Version> RefreshQueues();
  // `path` is a capacity-scheduler.xml of this machine. Also kNotFound, kUnavailable of the file.
  Result<QueuePlan> PlanQueues(const std::string& path);
  Result<Version> ApplyQueues(const std::string& path, std::optional<int64_t> expected);
  Result<std::vector<Version>> QueueHistory();
  Result<Version> RollbackQueues(int64_t version, std::optional<int64_t> expected);

  // No timeout: the configured one; negative: for ever.
  Status RefreshNodes(bool graceful, std::optional<Duration> timeout);
  Status DrainNode(const std::string& node, std::optional<Duration> timeout, bool undo);
  Status UpdateNodeResource(const NodeResourceChange& change);
  Status AddLabels(const std::vector<LabelToAdd>& labels);
  Status RemoveLabels(const std::vector<std::string>& labels);
  Status ReplaceLabels(const std::map<std::string, std::string>& labels);

  // Begins one, unless one is under way.
  Result<TokenKeyRoll> RollTokenKeys();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::cli

#endif  // WEIR_CLIENT_ADMIN_CLIENT_H_
