// What owners, administrators and ApplicationMasters want of a running container: another size, a
// signal. See container_command.h.
#include <iterator>
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr size_t kSizesPerAnswer = 2000;
constexpr size_t kRefusalsKept = 20'000;  // of one attempt, of containers that it does not hold

std::string InWords(const ContainerCommand& command) {
  if (!command.size) return std::string(ContainerSignalName(command.signal));
  return "the resize from " + command.before.ToString() + " to " + command.size->ToString();
}

}  // namespace

Resource ResourceManagerCore::State::SizeOf(ContainerSlot slot) const {
  const auto found = resizing.find(slot);
  return found == resizing.end() ? ResourceOf(slot) : commands.at(found->second).before;
}

template <typename Event>
Result<scheduler::ContainerSlot> ResourceManagerCore::State::AddressedBy(const Event& event) {
  const ContainerId& id = event.container;
  const auto application = Administered(OperationOf(event),
                                        id.attempt.application,
                                        {.user = event.user, .groups = event.groups},
                                        event.may_administer);
  if (!application.ok()) return application.error();
  const std::string name = id.ToString();
  const auto slot = containers.Find(id);
  if (!slot) {
    const auto over = ended.find(id);
    if (over == ended.end()) {
      return Error{ErrorCode::kNotFound,
                   "there is no container " + name,
                   "see 'weir container -list " + id.attempt.application.ToString() + "'"};
    }
    return Error{ErrorCode::kFailedPrecondition,
                 name + " has ended with exit code " + std::to_string(over->second.exit_code),
                 "see 'weir container -status " + name + "'"};
  }
  WEIR_RETURN_IF_ERROR(CheckCommandable(*slot));
  return *slot;
}

Status ResourceManagerCore::State::CheckCommandable(ContainerSlot slot) const {
  const Container& container = containers.at(slot);
  if (!container.at_node) {
    return Error{ErrorCode::kFailedPrecondition,
                 containers.IdOf(slot).ToString() + " has not been started yet (" +
                     std::string(Name(container.state)) + ")",
                 "try again when it runs"};
  }
  if (NodeAt(container.node).commands.size() >= kCommandsPerNode) {
    return Error{ErrorCode::kResourceExhausted,
                 "node " + NodeAt(container.node).record.address.ToString() +
                     " has yet to act on " + std::to_string(kCommandsPerNode) + " commands",
                 "try again when it is heard of; see 'weir node -list'"};
  }
  return {};
}

void ResourceManagerCore::State::On(const ResizeContainer& event) {
  const auto slot = AddressedBy(event);
  if (!slot.ok()) return Answer(event.call, slot.error());
  const auto number = StartResize(
      *slot, {.memory_mib = event.memory_mib, .vcores = event.vcores, .by = event.user});
  if (!number.ok()) return Answer(event.call, number.error());
  if (!*number) return Answer(event.call, MakeReport(*slot));
  AwaitCommand(**number, event.call, event.park);
}

Result<std::optional<int64_t>> ResourceManagerCore::State::StartResize(ContainerSlot slot,
                                                                       const SizeWish& wish) {
  const Container& container = containers.at(slot);
  const std::string name = containers.IdOf(slot).ToString();
  if (container.stopping || container.reported() != ContainerState::kRunning) {
    return Error{ErrorCode::kFailedPrecondition,
                 name + (container.stopping ? " is being stopped" : " does not run yet"),
                 container.stopping ? "" : "try again when it runs"};
  }
  const Resource before = SizeOf(slot);
  Resource wanted = before;
  if (wish.memory_mib) wanted.memory_mib = *wish.memory_mib;
  if (wish.vcores) wanted.vcores = *wish.vcores;
  WEIR_ASSIGN_OR_RETURN(Resource size, sched->SizeFor(slot, wanted));
  if (const auto under_way = resizing.find(slot); under_way != resizing.end()) {
    ContainerCommand& command = commands.at(under_way->second);
    if (*command.size != size) {
      return Error{ErrorCode::kFailedPrecondition,
                   name + " is being resized to " + command.size->ToString() + " already",
                   "try again when its node has done that"};
    }
    command.for_master = command.for_master || wish.for_master;
    return std::optional(under_way->second);
  }
  if (size == before) return std::optional<int64_t>();
  if (Status may = ChargeSize(slot, LargerParts(before, size)); !may.ok()) {
    Error error = std::move(may).error();
    error.message = name + " cannot have " + size.ToString() + ": " + error.message;
    return error;
  }
  return std::optional(GiveCommand({.slot = slot,
                                    .size = std::move(size),
                                    .before = before,
                                    .by = wish.by,
                                    .for_master = wish.for_master}));
}

void ResourceManagerCore::State::On(const SignalContainer& event) {
  const auto found = AddressedBy(event);
  if (!found.ok()) return Answer(event.call, found.error());
  AwaitCommand(GiveCommand({.slot = *found, .signal = event.signal, .by = event.user}),
               event.call,
               event.park);
}

int64_t ResourceManagerCore::State::GiveCommand(ContainerCommand command) {
  const int64_t number = next_command++;
  Node& node = NodeAt(containers.at(command.slot).node);
  node.commands.insert(number);
  if (command.size) resizing.emplace(command.slot, number);
  commands.emplace(number, std::move(command));
  MarkDirty(node);
  return number;
}

void ResourceManagerCore::State::AwaitCommand(int64_t number, CallId call, Duration park) {
  commands.at(number).calls.insert(call);
  command_polls.Set(call, Park(call, park, milliseconds(limits::kParkMillisMax)).until);
  Wait(call, WaitingCommand{number});
}

Status ResourceManagerCore::State::ChargeSize(ContainerSlot slot, const Resource& size) {
  const Resource charged = ResourceOf(slot);
  WEIR_RETURN_IF_ERROR(sched->Resize(slot, size));
  CountSize(slot, charged);
  return {};
}

// The scheduler has charged it with another size than `before`.
void ResourceManagerCore::State::CountSize(ContainerSlot slot, const Resource& before) {
  Application& application =
      *FindApplication(containers.AttemptOf(containers.at(slot).application).application);
  Charge(application);
  application.allocated -= before;
  application.allocated += ResourceOf(slot);
  Touch(application);
  place = true;
}

// Its node knows best what it gives it: an earlier ResourceManager may have asked for that.
void ResourceManagerCore::State::AdoptSize(ContainerSlot slot, const Resource& size) {
  if (size.memory_mib <= 0 || size.vcores <= 0 || resizing.contains(slot)) return;
  const Resource charged = ResourceOf(slot);
  if (size == charged) return;
  sched->SetSize(slot, size);
  if (ResourceOf(slot) == charged) return;
  CountSize(slot, charged);
  Emit(Noted{"containers",
             containers.IdOf(slot).ToString(),
             "has " + ResourceOf(slot).ToString() + " on its node, and had " + charged.ToString() +
                 " here",
             true});
  const ContainerId id = containers.IdOf(slot);
  NoteSize(*HeirOf(id), id, {.resource = ResourceOf(slot), .changed = true});
}

void ResourceManagerCore::State::OnOutcome(const Node& node, const CommandOutcome& outcome) {
  const auto found = commands.find(outcome.number);
  // Of a container that has ended since, or of another life of this process.
  if (found == commands.end() || !node.commands.contains(outcome.number)) return;
  const ContainerCommand command = TakeCommand(outcome.number);
  const std::string name = containers.IdOf(command.slot).ToString();
  if (command.size) {
    // It only gives back: nothing stands against it.
    const Status charged =
        ChargeSize(command.slot, outcome.refusal ? command.before : *command.size);
    WEIR_CHECK(charged.ok(), "a container can always have less");
    NoteOutcome(command, outcome.refusal);
  }
  const std::string what = InWords(command) + ", as " + command.by + " wanted";
  if (outcome.refusal) {
    Emit(Noted{"containers", name, "refused: " + what + ": " + outcome.refusal->ToString(), true});
  } else {
    Emit(Noted{"containers", name, "done: " + what, false});
  }
  for (const CallId call : command.calls) {
    if (outcome.refusal) {
      Answer(call, *outcome.refusal);
    } else {
      Answer(call, MakeReport(command.slot));
    }
  }
}

// A refusal of what somebody else wanted is nothing to the ApplicationMaster.
void ResourceManagerCore::State::NoteOutcome(const ContainerCommand& command,
                                             const std::optional<Error>& refusal) {
  if (refusal && !command.for_master) return;
  const ContainerId id = containers.IdOf(command.slot);
  NoteSize(*HeirOf(id),
           id,
           {.resource = ResourceOf(command.slot),
            .changed = !refusal,
            .asked = command.for_master,
            .refusal = refusal});
}

// Its calls wait no more, and have yet to be answered.
ContainerCommand ResourceManagerCore::State::TakeCommand(int64_t number) {
  ContainerCommand command = std::move(commands.extract(number).mapped());
  NodeAt(containers.at(command.slot).node).commands.erase(number);
  if (command.size) resizing.erase(command.slot);
  for (const CallId call : command.calls) Unpark(call);
  return command;
}

void ResourceManagerCore::State::DropCommands(ContainerSlot slot, const std::string& why) {
  const std::set<int64_t> numbers = NodeAt(containers.at(slot).node).commands;
  for (const int64_t number : numbers) {
    if (commands.at(number).slot != slot) continue;
    const ContainerCommand command = TakeCommand(number);
    for (const CallId call : command.calls) {
      Answer(call,
             Error{ErrorCode::kFailedPrecondition,
                   containers.IdOf(slot).ToString() + " ended before its node had acted on " +
                       InWords(command) + (why.empty() ? "" : ": " + why),
                   ""});
    }
  }
}

void ResourceManagerCore::State::AnswerLateCommand(CallId call) {
  const auto& waits = std::get<WaitingCommand>(*waiting.Find(call.value + 1));
  const ContainerCommand& command = commands.at(waits.number);
  const ContainerId id = containers.IdOf(command.slot);
  const std::string node = NodeAt(containers.at(command.slot).node).record.address.ToString();
  Error error{ErrorCode::kDeadlineExceeded,
              "node " + node + " has not acted yet on " + InWords(command) + " of " +
                  id.ToString() + "; it will, if it is heard of before the container ends",
              "see 'weir container -status " + id.ToString() + "' and 'weir node -list -all'"};
  Unpark(call);
  Answer(call, std::move(error));
}

void ResourceManagerCore::State::TellCommands(Node& node, NodeHeartbeatAnswer& answer) {
  for (const int64_t number : node.commands) {
    ContainerCommand& command = commands.at(number);
    if (std::exchange(command.told, true)) continue;
    const ContainerId id = containers.IdOf(command.slot);
    if (command.size) {
      answer.resize.push_back({.id = id, .resource = *command.size, .number = number});
    } else {
      answer.signal.push_back(
          {.id = id, .signal = command.signal, .number = number, .by = command.by});
    }
  }
}

// --- ApplicationMasters

void ResourceManagerCore::State::OnSizeAsk(ApplicationAttempt& attempt, const SizeAsk& ask) {
  const ContainerId& id = ask.container;
  const bool own = IsOf(id, attempt);
  const auto slot = own ? containers.Find(id) : std::nullopt;
  ApplicationAttempt::ToldSize told{.asked = true};
  if (!slot) {
    // It hears, or has heard, of the end.
    if (attempt.completions.contains(id) || attempt.sizes.size() >= kRefusalsKept) return;
    if (own && ended.contains(id)) return;
    told.refusal = Error{ErrorCode::kNotFound,
                         attempt.id.ToString() + " holds no container " + id.ToString(),
                         "after a restart of the ResourceManager: when its node has been heard of"};
    return NoteSize(attempt, id, told);
  }
  const auto number = ResizeForMaster(*slot, ask.resource);
  if (number.ok() && *number) return;  // told when its node has acted
  told.resource = SizeOf(*slot);
  if (!number.ok()) told.refusal = number.error();
  NoteSize(attempt, id, told);
}

Result<std::optional<int64_t>> ResourceManagerCore::State::ResizeForMaster(ContainerSlot slot,
                                                                           const Resource& size) {
  WEIR_RETURN_IF_ERROR(CheckCommandable(slot));
  const Resource has = SizeOf(slot);
  if (size.named != has.named) {
    return Error{ErrorCode::kInvalidArgument,
                 containers.IdOf(slot).ToString() + " cannot be resized from " + has.ToString() +
                     " to " + size.ToString(),
                 "named resources stay as they were granted: ask for the same"};
  }
  return StartResize(slot,
                     {.memory_mib = size.memory_mib,
                      .vcores = size.vcores,
                      .by = "its ApplicationMaster",
                      .for_master = true});
}

void ResourceManagerCore::State::NoteSize(ApplicationAttempt& attempt,
                                          const ContainerId& id,
                                          const ApplicationAttempt::ToldSize& size) {
  if (IsFinal(attempt.state)) return;  // nobody hears it; who inherits it is told its size
  auto [entry, is_new] = attempt.sizes.try_emplace(id, size);
  if (is_new || entry->second.told_in != kUntold) ++attempt.untold_sizes;
  if (!is_new) {
    // What was asked for and has not been told yet stays an answer.
    const ApplicationAttempt::ToldSize before = std::exchange(entry->second, size);
    entry->second.changed = size.changed || before.changed;
    if (before.told_in == kUntold && before.asked && !size.asked) {
      entry->second.asked = true;
      entry->second.refusal = before.refusal;
    }
  }
  MarkDirty(attempt);
}

void ResourceManagerCore::State::ForgetSize(ApplicationAttempt& attempt, const ContainerId& id) {
  const auto found = attempt.sizes.find(id);
  if (found == attempt.sizes.end()) return;
  if (found->second.told_in == kUntold) --attempt.untold_sizes;
  attempt.sizes.erase(found);
}

void ResourceManagerCore::State::TellSizes(ApplicationAttempt& attempt, AllocateAnswer& answer) {
  if (attempt.untold_sizes == 0) return;
  for (auto& [id, size] : attempt.sizes) {
    if (size.told_in != kUntold) continue;
    if (answer.sizes.size() >= kSizesPerAnswer) return;
    answer.sizes.push_back(
        {.container = id, .resource = size.resource, .asked = size.asked, .refusal = size.refusal});
    size.told_in = answer.sequence;
    --attempt.untold_sizes;
  }
}

void ResourceManagerCore::State::AcknowledgeSizes(ApplicationAttempt& attempt) {
  for (auto it = attempt.sizes.begin(); it != attempt.sizes.end();) {
    ApplicationAttempt::ToldSize& size = it->second;
    if (size.told_in != kUntold) {
      size.told_in = kAcknowledged;
      size.asked = false;
      size.refusal.reset();
    }
    it = size.told_in == kUntold || size.changed ? std::next(it) : attempt.sizes.erase(it);
  }
}

// An answer that was acknowledged may have been lost: a later call can have overtaken it.
void ResourceManagerCore::State::TellSizesAgain(ApplicationAttempt& attempt) {
  for (auto& [id, size] : attempt.sizes) size.told_in = kUntold;
  attempt.untold_sizes = attempt.sizes.size();
}

}  // namespace weir::rm
