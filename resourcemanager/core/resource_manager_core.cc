#include "resourcemanager/core/resource_manager_core.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/limits.h"
#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/node_lease.h"

namespace weir::rm {
namespace {

constexpr size_t kPlacementsPerStep = 1000;
constexpr size_t kDeadlinesPerStep = 1000;  // of each kind
constexpr size_t kActionsPerStored = 4;     // of a submission; more of one are possible
constexpr size_t kActionsReserved = 4096;
constexpr Duration kPause = seconds(1);  // a deadline noticed so late tells of a pause

Error SteppingDown() {
  return {ErrorCode::kUnavailable,
          "this ResourceManager is stepping down: its store failed",
          "try again; the next active ResourceManager answers"};
}

uint64_t KeyOf(CallId call) {
  return call.value + 1;
}

// The call that an event wants answered, if there is one.
std::optional<CallId> CallOf(const Event& event) {
  return std::visit(
      [](const auto& e) -> std::optional<CallId> {
        using T = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<T, CallAbandoned> || std::is_same_v<T, RecordsCommitted> ||
                      std::is_same_v<T, StoreFailed> || std::is_same_v<T, StoreSaid> ||
                      std::is_same_v<T, OtherSaid> || std::is_same_v<T, DeadlineReached>) {
          return std::nullopt;
        } else {
          return e.call;
        }
      },
      event);
}

}  // namespace

ResourceManagerCore::State::State(const CoreOptions& core_options)
    : options(core_options),
      lists(core_options.node_lists),
      expiry_limiter(core_options.expiry_share),
      application_table(ApplicationTransitions()),
      attempt_table(AttemptTransitions()),
      container_transitions(ContainerTransitions()),
      node_table(NodeTransitions()) {}

void ResourceManagerCore::State::Dispatch(const Event& event) {
  std::visit(
      [this](const auto& e) {
        using T = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<T, CallAbandoned>) {
          OnAbandoned(e.call);
        } else if constexpr (std::is_same_v<T, RecordsCommitted>) {
          OnCommitted(e.sequence);
        } else if constexpr (std::is_same_v<T, StoreFailed>) {
          OnStoreFailed(e.error);
        } else if constexpr (std::is_same_v<T, DeadlineReached>) {
          OnDeadline();
        } else {
          On(e);
        }
      },
      event);
}

void ResourceManagerCore::State::Place() {
  if (!place) return;
  allocations.clear();
  place = sched->Schedule(now, kPlacementsPerStep, allocations);
  more_due |= place;
  for (const auto& allocation : allocations) OnAllocation(allocation);
}

void ResourceManagerCore::State::ConsultScheduler() {
  const auto due = sched->NextDeadline();
  if (due && *due <= now.monotonic) place = true;
  Place();
  if (due && *due <= now.monotonic) {
    more_due |= sched->PreemptionStep(now);
    place = true;  // it may have given up what was held back
  }
  OnNotices();
}

void ResourceManagerCore::State::EndStep() {
  AvoidNodesAnew();
  const bool reasons_may_differ = place;
  ConsultScheduler();
  // What is added on the way is handled on the way. By index, as the vectors may grow.
  for (size_t i = 0; i < maybe_done.size(); ++i) RetireIfDone(ApplicationId(maybe_done[i]));
  maybe_done.clear();
  // Answering a node can move an attempt on, so masters and watchers come after.
  for (size_t i = 0; i < dirty_nodes.size(); ++i) AnswerNode(NodeAt(dirty_nodes[i]));
  dirty_nodes.clear();
  for (size_t i = 0; i < dirty_masters.size(); ++i) AnswerMaster(AttemptId(dirty_masters[i]));
  dirty_masters.clear();
  if (reasons_may_differ) {
    for (const auto& id : watched) {
      Application& application = *FindApplication(id);
      const PendingReason reason = Pending(application, Words::kNone).first;
      if (std::exchange(application.reported_reason, reason) != reason) Touch(application);
    }
  }
  for (size_t i = 0; i < dirty_applications.size(); ++i) {
    Application* application = FindApplication(dirty_applications[i]);
    if (application != nullptr) AnswerWatchers(*application);
  }
  dirty_applications.clear();
  more_due |= place;
}

void ResourceManagerCore::State::OnCommitted(uint64_t sequence) {
  // The shell's word cannot go beyond what was given to it, nor back.
  committed = std::max(committed, std::min(sequence, appended));
  gated.erase(gated.begin(), gated.upper_bound(committed));
  const auto end = consequences.upper_bound(committed);
  std::vector<StoredConsequence> due;
  for (auto it = consequences.begin(); it != end; ++it) due.push_back(it->second);
  consequences.erase(consequences.begin(), end);
  actions.reserve(std::min(due.size() * kActionsPerStored, kActionsReserved));
  for (const auto& consequence : due) {
    if (const auto* submission = std::get_if<SubmissionStored>(&consequence)) {
      Application* application = FindApplication(submission->application);
      if (application != nullptr) OnSubmissionStored(*application);
    } else if (const auto* stored = std::get_if<AttemptStored>(&consequence)) {
      ApplicationAttempt* attempt = FindAttempt(stored->attempt);
      Application* application = FindApplication(stored->attempt.application);
      if (attempt != nullptr) OnAttemptStored(*application, *attempt);
    } else if (const auto* last = std::get_if<FinalStored>(&consequence)) {
      Application* application = FindApplication(last->application);
      if (application != nullptr) OnFinalStored(*application);
    } else if (std::holds_alternative<ChangeStored>(consequence)) {
      OnChangeStored();
    }
  }
}

void ResourceManagerCore::State::OnStoreFailed(const Error& error) {
  inert = true;
  const auto refuse = [this](auto& polls) {
    if (polls.parked) Answer(std::exchange(polls.parked, {})->call, SteppingDown());
  };
  for (auto& [id, node] : nodes) refuse(node->polls);
  for (auto& [id, application] : applications) {
    for (auto& attempt : application->attempts) refuse(attempt->polls);
    for (const CallId call : std::exchange(application->watchers, {})) {
      Answer(call, SteppingDown());
    }
  }
  for (const auto& [number, command] : std::exchange(commands, {})) {
    for (const CallId call : command.calls) Answer(call, SteppingDown());
  }
  waiting = {};
  // The shell drops what it holds back: those callers hear from us now.
  for (const auto& [sequence, call] : std::exchange(gated, {})) Answer(call, SteppingDown());
  RefuseChanges(SteppingDown());
  watched.clear();
  consequences.clear();
  Emit(StepDown{error});
}

// This process stood still (stopped, or its disk or host was stuck): for so long nobody could be
// heard, however alive. The time that others have before they count as silent begins anew.
void ResourceManagerCore::State::ForgiveOwnPause() {
  const Instant due = std::min({node_polls.Next(),
                                master_polls.Next(),
                                watcher_polls.Next(),
                                node_deadlines.Next(),
                                master_deadlines.Next()});
  if (due == kNever || now.monotonic - due < kPause) return;
  node_deadlines.Postpone(now.monotonic - due + options.node_expiry);
  while (!silent.empty()) {
    Node& node = NodeAt(silent.begin()->second);
    EndSilence(node);
    node_deadlines.Set(node.index, now.monotonic + options.node_expiry);
  }
  master_deadlines.Postpone(now.monotonic - due + options.master_expiry);
}

void ResourceManagerCore::State::On(const StoreSaid& event) {
  leadership->StoreSaid(event.round, event.ours);
  NoteLeadership();
}

void ResourceManagerCore::State::On(const OtherSaid& event) {
  if (event.active && *event.active > epoch.epoch) {
    return OnStoreFailed(
        {ErrorCode::kFenced,
         "another ResourceManager is active under epoch " + std::to_string(event.active->value),
         ""});
  }
  leadership->OtherSaid(event.round, event.other, event.active.has_value(), now.monotonic);
  NoteLeadership();
}

void ResourceManagerCore::State::AskWhetherLeading() {
  if (leadership->Next() > now.monotonic) return;
  const Leadership::Round round = leadership->Begin(now.monotonic);
  Emit(ConfirmLeadership{round.number, round.ask_others});
  NoteLeadership();
}

// One line when it has not been confirmed for a good part of the lease, and one when it is again.
void ResourceManagerCore::State::NoteLeadership() {
  const Duration lease = NodeLease(options.node_lease, options.node_expiry);
  const Duration unconfirmed = leadership->Unconfirmed(now.monotonic);
  const bool long_ago = unconfirmed > lease / 4 + options.leadership.period;
  if (long_ago == unconfirmed_noted) return;
  unconfirmed_noted = long_ago;
  if (!long_ago) return Emit(Noted{"leadership", "-", "is confirmed again", false});
  Emit(Noted{"leadership",
             "-",
             "has not been confirmed for " + std::to_string(ToMillis(unconfirmed)) +
                 " ms, neither by the state store nor by all other ResourceManagers: nodes end "
                 "what runs there after their lease of " +
                 std::to_string(ToMillis(lease)) + " ms without that",
             true});
}

void ResourceManagerCore::State::OnDeadline() {
  ForgiveOwnPause();
  AskWhetherLeading();
  for (const int32_t index : node_polls.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    MarkDirty(NodeAt(index));
  }
  for (const int32_t slot : master_polls.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    ApplicationAttempt* attempt = FindAttempt(containers.AttemptOf({slot}));
    if (attempt != nullptr) MarkDirty(*attempt);
  }
  for (const CallId call : watcher_polls.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    const auto& watcher = std::get<WaitingWatcher>(*waiting.Find(KeyOf(call)));
    MarkWatched(*FindApplication(watcher.application));
  }
  for (const CallId call : command_polls.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    AnswerLateCommand(call);
  }
  for (const int32_t index : node_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnSilent(NodeAt(index));
  }
  ExpireSilent();
  for (const int32_t slot : master_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnMasterExpired(AttemptId(containers.AttemptOf({slot})));
  }
  OnLaunchDeadlines();
  for (const auto& id : pause_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    Application* application = FindApplication(id);
    if (application != nullptr) OnPauseOver(*application);
  }
  for (const auto& id : queue_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    Application* application = FindApplication(id);
    if (application != nullptr) OnQueueTimeout(*application);
  }
  for (const auto& id : lifetime_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    Application* application = FindApplication(id);
    if (application != nullptr) OnLifetimeOver(*application);
  }
  for (const int32_t index : overcommit_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnOvercommitEnd(NodeAt(index));
  }
  for (const int32_t index : decommission_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnDecommissionDeadline(NodeAt(index));
  }
  for (const int32_t index : removal_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnRemovalDeadline(NodeAt(index));
  }
  if (barrier_ends <= now.monotonic) {
    EndBarrier(std::to_string(awaited_nodes) + " nodes are still awaited, but the time is over");
  }
  if (usage_deadline <= now.monotonic) StoreUsages();
}

void ResourceManagerCore::State::OnAbandoned(CallId call) {
  DropChangesOf(call);
  for (auto it = gated.begin(); it != gated.end(); ++it) {
    if (it->second != call) continue;
    gated.erase(it);
    return;
  }
  const Waiting* found = waiting.Find(KeyOf(call));
  if (found == nullptr) return;
  const Waiting who = *found;
  Unpark(call);
  if (const auto* node = std::get_if<WaitingNode>(&who)) NodeAt(node->node).polls.parked.reset();
  if (const auto* master = std::get_if<WaitingMaster>(&who)) {
    FindAttempt(master->attempt)->polls.parked.reset();
  }
}

void ResourceManagerCore::State::Answer(CallId call,
                                        decltype(Reply::answer) answer,
                                        uint64_t after_record) {
  if (after_record <= committed) after_record = 0;
  if (after_record > 0) gated.emplace(after_record, call);
  Emit(Reply{call, std::move(answer)}, after_record);
}

uint64_t ResourceManagerCore::State::Append(std::vector<store::StoreOperation> batch) {
  rm::Append append{.sequence = ++appended, .batch = std::move(batch)};
  Emit(std::move(append));
  return appended;
}

void ResourceManagerCore::State::WhenStored(uint64_t sequence, StoredConsequence consequence) {
  consequences.emplace(sequence, std::move(consequence));
}

ParkedCall ResourceManagerCore::State::Park(CallId call, Duration park, Duration longest) const {
  return {call, now.monotonic + std::clamp(park, Duration(0), longest)};
}

void ResourceManagerCore::State::Wait(CallId call, Waiting who) {
  waiting.Put(KeyOf(call), std::move(who));
}

void ResourceManagerCore::State::Unpark(CallId call) {
  const Waiting* found = waiting.Find(KeyOf(call));
  if (found == nullptr) return;
  if (const auto* watcher = std::get_if<WaitingWatcher>(found)) {
    watcher_polls.Clear(call);
    if (Application* application = FindApplication(watcher->application)) {
      application->watchers.erase(call);
      if (application->watchers.empty()) watched.erase(application->id());
    }
  }
  if (const auto* command = std::get_if<WaitingCommand>(found)) {
    command_polls.Clear(call);
    const auto given = commands.find(command->number);
    if (given != commands.end()) given->second.calls.erase(call);
  }
  waiting.Erase(KeyOf(call));
}

ResourceManagerCore::ResourceManagerCore(const CoreOptions& options,
                                         const store::EpochRecord& epoch,
                                         std::vector<store::Record> records,
                                         Now now)
    : state_(std::make_unique<State>(options)) {
  state_->Load(std::move(records));
  state_->now = now;
  state_->Begin(epoch, options.leadership);
}

ResourceManagerCore::ResourceManagerCore(std::unique_ptr<State> state) : state_(std::move(state)) {}

ResourceManagerCore::~ResourceManagerCore() = default;

Actions ResourceManagerCore::Start(Now now) {
  state_->now = now;
  state_->BeginWithWhatIsLoaded();
  state_->EndStep();
  return std::exchange(state_->actions, {});
}

Actions ResourceManagerCore::Step(const Event& event, Now now) {
  State& state = *state_;
  state.now = now;
  state.more_due = false;
  if (state.inert) {
    if (const auto call = CallOf(event)) state.Answer(*call, SteppingDown());
    return std::exchange(state.actions, {});
  }
  state.Dispatch(event);
  if (!state.inert) state.EndStep();
  return std::exchange(state.actions, {});
}

Instant ResourceManagerCore::NextDeadline() const {
  const State& state = *state_;
  if (state.inert) return kNever;
  if (state.more_due) return state.now.monotonic;
  return std::min({state.node_polls.Next(),
                   state.master_polls.Next(),
                   state.watcher_polls.Next(),
                   state.command_polls.Next(),
                   state.node_deadlines.Next(),
                   state.master_deadlines.Next(),
                   state.NextLaunchDeadline(),
                   state.stop_deadlines.Next(),
                   state.pause_deadlines.Next(),
                   state.queue_deadlines.Next(),
                   state.lifetime_deadlines.Next(),
                   state.overcommit_deadlines.Next(),
                   state.decommission_deadlines.Next(),
                   state.removal_deadlines.Next(),
                   state.silent.empty() ? kNever : state.expiry_limiter.Next(),
                   state.usage_deadline,
                   state.barrier_ends,
                   state.leadership->Next(),
                   state.sched->NextDeadline().value_or(kNever)});
}

Epoch ResourceManagerCore::epoch() const {
  return state_->epoch.epoch;
}

const CoreOptions& ResourceManagerCore::options() const {
  return state_->options;
}

std::vector<IgnoredPair> ResourceManagerCore::ignored() const {
  return {state_->ignored.begin(), state_->ignored.end()};
}

std::string ResourceManagerCore::CheckInvariants() const {
  return state_->CheckAll();
}

}  // namespace weir::rm
