// StreamMaster: the ApplicationMaster of a stream cluster: the ClusterCore in its shell, between
// the ResourceManager (MasterClient), the NodeManagers (NodeClient), the engine and HTTP.
//
// Threads: everything on the core loop; inputs are queued and handled one after the other, so that
// no step runs within another. Start(), Terminate() and ended() belong to main. Owner: main, which
// stops the loops, then calls Close(), then destroys it.
#ifndef WEIR_APPMASTER_SERVER_STREAM_MASTER_H_
#define WEIR_APPMASTER_SERVER_STREAM_MASTER_H_

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "appmaster/client/master_client.h"
#include "appmaster/client/node_client.h"
#include "appmaster/core/cluster_core.h"
#include "appmaster/engine/stream_engine.h"
#include "appmaster/server/master_options.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "platform/metrics.h"

namespace weir::am {

class StreamMaster : public MasterListener, public StreamEngineListener {
 public:
  // `on_end` is called once, on the core loop, when the cluster has ended by itself.
  StreamMaster(const MasterOptions& options,
               const MasterEnvironment& environment,
               platform::EventLoop& loop,
               platform::EventLoop& io_loop,
               std::function<void()> on_end);
  ~StreamMaster() override;

  // Serves, submits the cluster's own job if it has one, then registers. `graph`: that job's graph,
  // or why it could not be built, which becomes the final status. On the core loop.
  Status Start(const std::optional<Result<std::string>>& graph);
  // Workers are told to exit without a word to the ResourceManager; ends like any end. Core loop.
  void Terminate();
  // Once the loops have stopped.
  void Close();
  // The process's exit status, set before on_end.
  int exit_status() const { return exit_status_; }

  // --- MasterListener
  void OnRegistered(const MasterRegistration& registration) override;
  void OnAllocation(const wire::ReceivedAllocation& allocation) override;
  void OnMasterLost(const Error& last) override;
  void OnRejected(const Error& error) override;

  // --- StreamEngineListener
  void OnWorkerReady(const ContainerId& container) override;
  void OnWorkerRejected(const ContainerId& container, const std::string& cause) override;
  void OnEngineChanged() override;
  void OnStopRequested() override;

 private:
  struct Executor;

  Status Serve();
  void SubmitOwnJob(const std::string& graph);
  void Register();
  void FailStartup(const Error& error);
  void Input(ClusterInput input);
  void Drain();
  bool EngineHasChanged();
  void SetTimer();
  void Launch(const ContainerId& container);
  void StopAtNode(const ContainerId& container);
  void Finish(FinalStatus status, const std::string& diagnostics);
  void End(bool told);
  void AddRoutes();

  const MasterOptions options_;
  const MasterEnvironment environment_;
  platform::EventLoop& loop_;
  const std::function<void()> on_end_;
  const std::string subject_;
  ClusterCore core_;
  MasterClient master_;
  NodeClient nodes_;
  std::unique_ptr<StreamEngine> engine_;
  platform::HttpServer http_;
  platform::Metrics metrics_;
  platform::Gauge workers_ready_;
  platform::Gauge workers_wanted_;
  platform::Gauge slots_waiting_;
  platform::Counter workers_launched_;
  platform::Counter workers_ended_;
  RegisterMasterRequest registration_;
  std::map<ContainerId, wire::ReceivedGrant> grants_;
  EngineState engine_state_;
  std::set<ContainerId> told_wanted_back_;  // as the last answer of the ResourceManager said
  std::deque<ClusterInput> inputs_;
  bool draining_ = false;
  bool ended_ = false;
  std::optional<Error> startup_failure_;
  platform::EventLoop::TimerId timer_ = 0;
  std::atomic<int> exit_status_{0};
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_SERVER_STREAM_MASTER_H_
