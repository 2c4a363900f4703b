// BuiltinEngine: this repository's engine behind the StreamEngine seam: a JobManager in the
// ApplicationMaster's process, weir-taskmanager processes as workers.
#ifndef WEIR_APPMASTER_ENGINE_BUILTIN_ENGINE_H_
#define WEIR_APPMASTER_ENGINE_BUILTIN_ENGINE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appmaster/engine/stream_engine.h"
#include "platform/event_loop.h"
#include "stream/jobmanager/core/job_manager_core.h"

namespace weir::am {

struct BuiltinEngineOptions {
  AttemptId attempt;
  std::string cluster_id;
  std::string mode;             // told to clients
  bool exists_for_job = false;  // the cluster ends with its job
  std::string host;             // advertised
  uint16_t port_low = 0;        // 0 = any; else the first free ones up to port_high are taken
  uint16_t port_high = 0;
  std::string directory;  // for blobs; in the container
  int32_t slots_per_worker = 1;
  std::vector<std::pair<std::string, std::string>> worker_definitions;  // -D of the workers
  stream::JobManagerOptions job_manager;
};

std::unique_ptr<StreamEngine> MakeBuiltinEngine(platform::EventLoop& loop,
                                                platform::EventLoop& io_loop,
                                                const BuiltinEngineOptions& options,
                                                StreamEngineListener& listener);

}  // namespace weir::am

#endif  // WEIR_APPMASTER_ENGINE_BUILTIN_ENGINE_H_
