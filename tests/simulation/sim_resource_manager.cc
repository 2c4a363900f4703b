#include "tests/simulation/sim_resource_manager.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "tests/simulation/sim_administrator.h"
#include "tests/simulation/sim_node.h"

namespace weir::simulation {
namespace {

rm::CoreOptions Options(const Workload& workload) {
  rm::CoreOptions options;
  options.scheduler.types = scheduler::ResourceTypes({1024, 1}, {8192, 8});
  options.local_queues = SimQueues(40, workload.preemption);
  options.node_expiry = SimNode::kNodeExpiry;
  options.master_expiry = seconds(8);
  options.launch_expiry = workload.launch_expiry;
  options.max_attempts = 3;
  options.attempt_pause = milliseconds(500);
  options.longest_attempt_pause = seconds(2);
  options.recovery_wait = seconds(3);
  options.container_token_life = workload.launch_expiry;
  return options;
}

void SetCall(rm::Event& event, rm::CallId call) {
  std::visit(
      [call](auto& e) {
        if constexpr (requires { e.call; }) e.call = call;
      },
      event);
}

std::string IdsOf(const std::vector<ContainerStatus>& statuses) {
  std::string text;
  for (const ContainerStatus& status : statuses) text += " " + status.id.ToString();
  return text;
}

std::string ApplicationSummary(const ApplicationReport& report) {
  return report.id.ToString() + " " + std::string(ApplicationStateName(report.state));
}

std::string Summary(const SimResourceManager::Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) {
    return std::string(ErrorCodeName(error->code)) + " " + error->message;
  }
  if (const auto* id = std::get_if<ApplicationId>(&answer)) return id->ToString();
  if (const auto* report = std::get_if<ApplicationReport>(&answer)) {
    return ApplicationSummary(*report);
  }
  if (const auto* node = std::get_if<NodeHeartbeatAnswer>(&answer)) {
    return "heartbeat " + std::to_string(node->sequence) + ": " +
           std::to_string(node->start.size()) + " starts, " + std::to_string(node->stop.size()) +
           " stops, " + std::to_string(node->completions_recorded.size()) + " recorded, " +
           std::to_string(node->applications_finished.size()) + " finished";
  }
  if (const auto* master = std::get_if<AllocateAnswer>(&answer)) {
    return "allocate " + std::to_string(master->sequence) + ": " +
           std::to_string(master->granted.size()) + " granted, " +
           std::to_string(master->completed.size()) + " completed" + IdsOf(master->completed);
  }
  return "ok";
}

}  // namespace

SimResourceManager::SimResourceManager(World& world) : world_(world), clock_(world) {}

void SimResourceManager::Boot() {
  clock_ = SimClock(world_);
  const Now now = clock_.At(world_.queue.now());
  epoch_ = world_.store.Open(ToMillis(now.wall),
                             [this](const SimStore::Answer& answer) { OnStored(answer); });
  world_.trace.Line(kName, "starts under epoch " + std::to_string(epoch_.epoch.value));
  committed_ = 0;
  armed_ = kNever;
  stepping_down_ = false;
  world_.checker.ResourceManagerBegan();
  rm::CoreOptions options = Options(world_.workload);
  std::vector<store::Record> records = world_.store.Load();
  if (world_.loses_queues && world_.faults.active() && world_.random.Chance(1, 2)) {
    world_.trace.Line(kName, "finds no stored queues");
    options.local_queues = SimOneQueue();
    std::erase_if(records, [](const store::Record& record) {
      return std::holds_alternative<store::QueueConfigurationRecord>(record);
    });
  }
  core_ = std::make_unique<rm::ResourceManagerCore>(options, epoch_, records, now);
  Execute(core_->Start(now));
}

void SimResourceManager::Crash() {
  if (!up()) return;
  world_.trace.Line(kName, "dies");
  NoteIgnored();
  ++incarnation_;
  core_.reset();
  held_.clear();
  world_.store.Crash();
  // Some peers see the connection break, others have to find out by themselves.
  for (const auto& [number, call] : std::exchange(calls_, {})) {
    if (world_.random.Chance(1, 2)) {
      call.reply(Error{ErrorCode::kUnavailable, "the connection to the RM broke", ""});
    }
  }
  world_.queue.After(world_.faults.RestartDelay(), [this] { Boot(); });
}

void SimResourceManager::NoteHeard(const NodeId& id) {
  for (SimNode* node : world_.nodes) {
    if (id.uuid == "uuid-" + node->name()) node->HeardByResourceManager();
  }
}

uint64_t SimResourceManager::Receive(const rm::Event& request, const ReplyTo& reply) {
  const uint64_t number = next_call_++;
  PendingCall& call = calls_[number];
  call.reply = reply;
  if (const auto* submission = std::get_if<rm::SubmitApplication>(&request)) {
    call.key = submission->idempotency_key;
  }
  if (const auto* registration = std::get_if<rm::RegisterNode>(&request)) {
    NoteHeard(registration->request.id);
  } else if (const auto* heartbeat = std::get_if<rm::NodeHeartbeat>(&request)) {
    NoteHeard(heartbeat->node);
    call.who = " of " + heartbeat->node.uuid;
  }
  std::visit(
      [&call](const auto& e) {
        if constexpr (requires { e.attempt; }) call.attempt = e.attempt;
      },
      request);
  rm::Event event = request;
  SetCall(event, {number});
  Step(event);
  return number;
}

void SimResourceManager::Abandon(uint64_t number) {
  if (!up() || calls_.erase(number) == 0) return;
  Step(rm::CallAbandoned{.call = {number}});
}

ApplicationId SimResourceManager::GuessNextId() const {
  const int64_t submitted = up() ? core_->Summary().applications_submitted : 0;
  return {epoch_.cluster_timestamp, static_cast<int32_t>(submitted) + 1};
}

void SimResourceManager::Step(const rm::Event& event) {
  const Now now = clock_.At(world_.queue.now());
  Execute(core_->Step(event, now));
}

void SimResourceManager::Execute(rm::Actions actions) {
  for (const rm::Action& action : actions) {
    if (world_.faults.CrashResourceManager()) return Crash();
    if (action.after_record > committed_) {
      held_[action.after_record].push_back(action);
    } else {
      Perform(action);
    }
  }
  if (stepping_down_) return Crash();
  world_.checker.AfterResourceManagerStep(*core_, clock_.At(world_.queue.now()));
  ArmDeadline();
}

void SimResourceManager::Perform(const rm::Action& action) {
  if (const auto* reply = std::get_if<rm::Reply>(&action.body)) {
    Perform(*reply);
  } else if (const auto* append = std::get_if<rm::Append>(&action.body)) {
    world_.trace.Line(kName, "appends " + std::to_string(append->sequence));
    world_.store.Append(append->sequence, append->batch);
  } else if (const auto* transition = std::get_if<rm::Transitioned>(&action.body)) {
    world_.coverage.Hit(transition->machine, transition->from, transition->event);
    if (transition->machine == "node" && transition->event == "EXPIRE") {
      world_.checker.NodeExpired(clock_.At(world_.queue.now()).monotonic, world_.nodes.size());
    }
    world_.trace.Line(kName,
                      transition->subject.ToString() + " " + std::string(transition->from) + " -" +
                          std::string(transition->event) + "-> " + std::string(transition->to));
  } else if (const auto* invalid = std::get_if<rm::InvalidEvent>(&action.body)) {
    world_.checker.Fail("RM: invalid event " + std::string(invalid->event) + " in state " +
                        std::string(invalid->state) + " of " + invalid->subject.ToString());
  } else if (const auto* note = std::get_if<rm::Noted>(&action.body)) {
    const bool held = note->warning && note->message.find(" held in ") != std::string::npos;
    if (held) ++world_.faults.counts.lost_queues;
  } else if (const auto* step_down = std::get_if<rm::StepDown>(&action.body)) {
    world_.trace.Line(kName, "steps down: " + step_down->error.message);
    stepping_down_ = true;
  }
}

void SimResourceManager::Perform(const rm::Reply& reply) {
  auto found = calls_.extract(reply.call.value);
  if (found.empty()) return;  // its caller went away
  const PendingCall& call = found.mapped();
  world_.trace.Line(
      kName,
      "answers call " + std::to_string(reply.call.value) + call.who + ": " + Summary(reply.answer));
  Check(call, reply.answer);
  call.reply(reply.answer);
}

void SimResourceManager::Check(const PendingCall& call, const Answer& answer) {
  InvariantChecker& checker = world_.checker;
  if (const auto* id = std::get_if<ApplicationId>(&answer)) checker.Acknowledged(call.key, *id);
  if (const auto* report = std::get_if<ApplicationReport>(&answer)) checker.Reported(*report);
  if (std::holds_alternative<RegisterMasterAnswer>(answer) ||
      std::holds_alternative<AllocateAnswer>(answer)) {
    checker.Accepted(call.attempt);
  }
  if (const auto* heartbeat = std::get_if<NodeHeartbeatAnswer>(&answer)) {
    for (const StartContainerCommand& command : heartbeat->start) checker.StartTold(command);
    for (const ContainerId& id : heartbeat->completions_recorded) checker.CompletionRecorded(id);
  }
}

void SimResourceManager::OnStored(const SimStore::Answer& answer) {
  if (!up()) return;
  if (!answer.status.ok()) {
    held_.clear();
    Step(rm::StoreFailed{answer.status.error()});
    return;
  }
  committed_ = answer.sequence;
  // A shell may do these two in either order.
  const uint64_t incarnation = incarnation_;
  const bool release_first = world_.random.Chance(1, 2);
  if (release_first) ReleaseHeld();
  if (incarnation == incarnation_) Step(rm::RecordsCommitted{answer.sequence});
  if (incarnation == incarnation_) ReleaseHeld();
}

void SimResourceManager::ReleaseHeld() {
  while (!held_.empty() && held_.begin()->first <= committed_) {
    const std::vector<rm::Action> actions = std::move(held_.begin()->second);
    held_.erase(held_.begin());
    for (const rm::Action& action : actions) {
      if (world_.faults.CrashResourceManager()) return Crash();
      Perform(action);
    }
  }
}

void SimResourceManager::ArmDeadline() {
  const Instant next = clock_.Global(core_->NextDeadline());
  if (next == kNever || (armed_ > world_.queue.now() && armed_ <= next)) return;
  armed_ = std::max(next, world_.queue.now());
  world_.queue.At(armed_, [this, incarnation = incarnation_] {
    if (incarnation != incarnation_ || !up()) return;
    armed_ = kNever;
    if (clock_.Global(core_->NextDeadline()) > world_.queue.now()) return ArmDeadline();
    world_.trace.Line(kName, "a deadline");
    Step(rm::DeadlineReached{});
  });
}

void SimResourceManager::NoteIgnored() {
  if (!up()) return;
  for (const rm::IgnoredPair& pair : core_->ignored()) {
    world_.coverage.Hit(pair.machine, pair.state, pair.event);
  }
}

}  // namespace weir::simulation
