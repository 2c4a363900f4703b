// StreamEngine: the seam between an ApplicationMaster, which has containers, and an engine, which
// runs jobs in them.
//
// An engine says how a worker is started, how many slots its jobs need, and when jobs have ended.
// The ApplicationMaster gives it workers, tells it when their containers end, and asks it to stop.
// Whatever an engine is made of (this repository's own, or another's processes) stays behind this.
//
// Threads: every method and listener call on the owner's loop, but Close(). Owner: the
// ApplicationMaster; the listener must outlive the engine.
#ifndef WEIR_APPMASTER_ENGINE_STREAM_ENGINE_H_
#define WEIR_APPMASTER_ENGINE_STREAM_ENGINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "appmaster/core/engine_state.h"
#include "common/container.h"
#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::platform {
class HttpServer;
}

namespace weir::am {

class StreamEngineListener {
 public:
  virtual ~StreamEngineListener() = default;
  virtual void OnWorkerReady(const ContainerId& container) = 0;
  // Not heard, or does not obey: its container is to be stopped.
  virtual void OnWorkerRejected(const ContainerId& container, const std::string& cause) = 0;
  // State() may have changed.
  virtual void OnEngineChanged() = 0;
  // A client ends the cluster.
  virtual void OnStopRequested() = 0;
};

// The job of a cluster that exists for one job.
struct ClusterJob {
  std::string name;
  std::string library;  // a file
  std::vector<std::string> arguments;
  std::string graph;  // text form
  int32_t parallelism = 1;
  std::map<std::string, std::string> configuration;
  Duration slot_timeout{0};
};

class StreamEngine {
 public:
  virtual ~StreamEngine() = default;

  // Begins to serve clients and workers; the address for clients.
  virtual Result<HostPort> Start() = 0;
  // Verify the tokens of clients, by key id, in place of those before; none is answered before.
  virtual void SetClientKeys(const std::map<int, std::string>& keys) = 0;
  // JSON under /jobs. Requires: before the server listens.
  virtual void AddRoutes(platform::HttpServer& http) = 0;
  // `done` on the owner's loop, once.
  virtual void Submit(const ClusterJob& job, std::function<void(Status)> done) = 0;

  virtual LaunchContext WorkerLaunch() const = 0;
  virtual EngineState State() const = 0;
  virtual void OnWorkerEnded(const ContainerId& container, const std::string& cause) = 0;
  virtual void TellWorkerToExit(const ContainerId& container) = 0;
  // Workers cannot be had.
  virtual void FailWaitingJobs(const std::string& cause) = 0;
  // For reports: how many workers there will be, and why they are not there yet.
  virtual void TellPlan(int32_t workers_wanted, const std::string& detail) = 0;
  // For reports: the scheduler is about to take these workers, which jobs use.
  virtual void TellWantedBack(const std::set<ContainerId>& containers) = 0;
  // No more submissions; live jobs are cancelled.
  virtual void StopJobs() = 0;
  // Ends all connections. From any thread, once the owner's loop has stopped.
  virtual void Close() = 0;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_ENGINE_STREAM_ENGINE_H_
