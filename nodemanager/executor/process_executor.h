// ProcessExecutor: containers as plain processes of this machine, each started by weir-launch.
//
// Terms. Identity of a container: its cgroup, where there are cgroups; and the descendants of its
// weir-launch, which is their subreaper; should that be killed, its session and everything with its
// CONTAINER_ID in the environment.
// Threads: those of the cache, a watcher, one for times; and for what touches disks, pools with a
// lane for each: to prepare, to launch, to remove, to look why a container ended. A disk that hangs
// keeps what is on it and nothing else: its containers fail or are given up after a while, as the
// node's fault, whatever its threads then still do. Owner: the daemon; destroy it before what the
// sink posts to; the destructor waits for threads in a disk. Containers outlive it. Thread-safe.
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
#include "nodemanager/executor/delayed_calls.h"
#include "nodemanager/executor/lane_pool.h"
#include "nodemanager/executor/launch_notes.h"
#include "nodemanager/executor/localizer.h"
#include "nodemanager/executor/process_watcher.h"
#include "nodemanager/executor/progress_reporter.h"
#include "nodemanager/executor/resource_cache.h"
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
  Duration progress_period = seconds(2);   // of reports about long localizations
  size_t queue = 10'000;                   // of each pool's lane
  Duration disk_patience = seconds(60);    // to prepare, to launch, to remove one container
  Duration look_patience = seconds(5);     // for the circumstances of an end
  Duration stall_patience = seconds(900);  // for a localization that makes no progress
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
  void Launch(const nm::Launch& wanted) override;
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
    int64_t retry = 0;                 // the same
    std::atomic<bool> called_off = false;
  };
  // Something that a disk may hold up: told once, by who does it or by who waits for it.
  struct DiskJob {
    std::atomic<bool> told = false;
    std::atomic<int64_t> began_at{0};  // monotonic ms; 0 = it waits for its thread
    bool mine = false;                 // of its thread: it is that which tells, whatever comes
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
  void BeginLocalization(const std::shared_ptr<Prepared>& container, DiskJob& job);
  void RunOnPreparer(const ContainerId& id, std::function<void()> job);
  // `give_up` when the job, or all that its lane does, has taken longer than disk_patience.
  void Guard(LanePool& pool,
             const std::string& lane,
             std::shared_ptr<DiskJob> job,
             std::function<void()> give_up);
  void OnEnded(const WatchedProcess& process, ExitOutcome outcome);
  // False, and logged, when too much waits for that disk already.
  bool RunOnDisk(const std::string& directory, std::function<void()> removal);
  void Remove(const ContainerId& id, std::function<void()> done);
  void RemoveNotes(const ContainerId& id);
  void RemoveApplication(const ApplicationId& id);
  Status WriteSecrets(const Prepared& container);
  // Everything but the cgroups. Errors: those of ExpandLaunch.
  Result<LaunchPlan> PlanOf(const Prepared& container) const;
  void LaunchNow(Prepared& container, DiskJob& job);
  Status StartLauncher(const Prepared& container, LaunchPlan plan, DiskJob& job);
  Status StartInGroups(const Prepared& container, const LaunchPlan& plan, DiskJob& job);
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
  std::unique_ptr<ProcessWatcher> watcher_;
  // Last: their threads use all of the above.
  LanePool deleters_;  // lanes: local directories, and the notes'
  LanePool lookers_;   // lanes of these: ContainerDirectories::Lane
  LanePool launchers_;
  LanePool preparers_;
  DelayedCalls later_;
  ProgressReporter progress_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_PROCESS_EXECUTOR_H_
