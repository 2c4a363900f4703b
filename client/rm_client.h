// RmClient: the command line's conversation with the active ResourceManager: Thrift over the unix
// socket for calls, HTTP for files. Blocking; single-threaded. With high availability it waits
// while none is active: client/active_rm.h.
//
// Errors: those of the RM; kUnavailable with the remedy when no RM runs here.
#ifndef WEIR_CLIENT_RM_CLIENT_H_
#define WEIR_CLIENT_RM_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/container.h"
#include "common/queue.h"
#include "common/result.h"
#include "platform/hadoop_xml_config.h"
#include "platform/rpc_security.h"

namespace weir::cli {

// A report, with the token for its AM if the caller may talk to it.
struct WatchedApplication {
  ApplicationReport report;
  std::optional<platform::SignedToken> client_token;
};

struct ClusterFacts {
  std::string cluster_id;
  std::string http_address;
  Resource minimum_allocation;
  Resource maximum_allocation;
  int32_t nodes = 0;
};

struct ListFilter {
  std::vector<ApplicationState> states;  // empty = all
  std::string user;
  std::string queue;
};

class RmClient {
 public:
  explicit RmClient(const platform::Configuration& config);
  ~RmClient();
  RmClient(const RmClient&) = delete;
  RmClient& operator=(const RmClient&) = delete;

  // Asked for again with the same key when the connection is lost, and for as long as
  // client/active_rm.h says: the application is made once.
  Result<ApplicationId> Submit(const SubmissionContext& context);
  // Waits up to `park` for a report newer than `known_version`.
  Result<WatchedApplication> Watch(const ApplicationId& id, int64_t known_version, Duration park);
  Result<WatchedApplication> Get(const ApplicationId& id) { return Watch(id, -1, Duration(0)); }
  Result<std::vector<ApplicationReport>> List(const ListFilter& filter);
  Result<ApplicationReport> Kill(const ApplicationId& id, const std::string& diagnostics);
  // Each gives the application as it is then; the change is durable.
  Result<ApplicationReport> Move(const ApplicationId& id, const std::string& queue);
  Result<ApplicationReport> UpdatePriority(const ApplicationId& id, int32_t priority);
  Result<ApplicationReport> UpdateLifetime(const ApplicationId& id, Duration lifetime);
  Result<Explanation> Explain(const ApplicationId& id);
  // The queue `under` (path or unique name; "" = root) and all below it, parents first.
  Result<std::vector<QueueReport>> Queues(const std::string& under, bool with_users);
  Result<std::vector<LabelReport>> Labels();
  Result<std::vector<ContainerReport>> Containers(const ApplicationId& id);
  // Each gives the container as it is when its node has acted, for which they wait up to `park`;
  // kDeadlineExceeded: it has not by then, and will. A size that is not named stays as it is.
  Result<ContainerReport> ResizeContainer(const ContainerId& id,
                                          std::optional<int64_t> memory_mib,
                                          std::optional<int64_t> vcores,
                                          Duration park);
  Result<ContainerReport> SignalContainer(const ContainerId& id,
                                          ContainerSignal signal,
                                          Duration park);
  Result<std::vector<NodeReport>> Nodes();
  Result<ClusterFacts> Cluster();
  // What a container of this size will have. kInvalidArgument: larger than the largest that can be
  // had; nothing has been submitted then.
  Result<Resource> NormalizeContainer(const Resource& asked);

  // Uploads a file to staging (or finds it there) and says how a container fetches it.
  Result<LocalResource> Stage(const std::string& path);

 private:
  Result<HostPort> HttpAddress();
  Status Upload(const std::string& path, const std::string& sha256);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::cli

#endif  // WEIR_CLIENT_RM_CLIENT_H_
