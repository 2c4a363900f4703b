// HealthMonitor: looks at the node's directories and runs its health scripts, again and again, on
// threads of its own, and tells the core what was seen (DirectoriesChecked, HealthScriptRan).
//
// Each directory is looked at on a thread of its own, so that one disk that does not answer holds
// up nobody: what has not answered within its patience is told as a fault and is looked at again
// only when the look under way has ended. Owner: the daemon; the destructor kills the scripts and
// joins (a look at a dead disk ends with the disk's own time limit). Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_HEALTH_MONITOR_H_
#define WEIR_NODEMANAGER_EXECUTOR_HEALTH_MONITOR_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "nodemanager/executor/container_executor.h"
#include "nodemanager/executor/health_script.h"
#include "nodemanager/executor/worker_pool.h"
#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::nm {

struct HealthMonitorOptions {
  bool check_directories = true;
  std::vector<std::string> local;
  std::vector<std::string> log;
  Duration interval = seconds(10);  // from one round to the next
  Duration patience = seconds(10);  // with one directory
  std::vector<HealthScript> scripts;
};

class HealthMonitor {
 public:
  HealthMonitor(HealthMonitorOptions options, platform::FileSystem& files, EventSink sink);
  ~HealthMonitor();
  HealthMonitor(const HealthMonitor&) = delete;
  HealthMonitor& operator=(const HealthMonitor&) = delete;

  // The first round and the first run of every script begin at once.
  void Start();

 private:
  // Of one directory; shared with the thread that looks at it.
  struct Look {
    std::string path;
    DirectoryKind kind = DirectoryKind::kLocal;
    std::unique_ptr<WorkerPool> thread;
    bool under_way = false;
    DirectorySample last;
  };

  void BeginLook(Look& look) WEIR_REQUIRES(mutex_);
  void CheckAll();  // one round
  void FollowDirectories();
  void FollowScript(const HealthScript& script);
  // False when the monitor ends first.
  bool Pause(Duration pause);
  bool ending();

  const HealthMonitorOptions options_;
  platform::FileSystem& files_;
  const EventSink sink_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Look>> looks_;  // their contents are guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_HEALTH_MONITOR_H_
