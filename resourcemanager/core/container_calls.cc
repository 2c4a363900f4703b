// What owners and administrators want of a running container: another size, a signal. See
// container_command.h.
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

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
  const auto application = Administered(
      id.attempt.application, {.user = event.user, .groups = event.groups}, event.may_administer);
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
  const Container& container = containers.at(*slot);
  if (!container.at_node) {
    return Error{ErrorCode::kFailedPrecondition,
                 name + " has not been started yet (" + std::string(Name(container.state)) + ")",
                 "try again when it runs"};
  }
  if (NodeAt(container.node).commands.size() >= kCommandsPerNode) {
    return Error{ErrorCode::kResourceExhausted,
                 "node " + NodeAt(container.node).record.address.ToString() +
                     " has yet to act on " + std::to_string(kCommandsPerNode) + " commands",
                 "try again when it is heard of; see 'weir node -list'"};
  }
  return *slot;
}

void ResourceManagerCore::State::On(const ResizeContainer& event) {
  const auto found = AddressedBy(event);
  if (!found.ok()) return Answer(event.call, found.error());
  const ContainerSlot slot = *found;
  const Container& container = containers.at(slot);
  const std::string name = event.container.ToString();
  if (container.stopping || container.reported() != ContainerState::kRunning) {
    return Answer(event.call,
                  Error{ErrorCode::kFailedPrecondition,
                        name + (container.stopping ? " is being stopped" : " does not run yet"),
                        container.stopping ? "" : "try again when it runs"});
  }
  const Resource before = SizeOf(slot);
  Resource wanted = before;
  if (event.memory_mib) wanted.memory_mib = *event.memory_mib;
  if (event.vcores) wanted.vcores = *event.vcores;
  auto size = sched->SizeFor(slot, wanted);
  if (!size.ok()) return Answer(event.call, std::move(size).error());
  if (const auto under_way = resizing.find(slot); under_way != resizing.end()) {
    const ContainerCommand& command = commands.at(under_way->second);
    if (*command.size == *size) return AwaitCommand(under_way->second, event.call, event.park);
    return Answer(event.call,
                  Error{ErrorCode::kFailedPrecondition,
                        name + " is being resized to " + command.size->ToString() + " already",
                        "try again when its node has done that"});
  }
  if (*size == before) return Answer(event.call, MakeReport(slot));
  if (Status may = ChargeSize(slot, LargerParts(before, *size)); !may.ok()) {
    Error error = std::move(may).error();
    error.message = name + " cannot have " + size->ToString() + ": " + error.message;
    return Answer(event.call, std::move(error));
  }
  GiveCommand({.slot = slot, .size = *std::move(size), .before = before, .by = event.user},
              event.call,
              event.park);
}

void ResourceManagerCore::State::On(const SignalContainer& event) {
  const auto found = AddressedBy(event);
  if (!found.ok()) return Answer(event.call, found.error());
  GiveCommand({.slot = *found, .signal = event.signal, .by = event.user}, event.call, event.park);
}

void ResourceManagerCore::State::GiveCommand(ContainerCommand command, CallId call, Duration park) {
  const int64_t number = next_command++;
  Node& node = NodeAt(containers.at(command.slot).node);
  node.commands.insert(number);
  if (command.size) resizing.emplace(command.slot, number);
  commands.emplace(number, std::move(command));
  MarkDirty(node);
  AwaitCommand(number, call, park);
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

}  // namespace weir::rm
