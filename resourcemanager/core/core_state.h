// The inside of ResourceManagerCore: all of its data, and what can be done to it. The functions are
// spread over files by meaning, as the sections below name them.
//
// A step: the event is applied (functions emit actions as they go), then what became possible is
// scheduled, then every parked poll that has something to hear is answered. Ids, not pointers, link
// the records; every iteration is in the order of ids or of time.
//
// Owner: ResourceManagerCore. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_CORE_STATE_H_
#define WEIR_RESOURCEMANAGER_CORE_CORE_STATE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "common/transition_table.h"
#include "resourcemanager/core/application.h"
#include "resourcemanager/core/container_command.h"
#include "resourcemanager/core/container_table.h"
#include "resourcemanager/core/deadlines.h"
#include "resourcemanager/core/dense_transitions.h"
#include "resourcemanager/core/durable_changes.h"
#include "resourcemanager/core/event_operations.h"
#include "resourcemanager/core/expiry_limiter.h"
#include "resourcemanager/core/flat_map.h"
#include "resourcemanager/core/lazy_deadlines.h"
#include "resourcemanager/core/node.h"
#include "resourcemanager/core/node_states.h"
#include "resourcemanager/core/resource_manager_core.h"

namespace weir::rm {

// Who waits in a parked call.
struct WaitingNode {
  int32_t node = -1;  // Node::index
};
struct WaitingMaster {
  AttemptId attempt;
};
struct WaitingWatcher {
  ApplicationId application;
  int64_t known_version = 0;
};
struct WaitingCommand {
  int64_t number = 0;
};
using Waiting = std::variant<WaitingNode, WaitingMaster, WaitingWatcher, WaitingCommand>;

// What follows when a record is durable.
struct SubmissionStored {
  ApplicationId application;
};
struct AttemptStored {
  AttemptId attempt;
};
struct FinalStored {
  ApplicationId application;
};
struct ChangeStored {};  // State::pending_change
using StoredConsequence = std::variant<SubmissionStored, AttemptStored, FinalStored, ChangeStored>;

// A container that has ended, as reports and a master that registers again are told of it.
struct EndedContainer {
  int32_t node = -1;  // Node::index; -1 = not known
  int exit_code = exit_code::kNotYet;
  bool for_master = false;  // its master is to know (a newer call can have acknowledged an answer
                            // that was lost, so it is told again after every registration)
  Resource resource;
  WallTime started;
  WallTime finished;
  std::string diagnostics;
};

// A number that grows over the life of the core, for the summary.
struct Counters {
  int64_t submitted = 0;
  int64_t finished = 0;
  int64_t failed = 0;
  int64_t killed = 0;
};

struct ResourceManagerCore::State {
  using ContainerSlot = scheduler::ContainerSlot;

  explicit State(const CoreOptions& core_options);

  // --- one step (resource_manager_core.cc)
  void Dispatch(const Event& event);
  void EndStep();
  void Place();
  void ConsultScheduler();
  void OnCommitted(uint64_t sequence);
  void OnStoreFailed(const Error& error);
  void OnDeadline();
  void ForgiveOwnPause();
  // Whether others may have taken over (leadership.h).
  void On(const StoreSaid& event);
  void On(const OtherSaid& event);
  void AskWhetherLeading();
  void NoteLeadership();
  void OnAbandoned(CallId call);
  void Answer(CallId call, decltype(Reply::answer) answer, uint64_t after_record = 0);
  uint64_t Append(std::vector<store::StoreOperation> batch);
  void WhenStored(uint64_t sequence, StoredConsequence consequence);
  ParkedCall Park(CallId call, Duration park, Duration longest) const;
  // It stays parked beyond this step.
  void Wait(CallId call, Waiting who);
  void Unpark(CallId call);
  // The parked call of `session`, if there is one, ends with `error`.
  template <typename Session>
  void EndParked(Session& session, ErrorCode code, const std::string& message) {
    if (!session.parked) return;
    const CallId call = session.parked->call;
    Unpark(call);
    session.parked.reset();
    Answer(call, Error{code, message, ""});
  }
  // Moves the machine if its table allows the event. False: ignored or invalid (then reported).
  // `about` gives {Subject, SharedText} when they are needed.
  template <typename S, typename E, typename About>
  bool Apply(DenseTransitions<S, E>& table,
             std::string_view machine,
             S& state,
             E event,
             const About& about,
             uint64_t after_record = 0) {
    const S from = state;
    auto& cell = table.at(from, event);
    const TransitionKind kind = cell.transition.kind;
    if (kind == TransitionKind::kIgnored) {
      if (!std::exchange(cell.occurred, true)) ignored.insert({machine, Name(from), Name(event)});
      return false;
    }
    auto [subject, detail] = about();
    if (kind == TransitionKind::kInvalid) {
      Emit(InvalidEvent{machine, std::move(subject), Name(from), Name(event)});
      return false;
    }
    state = cell.transition.to;
    Emit(
        Transitioned{
            machine, std::move(subject), Name(from), Name(event), Name(state), std::move(detail)},
        after_record);
    return true;
  }
  template <typename Body>
  void Emit(Body body, uint64_t after_record = 0) {
    actions.push_back({after_record, std::move(body)});
  }

  // --- applications (application_lifecycle.cc)
  void On(const SubmitApplication& event);
  void On(const KillApplication& event);
  void On(const WatchApplication& event);
  // Where it goes and what it gets there, as a record; or why it is not taken.
  Result<std::unique_ptr<Application>> Admit(const SubmitApplication& event);
  Result<Resource> MasterResource(const SubmissionContext& context, const std::string& queue) const;
  Status CheckLabels(const SubmissionContext& context, const std::string& queue) const;
  void OnSubmissionStored(Application& application);
  void Reject(Application& application, const Error& error);
  void OnLifetimeOver(Application& application);
  // Decides that it is killed; false when its outcome is decided already.
  bool KillNow(Application& application, std::string diagnostics);
  void AnswerKill(CallId call, Application& application);
  void OnFinalStored(Application& application);
  void OnQueueTimeout(Application& application);
  bool Move(Application& application, ApplicationEvent event, uint64_t after_record = 0);
  struct Outcome {
    ApplicationState state = ApplicationState::kFailed;
    FinalStatus final_status = FinalStatus::kFailed;
    std::string diagnostics;
    std::string tracking_url;
  };
  // Stores how it ends, together with `also`.
  uint64_t StoreOutcome(Application& application,
                        const Outcome& outcome,
                        std::vector<store::StoreOperation> also);
  void Touch(Application& application);  // a reader would see something else
  void MarkMaybeDone(Application& application);
  void MarkWatched(Application& application);  // watchers may have something to hear
  void RetireIfDone(const ApplicationId& id);
  void TellNodesFinished(Application& application);
  void TellNodeFinished(Node& node, const ApplicationId& application);
  bool HoldsContainerOf(const Node& node, const ApplicationId& application) const;
  void NoteCompleted(const Application& application);
  void DropOldestCompleted();
  void DropRecords(Application& application);
  Application* FindApplication(const ApplicationId& id);
  const Application* FindApplication(const ApplicationId& id) const;

  // --- the administration of applications (application_calls.cc)
  void On(const MoveApplication& event);
  void On(const UpdatePriority& event);
  void On(const UpdateLifetime& event);
  // The live application that the caller may administer.
  Result<Application*> Administered(const security::Operation& operation,
                                    const ApplicationId& id,
                                    const scheduler::Submitter& caller,
                                    bool may_administer);
  template <typename Event>
  Result<Application*> Administered(const Event& event) {
    return Administered(
        OperationOf(event), event.id, {event.user, event.groups}, event.may_administer);
  }
  // By the table of operations. kPermissionDenied.
  Status MaySubmit(const scheduler::Submitter& submitter, const std::string& queue) const;
  Status MayDo(const security::Operation& operation,
               const Application& application,
               const scheduler::Submitter& user,
               bool may_administer) const;
  static bool MayChange(const Application& application);  // it is neither over nor ending
  void StoreThenChange(CallId call, const Application& application, PendingApplication next);
  Status Use(const PendingApplication& next);
  Status UseQueue(Application& application, const std::string& queue);

  // --- what is wanted of running containers (container_calls.cc)
  void On(const ResizeContainer& event);
  void On(const SignalContainer& event);
  // The held one that it is about, if the caller may and its node has it.
  template <typename Event>
  Result<ContainerSlot> AddressedBy(const Event& event);
  // What stands against any command for it.
  Status CheckCommandable(ContainerSlot slot) const;
  struct SizeWish {
    std::optional<int64_t> memory_mib{};  // what is not named stays as it is
    std::optional<int64_t> vcores{};
    std::string by{};
    bool for_master = false;
  };
  // The number of the command that gives it that size; nothing: it has it.
  Result<std::optional<int64_t>> StartResize(ContainerSlot slot, const SizeWish& wish);
  int64_t GiveCommand(ContainerCommand command);
  void AwaitCommand(int64_t number, CallId call, Duration park);
  Status ChargeSize(ContainerSlot slot, const Resource& size);
  void CountSize(ContainerSlot slot, const Resource& before);
  void AdoptSize(ContainerSlot slot, const Resource& size);
  void OnOutcome(const Node& node, const CommandOutcome& outcome);
  // The same, wanted by the container's ApplicationMaster, and what that is told of sizes.
  void OnSizeAsk(ApplicationAttempt& attempt, const SizeAsk& ask);
  Result<std::optional<int64_t>> ResizeForMaster(ContainerSlot slot, const Resource& size);
  void NoteOutcome(const ContainerCommand& command, const std::optional<Error>& refusal);
  void NoteSize(ApplicationAttempt& attempt,
                const ContainerId& id,
                const ApplicationAttempt::ToldSize& size);
  void ForgetSize(ApplicationAttempt& attempt, const ContainerId& id);
  static void TellSizes(ApplicationAttempt& attempt, AllocateAnswer& answer);
  static void AcknowledgeSizes(ApplicationAttempt& attempt);
  static void TellSizesAgain(ApplicationAttempt& attempt);
  ContainerCommand TakeCommand(int64_t number);
  void DropCommands(ContainerSlot slot, const std::string& why);
  void AnswerLateCommand(CallId call);
  void TellCommands(Node& node, NodeHeartbeatAnswer& answer);
  // That its node gives it; ResourceOf is what is charged for it.
  Resource SizeOf(ContainerSlot slot) const;

  // --- usage (usage.cc)
  void Charge(Application& application);
  store::UsedAmounts Used(const Application& application, Now at) const;
  store::UsedAmounts UsedInQueue(const Application& application, Now at) const;
  store::ApplicationUsageRecord UsageOf(const Application& application) const;
  void StoreUsage(Application& application);
  void StoreUsages();
  // Its usage goes over to the totals of its queues and its user.
  void ForgetUsage(const Application& application, std::vector<store::StoreOperation>& batch);
  static void LoadUsage(Application& application, const store::ApplicationUsageRecord& record);
  void AddUsage(std::vector<QueueReport>& reports, Now at) const;

  // --- what the scheduler wants done (scheduler_notices.cc)
  void OnNotices();
  void OnNotice(const scheduler::Notice& notice);
  void Preempt(ContainerSlot slot);
  void WantBack(ContainerSlot slot, Instant deadline);
  void DropWish(ApplicationAttempt& attempt, ContainerSlot slot);
  void OnOvercommitEnd(Node& node);
  std::vector<ContainerSlot> Surplus(const Node& node) const;

  // --- attempts (attempt_lifecycle.cc)
  void StartAttempt(Application& application);
  void AskForMaster(Application& application, ApplicationAttempt& attempt);
  ContainerAsk MasterAsk(const Application& application) const;
  scheduler::ApplicationSpec SpecOf(const Application& application, const AttemptId& id) const;
  void OnMasterAllocated(Application& application,
                         ApplicationAttempt& attempt,
                         ContainerSlot container);
  // What may still run somewhere of the attempts before that one: their ApplicationMasters, and,
  // unless they are kept, their other containers; after a restart, on nodes that have not said yet
  // what they hold.
  enum class Former { kNothing, kMaster, kContainers, kUnknown };
  Former FormerLeft(const Application& application, const ApplicationAttempt& attempt) const;
  bool HasStrayOfFormer(const ApplicationAttempt& attempt) const;
  std::string WordsOf(Former left) const;
  // Something of a former attempt has gone, or may have: the start that waits for that is told.
  void LaunchIfFree(const ApplicationId& id);
  void LaunchAllFree();
  void OnAttemptStored(Application& application, ApplicationAttempt& attempt);
  void OnMasterStartTold(const ContainerId& container);
  void OnMasterRunning(Application& application, ApplicationAttempt& attempt);
  void OnMasterContainerEnded(Application& application,
                              ApplicationAttempt& attempt,
                              const ContainerStatus& status,
                              bool of_application);
  void OnMasterExpired(const AttemptId& id);
  struct AttemptFailure {
    AttemptEvent event = AttemptEvent::kContainerFinished;
    int exit_code = exit_code::kNotYet;
    std::string diagnostics;
    bool counted = true;
    bool of_application = true;  // false: repeated whatever the limit of attempts
    bool node_at_fault = true;   // perhaps
  };
  void FailAttempt(Application& application,
                   ApplicationAttempt& attempt,
                   const AttemptFailure& failure);
  void KillAttempt(Application& application, ApplicationAttempt& attempt);
  // It is over: nothing more is asked for, what it holds is stopped.
  enum class Workers { kStopped, kKept };
  void CloseAttempt(ApplicationAttempt& attempt,
                    StopReason reason,
                    std::string_view why,
                    Workers workers = Workers::kStopped);
  void WithdrawAsks(ApplicationAttempt& attempt);
  void StopWorkers(ApplicationAttempt& attempt,
                   StopReason reason,
                   Workers reported = Workers::kStopped);
  void LeaveSchedulerIfEmpty(ApplicationAttempt& attempt);
  bool Move(ApplicationAttempt& attempt, AttemptEvent event);
  void MarkDirty(ApplicationAttempt& attempt);  // it may have something to hear
  store::AttemptRecord RecordOf(const ApplicationAttempt& attempt) const;
  ApplicationAttempt* FindAttempt(const AttemptId& id);

  // --- what follows a failure of an attempt (attempt_failures.cc)
  int32_t AttemptLimit(const Application& application) const;
  // Whether it ended within the application's validity interval of failures.
  bool IsRecent(const Application& application, const ApplicationAttempt& attempt, Now at) const;
  // Those that count against the limit of attempts at that time.
  int32_t CountedFailures(const Application& application, Now at) const;
  std::string LastFailureWords(const Application& application) const;
  // Counted ones one after the other up to the last attempt, each soon after its start.
  int32_t FailuresInARow(const Application& application) const;
  // From the last failure to the ask for the next attempt.
  Duration PauseAfterFailures(const Application& application) const;
  // The attempt under way waits, if it has to.
  bool PauseBefore(Application& application, WallTime failed);
  void OnPauseOver(Application& application);
  std::string PauseWords(const Application& application) const;
  // Where its ApplicationMasters failed, perhaps by the node's fault: ids, in order.
  std::vector<std::string> NodesToAvoid(const Application& application) const;
  // That may get containers, by label.
  using OpenNodes = std::map<std::string, int32_t>;
  OpenNodes CountOpenNodes() const;
  static bool IsOpen(const Node& node);
  // Keeps the attempt's ask away from those nodes, or not if too few others are left.
  void AvoidNodes(Application& application, ApplicationAttempt& attempt, const OpenNodes& open);
  void BeginAvoiding(Application& application, ApplicationAttempt& attempt);
  void EndAvoiding(ApplicationAttempt& attempt);
  void AvoidNodesAnew();  // other nodes are there than before
  std::vector<std::string> NamesOfAvoided(const Application& application) const;
  std::string AvoidedWords(const Application& application) const;

  // --- containers that outlive their attempt (kept_containers.cc)
  static bool Keeps(const Application& application) {
    return application.record.context.keep_containers;
  }
  // Asked for by that attempt, or kept for it.
  bool IsOf(const ContainerId& id, const ApplicationAttempt& attempt) const;
  // Who hears of the container: its own attempt, or the one that it is kept for.
  ApplicationAttempt* HeirOf(const ContainerId& id);
  // What the attempt before it has left.
  void TakeOver(ApplicationAttempt& attempt, ApplicationAttempt& before);
  void Inherit(ApplicationAttempt& attempt, const ContainerId& id, bool told);
  void ForgetInherited(ApplicationAttempt& attempt, const ContainerId& id);
  // Its AM has registered and holds these: of what else it has it is to be told.
  static void CompareInherited(ApplicationAttempt& attempt, const std::set<ContainerId>& holds);
  std::vector<ContainerGrant> TellInherited(ApplicationAttempt& attempt);

  // --- containers (container_lifecycle.cc)
  void OnAllocation(const scheduler::Allocation& allocation);
  void OnLaunchDeadlines();
  Instant NextLaunchDeadline() const;
  void OnLaunchDeadline(ContainerSlot slot);
  // Decides its end: frees it at once when nobody was told of it, else has its node stop it.
  void StopContainer(ContainerSlot slot, ContainerEvent event, StopReason reason);
  // Its end is certain: its resource is free, who needs to know is told.
  void FreeContainer(ContainerSlot slot, ContainerStatus status);
  void KeepEnded(Application& application, EndedContainer end, const ContainerId& id);
  // Of a container that was given just now, or that was there before.
  enum class Where { kLast, kFirst };
  void Hold(Application& application,
            ApplicationAttempt& attempt,
            Node& node,
            ContainerSlot slot,
            Where in_attempt);
  void ForgetEnded(const ContainerId& id);
  // Takes it out of the grants that its master has still to acknowledge.
  void DropGrant(ApplicationAttempt& attempt, ContainerSlot slot);
  void StopAwaiting(ContainerSlot slot);
  void OnReported(Node& node, const ContainerStatus& status);
  void OnCompleted(Node& node, ContainerSlot slot, const ContainerStatus& status);
  void NoteTold(ContainerSlot slot);  // from now on somebody may start it
  Instant TokenDeadline(const Container& container) const;
  ContainerTokenIdentifier TokenOf(ContainerSlot slot) const;
  void OnStrangerReported(Node& node, const ContainerStatus& status);
  void AskAgain(ContainerSlot slot);
  bool Move(ContainerSlot slot, ContainerEvent event);
  const Resource& ResourceOf(ContainerSlot slot) const;
  ContainerStatus EndedStatus(ContainerSlot slot, std::string why) const;

  // --- applications whose queue is gone (lost_queues.cc)
  // Of those in to_resume.
  void FindQueues();
  // A configuration has come: those go back whose queue is there again.
  void ReturnToQueues();
  bool ReturnToQueue(Application& application);
  // Where it is, whatever its record says.
  static std::string QueueOf(const Application& application);
  static std::string WordsOfHeld(const Application& application);

  // --- work that outlives a ResourceManager (resume.cc)
  void Resume(Application& application);
  void ResumeAttempt(Application& application, ApplicationAttempt& attempt);
  void ExpectMaster(ApplicationAttempt& attempt);
  // Takes over what an earlier ResourceManager gave and this node has; false: it is to be stopped.
  bool Adopt(Node& node, const ContainerStatus& status);
  bool MayAdopt(const Node& node, const ContainerStatus& status) const;
  void AdoptEnd(Node& node, const ContainerStatus& status);
  // The node has said all that it has: what else was expected there is over.
  void SettleExpected(Node& node, const std::string& why);
  void OnMissing(const ContainerId& id, int32_t node, const std::string& why);
  void NoteMasterGone(const ContainerId& id);
  // What the AM says that it holds, against what is known here.
  void CompareHeld(ApplicationAttempt& attempt, const std::vector<HeldContainer>& held);
  void TellEnd(ApplicationAttempt& attempt, ContainerStatus status, int32_t node);
  // The AM knows the end, or nobody has to: the node may forget it.
  void RecordEnd(const ContainerId& id, int32_t node);

  // --- ApplicationMasters (master_calls.cc)
  void On(const RegisterMaster& event);
  void On(const Allocate& event);
  void On(const FinishMaster& event);
  // The live current attempt, or why it may not speak.
  Result<ApplicationAttempt*> Listen(const AttemptId& id);
  Result<std::vector<ContainerAsk>> ValidateAllocate(const ApplicationAttempt& attempt,
                                                     const AllocateRequest& request) const;
  void ApplyAllocate(Application& application,
                     ApplicationAttempt& attempt,
                     const AllocateRequest& request,
                     const std::vector<ContainerAsk>& asks);
  // `untold`: the grants of this request that the AM has not heard of when it asks.
  void ApplyAsk(ApplicationAttempt& attempt,
                ContainerAsk ask,
                const std::vector<ContainerSlot>& untold);
  void ParkMaster(ApplicationAttempt& attempt, CallId call, Duration park);
  void Resync(ApplicationAttempt& attempt, bool again);
  void AcknowledgeAnswers(ApplicationAttempt& attempt);
  bool HasNews(const ApplicationAttempt& attempt) const;
  void AnswerMaster(const AttemptId& id);
  AllocateAnswer MakeAnswer(ApplicationAttempt& attempt);
  void TellGrants(ApplicationAttempt& attempt, AllocateAnswer& answer);
  // Of those that its last request asks for.
  std::vector<NmTokenIdentifier> NmTokensFor(const ApplicationAttempt& attempt) const;
  ContainerGrant MakeGrant(const ApplicationAttempt& attempt, ContainerSlot slot) const;

  // --- changes of queues, labels, nodes and live applications (durable_changes.cc)
  // True: it waits for the one under way, or is refused because too many do.
  bool WaitsForChange(const ChangeEvent& event);
  void StoreThenUse(std::vector<store::StoreOperation> batch, PendingChange next);
  void OnChangeStored();
  std::vector<store::StoreOperation> UndoOf(const PendingChange& change) const;
  void DropChangesOf(CallId call);
  void RefuseChanges(const Error& error);

  // --- queues (queue_calls.cc)
  void On(const ReconfigureQueues& event);
  void On(const RollbackQueues& event);
  Status CheckVersion(const std::optional<int64_t>& expected) const;
  struct Change {
    std::string by;
    std::string origin;
    const QueueProperties& properties;
  };
  void ApplyQueues(CallId call, const Change& change);
  // The records of a version that is to come, with the end of those that it pushes out.
  std::vector<store::StoreOperation> RecordsOf(AppliedQueues& next) const;
  void KeepVersion(AppliedQueues next);
  Status Use(const PendingQueues& next);
  ParsedQueues Parse(const QueueProperties& properties,
                     const std::map<std::string, bool>& with_labels) const;
  void LoadQueues(const std::vector<store::Record>& records);
  // The stored configuration, else the local one, else the simplest one.
  void ChooseQueues();

  // --- labels and what nodes offer (label_calls.cc)
  void On(const AddLabels& event);
  void On(const RemoveLabels& event);
  void On(const ReplaceLabelsOnNodes& event);
  void On(const UpdateNodeResource& event);
  Result<std::shared_ptr<const scheduler::QueueConfiguration>> WithLabels(
      const std::map<std::string, bool>& next) const;
  Status Use(const PendingLabels& next);
  Status Use(const PendingNodeSettings& next);
  // How an administrator may name the node, the most exact first.
  std::vector<std::string> NamesOf(const Node& node) const;
  std::string LabelOf(const Node& node) const;
  Resource CapacityOf(const Node& node) const;
  void UseSettings(Node& node);
  void UseGrant(Node& node);

  // --- nodes (node_calls.cc, node_answers.cc)
  void On(const RegisterNode& event);
  void On(const NodeHeartbeat& event);
  void On(const UnregisterNode& event);
  void RegisterCopy(const Node& node, const RegisterNode& event);
  void AnswerRegistration(const Node& node, CallId call);
  void ActivateNode(Node& node, const RegisterNodeRequest& request);
  void Reconcile(Node& node, const std::vector<ContainerStatus>& reported);
  void OnNodeExpired(Node& node);
  // It is no longer active: everything on it counts as ended.
  void EvacuateNode(Node& node, const std::string& why);
  void SetHealth(Node& node, bool healthy, const std::string& report);
  void AcknowledgeAnswers(Node& node) const;
  bool HasNews(const Node& node) const;
  void AnswerNode(Node& node);
  NodeHeartbeatAnswer MakeAnswer(Node& node);
  void ParkNode(Node& node, CallId call, Duration park);
  void TellStarts(Node& node, NodeHeartbeatAnswer& answer);
  void TellStops(Node& node, NodeHeartbeatAnswer& answer) const;
  void MarkDirty(Node& node);  // it may have something to hear
  Node& AddNode(const store::NodeRecord& record);
  // Requires: of a known node.
  Node& NodeAt(int32_t index) { return *nodes_by_index[static_cast<size_t>(index)]; }
  const Node& NodeAt(int32_t index) const { return *nodes_by_index[static_cast<size_t>(index)]; }
  bool Move(Node& node, NodeEvent event);
  Node* FindNode(const NodeId& id);
  const Node* FindNode(const NodeId& id) const;

  // --- nodes that go, come back, or are silent (decommission.cc)
  void On(const RefreshNodes& event);
  void On(const DrainNode& event);
  // Why a node of these names may not register; nothing when it may.
  std::optional<std::string> RefusalOf(const NodeId& id,
                                       const std::vector<std::string>& names) const;
  WallTime DeadlineAfter(Duration timeout) const;
  void SetDecommissionDeadline(const Node& node, WallTime deadline);
  // What is to be written, then used: by a command about these nodes, by lists.
  std::vector<DecommissionChange> PlanDrain(const std::vector<const Node*>& meant,
                                            const DrainNode& event) const;
  std::vector<DecommissionChange> PlanLists(const NodeLists& next,
                                            const std::string& by,
                                            const ListChange& change) const;
  DecommissionChange PlanGoing(const Node& node, store::DecommissionRecord record) const;
  std::optional<DecommissionChange> PlanExclusion(const Node& node,
                                                  const NodeLists::Exclusion& exclusion,
                                                  const std::string& by,
                                                  const ListChange& change) const;
  // Why they cannot all be taken back.
  Status CheckUndo(const std::vector<const Node*>& meant, const std::string& name) const;
  void StoreDecommissions(std::optional<CallId> call,
                          PendingDecommissions next,
                          std::vector<Noted> notes);
  Status Use(const PendingDecommissions& next);
  void Use(const DecommissionChange& change, const std::string& by);
  void UseListsOfTheStart();
  void Decommission(Node& node, store::DecommissionRecord record);
  void ChangeDeadline(Node& node, const store::DecommissionRecord& next);
  void Recommission(Node& node, const std::string& by);
  void BeginDrain(Node& node);
  void StopForDrain(ContainerSlot slot);
  void OnDecommissionDeadline(Node& node);
  void FinishDrainIfEmpty(Node& node);
  void FinishDrain(Node& node);
  // Of one that is LOST or took its leave: nothing is left there.
  void FinishDrainOfGone(Node& node);
  void LoadDecommission(const store::DecommissionRecord& record);
  void OnSilent(Node& node);
  void EndSilence(Node& node);
  void ExpireSilent();
  std::string ExpiryLimitWords() const;
  void UseSchedulability(Node& node);

  // --- nodes that are gone for good (node_removal.cc)
  void NoteGone(Node& node);
  // No list names it any more, and without that it may not come.
  bool IsUntracked(const Node& node) const;
  void TrackGone();
  void OnRemovalDeadline(Node& node);
  // The one that makes room for another; nullptr: all are there, or awaited.
  Node* LongestGone();
  // Out of memory, and by `batch` out of the store.
  void ForgetNode(Node& node, std::vector<store::StoreOperation>& batch);

  // --- before it leads: what the store says, and as that changes (following.cc)
  struct StoredApplication {  // all that there is of one
    std::optional<store::ApplicationRecord> record;
    std::map<int32_t, store::AttemptRecord> attempts;  // by number
    std::optional<store::ApplicationUsageRecord> usage;
    int64_t order = 0;  // 0 = it has none yet
  };
  struct ApplicationChange {
    std::optional<store::ApplicationRecord> record;
    bool gone = false;
    std::map<int32_t, std::optional<store::AttemptRecord>> attempts;  // nothing: gone
    std::optional<store::ApplicationUsageRecord> usage;
    bool usage_gone = false;
  };
  // Once, first.
  void Load(std::vector<store::Record> records);
  // Requires: not stale.
  void Follow(const store::RecordChanges& changes);
  // False, as ChangeApplication: it can only be loaded.
  bool NoteChange(const store::Record& record,
                  std::map<ApplicationId, ApplicationChange>& of_applications);
  bool NoteDeletion(const store::Record& record,
                    std::map<ApplicationId, ApplicationChange>& of_applications);
  bool ChangeApplication(const ApplicationId& id, ApplicationChange change);
  void LoadApplication(const ApplicationId& id, StoredApplication stored);
  static void LoadAttempt(Application& application, const store::AttemptRecord& record);
  void LoadNode(const store::NodeRecord& record);
  // Out of everything again: it is as if it had not been there.
  StoredApplication Unload(Application& application);
  void UnloadEnded(const Application& application);
  void UnloadLive(Application& application);
  // What has ended needs nothing more; what has not goes on now if it can without anything being
  // decided, else when it leads (to_resume).
  void Settle(Application& application);
  bool CanResumeUnseen(Application& application);
  int64_t& CounterOf(RmApplicationState state);
  void EndPreparation();

  // --- recovery (recovery.cc)
  // The epoch and the time are known: it leads.
  void Begin(const store::EpochRecord& own, const LeadershipOptions& leads);
  void BeginAwaitingNodes();
  void BeginWithWhatIsLoaded();
  void TellOfResumed();
  void DeleteOrphans();
  // What awaited nodes hold is not known: no queue is taken above its guarantee on guesses.
  void BeginBarrier();
  void EndBarrier(const std::string& why);
  void UseStagedFiles(const Application& application, int32_t change);
  std::vector<std::string> UnusedStagedFiles(const Application& application) const;

  // --- reports (cluster_report.cc)
  ApplicationReport MakeReport(const Application& application, Now at) const;
  enum class Words { kNone, kAll };  // the sentence costs more than the code
  std::pair<PendingReason, std::string> Pending(const Application& application,
                                                Words words = Words::kAll) const;
  // Adds that the node goes.
  void Describe(const Node& node, const store::DecommissionRecord& going, NodeReport& report) const;
  ContainerReport MakeReport(ContainerSlot slot) const;
  ContainerReport MakeReport(const ContainerId& id, const EndedContainer& ended) const;
  bool Matches(const Application& application, const ApplicationFilter& filter) const;
  void AnswerWatchers(Application& application);

  // --- invariants.cc
  std::string CheckAll() const;
  std::string CheckContainers() const;
  std::string CheckNodes() const;
  std::string CheckApplications() const;
  std::string CheckAttempt(const Application& application, const ApplicationAttempt& attempt) const;
  std::string CheckSizes(const ApplicationAttempt& attempt) const;
  std::string CheckCommands() const;
  std::string CheckCalls() const;

  CoreOptions options;
  store::EpochRecord epoch;  // this and the next from Begin on
  WallTime started;
  std::unique_ptr<scheduler::CapacityScheduler> sched;  // from Load on

  std::deque<AppliedQueues> applied_queues;  // the last one is in force
  std::optional<PendingChange> pending_change;
  std::deque<ChangeEvent> waiting_changes;
  bool local_queues_differ = false;
  std::vector<Noted> start_notes;
  std::map<std::string, bool> labels;                              // -> exclusive
  std::map<std::string, store::NodeSettingsRecord> node_settings;  // by name
  // By queue and user: of applications that are no longer kept.
  std::map<std::pair<std::string, std::string>, store::UsedAmounts> forgotten_usage;

  std::map<ApplicationId, std::unique_ptr<Application>> applications;
  std::map<std::string, ApplicationId> idempotency_keys;
  std::map<NodeId, std::unique_ptr<Node>> nodes;
  std::vector<Node*> nodes_by_index;  // nullptr: free
  std::vector<int32_t> free_indices;
  // The uuid's index: every heartbeat needs one.
  std::unordered_map<std::string, int32_t> node_indices;  // lookup-only
  std::vector<int32_t> node_slots;                        // scheduler slot -> Node::index
  // What containers are doing now, of those few that say so.
  std::map<ContainerSlot, std::string> doing;
  ContainerTable containers;                     // by scheduler slot
  std::map<int64_t, ContainerCommand> commands;  // by number
  std::map<ContainerSlot, int64_t> resizing;     // the number of its resize
  ContainerList awaited;                         // in the order of grant, so of deadlines
  std::map<ContainerId, EndedContainer> ended;
  std::deque<ContainerId> ended_order;         // oldest first; may name forgotten ones
  std::map<std::string, int32_t> staged_uses;  // by sha256: applications that are not retired

  int32_t next_application = 1;
  int64_t next_order = 1;
  int64_t next_session = 1;
  int64_t next_command = 1;
  size_t live_applications = 0;
  int32_t active_nodes = 0;
  int32_t awaited_nodes = 0;
  std::set<ApplicationId> waits_for_former;  // whose AM may be started when nothing is left
  bool taking_report = false;                // of a node: what else it has is not known yet
  std::set<AttemptId> avoiding;              // whose AM's ask waits, and that have nodes to avoid
  std::set<ApplicationId> to_resume;         // live ones that go on when it leads
  std::set<std::string> orphans;             // keys of records without their application: deleted
  std::set<NodeId> missed_nodes;             // where a master is to be, and that are not known
  bool stale = false;                        // something has changed that was not followed
  bool keys_shared = false;                  // two applications were found with one idempotency key
  std::set<std::pair<WallTime, ApplicationId>> completed;         // retired ones, oldest first
  std::set<std::pair<WallTime, ApplicationId>> stored_completed;  // those with records
  Counters counters;
  std::set<IgnoredPair> ignored;

  uint64_t appended = 0;
  uint64_t committed = 0;
  std::multimap<uint64_t, StoredConsequence> consequences;  // by sequence
  std::multimap<uint64_t, CallId> gated;  // answered, but held back until the record is durable

  FlatMap<Waiting> waiting;  // by call + 1
  LazyDeadlines node_polls;  // by Node::index; until when its call is parked
  LazyDeadlines node_deadlines;
  LazyDeadlines master_polls;  // by application slot
  LazyDeadlines master_deadlines;
  Deadlines<CallId> watcher_polls;
  Deadlines<CallId> command_polls;
  Deadlines<scheduler::ContainerSlot> stop_deadlines;  // of stopping ones not seen at their node
  Deadlines<ApplicationId> pause_deadlines;            // until attempts ask, or avoid no more
  Deadlines<ApplicationId> queue_deadlines;
  Deadlines<ApplicationId> lifetime_deadlines;
  Deadlines<int32_t> overcommit_deadlines;    // by Node::index
  Deadlines<int32_t> decommission_deadlines;  // by Node::index
  Deadlines<int32_t> removal_deadlines;       // by Node::index
  std::map<NodeId, store::DecommissionRecord> decommissions;
  NodeLists lists;
  ExpiryLimiter expiry_limiter;
  std::optional<Leadership> leadership;          // from Begin on
  bool unconfirmed_noted = false;                // that it has not been confirmed for long
  std::set<std::pair<Instant, int32_t>> silent;  // since when, Node::index
  std::set<std::pair<Instant, int32_t>> gone;    // LOST, SHUTDOWN, DECOMMISSIONED: the same
  bool held_to_guarantees = false;               // while nodes are awaited
  Instant barrier_ends = kNever;                 // at the latest, of that
  Instant usage_deadline = kNever;
  std::optional<ApplicationId> usage_stored_to;  // within a round
  std::set<ApplicationId> watched;

  DenseTransitions<RmApplicationState, ApplicationEvent> application_table;
  DenseTransitions<RmAttemptState, AttemptEvent> attempt_table;
  DenseTransitions<RmContainerState, ContainerEvent> container_transitions;
  DenseTransitions<NodeState, NodeEvent> node_table;

  // --- of the step under way
  Now now;
  Actions actions;
  std::vector<int32_t> dirty_nodes;  // each once: see the flags of the things
  std::vector<AttemptId> dirty_masters;
  std::vector<ApplicationId> dirty_applications;
  std::vector<ApplicationId> maybe_done;
  std::vector<scheduler::Allocation> allocations;
  bool place = false;              // something may have become placeable
  bool open_nodes_differ = false;  // others may get containers than before the step
  bool more_due = false;           // the step was cut short: go on at once
  bool inert = false;              // after StoreFailed
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_CORE_STATE_H_
