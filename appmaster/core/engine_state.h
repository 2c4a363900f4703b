// What a stream engine tells the ApplicationMaster about its jobs and workers. Immutable values.
#ifndef WEIR_APPMASTER_CORE_ENGINE_STATE_H_
#define WEIR_APPMASTER_CORE_ENGINE_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/ids.h"

namespace weir::am {

// A registered worker that has not been told to exit.
struct EngineWorker {
  ContainerId container;
  int32_t slots = 0;
  int32_t used = 0;
  bool operator==(const EngineWorker&) const = default;
};

struct EngineState {
  int32_t slots_waiting = 0;  // needed by jobs that hold none yet
  std::vector<EngineWorker> workers;
  bool any_job = false;
  bool all_jobs_ended = true;
  bool all_ends_seen = true;  // a client was told how every ended job ended
  // How the cluster's job ended, for a cluster that exists for one job.
  FinalStatus final_status = FinalStatus::kUndefined;
  std::string diagnostics;

  bool operator==(const EngineState&) const = default;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_ENGINE_STATE_H_
