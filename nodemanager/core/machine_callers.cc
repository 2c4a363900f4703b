#include "nodemanager/core/launch_check.h"
#include "nodemanager/core/machine.h"
#include "security/authorise.h"

namespace weir::nm {
namespace {

// A later attempt of the same application.
enum class Later { kMayNot, kMay };

bool IsOwn(const ContainerId& id, const AttemptId& caller, Later may) {
  if (id.attempt == caller) return true;
  // A later attempt may have taken it over: the ResourceManager gives it a token for this node
  // then.
  return may == Later::kMay && id.attempt.application == caller.application &&
         id.attempt.number < caller.number;
}

// By the table of operations.
Status CheckOwner(std::string_view method,
                  const ContainerId& id,
                  const AttemptId& attempt,
                  Later may) {
  Caller caller;
  caller.kind = CallerKind::kApplicationMaster;
  caller.attempt = attempt;
  security::Object object;
  object.name = id.ToString();
  if (IsOwn(id, attempt, may)) object.gives = security::Role::kOwnContainer;
  return security::Authorise(security::OperationNamed(security::Service::kContainers, method),
                             {.caller = caller},
                             &object);
}

Error NotHere(const ContainerId& id) {
  return {ErrorCode::kNotFound, "this node knows no container " + id.ToString(), ""};
}

}  // namespace

void NodeManagerCore::Machine::OnStart(const StartContainer& event, Now now) {
  const ContainerId& id = event.token.id;
  int64_t record = 0;
  Status status = CheckOwner("startContainer", id, event.attempt, Later::kMayNot);
  if (const auto known = containers.find(id); status.ok() && known != containers.end()) {
    Fire(known->second, Trigger::kStart);
    if (!known->second.accept_kept) record = last_sequence;
  } else if (status.ok()) {
    if (remembered.contains(id)) {
      status = Error{ErrorCode::kFailedPrecondition, id.ToString() + " has ended already", ""};
    } else {
      status = MayStart(event.token, event.launch, now);
      if (status.ok()) Begin(event.token, event.launch, now);
      if (status.ok()) record = last_sequence;
    }
  }
  if (status.ok()) {
    ReplyWhenKept(event.call, record);
  } else {
    actions.push_back(Reply{event.call, std::move(status).error()});
  }
}

Status NodeManagerCore::Machine::MayStart(const ContainerTokenIdentifier& token,
                                          const LaunchContext& launch,
                                          Now now) const {
  const std::string name = token.id.ToString();
  if (shutdown) {
    return Error{ErrorCode::kUnavailable, "the NodeManager is shutting down", ""};
  }
  if (!rm.registered()) {
    return Error{ErrorCode::kUnavailable,
                 "the node is not registered with the ResourceManager",
                 "try again soon"};
  }
  if (lease_over) {
    return Error{ErrorCode::kUnavailable,
                 "the node has heard of no ResourceManager for its lease",
                 "try again when it is back"};
  }
  WEIR_RETURN_IF_ERROR(CheckContainerToken(
      token,
      {.node = options.id, .epoch = rm.session_epoch(), .first_session = rm.first_session()},
      rm.RmWall(now)));
  WEIR_RETURN_IF_ERROR(CheckLaunchContext(launch));
  if (finishing.contains(token.id.attempt.application)) {
    return Error{ErrorCode::kFailedPrecondition, "the application of " + name + " is over", ""};
  }
  if (containers.size() >= options.container_limit) {
    return Error{ErrorCode::kResourceExhausted,
                 "the node holds " + std::to_string(containers.size()) + " containers",
                 "try again when some have ended"};
  }
  const Resource left = most - used();
  if (!token.resource.FitsIn(left)) {
    return Error{ErrorCode::kResourceExhausted,
                 name + " takes " + token.resource.ToString() + ", the node has " +
                     left.ToString() + " left",
                 ""};
  }
  if (const auto indices = FreeIndices(token.resource); !indices.ok()) return indices.error();
  return {};
}

void NodeManagerCore::Machine::OnStop(const StopContainer& event, Now now) {
  Status owner = CheckOwner("stopContainer", event.id, event.attempt, Later::kMay);
  if (!owner.ok()) {
    actions.push_back(Reply{event.call, std::move(owner).error()});
    return;
  }
  const auto it = containers.find(event.id);
  if (it == containers.end() && !remembered.contains(event.id)) {
    actions.push_back(Reply{event.call, NotHere(event.id)});
    return;
  }
  int64_t record = 0;
  if (it != containers.end()) {
    StopOne(it->second, StopCause::kStoppedByApplicationMaster, now);
    if (!it->second.complete()) record = last_sequence;
  }
  ReplyWhenKept(event.call, record);
}

void NodeManagerCore::Machine::OnWatch(const WatchContainer& event, Now now) {
  Status owner = CheckOwner("containerStatus", event.id, event.attempt, Later::kMay);
  if (!owner.ok()) {
    actions.push_back(Reply{event.call, std::move(owner).error()});
    return;
  }
  const auto status = StatusOf(event.id);
  if (!status) {
    actions.push_back(Reply{event.call, NotHere(event.id)});
    return;
  }
  if (status->state != event.known || event.park <= Duration{0}) {
    actions.push_back(Reply{event.call, *status});
    return;
  }
  watchers[event.call] = {event.id, event.known, now.monotonic + event.park};
}

std::optional<ContainerStatus> NodeManagerCore::Machine::StatusOf(const ContainerId& id) const {
  if (const auto it = containers.find(id); it != containers.end()) return it->second.Shown();
  if (const auto it = remembered.find(id); it != remembered.end()) return it->second.status;
  return std::nullopt;
}

void NodeManagerCore::Machine::AnswerWatchers(const ContainerId& id) {
  const ContainerStatus& status = containers.at(id).status;
  for (auto it = watchers.begin(); it != watchers.end();) {
    if (it->second.id != id || it->second.known == status.state) {
      ++it;
      continue;
    }
    actions.push_back(Reply{it->first, status});
    it = watchers.erase(it);
  }
}

void NodeManagerCore::Machine::AnswerLateWatchers(Now now) {
  for (auto it = watchers.begin(); it != watchers.end();) {
    if (it->second.deadline > now.monotonic) {
      ++it;
      continue;
    }
    const auto status = StatusOf(it->second.id);
    if (status) {
      actions.push_back(Reply{it->first, *status});
    } else {
      actions.push_back(Reply{it->first, NotHere(it->second.id)});
    }
    it = watchers.erase(it);
  }
}

}  // namespace weir::nm
