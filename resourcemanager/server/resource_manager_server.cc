#include "resourcemanager/server/resource_manager_server.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::rm {
namespace {

using platform::Lane;

// In the order of Event's alternatives.
constexpr std::string_view kEventNames[] = {"submit",
                                            "kill",
                                            "watch",
                                            "move",
                                            "update_priority",
                                            "update_lifetime",
                                            "resize_container",
                                            "signal_container",
                                            "reconfigure_queues",
                                            "rollback_queues",
                                            "add_labels",
                                            "remove_labels",
                                            "replace_labels",
                                            "update_node_resource",
                                            "refresh_nodes",
                                            "drain_node",
                                            "register_node",
                                            "node_heartbeat",
                                            "unregister_node",
                                            "register_master",
                                            "allocate",
                                            "finish_master",
                                            "abandoned",
                                            "committed",
                                            "store_failed",
                                            "store_said",
                                            "other_said",
                                            "deadline"};
static_assert(std::size(kEventNames) == std::variant_size_v<Event>);

Error Overloaded(std::string_view what) {
  return {ErrorCode::kResourceExhausted,
          "the ResourceManager is overloaded: " + std::string(what),
          "try again later"};
}

// How often it is looked whether the store has kept somebody waiting for too long.
constexpr int kLooksPerPatience = 10;

Error Inert() {
  return {ErrorCode::kUnavailable,
          "this ResourceManager is no longer active and is stopping",
          "try again when it has been restarted"};
}

std::string ComponentOf(std::string_view machine) {
  return machine == "application" ? "rm.app" : "rm." + std::string(machine);
}

void LogTransition(const Transitioned& change) {
  std::string message = ToLower(change.to);
  if (!change.detail.empty()) message += " " + change.detail.ToString();
  platform::LogInfo(ComponentOf(change.machine),
                    change.subject.ToString(),
                    message,
                    {{"from", std::string(change.from)}, {"event", std::string(change.event)}});
}

void LogNote(const Noted& note) {
  const std::string component = "rm." + std::string(note.component);
  if (note.warning) {
    platform::LogWarn(component, note.subject, note.message);
  } else {
    platform::LogInfo(component, note.subject, note.message);
  }
}

void LogInvalid(const InvalidEvent& invalid) {
  platform::LogError(
      ComponentOf(invalid.machine),
      invalid.subject.ToString(),
      "event that cannot happen in this state",
      {{"state", std::string(invalid.state)}, {"event", std::string(invalid.event)}});
}

}  // namespace

ResourceManagerServer::ResourceManagerServer(platform::EventLoop& core_loop,
                                             store::StateStore& state_store,
                                             std::unique_ptr<ResourceManagerCore> core,
                                             RmMetrics& metrics,
                                             Hooks hooks)
    : loop_(core_loop),
      store_(state_store),
      core_(std::move(core)),
      epoch_(core_->epoch()),
      metrics_(metrics),
      hooks_(std::move(hooks)),
      mailbox_(core_loop, limits::kMailbox, [this](Work work) { Handle(std::move(work)); }) {}

void ResourceManagerServer::Start() {
  loop_.PostAndWait([this] {
    recovering_ = true;
    Execute(core_->Start(platform::ReadClock()));
    recovering_ = false;
    if (recovered_changes_ > kToldOfRecovery) {
      platform::LogInfo(
          "rm.server",
          "-",
          "recovery made more state changes than are told",
          {{"all", std::to_string(recovered_changes_)}, {"told", std::to_string(kToldOfRecovery)}});
    }
    ArmTimer();
  });
}

CallId ResourceManagerServer::Call(Lane lane,
                                   const MakeEvent& make,
                                   Completion done,
                                   Refusal overdue) {
  const CallId call{next_call_.fetch_add(1)};
  if (!mailbox_.Push(lane, CallWork{call, make(call), done, std::move(overdue)})) {
    done(Overloaded("too many calls are waiting"));
  }
  return call;
}

void ResourceManagerServer::Abandon(Lane lane, CallId call) {
  // In a full lane it is left out: the parked call then ends by itself, unheard.
  if (!mailbox_.Push(lane, AbandonWork{call})) metrics_.CountDropped("abandoned_call");
}

void ResourceManagerServer::Read(Query query, Refusal refused) {
  if (!mailbox_.Push(Lane::kRead, QueryWork{std::move(query), refused})) {
    refused(Overloaded("too many reads wait"));
  }
}

bool ResourceManagerServer::IsOver(const ApplicationId& application) const {
  const auto report = core_->Report(application, platform::ReadClock());
  return !report || IsTerminal(report->state);
}

void ResourceManagerServer::Handle(Work work) {
  if (auto* call = std::get_if<CallWork>(&work)) {
    HandleCall(std::move(*call));
  } else if (const auto* query = std::get_if<QueryWork>(&work)) {
    HandleQuery(*query);
  } else {
    HandleAbandoned(std::get<AbandonWork>(work).call);
  }
}

void ResourceManagerServer::HandleCall(CallWork work) {
  if (stepped_down()) return work.done(Inert());
  if (std::holds_alternative<SubmitApplication>(work.event) &&
      gate_.held() >= kHeldBeforeRefusing) {
    return work.done(Overloaded("the state store is behind"));
  }
  calls_.emplace(
      work.call.value,
      WaitingCall{std::move(work.done), std::move(work.overdue), platform::MonotonicNow()});
  StepCore(work.event);
}

void ResourceManagerServer::HandleQuery(const QueryWork& work) {
  if (stepped_down()) return work.refused(Inert());
  work.query(*core_, platform::ReadClock());
}

void ResourceManagerServer::HandleAbandoned(CallId call) {
  // No entry: it was answered meanwhile.
  if (calls_.erase(call.value) > 0) StepCore(CallAbandoned{call});
}

void ResourceManagerServer::StepCore(const Event& event) {
  if (stepped_down()) return;
  const Now now = platform::ReadClock();
  Execute(core_->Step(event, now));
  ArmTimer();
  metrics_.ObserveEvent(kEventNames[event.index()], platform::MonotonicNow() - now.monotonic);
}

void ResourceManagerServer::Execute(Actions actions) {
  // What is due moves to the front: there may be hundreds, and they are large.
  auto due = actions.begin();
  for (Action& action : actions) {
    if (auto* append = std::get_if<Append>(&action.body)) {
      AppendToStore(std::move(*append));
    } else if (auto* down = std::get_if<StepDown>(&action.body)) {
      return StepDownNow(down->error);
    } else if (gate_.IsDue(action)) {
      if (&action != &*due) *due = std::move(action);
      ++due;
    } else if (!gate_.Hold(std::move(action))) {
      return StepDownNow(Overloaded("the state store does not keep up"));
    }
  }
  actions.erase(due, actions.end());
  held_.store(gate_.held(), std::memory_order_relaxed);
  Release(std::move(actions));
}

void ResourceManagerServer::Release(Actions due) {
  const platform::LogBurst burst;  // a group of submissions makes hundreds of state changes
  for (Action& action : due) {
    std::visit(
        [this](auto& body) {
          using Body = std::decay_t<decltype(body)>;
          if constexpr (std::is_same_v<Body, Reply>) {
            Answer(std::move(body));
          } else if constexpr (std::is_same_v<Body, ForgetStagedFiles>) {
            hooks_.forget_staged_files(body.application);
          } else if constexpr (std::is_same_v<Body, Transitioned>) {
            Tell(body);
            metrics_.CountTransition(body.machine, body.to);
          } else if constexpr (std::is_same_v<Body, Noted>) {
            LogNote(body);
          } else if constexpr (std::is_same_v<Body, InvalidEvent>) {
            LogInvalid(body);
            metrics_.CountInvalidEvent(body.machine);
          } else if constexpr (std::is_same_v<Body, ConfirmLeadership>) {
            Confirm(body);
          } else {
            static_assert(std::is_same_v<Body, Append> || std::is_same_v<Body, StepDown>);
            // Execute has carried these out; they never come through the gate.
          }
        },
        action.body);
  }
}

void ResourceManagerServer::Tell(const Transitioned& change) {
  if (recovering_ && ++recovered_changes_ > kToldOfRecovery) return;
  LogTransition(change);
}

void ResourceManagerServer::AppendToStore(Append append) {
  const Instant began = platform::MonotonicNow();
  const uint64_t sequence = append.sequence;
  if (appended_ == confirmed_) silent_since_ = platform::WallNow();
  appended_ = sequence;
  ArmPatience();
  store_.Append(std::move(append.batch), epoch_, [this, sequence, began](const Status& status) {
    OnStored(sequence, began, status);
  });
}

void ResourceManagerServer::Confirm(const ConfirmLeadership& question) {
  store_.Confirm([this, round = question.round](bool ours) {
    loop_.Post([this, round, ours] { StepCore(StoreSaid{round, ours}); });
  });
  if (question.ask_others && hooks_.ask_others) hooks_.ask_others(question.round);
}

void ResourceManagerServer::OnOtherSaid(uint64_t round, size_t other, std::optional<Epoch> active) {
  loop_.Post([this, round, other, active] { StepCore(OtherSaid{round, other, active}); });
}

void ResourceManagerServer::OnStoreLost(const Error& error) {
  StepCore(StoreFailed{error});
}

void ResourceManagerServer::OnStored(uint64_t sequence, Instant began, const Status& status) {
  metrics_.ObserveStoreWrite(platform::MonotonicNow() - began);
  if (!status.ok()) {
    metrics_.CountStoreError(status.error().code);
    loop_.Post([this, error = status.error()] { StepCore(StoreFailed{error}); });
    return;
  }
  // Commits come in order: the highest stands for all before it, so one post serves many.
  stored_.store(sequence);
  if (!commit_posted_.exchange(true)) loop_.Post([this] { OnCommitted(); });
}

void ResourceManagerServer::OnCommitted() {
  commit_posted_.store(false);
  const uint64_t sequence = stored_.load();
  if (stepped_down()) return;
  confirmed_ = sequence;
  silent_since_ = platform::WallNow();
  Actions due = gate_.Commit(sequence);
  held_.store(gate_.held(), std::memory_order_relaxed);
  Release(std::move(due));
  StepCore(RecordsCommitted{sequence});
}

void ResourceManagerServer::Answer(Reply reply) {
  const auto waiting = calls_.find(reply.call.value);
  if (waiting == calls_.end()) return;  // abandoned by its peer
  const Completion done = std::move(waiting->second.done);
  calls_.erase(waiting);
  done(std::move(reply.answer));
}

void ResourceManagerServer::StepDownNow(const Error& error) {
  if (stepped_down_.exchange(true)) return;
  platform::LogError("rm.server", "-", "stepping down", {{"error", error.ToString()}});
  gate_.Clear();
  held_.store(0, std::memory_order_relaxed);
  std::map<uint64_t, WaitingCall> calls;
  calls.swap(calls_);
  for (const auto& [id, call] : calls) call.done(Inert());
  hooks_.step_down(error);
}

void ResourceManagerServer::ArmPatience() {
  if (patience_timer_ != 0) return;
  patience_timer_ = loop_.At(platform::MonotonicNow() + hooks_.store_patience / kLooksPerPatience,
                             [this] { OnPatience(); });
}

void ResourceManagerServer::OnPatience() {
  patience_timer_ = 0;
  if (stepped_down() || appended_ == confirmed_) return;
  const Instant due = platform::MonotonicNow() - hooks_.store_patience;
  for (auto& [id, call] : calls_) {
    if (call.overdue == nullptr || call.since > due) continue;
    std::exchange(call.overdue, nullptr)(StoreSilent());
  }
  ArmPatience();
}

// Whether it is done in the end is not known: the store may answer, or another may lead by then.
Error ResourceManagerServer::StoreSilent() const {
  const std::string store =
      store_.name() == "zookeeper" ? "in ZooKeeper" : "(" + store_.name() + ")";
  return {
      ErrorCode::kUnavailable,
      "the state store " + store + " has not answered since " + ToIso8601(silent_since_) +
          ", so this could not be stored yet",
      "it may be done yet, when the store answers: look before you ask again, or submit with the "
      "same idempotency key, which makes an application once"};
}

void ResourceManagerServer::ArmTimer() {
  const Instant next = core_->NextDeadline();
  // A timer that fires too early re-arms itself: deadlines move back with every heartbeat.
  if (next >= armed_for_) return;
  loop_.Cancel(timer_);
  armed_for_ = next;
  timer_ = loop_.At(next, [this] { OnTimer(); });
}

void ResourceManagerServer::OnTimer() {
  timer_ = 0;
  armed_for_ = kNever;
  if (stepped_down()) return;
  if (platform::MonotonicNow() >= core_->NextDeadline()) StepCore(DeadlineReached{});
  ArmTimer();
}

}  // namespace weir::rm
