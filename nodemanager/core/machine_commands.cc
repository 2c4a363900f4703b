// What owners want of running containers, through the RM: other sizes, signals. Each command is
// acted on once, whatever is told twice; its outcome is told until the RM has it.
//
// A resize: its record, then the executor's change of the limits, then the size. So a NodeManager
// that dies on the way leaves the next one to do it again, which changes nothing for the worse.
#include <utility>

#include "nodemanager/core/machine.h"

namespace weir::nm {
namespace {

constexpr int64_t kBytesPerMib = int64_t{1} << 20;

Error NotNow(const Container& container, Trigger trigger) {
  std::string remedy;
  switch (container.state) {
    case State::kNew:
    case State::kLocalizing:
    case State::kScheduled:
    case State::kRelaunching:
      remedy = "try again when it runs";
      if (trigger == Trigger::kSignal) remedy += "; FORCEFUL_SHUTDOWN ends it now, for good";
      break;
    case State::kRunning:
    case State::kLocalizationFailed:
    case State::kExitedWithSuccess:
    case State::kExitedWithFailure:
    case State::kKilling:
    case State::kCleanedUpAfterKill:
    case State::kDone:
      break;
  }
  return {ErrorCode::kFailedPrecondition,
          container.token.id.ToString() + ": " + std::string(WhyOf(container.state, trigger)) +
              " (" + std::string(StateName(container.state)) + ")",
          std::move(remedy)};
}

Error Gone(const ContainerId& id, bool remembered) {
  if (!remembered) {
    return {ErrorCode::kNotFound, "its node knows no container " + id.ToString(), ""};
  }
  return {ErrorCode::kFailedPrecondition, id.ToString() + ": " + kHasEnded, ""};
}

std::string WithSender(const char* what, const std::string& by) {
  return by.empty() ? what : std::string(what) + " by " + by;
}

}  // namespace

Resource Container::Most() const {
  return resizing ? LargerParts(token.resource, resizing->resource) : token.resource;
}

// --- resizes

void NodeManagerCore::Machine::OnResizeCommand(const ResizeContainerCommand& command) {
  const auto& [id, resource, number] = command;
  if (outcomes.contains(number)) return;
  const auto it = containers.find(id);
  if (it == containers.end()) return Conclude(number, Gone(id, remembered.contains(id)));
  Container& container = it->second;
  if (container.resizing && container.resizing->number == number) return;
  if (container.resizing) {
    return Conclude(number,
                    Error{ErrorCode::kFailedPrecondition,
                          id.ToString() + " is being resized to " +
                              container.resizing->resource.ToString() + " already",
                          "try again when that is done"});
  }
  if (!Fire(container, Trigger::kResize, "to " + resource.ToString())) {
    return Conclude(number, NotNow(container, Trigger::kResize));
  }
  if (auto refusal = RefusalOf(container, resource)) return Conclude(number, std::move(refusal));
  if (resource == container.token.resource) return Conclude(number, std::nullopt);
  container.resizing = Resizing{number, resource};
  resizes_to_keep[Keep(ResizeRecord{id, number, resource})] = id;
}

std::optional<Error> NodeManagerCore::Machine::RefusalOf(const Container& container,
                                                         const Resource& resource) const {
  const std::string name = container.token.id.ToString();
  const Resource& own = container.token.resource;
  if (resource.memory_mib <= 0 || resource.vcores <= 0 || resource.named != own.named) {
    return Error{ErrorCode::kInvalidArgument,
                 name + " cannot be resized from " + own.ToString() + " to " + resource.ToString(),
                 "its memory and its vcores can be changed, to more than 0"};
  }
  const Resource others = used() - own;
  if (!(others + LargerParts(own, resource)).FitsIn(most)) {
    return Error{ErrorCode::kResourceExhausted,
                 name + " is to have " + resource.ToString() + ", its node has " +
                     (most - others).ToString() + " for it",
                 "ask for less, or wait until other containers of the node have ended"};
  }
  const bool judged = options.memory.physical_check && options.memory.dynamic_permille == 0;
  if (judged && container.has_process && resource.memory_mib < own.memory_mib &&
      container.resident_bytes > resource.memory_mib * kBytesPerMib) {
    const int64_t uses = (container.resident_bytes + kBytesPerMib - 1) / kBytesPerMib;
    return Error{ErrorCode::kFailedPrecondition,
                 name + " uses " + std::to_string(uses) + " MiB, more than the " +
                     std::to_string(resource.memory_mib) + " MiB that it is to have",
                 "let it use less first"};
  }
  return std::nullopt;
}

void NodeManagerCore::Machine::OnResizeKept(int64_t sequence) {
  while (!resizes_to_keep.empty() && resizes_to_keep.begin()->first <= sequence) {
    const auto it = containers.find(resizes_to_keep.begin()->second);
    resizes_to_keep.erase(resizes_to_keep.begin());
    // It may have ended meanwhile.
    if (it != containers.end()) ResumeResize(it->second);
  }
}

void NodeManagerCore::Machine::OnResizeKeepFailed(int64_t sequence, const Error& cause) {
  while (!resizes_to_keep.empty() && resizes_to_keep.begin()->first <= sequence) {
    const auto it = containers.find(resizes_to_keep.begin()->second);
    resizes_to_keep.erase(resizes_to_keep.begin());
    if (it != containers.end() && it->second.resizing) EndResize(it->second, cause);
  }
}

void NodeManagerCore::Machine::OnResized(const Resized& event, Now now) {
  const auto it = containers.find(event.id);
  if (it == containers.end()) return;
  Container& container = it->second;
  // Of one that has ended since, or of an attempt that was given up.
  if (!container.resizing || container.resizing->number != event.number) return;
  if (!event.failure) {
    container.token.resource = container.resizing->resource;
    container.status.resource = container.token.resource;
    Record(container);
  }
  EndResize(container, event.failure);
  StartDueRetries(now);
}

void NodeManagerCore::Machine::EndResize(Container& container, std::optional<Error> refusal) {
  const int64_t number = container.resizing->number;
  container.resizing.reset();
  Drop(ResizeKey(container.token.id));
  Conclude(number, std::move(refusal));
}

void NodeManagerCore::Machine::RefuseResizeOfEnded(Container& container) {
  if (!container.resizing) return;
  EndResize(container,
            Error{ErrorCode::kFailedPrecondition,
                  container.token.id.ToString() + " ended before it was resized",
                  ""});
}

// --- signals

void NodeManagerCore::Machine::OnSignalCommand(const SignalContainerCommand& command, Now now) {
  const auto& [id, signal, number, by] = command;
  if (outcomes.contains(number)) return;
  const auto it = containers.find(id);
  if (it == containers.end()) return Conclude(number, Gone(id, remembered.contains(id)));
  Container& container = it->second;
  switch (signal) {
    case ContainerSignal::kOutputThreadDump:
    case ContainerSignal::kGracefulShutdown:
      if (!Fire(container, Trigger::kSignal, std::string(ContainerSignalName(signal)))) {
        return Conclude(number, NotNow(container, Trigger::kSignal));
      }
      if (signal == ContainerSignal::kOutputThreadDump) {
        actions.push_back(nm::Signal{id, SignalKind::kDumpThreads});
      } else {
        AskToEnd(container,
                 {WithSender("asked to end with GRACEFUL_SHUTDOWN", by), now.monotonic, now.wall},
                 now);
      }
      break;
    case ContainerSignal::kForcefulShutdown:
      if (container.complete()) return Conclude(number, NotNow(container, Trigger::kSignal));
      KillOne(container, now, WithSender("killed with FORCEFUL_SHUTDOWN", by));
      break;
  }
  Conclude(number, std::nullopt);
}

// Asked twice, it is told twice; since when it has been asked is what it was.
void NodeManagerCore::Machine::AskToEnd(Container& container, AskedToEnd asked, Now now) {
  if (!container.asked) {
    container.asked = std::move(asked);
    container.end_asked = Record(container);
  }
  EndWhenKept(container, now);
}

void NodeManagerCore::Machine::KillOne(Container& container, Now now, std::string words) {
  const bool was_running = container.state == State::kRunning;
  StopOne(container, StopCause::kForcefulShutdown, now, std::move(words));
  // Whatever stopped it before, it gets no more grace now.
  if (was_running || !container.has_process) return;
  container.signal_waits = false;
  actions.push_back(Signal{container.token.id, SignalKind::kKill});
  container.signal_deadline = now.monotonic + options.sigkill_repeat;
}

// --- outcomes

void NodeManagerCore::Machine::Conclude(int64_t number, std::optional<Error> refusal) {
  outcomes[number] = Outcome{.refusal = std::move(refusal), .after_record = last_sequence};
}

std::vector<CommandOutcome> NodeManagerCore::Machine::TellOutcomes() {
  std::vector<CommandOutcome> told;
  for (auto& [number, outcome] : outcomes) {
    if (outcome.told_in != 0 || outcome.after_record > kept_sequence) continue;
    outcome.told_in = rm.next_sequence();
    told.push_back({number, outcome.refusal});
  }
  return told;
}

bool NodeManagerCore::Machine::HasUntoldOutcome() const {
  for (const auto& [number, outcome] : outcomes) {
    if (outcome.told_in == 0 && outcome.after_record <= kept_sequence) return true;
  }
  return false;
}

void NodeManagerCore::Machine::ForgetOutcomes(int64_t answered) {
  std::erase_if(outcomes, [answered](const auto& entry) {
    return entry.second.told_in != 0 && entry.second.told_in <= answered;
  });
}

}  // namespace weir::nm
