// MiniCluster: several TaskManagers' data planes in one process, joined by loopback TCP, and jobs
// on them. For tests.
#ifndef WEIR_TESTS_UNIT_STREAM_MINI_CLUSTER_H_
#define WEIR_TESTS_UNIT_STREAM_MINI_CLUSTER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/event_loop.h"
#include "platform/file_system.h"
#include "platform/mutex.h"
#include "stream/api/data_stream.h"
#include "stream/runtime/data_exchange.h"
#include "stream/runtime/gate_registry.h"
#include "stream/runtime/task.h"
#include "stream/runtime/task_wiring.h"

namespace weir::stream {

// One TaskManager's data plane.
struct MiniTaskManager {
  explicit MiniTaskManager(const std::string& name, const std::string& secret = "0123456789abcdef");
  ~MiniTaskManager();

  platform::EventLoop loop{"data"};
  GateRegistry gates;
  DataExchange exchange;
  HostPort address;
};

using TaskKey = std::pair<int32_t, int32_t>;  // vertex, subtask

class MiniJob {
 public:
  // Tasks wait for each other's deployment; the caller deploys them in any order.
  MiniJob(std::vector<std::unique_ptr<MiniTaskManager>>& managers,
          std::shared_ptr<const JobProgram> program,
          std::map<TaskKey, std::vector<TextSplit>> splits,
          int print_fd,
          platform::FileSystem& files = platform::FileSystem::Real());
  ~MiniJob();

  void Deploy(TaskKey key);
  void DeployAll();
  void Cancel();
  // The outcomes, when every deployed task has ended. Fails the test after a minute.
  std::map<TaskKey, TaskOutcome> Wait();
  const RecordCounters& counters(TaskKey key) const { return tasks_.at(key)->counters(); }
  InputGate& gate(TaskKey key) { return *gates_.at(key); }

 private:
  MiniTaskManager& ManagerOf(TaskKey key) {
    return *managers_[static_cast<size_t>(key.second) % managers_.size()];
  }

  std::vector<std::unique_ptr<MiniTaskManager>>& managers_;
  const std::shared_ptr<const JobProgram> program_;
  const std::map<TaskKey, std::vector<TextSplit>> splits_;
  platform::FileSystem& files_;
  PrintTarget print_;
  TaskPlaces places_;
  std::map<TaskKey, std::shared_ptr<InputGate>> gates_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::map<TaskKey, TaskOutcome> outcomes_ WEIR_GUARDED_BY(mutex_);
  std::map<TaskKey, std::unique_ptr<Task>> tasks_;
};

std::vector<std::unique_ptr<MiniTaskManager>> MakeManagers(size_t count);
// The program; fails the test when it is not valid.
std::shared_ptr<const JobProgram> MakeProgram(int32_t parallelism,
                                              const std::function<void(StreamEnvironment&)>& build);
// The file cut into `parts` ranges at arbitrary bytes, for the subtasks of vertex 0.
std::map<TaskKey, std::vector<TextSplit>> SplitFile(const std::string& path, int32_t parts);
// All failures of the outcomes, one per line; "" when every task finished.
std::string Failures(const std::map<TaskKey, TaskOutcome>& outcomes);

}  // namespace weir::stream

#endif  // WEIR_TESTS_UNIT_STREAM_MINI_CLUSTER_H_
