// The inside of NodeManagerCore, split by meaning over several source files:
//   node_manager_core.cc  dispatch, deadlines, queries, invariants
//   machine_containers.cc the life of containers, the executor's events
//   machine_retry.cc      starting failed ones again in their place
//   machine_health.cc     whether the node may get new containers
//   machine_usage.cc      what they really use
//   machine_indices.cc    which of them hold which indices of resources
//   machine_callers.cc    ApplicationMasters' calls
//   machine_commands.cc   what owners want of running containers: other sizes, signals
//   machine_master.cc     the conversation with the ResourceManager, shutting down
//   machine_lease.cc      what happens when the ResourceManager is not heard of
//   machine_records.cc    what is kept for the next NodeManager, and what waits for that
//   machine_recovery.cc   going on from what an earlier one kept
// Included by those only. Single-threaded.
#ifndef WEIR_NODEMANAGER_CORE_MACHINE_H_
#define WEIR_NODEMANAGER_CORE_MACHINE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nodemanager/core/exit_cause.h"
#include "nodemanager/core/lease.h"
#include "nodemanager/core/node_health.h"
#include "nodemanager/core/node_manager_core.h"
#include "nodemanager/core/retry.h"
#include "nodemanager/core/rm_conversation.h"

namespace weir::nm {

struct Stop {
  StopCause cause = StopCause::kKilledByResourceManager;
  std::string words;  // of the cause, beyond its name
  Instant asked;
  WallTime asked_wall;
};

// Its owner asked it to end, and it may take what time it wants: it is still running.
struct AskedToEnd {
  std::string words;
  Instant asked;
  WallTime asked_wall;
};

// On its way from one size to another. Until the executor has said what came of it both count: the
// larger part of each against what the node has, and for the memory monitor.
struct Resizing {
  int64_t number = 0;  // of the command
  Resource resource;
};

struct Container {
  ContainerTokenIdentifier token;  // with the size that it has
  State state = State::kNew;
  std::optional<LaunchContext> launch;  // until Localize has gone out
  LeaseEnd on_lease_end = LeaseEnd::kStop;
  ContainerIndices indices;  // its own until it is complete
  bool accept_kept = true;   // its start survives this process
  bool launched = false;     // its process was started, by this NodeManager or an earlier one
  bool has_process = false;  // between Launched and Drained
  ContainerStatus status;    // as told to others
  std::optional<Stop> stop;
  std::optional<AskedToEnd> asked;
  std::optional<Resizing> resizing;
  int64_t resident_bytes = 0;  // at the last look; 0 = not known
  std::optional<ExitOutcome> outcome;
  Instant signal_deadline = kNever;  // the next SIGKILL, or the end of the wait for its record
  int64_t end_asked = 0;             // the record that says who wants it to end
  bool signal_waits = false;         // for that record to be kept
  RetryLedger retry;
  Instant retry_at = kNever;           // set exactly in RELAUNCHING
  std::optional<ContainerState> told;  // to the RM in this session
  std::string told_detail;             // with it
  Resource told_resource;              // as well
  bool recorded = false;               // by the RM: its completion
  bool accept_failed = false;          // no record of it has ever been kept
  int64_t end_record = 0;              // of its completion, which is not told until it is kept
  WallTime started;
  WallTime finished;

  bool complete() const { return status.state == ContainerState::kComplete; }
  // As it may be told to others: a completion that could still be forgotten has not been.
  ContainerStatus Shown() const {
    ContainerStatus shown = status;
    if (end_record != 0) {
      shown.state = ContainerState::kNew;
      shown.exit_code = exit_code::kNotYet;
      shown.diagnostics.clear();
    }
    return shown;
  }
  // What it may take up now: see Resizing.
  Resource Most() const;
};

// What came of a command, until the RM knows.
struct Outcome {
  std::optional<Error> refusal;
  int64_t after_record = 0;  // told when that record is kept
  int64_t told_in = 0;       // sequence of the heartbeat; 0 = in none of this session
};

// What is remembered of a container that the RM has recorded, while its token may still come back.
struct Remembered {
  WallTime until;
  ContainerStatus status;
};

struct Watcher {
  ContainerId id;
  ContainerState known = ContainerState::kNew;
  Instant deadline = kNever;
};

struct ShuttingDown {
  Instant containers_deadline;
  Instant recording_deadline = kNever;  // set once the containers have ended
  bool unregistering = false;
};

struct NodeManagerCore::Machine {
  Machine(const CoreOptions& core_options, const Recovery& recovery, Now now);

  // --- node_manager_core.cc
  void Dispatch(const Event& event, Now now);
  void OnDeadline(Now now);
  // What follows from the state whatever the event was: messages to the RM, the end.
  void Pump(Now now);
  Actions TakeActions();

  // --- machine_containers.cc
  // Asks the table; emits Transitioned, or InvalidEvent. True when the pair is allowed.
  bool Fire(Container& container, Trigger trigger, std::string detail = "");
  Container* FindOrReport(const ContainerId& id, Trigger trigger);
  Container& Add(const ContainerTokenIdentifier& token, Now now);
  void Begin(const ContainerTokenIdentifier& token, const LaunchContext& launch, Now now);
  void StopOne(Container& container, StopCause cause, Now now, std::string words = "");
  // Localize, once that is possible; or the end of a container that was stopped before it was.
  void Prepare(Container& container, Now now);
  void OnLocalized(const ContainerId& id, Now now);
  void OnLocalizationFailed(const LocalizationFailed& event, Now now);
  void OnLocalizationProgress(const LocalizationProgress& event);
  void OnLaunched(const ContainerId& id, Now now);
  void OnLaunchFailed(const LaunchFailed& event, Now now);
  void OnExited(const ContainerId& id, const ExitOutcome& outcome);
  void OnDrained(const ContainerId& id, Now now);
  void OnCleanedUp(const ContainerId& id, Now now);
  void OnExcessLogs(const ExcessLogs& event, Now now);
  // What is to end it goes out when the record of why is kept, so that the next NodeManager knows
  // what it died of; but no later than options.record_patience.
  void EndWhenKept(Container& container, Now now);
  void SendEnd(Container& container, Now now);
  void SendKeptEnds(Now now);
  void Terminate(Container& container, Now now);
  void ForgetProcess(Container& container);  // nothing of it runs any more
  void Complete(Container& container, ExitCause cause, Now now);
  void CompleteStopped(Container& container, Now now);
  ExitCause EndAsAsked(const Container& container, Now now) const;
  void ForgetIfSettled(const ContainerId& id, Now now);
  void FinishApplications();

  // --- machine_retry.cc
  // Whether its failure, of which nothing runs any more, is followed by a retry.
  bool Retry(Container& container, const ExitCause& cause, Now now);
  void StartDueRetries(Now now);
  void PruneRemembered(Now now);

  // --- machine_health.cc
  // What follows when `health` may have changed.
  void UseHealth();
  // --- machine_usage.cc
  void OnUsageSampled(const UsageSampled& event, Now now);

  // --- machine_indices.cc
  // Which would be given to a container of that size. kResourceExhausted: too few are free.
  Result<ContainerIndices> FreeIndices(const Resource& asked) const;
  // It may not be started (again): nobody knows which indices are its own.
  bool LacksIndices(const Container& container) const;
  std::vector<IndexHolder> IndexHolders() const;
  std::string CheckIndices() const;

  // --- machine_commands.cc
  void OnResizeCommand(const ResizeContainerCommand& command);
  // Why a size is refused although the container could be resized; nothing when it can be had.
  std::optional<Error> RefusalOf(const Container& container, const Resource& resource) const;
  void OnResizeKept(int64_t sequence);
  void OnResizeKeepFailed(int64_t sequence, const Error& cause);
  void OnResized(const Resized& event, Now now);
  void EndResize(Container& container, std::optional<Error> refusal);
  void OnSignalCommand(const SignalContainerCommand& command, Now now);
  void AskToEnd(Container& container, AskedToEnd asked, Now now);
  void KillOne(Container& container, Now now, std::string words);
  // It is over, so what was wanted of it comes to nothing.
  void RefuseResizeOfEnded(Container& container);
  void Conclude(int64_t number, std::optional<Error> refusal);
  std::vector<CommandOutcome> TellOutcomes();
  bool HasUntoldOutcome() const;
  void ForgetOutcomes(int64_t answered);

  // --- machine_callers.cc
  void OnStart(const StartContainer& event, Now now);
  void OnStop(const StopContainer& event, Now now);
  void OnWatch(const WatchContainer& event, Now now);
  Status MayStart(const ContainerTokenIdentifier& token,
                  const LaunchContext& launch,
                  Now now) const;
  void AnswerWatchers(const ContainerId& id);
  void AnswerLateWatchers(Now now);
  std::optional<ContainerStatus> StatusOf(const ContainerId& id) const;

  // --- machine_records.cc
  int64_t Keep(NodeRecord record);  // its sequence
  void Drop(std::string key);
  int64_t Record(const Container& container);
  void RecordConversation();
  void ReplyWhenKept(CallId call, int64_t sequence);
  void OnKept(int64_t sequence, Now now);
  void TellEnd(const ContainerId& id);
  void TellEnds();
  void TellUnkeptEnds();
  void OnKeepFailed(const RecordFailed& event, Now now);
  void OnNeverKept(int64_t sequence, const Error& cause, Now now);

  // --- machine_recovery.cc
  void Recover(const Recovery& recovery, Now now);
  void RecoverOne(const RecoveredContainer& found, Now now);
  bool StartAnew(Container& container, const RecoveredContainer& one, Now now);
  void RecoverStop(Container& container, const RecordedStop& stop, Now now);
  void ResumeResize(const Container& container);
  void RecoverEnded(const ContainerStatus& status, WallTime expires, Now now);

  // --- machine_lease.cc
  void UpdateLease();
  void PumpLease(Now now);
  Instant NextLeaseDeadline() const;

  // --- machine_master.cc
  void OnRegistered(const Registered& event, Now now);
  void OnAnswered(const HeartbeatAnswered& event, Now now);
  void RaiseMost(const Resource& capacity);
  void OnStartCommand(const StartContainerCommand& command, Now now);
  void OnStopCommand(const StopContainerCommand& command, Now now);
  void OnRecorded(const ContainerId& id, Now now);
  void OnShutDown(bool keep_containers, Now now);
  void PumpShutdown(Now now);
  std::vector<ContainerStatus> Statuses(bool only_changed);
  bool HasNews() const;
  void Note(std::string what);

  Resource used() const;

  const CoreOptions options;
  // The most that it may hold: its own capacity, or more if an administrator has said so. Never
  // less afterwards, as what it holds goes by itself.
  Resource most;
  RmConversation rm;
  Lease lease;
  bool lease_over = false;
  int64_t last_sequence = 0;                       // of the records
  int64_t kept_sequence = 0;                       // and so far they are kept, or have failed
  std::map<int64_t, std::vector<CallId>> gated;    // calls to be answered when they are
  std::map<int64_t, ContainerId> accepting;        // starts whose record is not kept yet
  std::map<int64_t, ContainerId> ending;           // completions that are told once it is
  std::map<int64_t, ContainerId> forgetting;       // whose notes go once it is
  std::map<int64_t, ContainerId> resizes_to_keep;  // resizes of which that is so
  std::map<int64_t, ContainerId> ends_to_send;     // signals that wait for it
  std::map<int64_t, Outcome> outcomes;             // by number of the command
  ConversationRecord conversation;                 // as last recorded
  std::map<ContainerId, Container> containers;
  std::map<ContainerId, Remembered> remembered;
  std::map<CallId, Watcher> watchers;
  std::set<ApplicationId> applications;  // with directories here
  std::set<ApplicationId> finishing;     // over at the RM, with containers still here
  NodeHealth health;
  // As they were said last.
  bool healthy = true;
  std::string health_report;
  UseDirectories used_directories;
  bool health_told = true;
  NodeUtilization utilization;
  std::optional<ShuttingDown> shutdown;
  Actions actions;
  std::set<IgnoredPair> ignored;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_MACHINE_H_
