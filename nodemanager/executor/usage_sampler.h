// UsageSampler: looks at the processes of all containers, and at the machine, every interval, and
// tells what it saw as a UsageSampled event.
//
// A container's processes are the descendants of its weir-launch, which is their subreaper; the
// launcher itself is not counted. One look is one pass over /proc, whatever the number of
// containers. Thread: one of its own. Owner: the daemon; the sink and the source must outlive it.
#ifndef WEIR_NODEMANAGER_EXECUTOR_USAGE_SAMPLER_H_
#define WEIR_NODEMANAGER_EXECUTOR_USAGE_SAMPLER_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "nodemanager/core/memory_monitor.h"
#include "nodemanager/executor/container_executor.h"
#include "nodemanager/executor/process_watcher.h"
#include "platform/mutex.h"

namespace weir::nm {

// The looking, without the thread: remembers from one look to the next which processes were there
// and what they had used. Single-threaded.
class ProcessLooker {
 public:
  UsageSampled Look(const std::vector<Launcher>& launchers, Instant now);

 private:
  struct Former {
    int64_t start_ticks = 0;
    int64_t cpu_ticks = 0;
  };
  std::map<pid_t, Former> former_;  // of the last look, of containers only
  std::optional<Instant> looked_;
  int64_t node_busy_ticks_ = 0;
};

class UsageSampler {
 public:
  UsageSampler(Duration interval, std::function<std::vector<Launcher>()> source, EventSink sink);
  ~UsageSampler();
  UsageSampler(const UsageSampler&) = delete;
  UsageSampler& operator=(const UsageSampler&) = delete;

 private:
  void Run();

  const Duration interval_;
  const std::function<std::vector<Launcher>()> source_;
  const EventSink sink_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_USAGE_SAMPLER_H_
