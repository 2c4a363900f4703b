// ContainerExecutor: carries out what the core wants done to containers.
//
// Every request returns at once; what comes of it is told through the event sink given to the
// implementation, from threads of its own: Localize gives LocalizationDone or LocalizationFailed,
// and LocalizationProgress before it when it takes long; Launch gives LaunchFailed, or Launched,
// then Exited, then Drained; Reacquire of a running one gives Exited, then Drained, or
// LaunchFailed; Resize gives Resized; CleanUp gives CleanedUp. The identity of a container (which
// processes are its) is the implementation's business: here session, subreaper and environment,
// where cgroups can be had their cgroup. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CONTAINER_EXECUTOR_H_
#define WEIR_NODEMANAGER_EXECUTOR_CONTAINER_EXECUTOR_H_

#include <functional>
#include <string>

#include "common/caller.h"
#include "common/container.h"
#include "common/hostport.h"
#include "nodemanager/core/actions.h"
#include "nodemanager/core/events.h"

namespace weir::nm {

using EventSink = std::function<void(Event)>;

// How staged files are reached.
struct StagingAccess {
  HostPort server;         // of the RM's HTTP
  std::string token_text;  // X-Weir-Token of the container
};

class ContainerExecutor {
 public:
  virtual ~ContainerExecutor() = default;
  virtual void Localize(const ContainerTokenIdentifier& token,
                        const LaunchContext& launch,
                        const StagingAccess& staging) = 0;
  // A container that an earlier NodeManager has started. `runs`: its processes are to be watched;
  // otherwise nothing is told of it. It may be launched again either way.
  virtual void Reacquire(const ContainerTokenIdentifier& token,
                         const LaunchContext& launch,
                         bool runs) = 0;
  virtual void CallOffLocalization(const ContainerId& id) = 0;
  // Requires: LocalizationDone of the container was told. May be asked again after Drained, as a
  // retry of a higher number: then it is started again in the same directories.
  virtual void Launch(const nm::Launch& wanted) = 0;
  void Launch(const ContainerId& id) { Launch(nm::Launch{id, {}, 0}); }  // for the first time
  // New limits for a container that runs, all or none; or, while it does not, for its next Launch,
  // which must not be asked for before. Gives one Resized. Its failure: kFailedPrecondition: it
  // uses more memory than it is to have; kNotFound: it has ended. Where no limits are enforced
  // nothing is changed, which is a success.
  virtual void Resize(const nm::Resize& wanted) = 0;
  virtual void SignalContainer(const ContainerId& id, SignalKind kind) = 0;
  virtual void CleanUp(const ContainerId& id) = 0;
  virtual void Forget(const ContainerId& id) = 0;
  virtual void CleanUpApplication(const ApplicationId& id) = 0;
  // New containers go into these directories only.
  virtual void UseDirectories(const nm::UseDirectories& good) = 0;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CONTAINER_EXECUTOR_H_
