#include "stream/jobmanager/core/task_manager_table.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace weir::stream {
namespace {

constexpr size_t kAnswerBytes = size_t{1} << 20;

Error UnknownSession() {
  return {ErrorCode::kResync, "the JobManager does not know this session", "register again"};
}

size_t RoughBytes(const DeployTask& deploy) {
  size_t bytes = 128 + deploy.execution_id.size();
  for (const FileSplit& split : deploy.splits) bytes += split.path.size() + 24;
  return bytes;
}

size_t RoughBytes(const PrepareJob& prepare) {
  size_t bytes = 512;
  for (const auto& argument : prepare.information->arguments) bytes += argument.size() + 8;
  for (const auto& location : prepare.information->locations) {
    bytes += location.execution_id.size() + location.data_address.host.size() + 24;
  }
  return bytes;
}

size_t RoughBytes(const TaskCommand& command) {
  if (const auto* deploy = std::get_if<DeployTask>(&command)) return RoughBytes(*deploy);
  if (const auto* prepare = std::get_if<PrepareJob>(&command)) return RoughBytes(*prepare);
  return 64;
}

}  // namespace

Result<TaskManagerSession> TaskManagerTable::Register(const RegisterTaskManager& event,
                                                      Instant now) {
  if (event.slots < 1 || event.slots > kSlotsPerTaskManagerMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "a TaskManager cannot have " + std::to_string(event.slots) + " slots",
                 "the number is from 1 to " + std::to_string(kSlotsPerTaskManagerMax)};
  }
  if (TaskManager* known = Find(event.container); known != nullptr) {
    const bool same = known->data_address == event.data_address && known->slots == event.slots &&
                      known->sequence == 0;
    if (same) return TaskManagerSession{known->session, expiry_};  // its answer was lost
    return Error{ErrorCode::kAlreadyExists,
                 "TaskManager " + event.container.ToString() + " is registered already",
                 "a TaskManager registers once; start another container"};
  }
  if (managers_.size() >= kTaskManagersMax) {
    return Error{ErrorCode::kResourceExhausted, "too many TaskManagers", "use another cluster"};
  }
  TaskManager manager;
  manager.container = event.container;
  manager.data_address = event.data_address;
  manager.slots = event.slots;
  manager.session = ++sessions_;
  manager.last_heard = now;
  managers_.emplace(event.container, std::move(manager));
  by_session_.emplace(sessions_, event.container);
  return TaskManagerSession{sessions_, expiry_};
}

TaskManagerTable::PollKind TaskManagerTable::Poll(const PollTaskManager& event,
                                                  Instant now,
                                                  std::vector<JobManagerAction>& actions) {
  TaskManager* manager = FindSession(event.session);
  const bool known =
      manager != nullptr &&
      (event.sequence == manager->sequence || event.sequence == manager->sequence + 1) &&
      event.sequence > 0;
  if (!known) {
    actions.push_back(AnswerPoll{event.call, UnknownSession()});
    return PollKind::kRefused;
  }
  manager->last_heard = now;
  if (manager->parked) {
    actions.push_back(
        AnswerPoll{manager->parked->call,
                   Error{ErrorCode::kAborted, "a newer poll of this TaskManager came", ""}});
    manager->parked.reset();
  }
  const bool repeated = event.sequence == manager->sequence;
  if (repeated && manager->last_answer) {
    actions.push_back(AnswerPoll{event.call, *manager->last_answer});
    return PollKind::kRepeated;
  }
  manager->sequence = event.sequence;
  manager->last_answer.reset();
  const Duration park = std::clamp(event.park, Duration{0}, expiry_ / 3);
  manager->parked = TaskManager::ParkedPoll{event.call, now + park};
  return repeated ? PollKind::kRepeated : PollKind::kNew;
}

PollAnswer TaskManagerTable::TakeCommands(TaskManager& manager) {
  PollAnswer answer;
  answer.sequence = manager.sequence;
  size_t bytes = 0;
  while (!manager.commands.empty()) {
    const size_t size = RoughBytes(manager.commands.front());
    if (!answer.commands.empty() && bytes + size > kAnswerBytes) break;
    bytes += size;
    answer.commands.push_back(std::move(manager.commands.front()));
    manager.commands.pop_front();
  }
  return answer;
}

void TaskManagerTable::FlushPolls(Instant now, std::vector<JobManagerAction>& actions) {
  for (auto& [container, manager] : managers_) {
    if (!manager.parked) continue;
    if (manager.commands.empty() && now < manager.parked->deadline) continue;
    manager.last_answer = TakeCommands(manager);
    actions.push_back(AnswerPoll{manager.parked->call, *manager.last_answer});
    manager.parked.reset();
  }
}

void TaskManagerTable::Abandon(const CallId& call) {
  for (auto& [container, manager] : managers_) {
    if (manager.parked && manager.parked->call == call) manager.parked.reset();
  }
}

void TaskManagerTable::Send(const ContainerId& container, TaskCommand command) {
  TaskManager* manager = Find(container);
  if (manager != nullptr) manager->commands.push_back(std::move(command));
}

void TaskManagerTable::Remove(const ContainerId& container,
                              const Error& reason,
                              std::vector<JobManagerAction>& actions) {
  const auto found = managers_.find(container);
  if (found == managers_.end()) return;
  if (found->second.parked) {
    actions.push_back(AnswerPoll{found->second.parked->call, reason});
  }
  by_session_.erase(found->second.session);
  managers_.erase(found);
}

TaskManager* TaskManagerTable::Find(const ContainerId& container) {
  const auto found = managers_.find(container);
  return found == managers_.end() ? nullptr : &found->second;
}

TaskManager* TaskManagerTable::FindSession(int64_t session) {
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? nullptr : Find(found->second);
}

int32_t TaskManagerTable::FreeSlots() const {
  int32_t slots = 0;
  for (const auto& [container, manager] : managers_) slots += manager.free_slots();
  return slots;
}

std::vector<ContainerId> TaskManagerTable::Expired(Instant now) const {
  std::vector<ContainerId> expired;
  for (const auto& [container, manager] : managers_) {
    if (manager.last_heard + expiry_ <= now) expired.push_back(container);
  }
  return expired;
}

void TaskManagerTable::ForgiveAll(Instant now) {
  for (auto& [container, manager] : managers_) manager.last_heard = now;
}

Instant TaskManagerTable::NextDeadline() const {
  Instant next = kNever;
  for (const auto& [container, manager] : managers_) {
    next = std::min(next, manager.last_heard + expiry_);
    if (manager.parked) next = std::min(next, manager.parked->deadline);
  }
  return next;
}

}  // namespace weir::stream
