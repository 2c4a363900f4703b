// TaskManagerServer: the shell around TaskManagerCore: loops, connections, libraries, tasks.
//
// Threads: the core loop owns the core and the table of jobs; the data loop carries records; the
// work loop loads libraries, publishes and deletes files, and joins ended tasks; one thread talks
// to the JobManager; each task has its own. Owner: main. Start, then WaitForExit; Stop is
// thread-safe.
#ifndef WEIR_STREAM_TASKMANAGER_SERVER_TASK_MANAGER_SERVER_H_
#define WEIR_STREAM_TASKMANAGER_SERVER_TASK_MANAGER_SERVER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/event_loop.h"
#include "platform/file_system.h"
#include "platform/mutex.h"
#include "stream/runtime/data_exchange.h"
#include "stream/runtime/gate_registry.h"
#include "stream/runtime/task.h"
#include "stream/runtime/task_wiring.h"
#include "stream/taskmanager/core/task_manager_core.h"
#include "stream/taskmanager/server/job_manager_link.h"
#include "stream/taskmanager/server/library_cache.h"
#include "stream/taskmanager/server/task_manager_options.h"

namespace weir::stream::taskmanager {

class TaskManagerServer {
 public:
  // How long tasks may take to end when the TaskManager does.
  static constexpr Duration kTaskEndTimeout = seconds(5);

  TaskManagerServer(TaskManagerOptions options, platform::FileSystem& files, int print_fd);
  ~TaskManagerServer();
  TaskManagerServer(const TaskManagerServer&) = delete;
  TaskManagerServer& operator=(const TaskManagerServer&) = delete;

  // Listens for data and begins the conversation. The errors of DataExchange::Listen.
  Status Start();
  // Asks for the end, with this exit code; the first one counts.
  void Stop(int code);
  // Waits for the core's or Stop()'s exit code, then ends all tasks. When code of a program does
  // not return, the process exits here.
  int WaitForExit();

 private:
  struct RunningTask {
    std::unique_ptr<Task> task;
    bool ended = false;
  };
  struct Job {
    std::shared_ptr<const JobProgram> program;
    TaskPlaces places;
    std::map<std::string, RunningTask> tasks;  // by execution
    std::vector<PendingFile> results;          // of finished tasks
    bool publishing = false;                   // told to: the hidden names are a proof from then on
  };

  // On any thread.
  void Deliver(Event event);
  void ThreadBegins();
  void ThreadEnds();
  // On the core loop.
  void Step(const Event& event);
  void SetTimer();
  void Do(const SendRegister& action);
  void Do(const SendPoll& action);
  void Do(const InterruptPoll& action);
  void Do(const PrepareJob& action);
  void Do(const StartTask& action);
  void Do(const CancelTask& action);
  void Do(const PublishResults& action);
  void Do(const ForgetJob& action);
  void Do(const SampleCounters& action);
  void Do(const Exit& action);
  void Do(const Note& action);
  // Registers the task's input, opens its outputs.
  Result<TaskSpec> MakeSpec(const Job& job, const DeployTask& deploy);
  Status Launch(Job& job, const DeployTask& deploy);
  void OnEnded(const DeployTask& deploy, const TaskOutcome& outcome);
  // On the work loop.
  Result<JobProgram> LoadProgram(const JobInformation& information);
  void Discard(const std::shared_ptr<Job>& job);

  const TaskManagerOptions options_;
  platform::FileSystem& files_;
  PrintTarget print_;
  platform::EventLoop core_loop_{"taskmanager"};
  platform::EventLoop data_loop_{"data"};
  platform::EventLoop work_loop_{"work"};
  GateRegistry gates_;
  DataExchange exchange_;
  LibraryCache libraries_;  // work loop
  HostPort data_address_;
  std::unique_ptr<JobManagerLink> link_;

  // The core loop's.
  TaskManagerCore core_;
  platform::EventLoop::TimerId timer_ = 0;
  std::map<std::string, std::shared_ptr<Job>> jobs_;
  std::map<std::string, std::string> job_of_;  // by execution

  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::optional<int> exit_code_ WEIR_GUARDED_BY(mutex_);
  size_t threads_ WEIR_GUARDED_BY(mutex_) = 0;  // that run code of programs now
};

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_SERVER_TASK_MANAGER_SERVER_H_
