#include "tests/sls/master_agent.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "common/limits.h"

namespace weir::sls {
namespace {

constexpr uint16_t kMasterPort = 7000;

am::MasterProtocolOptions Options() {
  return {.park = milliseconds(limits::kParkMillisMax),
          .backoff_first = milliseconds(50),
          .backoff_most = seconds(1),
          .lost_after = seconds(3600)};
}

}  // namespace

MasterAgent::MasterAgent(const Surroundings& surroundings,
                         const ContainerId& container,
                         const JobPlan& job,
                         std::string queue,
                         std::function<void(int code)> exit)
    : around_(surroundings),
      container_(container),
      job_(job),
      queue_(std::move(queue)),
      exit_(std::move(exit)),
      protocol_(Options()) {
  MakeGroups();
}

MasterAgent::~MasterAgent() {
  *alive_ = false;
}

void MasterAgent::Start() {
  protocol_.Start(around_.queue.now());
  Pump();
}

void MasterAgent::Later(Duration delay, std::function<void()> action) {
  around_.queue.After(delay, [alive = alive_, action = std::move(action)] {
    if (*alive) action();
  });
}

void MasterAgent::End(int code) {
  if (!std::exchange(*alive_, false)) return;
  // The owner learns of it from its own event: it may not destroy this in the midst of a call.
  around_.queue.After(microseconds(1), [exit = exit_, code] { exit(code); });
}

void MasterAgent::MakeGroups() {
  std::map<std::string, int64_t> known;
  for (const TaskPlan& task : job_.tasks) {
    const std::string key = std::to_string(task.second) + " " + std::to_string(task.priority) +
                            " " + task.resource.ToString() + " " + task.rack + " " + task.host;
    const auto [found, is_new] = known.emplace(key, static_cast<int64_t>(groups_.size()) + 1);
    if (is_new) {
      Group group;
      group.second = task.second;
      group.ask.request_id = found->second;
      group.ask.priority = task.priority;
      group.ask.resource = task.resource;
      if (!task.host.empty()) group.ask.nodes = {task.host};
      if (!task.rack.empty()) group.ask.racks = {task.rack};
      groups_.push_back(std::move(group));
    }
    group_of_task_.push_back(found->second);
    (task.second ? second_left_ : first_left_) += task.count;
  }
}

void MasterAgent::Begin() {
  if (std::exchange(begun_, true)) return;
  for (size_t i = 0; i < job_.tasks.size(); ++i) {
    const TaskPlan& task = job_.tasks[i];
    if (task.second) continue;
    const int64_t group = group_of_task_[i];
    if (task.delay == Duration(0)) {
      Add(group, task.count, task.run);
      continue;
    }
    Later(task.delay, [this, group, count = task.count, run = task.run] {
      Add(group, count, run);
      Ask();
      Pump();
    });
  }
  if (first_left_ == 0) BeginSecond();
  Ask();
  MaybeFinish();
}

void MasterAgent::BeginSecond() {
  if (std::exchange(second_begun_, true)) return;
  for (size_t i = 0; i < job_.tasks.size(); ++i) {
    const TaskPlan& task = job_.tasks[i];
    if (task.second) Add(group_of_task_[i], task.count, task.run);
  }
}

void MasterAgent::Add(int64_t group, int64_t count, Duration run) {
  auto& waiting = groups_[static_cast<size_t>(group - 1)].waiting;
  waiting.insert(waiting.end(),
                 static_cast<size_t>(count),
                 Group::Task{.run = run, .asked = around_.queue.now()});
}

void MasterAgent::Ask() {
  if (finishing_) return;
  for (Group& group : groups_) {
    const auto wanted = static_cast<int32_t>(
        std::min<size_t>(group.waiting.size(), static_cast<size_t>(limits::kContainersPerAsk)));
    if (protocol_.Outstanding(group.ask.request_id) == wanted) continue;
    group.ask.count = wanted;
    protocol_.SetAsk(group.ask);
  }
}

void MasterAgent::Pump() {
  while (*alive_) {
    const std::optional<am::MasterCall> call = protocol_.Next(around_.queue.now());
    if (!call) break;
    Dispatch(*call);
  }
  if (*alive_) ArmTimer();
}

void MasterAgent::ArmTimer() {
  const Instant now = around_.queue.now();
  const Instant next = protocol_.NextDeadline();
  if (next == kNever || (armed_ > now && armed_ <= next)) return;
  armed_ = std::max(next, now + microseconds(1));
  Later(armed_ - now, [this] {
    armed_ = kNever;
    Pump();
  });
}

void MasterAgent::Dispatch(const am::MasterCall& call) {
  const AttemptId attempt = container_.attempt;
  rm::Event event;
  switch (call.kind) {
    case am::MasterCall::Kind::kRegister:
      event = rm::RegisterMaster{
          .call = {},
          .attempt = attempt,
          .request = {.rpc_address = {.host = "sls", .port = kMasterPort}, .tracking_url = ""}};
      break;
    case am::MasterCall::Kind::kAllocate:
      event = rm::Allocate{.call = {}, .attempt = attempt, .request = call.allocate};
      break;
    case am::MasterCall::Kind::kFinish:
      event = rm::FinishMaster{.call = {}, .attempt = attempt, .request = call.finish};
      break;
  }
  around_.resource_manager.Call(
      std::move(event), [this, alive = alive_, call](const ResourceManager::Answer& answer) {
        if (*alive) OnAnswer(call, answer);
      });
}

void MasterAgent::OnAnswer(const am::MasterCall& call, const ResourceManager::Answer& answer) {
  const Instant now = around_.queue.now();
  if (const auto* error = std::get_if<Error>(&answer)) {
    if (protocol_.OnError(call.lane, *error, now) == am::MasterErrorMeaning::kRejected) {
      around_.recorder.Refused(queue_, error->ToString());
      return End(1);
    }
  } else if (call.kind == am::MasterCall::Kind::kRegister) {
    protocol_.OnRegistered(call.lane, now);
    Begin();
  } else if (call.kind == am::MasterCall::Kind::kAllocate) {
    OnAllocated(std::get<AllocateAnswer>(answer), call.lane);
  } else {
    protocol_.OnFinished(call.lane, now);
    return End(0);
  }
  Pump();
}

void MasterAgent::OnAllocated(const AllocateAnswer& answer, int lane) {
  std::vector<int64_t> requests;
  requests.reserve(answer.granted.size());
  for (const ContainerGrant& grant : answer.granted) requests.push_back(grant.request_id);
  protocol_.OnAllocated(lane, requests, around_.queue.now());
  for (const ContainerGrant& grant : answer.granted) OnGranted(grant);
  for (const ContainerStatus& status : answer.completed) OnCompleted(status);
  Ask();
  MaybeFinish();
}

void MasterAgent::OnGranted(const ContainerGrant& grant) {
  const ContainerId id = grant.token.id;
  Group& group = groups_.at(static_cast<size_t>(grant.request_id - 1));
  if (group.waiting.empty() || running_.contains(id)) {
    if (!running_.contains(id)) protocol_.Release(id);
    return;
  }
  const Group::Task task = group.waiting.front();
  group.waiting.pop_front();
  around_.recorder.Granted(queue_, around_.queue.now() - task.asked);
  running_.emplace(id, Running{.group = grant.request_id, .run = task.run});
  NodeAgent* node = around_.find_node(grant.node_address.host);
  // The request is on its way whatever becomes of this process.
  around_.queue.After(kLatency,
                      [node, id, resource = grant.token.resource, queue = queue_, run = task.run] {
                        node->StartContainer(id, resource, queue, run);
                      });
}

void MasterAgent::OnCompleted(const ContainerStatus& status) {
  const auto ended = running_.extract(status.id);
  if (ended.empty()) return;  // told again, or given back
  const Running& was = ended.mapped();
  if (status.exit_code == exit_code::kSuccess) {
    const bool second = groups_[static_cast<size_t>(was.group - 1)].second;
    --(second ? second_left_ : first_left_);
    around_.recorder.ContainerEnded(queue_, ContainerEnd::kCompleted);
    if (first_left_ == 0) BeginSecond();
    return;
  }
  if (status.exit_code != exit_code::kPreempted) {
    around_.recorder.ContainerEnded(queue_, ContainerEnd::kLost);
  }
  Add(was.group, 1, was.run);
}

void MasterAgent::MaybeFinish() {
  if (finishing_ || first_left_ + second_left_ > 0) return;
  finishing_ = true;
  protocol_.Finish(
      {.final_status = FinalStatus::kSucceeded, .diagnostics = "", .tracking_url = ""});
}

}  // namespace weir::sls
