// ProcessWatcher: one thread that waits for all weir-launch processes at once (epoll over their
// pidfds and report pipes) and turns what they say into events.
//
// When a launcher was killed itself, nobody has its processes any more: the watcher then kills what
// is in the container's cgroup, searches for the rest and kills that until none is left, and only
// then tells Exited (kLost) and Drained. In any case the container's cgroup is removed before its
// end is told. Owner: the ProcessExecutor; the sink must outlive it. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_PROCESS_WATCHER_H_
#define WEIR_NODEMANAGER_EXECUTOR_PROCESS_WATCHER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "nodemanager/executor/container_executor.h"
#include "nodemanager/executor/container_groups.h"
#include "nodemanager/executor/launch_notes.h"
#include "nodemanager/executor/process_identity.h"
#include "platform/file_descriptor.h"
#include "platform/mutex.h"

namespace weir::nm {

// A container and its weir-launch.
struct Launcher {
  ContainerId id;
  pid_t pid = 0;
};

struct WatchedProcess {
  ContainerId id;
  std::string program;  // for messages
  ProcessIdentity launcher;
  // pidfd of the launcher; invalid when that has ended already. A child of this process, or of an
  // earlier NodeManager: then there is no report pipe, and the exit file says all.
  platform::FileDescriptor process;
  platform::FileDescriptor report;  // its report pipe, not blocking
  LaunchNotes notes;
  std::string directory;  // its working directory
  std::string stderr_path;
  ContainerUid uid = {};

  std::string pending = {};  // of the pipe, an unfinished line
  bool started = false;
  LaunchEnd end = {};
  int kills = 0;
  std::optional<GroupMemory> memory = {};  // what its cgroup counted
  int removals = 0;                        // vain ones of its empty cgroup
};

class ProcessWatcher {
 public:
  // kUnavailable: the system has no descriptors left.
  // `groups`: outlives it; nullptr = no cgroups.
  static Result<std::unique_ptr<ProcessWatcher>> Start(EventSink sink, ContainerGroups* groups);
  ~ProcessWatcher();
  ProcessWatcher(const ProcessWatcher&) = delete;
  ProcessWatcher& operator=(const ProcessWatcher&) = delete;

  // What is told instead of Exited and Drained; for who wants to look at the circumstances of an
  // end elsewhere, on disks that may hang. Call before the first Watch.
  using EndSink = std::function<void(const WatchedProcess&, ExitOutcome)>;
  void TellEndsTo(EndSink sink);

  Status Watch(WatchedProcess process);
  // Of all containers whose launcher lives.
  std::vector<Launcher> Launchers() const;
  // No effect when its launcher has ended.
  void SignalContainer(const ContainerId& id, SignalKind kind);

 private:
  ProcessWatcher(EventSink sink,
                 ContainerGroups* groups,
                 platform::FileDescriptor epoll,
                 platform::FileDescriptor wake);
  void Run();
  void OnReport(uint64_t key, std::vector<Event>& events) WEIR_REQUIRES(mutex_);
  void OnEnded(uint64_t key, std::vector<Event>& events) WEIR_REQUIRES(mutex_);
  // Its launcher has ended.
  void Conclude(WatchedProcess process);
  void Drain(std::vector<Event>& events);
  bool IsGone(WatchedProcess& process);

  void TellEnd(WatchedProcess& process, std::vector<Event>& events);

  const EventSink sink_;
  EndSink end_sink_;
  ContainerGroups* const groups_;
  const platform::FileDescriptor epoll_;
  const platform::FileDescriptor wake_;  // an eventfd
  mutable platform::Mutex mutex_;
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  uint64_t last_key_ WEIR_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, WatchedProcess> watched_ WEIR_GUARDED_BY(mutex_);
  std::vector<WatchedProcess> gone_ WEIR_GUARDED_BY(mutex_);  // watched after their end
  // Of the thread alone: the launcher has ended, processes or cgroups may be left.
  std::vector<WatchedProcess> draining_;
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_PROCESS_WATCHER_H_
