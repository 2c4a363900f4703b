// ProcessExecutor: containers as plain processes of this machine, each started by weir-launch.
//
// Terms. Identity of a container: its cgroup, where there are cgroups; and the descendants of its
// weir-launch, which is their subreaper; should that be killed, its session and everything with its
// CONTAINER_ID in the environment.
// Threads: those of the cache, a bounded pool that prepares directories, one that launches, a
// deleter, a watcher. Owner: the daemon; destroy it before what the sink posts to. Containers
// outlive it. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_PROCESS_EXECUTOR_H_
#define WEIR_NODEMANAGER_EXECUTOR_PROCESS_EXECUTOR_H_

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "nodemanager/core/recovery.h"
#include "nodemanager/executor/accounts.h"
#include "nodemanager/executor/container_directories.h"
#include "nodemanager/executor/container_environment.h"
#include "nodemanager/executor/container_executor.h"
#include "nodemanager/executor/container_groups.h"
#include "nodemanager/executor/deleter.h"
#include "nodemanager/executor/launch_notes.h"
#include "nodemanager/executor/localizer.h"
#include "nodemanager/executor/process_watcher.h"
#include "nodemanager/executor/progress_reporter.h"
#include "nodemanager/executor/resource_cache.h"
#include "nodemanager/executor/worker_pool.h"
#include "platform/mutex.h"

namespace weir::nm {

struct ProcessExecutorOptions {
  std::string launch_binary;  // path of weir-launch
  std::string weir_home;      // WEIR_HOME of containers
  HostPort node_address;      // NM_HOST, NM_PORT
  uint16_t http_port = 0;     // NM_HTTP_PORT
  Duration sigkill_delay = milliseconds(250);
  Duration delete_delay{0};
  ResourceCacheOptions cache;
  Duration progress_period = seconds(2);  // of reports about long localizations
  size_t queue = 10'000;                  // of each pool
  RunAsPolicy run_as{};
  FindAccount find_account = FindSystemAccount;
  EnvironmentRules environment{};
  std::vector<IndexedType> indexed{};  // named resources that this node gives out by index
  bool core_dumps = false;             // of containers
  ContainerGroups* groups = nullptr;   // outlives the executor; none = no cgroups
};

class ProcessExecutor : public ContainerExecutor {
 public:
  // kNotFound: there is no weir-launch; kUnavailable: no descriptors left.
  static Result<std::unique_ptr<ProcessExecutor>> Start(ProcessExecutorOptions options,
                                                        platform::FileSystem& files,
                                                        ContainerDirectories directories,
                                                        EventSink sink);
  ~ProcessExecutor() override;

  void Localize(const ContainerTokenIdentifier& token,
                const LaunchContext& launch,
                const StagingAccess& staging) override;
  void Reacquire(const ContainerTokenIdentifier& token,
                 const LaunchContext& launch,
                 bool runs) override;
  void CallOffLocalization(const ContainerId& id) override;
  using ContainerExecutor::Launch;
  void Launch(const ContainerId& id, const ContainerIndices& indices) override;
  void Resize(const nm::Resize& wanted) override;
  void SignalContainer(const ContainerId& id, SignalKind kind) override;
  void CleanUp(const ContainerId& id) override;
  void Forget(const ContainerId& id) override;
  void CleanUpApplication(const ApplicationId& id) override;
  void UseDirectories(const nm::UseDirectories& good) override;
  // What an earlier run was to remove after its delay, and this one is to remove.
  void RemoveLater(const KeptContainer& kept);

  // Of all containers that run; for who wants to look at their processes.
  std::vector<Launcher> Launchers() const { return watcher_->Launchers(); }
  ResourceCache::Numbers cache_numbers() const { return cache_.numbers(); }

 private:
  struct Prepared {
    ContainerTokenIdentifier token;
    LaunchContext launch;
    StagingAccess staging;
    std::optional<Account> account{};  // decided before it is prepared; nothing = our own
    bool reacquired = false;           // of an earlier NodeManager
    ContainerIndices indices{};        // as the last Launch said
    std::atomic<bool> called_off = false;
  };

  ProcessExecutor(ProcessExecutorOptions options,
                  platform::FileSystem& files,
                  ContainerDirectories directories,
                  EventSink sink,
                  std::unique_ptr<ProcessWatcher> watcher);
  std::shared_ptr<Prepared> Find(const ContainerId& id);
  // The account; that there is none for a user is not the node's fault.
  Status DecideWhose(Prepared& container) const;
  // Its directories, notes and secrets: what fails there is the node's own fault.
  Status MakePlace(const Prepared& container);
  void BeginLocalization(const std::shared_ptr<Prepared>& container);
  void RunOnPreparer(std::function<void()> job);
  Status WriteSecrets(const Prepared& container);
  // Everything but the cgroups. Errors: those of ExpandLaunch.
  Result<LaunchPlan> PlanOf(const Prepared& container) const;
  void LaunchNow(Prepared& container);
  Status StartLauncher(const Prepared& container, LaunchPlan plan);
  Status StartInGroups(const Prepared& container, const LaunchPlan& plan);
  void RemoveGroups(const ContainerId& id);
  Status ChangeSize(const nm::Resize& wanted);
  Environment BaseEnvironment(const Prepared& container) const;
  LaunchNotes NotesOf(const ContainerId& id) const;

  const ProcessExecutorOptions options_;
  platform::FileSystem& files_;
  const ContainerDirectories directories_;
  const EventSink sink_;
  ResourceCache cache_;
  Localizer localizer_;
  platform::Mutex mutex_;
  std::map<ContainerId, std::shared_ptr<Prepared>> prepared_ WEIR_GUARDED_BY(mutex_);
  const std::unique_ptr<ProcessWatcher> watcher_;
  // Last: their threads use all of the above.
  Deleter deleter_;
  WorkerPool launchers_;
  WorkerPool preparers_;
  ProgressReporter progress_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_PROCESS_EXECUTOR_H_
