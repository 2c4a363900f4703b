#include "tests/simulation/sim_master.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "tests/simulation/sim_node.h"
#include "tests/simulation/sim_resource_manager.h"

namespace weir::simulation {
namespace {

am::MasterProtocolOptions Options() {
  return {.park = seconds(2),
          .backoff_first = milliseconds(50),
          .backoff_most = seconds(1),
          .lost_after = seconds(20)};
}

SimNode* FindNode(World& world, const std::string& host) {
  for (SimNode* node : world.nodes) {
    if (node->name() == host) return node;
  }
  return nullptr;
}

}  // namespace

SimMaster::SimMaster(World& world,
                     const ContainerId& container,
                     const std::string& host,
                     const ApplicationPlan& plan,
                     Exit exit)
    : world_(world),
      container_(container),
      host_(host),
      plan_(plan),
      exit_(std::move(exit)),
      protocol_(Options()) {
  Later(milliseconds(1), [this] {
    if (plan_.behavior == MasterBehavior::kNeverRegisters) return;
    protocol_.Start(world_.queue.now());
    Ask();
    Pump();
    MaybeFinish();
  });
  const Duration lifetime = world_.Between(milliseconds(50), seconds(10));
  if (plan_.behavior == MasterBehavior::kExitsSilently) Later(lifetime, [this] { End(0); });
  if (plan_.behavior == MasterBehavior::kCrashes) Later(lifetime, [this] { End(1); });
  if (plan_.behavior == MasterBehavior::kFallsSilent) {
    Later(lifetime, [this] { silent_ = true; });
  }
  if (plan_.behavior == MasterBehavior::kReleasesSome ||
      plan_.behavior == MasterBehavior::kStartsLate) {
    Later(lifetime, [this] { ReleaseOne(); });
  }
}

SimMaster::~SimMaster() {
  *alive_ = false;
}

void SimMaster::Stop() {
  *alive_ = false;
}

void SimMaster::Later(Duration delay, std::function<void()> action) {
  world_.queue.After(delay, [alive = alive_, action = std::move(action)] {
    if (*alive) action();
  });
}

void SimMaster::End(int code) {
  if (!std::exchange(*alive_, false)) return;
  // The owner learns of it from its own event: it may not destroy this in the midst of a call.
  world_.queue.After(microseconds(1), [exit = exit_, code] { exit(code); });
}

void SimMaster::Pump() {
  if (silent_) return;
  while (*alive_) {
    if (world_.faults.CrashMaster()) return End(1);
    const std::optional<am::MasterCall> call = protocol_.Next(world_.queue.now());
    if (!call) break;
    Dispatch(*call);
    if (*alive_ && world_.faults.CrashAfterwards(Fault::kAmCrash)) return End(1);
  }
  if (*alive_ && protocol_.Lost(world_.queue.now())) End(1);
  ArmTimer();
}

void SimMaster::ArmTimer() {
  const Instant now = world_.queue.now();
  const Instant next = std::min(protocol_.NextDeadline(), now + seconds(1));
  if (armed_ > now && armed_ <= next) return;
  armed_ = std::max(next, now + microseconds(1));
  Later(armed_ - now, [this] {
    armed_ = kNever;
    Pump();
  });
}

void SimMaster::Dispatch(const am::MasterCall& call) {
  const AttemptId attempt = container_.attempt;
  rm::Event event;
  Network::Route route{.from = host_, .to = "", .what = ""};
  switch (call.kind) {
    case am::MasterCall::Kind::kRegister:
      event = rm::RegisterMaster{.call = {},
                                 .attempt = attempt,
                                 .request = {.rpc_address = {.host = host_, .port = 7000},
                                             .tracking_url = "",
                                             .containers = Held(),
                                             .again = registered_}};
      route.what = attempt.ToString() + " registers";
      route.time_limit = seconds(3);
      break;
    case am::MasterCall::Kind::kAllocate:
      event = rm::Allocate{.call = {}, .attempt = attempt, .request = call.allocate};
      route.what = attempt.ToString() + " allocate " + std::to_string(call.allocate.sequence);
      route.time_limit = call.allocate.park + seconds(2);
      break;
    case am::MasterCall::Kind::kFinish:
      event = rm::FinishMaster{.call = {}, .attempt = attempt, .request = call.finish};
      route.what = attempt.ToString() + " finishes";
      route.time_limit = seconds(3);
      break;
  }
  CallResourceManager(world_,
                      container_.ToString(),
                      route,
                      event,
                      [this, alive = alive_, call](const RmAnswer& answer) {
                        if (*alive && !silent_) OnAnswer(call, answer);
                      });
}

std::vector<HeldContainer> SimMaster::Held() const {
  std::vector<HeldContainer> held;
  for (const auto& [id, worker] : workers_) {
    if (!worker.released) held.push_back({.id = id, .node = worker.grant.token.node});
  }
  return held;
}

void SimMaster::OnAnswer(const am::MasterCall& call, const RmAnswer& answer) {
  const Instant now = world_.queue.now();
  if (const auto* error = std::get_if<Error>(&answer)) {
    if (protocol_.OnError(call.lane, *error, now) == am::MasterErrorMeaning::kRejected) {
      world_.trace.Line(host_, container_.attempt.ToString() + " is rejected");
      return End(1);
    }
  } else if (call.kind == am::MasterCall::Kind::kRegister) {
    protocol_.OnRegistered(call.lane, now);
    registered_ = true;
    Inherit(std::get<RegisterMasterAnswer>(answer).containers);
    for (const auto& [id, worker] : workers_) {
      if (worker.released) protocol_.Release(id);
    }
  } else if (call.kind == am::MasterCall::Kind::kAllocate) {
    OnAllocated(std::get<AllocateAnswer>(answer), call.lane);
  } else {
    protocol_.OnFinished(call.lane, now);
    if (plan_.behavior != MasterBehavior::kLingers) {
      Later(world_.Between(Duration(0), milliseconds(200)), [this] { End(0); });
    }
    return;
  }
  if (*alive_) Pump();
}

void SimMaster::OnAllocated(const AllocateAnswer& answer, int lane) {
  Inherit(answer.inherited);
  std::vector<int64_t> requests;
  std::vector<ContainerId> fresh;
  for (const ContainerGrant& grant : answer.granted) {
    requests.push_back(grant.request_id);
    const ContainerId id = grant.token.id;
    if (completed_.contains(id)) continue;
    if (workers_.emplace(id, Worker{.grant = grant}).second) fresh.push_back(id);
  }
  protocol_.OnAllocated(lane, requests, world_.queue.now());
  for (const ContainerId& id : fresh) {
    if (plan_.behavior != MasterBehavior::kStartsLate || world_.random.Chance(1, 3)) {
      StartWorker(id);
      continue;
    }
    Later(world_.Between(Duration(0), seconds(45)), [this, id] {
      if (workers_.contains(id)) StartWorker(id);
    });
  }
  for (const SizeNotice& notice : answer.sizes) OnSize(notice);
  for (const ContainerStatus& status : answer.completed) OnCompleted(status);
  Ask();
  AskSize();
  MaybeFinish();
}

void SimMaster::Inherit(const std::vector<ContainerGrant>& containers) {
  for (const ContainerGrant& grant : containers) {
    const ContainerId& id = grant.token.id;
    const bool earlier = id.attempt.number < container_.attempt.number;
    if (!plan_.context.keep_containers || !earlier || id.is_application_master()) {
      world_.checker.Fail(container_.attempt.ToString() + " inherits " + id.ToString());
    }
    if (completed_.contains(id)) continue;
    if (!workers_.emplace(id, Worker{.grant = grant}).second) continue;
    world_.trace.Line(host_, container_.attempt.ToString() + " inherits " + id.ToString());
  }
}

void SimMaster::OnCompleted(const ContainerStatus& status) {
  protocol_.OnEnded(status.id);
  if (!completed_.insert(status.id).second) return;  // told again
  const auto known = workers_.find(status.id);
  if (known == workers_.end()) {
    protocol_.ResendAsks();
    return;
  }
  if (status.exit_code == exit_code::kPreempted) {
    world_.trace.Line(host_, "loses " + status.id.ToString() + " to others");
  }
  const bool released = known->second.released;
  workers_.erase(known);
  if (status.exit_code == exit_code::kSuccess) {
    ++succeeded_;
  } else if (!released && status.exit_code != exit_code::kPreempted) {
    ++failed_;
  }
}

void SimMaster::Ask() {
  if (finishing_) return;
  const auto live = static_cast<int32_t>(workers_.size());
  const int32_t wanted = std::max(0, plan_.workers - succeeded_ - live);
  if (protocol_.Outstanding(kWorkerRequest) == wanted) return;
  protocol_.SetAsk({.request_id = kWorkerRequest,
                    .priority = 1,
                    .count = wanted,
                    .resource = plan_.worker_resource,
                    .gang = plan_.gang});
}

void SimMaster::OnSize(const SizeNotice& notice) {
  if (notice.asked) protocol_.OnSizeAnswered(notice.container);
  world_.trace.Line(host_,
                    notice.container.ToString() + " has " + notice.resource.ToString() +
                        (notice.refusal ? ": " + notice.refusal->ToString() : ""));
  if (!notice.asked && notice.refusal) world_.checker.Fail("a refusal of what nobody asked for");
}

// In the runs in which owners do the same.
void SimMaster::AskSize() {
  if (world_.workload.owner_commands == 0 || finishing_ || workers_.empty()) return;
  if (!world_.random.Chance(1, 4)) return;
  const auto& [id, worker] =
      *std::next(workers_.begin(), static_cast<int64_t>(world_.random.Below(workers_.size())));
  Resource size = worker.grant.token.resource;
  size.memory_mib = 512 * world_.random.Between(1, 8);
  protocol_.SetSize({.container = id, .resource = size});
}

void SimMaster::StartWorker(const ContainerId& id) {
  Worker& worker = workers_.at(id);
  ++worker.tries;
  const ContainerGrant& grant = worker.grant;
  LaunchContext launch;
  launch.command = {"simulated-worker",
                    std::to_string(ToMillis(plan_.worker_time)),
                    std::to_string(plan_.worker_failures)};
  launch.on_lease_end = plan_.context.am_launch.on_lease_end;
  launch.retry = plan_.worker_retry;
  SimNode* node = FindNode(world_, grant.node_address.host);
  if (node == nullptr) return world_.checker.Fail("a grant on no node");
  world_.network.Call<SimNode::Answer>(
      {.from = host_,
       .to = node->name(),
       .what = "start " + id.ToString(),
       .time_limit = seconds(2)},
      *node,
      nm::Event(nm::StartContainer{
          .call = {}, .attempt = container_.attempt, .token = grant.token, .launch = launch}),
      [this, alive = alive_, id](const SimNode::Answer& answer) {
        const auto* error = std::get_if<Error>(&answer);
        if (*alive && error != nullptr) OnStartFailed(id, *error);
      });
}

void SimMaster::OnStartFailed(const ContainerId& id, const Error& error) {
  const auto found = workers_.find(id);
  if (found == workers_.end() || found->second.released) return;
  const bool transport =
      error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
  if (transport && found->second.tries < kStartTries) {
    Later(world_.Between(milliseconds(50), seconds(1)), [this, id] {
      if (workers_.contains(id)) StartWorker(id);
    });
    return;
  }
  world_.trace.Line(host_, "gives up starting " + id.ToString() + ": " + error.message);
  found->second.released = true;
  protocol_.Release(id);
  Pump();
}

void SimMaster::ReleaseOne() {
  for (auto& [id, worker] : workers_) {
    if (worker.released || world_.random.Chance(1, 2)) continue;
    worker.released = true;
    protocol_.Release(id);
    Pump();
    break;
  }
  if (*alive_ && !finishing_) {
    Later(world_.Between(milliseconds(500), seconds(10)), [this] { ReleaseOne(); });
  }
}

void SimMaster::MaybeFinish() {
  if (finishing_ || plan_.behavior == MasterBehavior::kServes) return;
  const bool gives_up = failed_ >= kFailuresMax;
  if (!gives_up && succeeded_ < plan_.workers) return;
  finishing_ = true;
  const bool fails = gives_up || plan_.behavior == MasterBehavior::kTellsFailure;
  protocol_.Finish({.final_status = fails ? FinalStatus::kFailed : FinalStatus::kSucceeded,
                    .diagnostics = fails ? "as planned" : "",
                    .tracking_url = ""});
  Pump();
}

}  // namespace weir::simulation
