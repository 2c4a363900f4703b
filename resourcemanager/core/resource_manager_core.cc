#include "resourcemanager/core/resource_manager_core.h"

#include <algorithm>
#include <iterator>

#include "common/limits.h"
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr size_t kPlacementsPerStep = 1000;
constexpr size_t kDeadlinesPerStep = 1000;  // of each kind
constexpr Duration kPause = seconds(1);     // a deadline noticed so late tells of a pause

Error SteppingDown() {
  return {ErrorCode::kUnavailable,
          "this ResourceManager is stepping down: its store failed",
          "try again; the next active ResourceManager answers"};
}

// The call that an event wants answered, if there is one.
std::optional<CallId> CallOf(const Event& event) {
  return std::visit(
      [](const auto& e) -> std::optional<CallId> {
        using T = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<T, CallAbandoned> || std::is_same_v<T, RecordsCommitted> ||
                      std::is_same_v<T, StoreFailed> || std::is_same_v<T, DeadlineReached>) {
          return std::nullopt;
        } else {
          return e.call;
        }
      },
      event);
}

}  // namespace

ResourceManagerCore::State::State(const CoreOptions& core_options,
                                  const store::EpochRecord& epoch_record,
                                  Now at)
    : options(core_options),
      epoch(epoch_record),
      started(at.wall),
      sched(scheduler::MakeFifoScheduler(core_options.scheduler)),
      // Sessions of an older epoch never equal one of this epoch.
      next_session((epoch_record.epoch.value << 32) + 1),
      now(at) {}

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
  std::vector<scheduler::Allocation> allocations;
  place = sched->Schedule(now, kPlacementsPerStep, allocations);
  more_due |= place;
  for (const auto& allocation : allocations) OnAllocation(allocation);
}

void ResourceManagerCore::State::EndStep() {
  const bool reasons_may_differ = place;
  Place();
  for (const auto& id : std::exchange(maybe_done, {})) RetireIfDone(id);
  // Answering a node can move an attempt on, so watchers come last.
  for (const auto& id : std::exchange(dirty_nodes, {})) AnswerNode(id);
  for (const auto& id : std::exchange(dirty_masters, {})) AnswerMaster(id);
  if (reasons_may_differ) {
    for (const auto& [id, calls] : watchers) {
      Application* application = FindApplication(id);
      if (application == nullptr) continue;
      const PendingReason reason = Pending(*application).first;
      if (std::exchange(application->reported_reason, reason) != reason) Touch(*application);
    }
  }
  for (const auto& id : std::exchange(dirty_applications, {})) AnswerWatchers(id);
}

void ResourceManagerCore::State::OnCommitted(uint64_t sequence) {
  // The shell's word cannot go beyond what was given to it, nor back.
  committed = std::max(committed, std::min(sequence, appended));
  gated.erase(gated.begin(), gated.upper_bound(committed));
  const auto end = consequences.upper_bound(committed);
  std::vector<StoredConsequence> due;
  for (auto it = consequences.begin(); it != end; ++it) due.push_back(it->second);
  consequences.erase(consequences.begin(), end);
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
    }
  }
}

void ResourceManagerCore::State::OnStoreFailed(const Error& error) {
  inert = true;
  for (const auto& [call, who] : std::exchange(waiting, {})) Answer(call, SteppingDown());
  // The shell drops what it holds back: those callers hear from us now.
  for (const auto& [sequence, call] : std::exchange(gated, {})) Answer(call, SteppingDown());
  for (auto& [id, node] : nodes) node->polls.parked.reset();
  for (auto& [id, application] : applications) {
    for (auto& attempt : application->attempts) attempt->polls.parked.reset();
  }
  watchers.clear();
  poll_deadlines = {};
  consequences.clear();
  Emit(StepDown{error});
}

// This process stood still (stopped, or its disk or host was stuck): for so long nobody could be
// heard, however alive. The time that others have before they count as silent begins anew.
void ResourceManagerCore::State::ForgiveOwnPause() {
  const Instant due =
      std::min({poll_deadlines.Next(), node_deadlines.Next(), master_deadlines.Next()});
  if (due == kNever || now.monotonic - due < kPause) return;
  node_deadlines.Postpone(now.monotonic - due + options.node_expiry);
  master_deadlines.Postpone(now.monotonic - due + options.master_expiry);
}

void ResourceManagerCore::State::OnDeadline() {
  ForgiveOwnPause();
  for (const CallId call : poll_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    const Waiting& who = waiting.at(call);
    if (const auto* node = std::get_if<WaitingNode>(&who)) dirty_nodes.insert(node->node);
    if (const auto* master = std::get_if<WaitingMaster>(&who)) {
      dirty_masters.insert(master->attempt);
    }
    if (const auto* watcher = std::get_if<WaitingWatcher>(&who)) {
      dirty_applications.insert(watcher->application);
    }
  }
  for (const auto& id : node_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnNodeExpired(id);
  }
  for (const auto& id : master_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnMasterExpired(id);
  }
  for (const auto& id : launch_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    OnLaunchDeadline(id);
  }
  for (const auto& id : queue_deadlines.TakeDue(now.monotonic, kDeadlinesPerStep)) {
    Application* application = FindApplication(id);
    if (application != nullptr) OnQueueTimeout(*application);
  }
}

void ResourceManagerCore::State::OnAbandoned(CallId call) {
  for (auto it = gated.begin(); it != gated.end(); ++it) {
    if (it->second != call) continue;
    gated.erase(it);
    return;
  }
  const auto found = waiting.find(call);
  if (found == waiting.end()) return;
  const Waiting who = found->second;
  Unpark(call);
  if (const auto* node = std::get_if<WaitingNode>(&who)) {
    FindNode(node->node)->polls.parked.reset();
  }
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

ParkedCall ResourceManagerCore::State::Park(CallId call,
                                            Waiting who,
                                            Duration park,
                                            Duration longest) {
  const Duration bounded = std::clamp(park, Duration(0), longest);
  const Instant until = now.monotonic + bounded;
  if (const auto* watcher = std::get_if<WaitingWatcher>(&who)) {
    watchers[watcher->application].insert(call);
  }
  waiting.emplace(call, std::move(who));
  poll_deadlines.Set(call, until);
  return {call, until};
}

void ResourceManagerCore::State::Unpark(CallId call) {
  poll_deadlines.Clear(call);
  const auto found = waiting.find(call);
  if (found == waiting.end()) return;
  if (const auto* watcher = std::get_if<WaitingWatcher>(&found->second)) {
    const auto of_application = watchers.find(watcher->application);
    if (of_application != watchers.end()) {
      of_application->second.erase(call);
      if (of_application->second.empty()) watchers.erase(of_application);
    }
  }
  waiting.erase(found);
}

ResourceManagerCore::ResourceManagerCore(const CoreOptions& options,
                                         const store::EpochRecord& epoch,
                                         const std::vector<store::Record>& records,
                                         Now now)
    : state_(std::make_unique<State>(options, epoch, now)) {
  state_->Load(records);
}

ResourceManagerCore::~ResourceManagerCore() = default;

Actions ResourceManagerCore::Start(Now now) {
  state_->now = now;
  state_->FailInterrupted();
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
  return std::min({state.poll_deadlines.Next(),
                   state.node_deadlines.Next(),
                   state.master_deadlines.Next(),
                   state.launch_deadlines.Next(),
                   state.queue_deadlines.Next()});
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
