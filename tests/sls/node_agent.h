// NodeAgent: a NodeManager reduced to what the ResourceManager sees of it: it registers, keeps one
// long poll out, starts what it is told to, and reports what changed. A container runs for its time
// and nothing else.
//
// Owner: Cluster. Single-threaded.
#ifndef WEIR_TESTS_SLS_NODE_AGENT_H_
#define WEIR_TESTS_SLS_NODE_AGENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/node_messages.h"
#include "tests/sls/resource_manager.h"
#include "tests/sls/trace.h"

namespace weir::sls {

class NodeAgent {
 public:
  // An ApplicationMaster begins in this container; it tells of its end by Exit.
  using StartMaster = std::function<void(NodeAgent&, const StartContainerCommand&)>;
  // Its container was stopped by the ResourceManager.
  using StopMaster = std::function<void(const ContainerId&, StopReason)>;
  struct Hooks {
    StartMaster start_master;
    StopMaster stop_master;
  };

  NodeAgent(EventQueue& queue,
            ResourceManager& resource_manager,
            Recorder& recorder,
            const NodePlan& plan,
            const Hooks& hooks);

  void Start();
  const std::string& host() const { return plan_.host; }

  // A request of an ApplicationMaster arrives: the container runs for `run`.
  void StartContainer(const ContainerId& id,
                      const Resource& resource,
                      const std::string& queue,
                      Duration run);
  // An ApplicationMaster's process has begun, or ended by itself.
  void MasterRuns(const ContainerId& id, const Resource& resource, const std::string& queue);
  void Exit(const ContainerId& id, int code);

 private:
  struct Running {
    Resource resource;
    std::string queue;
  };

  void Register();
  void Heartbeat();
  void OnHeartbeat(int64_t sequence, const ResourceManager::Answer& answer);
  void OnCommands(const NodeHeartbeatAnswer& answer);
  void Stop(const StopContainerCommand& command);
  // Reports it soon, together with what else changes until then.
  void Report(ContainerStatus status);
  Duration Now() const { return queue_.now().time_since_epoch(); }

  EventQueue& queue_;
  ResourceManager& resource_manager_;
  Recorder& recorder_;
  const NodePlan& plan_;
  const Hooks& hooks_;
  const NodeId id_;
  int64_t session_ = 0;
  int64_t sequence_ = 0;
  bool report_due_ = false;
  std::vector<ContainerStatus> news_;
  std::map<ContainerId, Running> running_;
  std::set<ContainerId> stopped_early_;  // told to stop before the start arrived
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_NODE_AGENT_H_
