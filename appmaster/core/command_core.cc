#include "appmaster/core/command_core.h"

#include <array>
#include <utility>

#include "common/check.h"

namespace weir::am {
namespace {

using P = CommandPhase;
using E = CommandEvent;
using Row = TransitionRow<P, E>;

constexpr auto kPhases = Enumerators<CommandPhase, &CommandPhaseName>();
constexpr auto kEvents = Enumerators<CommandEvent, &CommandEventName>();

constexpr char kFirst[] = "the first failure counts";
constexpr char kOver[] = "it is over";

constexpr std::array kTable = {
    Allow(P::kRunning, E::kAllSucceeded, P::kTelling, "the final status is told"),
    Allow(P::kRunning, E::kFailed, P::kEnding, "the others are stopped"),
    Allow(P::kRunning, E::kMasterGone, P::kEnded, "containers are stopped; nobody is told"),

    Ignore(P::kEnding, E::kFailed, kFirst),
    Allow(P::kEnding, E::kContainersGone, P::kTelling, "the final status is told"),
    Allow(P::kEnding, E::kMasterGone, P::kEnded, "nobody is left to tell"),

    Ignore(P::kTelling, E::kFailed, kFirst),
    Ignore(P::kTelling, E::kContainersGone, kOver),
    Allow(P::kTelling, E::kAcknowledged, P::kEnded, "the process exits"),
    Allow(P::kTelling, E::kMasterGone, P::kEnded, "the process exits"),

    Ignore(P::kEnded, E::kFailed, kOver),
    Ignore(P::kEnded, E::kContainersGone, kOver),
    Ignore(P::kEnded, E::kAcknowledged, kOver),
    Ignore(P::kEnded, E::kMasterGone, kOver),
};
static_assert(HasUniquePairs(std::span<const Row>(kTable)));

}  // namespace

std::span<const CommandPhase> AllCommandPhases() {
  return kPhases;
}
std::span<const CommandEvent> AllCommandEvents() {
  return kEvents;
}
std::span<const Row> CommandTransitions() {
  return kTable;
}

CommandCore::CommandCore(const CommandOptions& options) : options_(options) {
  WEIR_CHECK(options.containers > 0, "a command runs in at least one container");
}

std::vector<CommandAction> CommandCore::Step(const CommandInput& input, Instant now) {
  now_ = now;
  actions_.clear();
  std::visit([this](const auto& event) { On(event); }, input);
  CheckQueueDeadline();
  if (phase_ == P::kEnding && (running_.empty() || now_ >= deadline_)) Apply(E::kContainersGone);
  return std::exchange(actions_, {});
}

void CommandCore::On(const CommandRegistered& event) {
  const auto normal =
      NormalizeRequest(options_.resource, event.minimum_allocation, event.maximum_allocation);
  if (!normal.ok()) return Fail(normal.error().ToString());
  if (phase_ != P::kRunning) return;
  Ask();
  const bool waits = started_ == 0 && queue_deadline_ == kNever;
  if (waits && options_.queue_timeout > Duration(0)) {
    queue_deadline_ = now_ + options_.queue_timeout;
  }
}

void CommandCore::On(const CommandGranted& event) {
  if (running_.contains(event.container)) return;  // told twice
  if (phase_ != P::kRunning || (started_ == options_.containers && again_.empty())) {
    actions_.push_back(CommandRelease{event.container});
    return;
  }
  queue_deadline_ = kNever;
  int32_t index = started_;
  if (again_.empty()) {
    ++started_;
  } else {
    index = again_.back();
    again_.pop_back();
  }
  running_.emplace(event.container, Container{index, event.node});
  actions_.push_back(CommandLaunch{event.container, index});
}

void CommandCore::Ask() {
  actions_.push_back(
      CommandAsk{options_.containers - started_ + static_cast<int32_t>(again_.size())});
}

void CommandCore::On(const CommandPendingExplained& event) {
  pending_detail_ = event.detail;
}

void CommandCore::On(const CommandLaunched& event) {
  const auto found = running_.find(event.container);
  if (found == running_.end() || event.result.ok()) return;
  Fail("container " + event.container.ToString() + " (index " +
       std::to_string(found->second.index) + ") could not be started on " + found->second.node +
       ": " + event.result.error().ToString());
}

void CommandCore::On(const CommandContainerEnded& event) {
  const auto found = running_.find(event.status.id);
  if (found == running_.end()) return;
  const Container container = found->second;
  running_.erase(found);
  if (phase_ != P::kRunning) return;
  // Taken back, or never started by its node's own fault.
  if (event.status.exit_code == exit_code::kPreempted ||
      event.status.exit_code == exit_code::kDisksFailed) {
    again_.push_back(container.index);
    return Ask();
  }
  ++ended_;
  actions_.push_back(
      CommandProgress{static_cast<float>(ended_) / static_cast<float>(options_.containers)});
  if (event.status.exit_code != exit_code::kSuccess) {
    std::string cause = "container " + event.status.id.ToString() + " (index " +
                        std::to_string(container.index) + ") on " + container.node +
                        " ended with exit code " + std::to_string(event.status.exit_code);
    if (!event.status.diagnostics.empty()) cause += ": " + event.status.diagnostics;
    return Fail(cause);
  }
  if (ended_ == options_.containers) Apply(E::kAllSucceeded);
}

void CommandCore::On(const CommandAcknowledged&) {
  if (phase_ != P::kTelling) return;
  told_ = true;
  Apply(E::kAcknowledged);
}

void CommandCore::On(const CommandMasterGone&) {
  StopLeft();
  Apply(E::kMasterGone);
}

void CommandCore::On(const CommandDeadline&) {}  // every step looks at the deadline

void CommandCore::Fail(const std::string& cause) {
  if (phase_ == P::kRunning) failure_ = cause;
  Apply(E::kFailed);
}

void CommandCore::CheckQueueDeadline() {
  if (now_ < queue_deadline_) return;
  queue_deadline_ = kNever;
  Fail("none of its " + std::to_string(options_.containers) +
       " containers could be placed within " + std::to_string(ToMillis(options_.queue_timeout)) +
       " ms" + (pending_detail_.empty() ? "" : ": " + pending_detail_));
}

void CommandCore::StopLeft() {
  for (const auto& [container, what] : running_) {
    actions_.push_back(CommandStop{container});
    actions_.push_back(CommandRelease{container});
  }
}

void CommandCore::Apply(CommandEvent event) {
  const auto transition = FindTransition(CommandTransitions(), phase_, event);
  if (transition.kind != TransitionKind::kAllowed) return;
  phase_ = transition.to;
  deadline_ = kNever;
  queue_deadline_ = kNever;
  switch (phase_) {
    case P::kRunning:
      break;
    case P::kEnding:
      deadline_ = now_ + options_.stop_grace;
      if (started_ < options_.containers || !again_.empty()) actions_.push_back(CommandAsk{0});
      StopLeft();
      break;
    case P::kTelling:
      actions_.push_back(CommandFinish{failure_.empty(), failure_});
      break;
    case P::kEnded:
      actions_.push_back(CommandEnd{told_});
      break;
  }
}

}  // namespace weir::am
