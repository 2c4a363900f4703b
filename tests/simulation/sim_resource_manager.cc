#include "tests/simulation/sim_resource_manager.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "tests/simulation/sim_administrator.h"
#include "tests/simulation/sim_node.h"

namespace weir::simulation {
namespace {

constexpr Duration kConfirmPeriod = milliseconds(500);
constexpr Duration kFollowPeriod = milliseconds(600);
constexpr Duration kAskPatience = milliseconds(700);

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

SimResourceManager::SimResourceManager(World& world, size_t index)
    : world_(world),
      name_(world.several ? "rm-" + std::to_string(index + 1) : "rm"),
      process_(world.queue),
      clock_(world),
      own_writer_(world.several ? std::make_unique<ZookeeperWriter>(world, process_, name_)
                                : nullptr),
      writer_(world.several ? static_cast<RecordWriter&>(*own_writer_) : world.store) {
  if (!world.several) return;
  election_ = std::make_unique<SimElection>(world, process_, name_, [this] { Reconcile(); });
}

SimResourceManager::~SimResourceManager() = default;

void SimResourceManager::Boot() {
  process_.BeginNext();
  clock_ = SimClock(world_);
  running_ = true;
  ++listening_;
  if (election_ == nullptr) return BecomeActive();
  world_.trace.Line(name_, "starts");
  election_->Begin();
  BeginFollowing();
  Reconcile();
}

void SimResourceManager::BeginFollowing() {
  ++following_;
  const uint64_t seed = world_.seed * 1'000'003 + listening_;
  standby_ = std::make_unique<SimStandby>(world_.records, Options(world_.workload), seed);
  FollowOn(following_);
}

void SimResourceManager::FollowOn(uint64_t following) {
  if (following != following_ || standby_ == nullptr) return;
  standby_->Look();
  process_.After(kFollowPeriod, [this, following] { FollowOn(following); });
}

void SimResourceManager::BecomeActive() {
  opening_ = true;
  ++term_;
  asked_ = clock_.At(world_.queue.now()).monotonic;
  writer_.Open(ToMillis(clock_.At(world_.queue.now()).wall),
               {.opened =
                    [this](Result<RecordWriter::Opened> opened) {
                      opening_ = false;
                      if (opened.ok()) return OnOpened(*std::move(opened));
                      world_.trace.Line(name_, "cannot become active: " + opened.error().message);
                      StepDown();
                    },
                .done =
                    [this, term = term_](const RecordWriter::Answer& answer) {
                      process_.Run([this, term, answer] {
                        if (term == term_) OnStored(answer);
                      });
                    }});
}

void SimResourceManager::OnOpened(RecordWriter::Opened opened) {
  const Now now = clock_.At(world_.queue.now());
  epoch_ = opened.epoch;
  world_.trace.Line(name_, "starts under epoch " + std::to_string(epoch_.epoch.value));
  world_.faults.Count(Fault::kTakeover);
  committed_ = 0;
  armed_ = kNever;
  stepping_down_ = false;
  ++listening_;
  world_.checker.ResourceManagerBegan();
  for (SimNode* node : world_.nodes) node->HeardByResourceManager();
  rm::CoreOptions options = Options(world_.workload);
  const std::unique_ptr<SimStandby> standby = std::move(standby_);
  bool as_stored = true;
  if (world_.loses_queues && world_.faults.active() && world_.random.Chance(1, 2)) {
    world_.trace.Line(name_, "finds no stored queues");
    as_stored = false;
    options.local_queues = SimOneQueue();
    std::erase_if(opened.records, [](const store::Record& record) {
      return std::holds_alternative<store::QueueConfigurationRecord>(record);
    });
  }
  if (election_ != nullptr) {
    election_->Started();
    options.leadership = {.shared = true,
                          .others = world_.resource_managers.size() - 1,
                          .period = kConfirmPeriod,
                          .since = asked_};
  }
  core_ = standby != nullptr && as_stored
              ? standby->Lead(epoch_, options.leadership, now)
              : std::make_unique<rm::ResourceManagerCore>(options, epoch_, opened.records, now);
  Execute(core_->Start(now));
}

void SimResourceManager::StopBeingActive() {
  NoteIgnored();
  ++term_;
  ++listening_;
  opening_ = false;
  core_.reset();
  held_.clear();
  writer_.Crash();
  // Some peers see the connection break, others have to find out by themselves.
  for (const auto& [number, call] : std::exchange(calls_, {})) {
    if (world_.random.Chance(1, 2)) {
      call.reply(Error{ErrorCode::kUnavailable, "the connection to the RM broke", ""});
    }
  }
}

void SimResourceManager::Crash() {
  if (!up()) return;
  world_.trace.Line(name_, "dies");
  running_ = false;
  process_.BeginNext();
  if (election_ != nullptr) election_->End();
  StopBeingActive();
  ++following_;
  standby_.reset();
  world_.queue.After(world_.faults.RestartDelay(), [this] { Boot(); });
}

// Alone its process ends, and whoever supervises it starts it again.
void SimResourceManager::StepDown() {
  if (election_ == nullptr) return Crash();
  election_->Ended();
  Reconcile();
}

void SimResourceManager::Reconcile() {
  if (!running_ || election_ == nullptr) return;
  const bool active = core_ != nullptr || opening_;
  if (election_->to_be_active() == active) return;
  if (!active) return BecomeActive();
  world_.trace.Line(name_, "becomes standby");
  StopBeingActive();
  BeginFollowing();
}

void SimResourceManager::StopFor(Duration time) {
  if (!running_) return;
  world_.trace.Line(name_, "is stopped for " + std::to_string(ToMillis(time)) + " ms");
  process_.StopUntil(world_.queue.now() + time);
}

bool SimResourceManager::IsNewest() const {
  return !world_.several || epoch_.epoch == world_.records.epoch();
}

void SimResourceManager::NoteHeard(const NodeId& id) {
  if (!IsNewest()) return;
  for (SimNode* node : world_.nodes) {
    if (id.uuid == "uuid-" + node->name()) node->HeardByResourceManager();
  }
}

uint64_t SimResourceManager::Receive(const rm::Event& request, const ReplyTo& reply) {
  const uint64_t number = next_call_++;
  process_.Run([this, number, request, reply] { Handle(number, request, reply); });
  return number;
}

void SimResourceManager::Handle(uint64_t number, const rm::Event& request, const ReplyTo& reply) {
  if (core_ == nullptr) {
    return reply(Error{ErrorCode::kNotActive, name_ + " is not active", ""});
  }
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
  if (const auto* poll = std::get_if<rm::Allocate>(&request)) {
    world_.checker.Released(epoch_.epoch, poll->attempt, poll->request.releases);
  }
  std::visit(
      [&call](const auto& e) {
        if constexpr (requires { e.attempt; }) call.attempt = e.attempt;
      },
      request);
  rm::Event event = request;
  if (const auto* watch = std::get_if<rm::WatchApplication>(&request)) call.watched = watch->id;
  SetCall(event, {number});
  Step(event);
}

void SimResourceManager::Abandon(uint64_t number) {
  process_.Run([this, number] {
    if (core_ == nullptr || calls_.erase(number) == 0) return;
    Step(rm::CallAbandoned{.call = {number}});
  });
}

ApplicationId SimResourceManager::GuessNextId() const {
  const int64_t submitted = core_ != nullptr ? core_->Summary().applications_submitted : 0;
  return {epoch_.cluster_timestamp, static_cast<int32_t>(submitted) + 1};
}

void SimResourceManager::Step(const rm::Event& event) {
  const Now now = clock_.At(world_.queue.now());
  Execute(core_->Step(event, now));
}

void SimResourceManager::Execute(rm::Actions actions) {
  const uint64_t term = term_;
  for (const rm::Action& action : actions) {
    if (world_.faults.CrashResourceManager()) return Crash();
    if (action.after_record > committed_) {
      held_[action.after_record].push_back(action);
    } else {
      Perform(action);
    }
    if (term != term_) return;
    if (world_.faults.CrashAfterwards(Fault::kRmCrash)) return Crash();
  }
  if (stepping_down_) return StepDown();
  world_.checker.AfterResourceManagerStep(*core_, clock_.At(world_.queue.now()), IsNewest());
  ArmDeadline();
}

void SimResourceManager::Perform(const rm::Action& action) {
  if (const auto* reply = std::get_if<rm::Reply>(&action.body)) {
    Perform(*reply);
  } else if (const auto* append = std::get_if<rm::Append>(&action.body)) {
    world_.trace.Line(name_, "appends " + std::to_string(append->sequence));
    writer_.Append(append->sequence, append->batch);
  } else if (const auto* transition = std::get_if<rm::Transitioned>(&action.body)) {
    world_.coverage.Hit(transition->machine, transition->from, transition->event);
    if (transition->machine == "node" && transition->event == "EXPIRE" && IsNewest()) {
      world_.checker.NodeExpired(clock_.At(world_.queue.now()).monotonic, world_.nodes.size());
    }
    world_.trace.Line(name_,
                      transition->subject.ToString() + " " + std::string(transition->from) + " -" +
                          std::string(transition->event) + "-> " + std::string(transition->to));
  } else if (const auto* invalid = std::get_if<rm::InvalidEvent>(&action.body)) {
    world_.checker.Fail("RM: invalid event " + std::string(invalid->event) + " in state " +
                        std::string(invalid->state) + " of " + invalid->subject.ToString());
  } else if (const auto* note = std::get_if<rm::Noted>(&action.body)) {
    const bool held = note->warning && note->message.find(" held in ") != std::string::npos;
    if (held) world_.faults.Count(Fault::kLostQueue);
  } else if (const auto* question = std::get_if<rm::ConfirmLeadership>(&action.body)) {
    Confirm(*question);
  } else if (const auto* step_down = std::get_if<rm::StepDown>(&action.body)) {
    world_.trace.Line(name_, "steps down: " + step_down->error.message);
    stepping_down_ = true;
  }
}

void SimResourceManager::Perform(const rm::Reply& reply) {
  auto found = calls_.extract(reply.call.value);
  if (found.empty()) return;  // its caller went away
  const PendingCall& call = found.mapped();
  world_.trace.Line(
      name_,
      "answers call " + std::to_string(reply.call.value) + call.who + ": " + Summary(reply.answer));
  Check(call, reply.answer);
  call.reply(reply.answer);
}

void SimResourceManager::Check(const PendingCall& call, const Answer& answer) {
  InvariantChecker& checker = world_.checker;
  const auto* error = std::get_if<Error>(&answer);
  if (error != nullptr && error->code == ErrorCode::kNotFound && call.watched.sequence != 0 &&
      IsNewest()) {
    checker.Fail(call.watched.ToString() + " was acknowledged and is not found");
  }
  if (const auto* id = std::get_if<ApplicationId>(&answer)) checker.Acknowledged(call.key, *id);
  if (const auto* report = std::get_if<ApplicationReport>(&answer); report && IsNewest()) {
    checker.Reported(*report);
  }
  const bool heard = std::holds_alternative<RegisterMasterAnswer>(answer) ||
                     std::holds_alternative<AllocateAnswer>(answer);
  // What one grants that has been deposed is refused by all nodes that know it.
  if (heard && IsNewest()) {
    checker.Accepted(call.attempt);
  }
  if (std::holds_alternative<RegisterMasterAnswer>(answer)) {
    checker.Registered(epoch_.epoch, call.attempt);
  }
  if (const auto* poll = std::get_if<AllocateAnswer>(&answer)) checker.Polled(call.attempt, *poll);
  if (const auto* heartbeat = std::get_if<NodeHeartbeatAnswer>(&answer)) {
    for (const StartContainerCommand& command : heartbeat->start) checker.StartTold(command);
    for (const ContainerId& id : heartbeat->completions_recorded) checker.CompletionRecorded(id);
  }
}

// Answers come in steps of their own, as those of a store and a network do.
void SimResourceManager::Confirm(const rm::ConfirmLeadership& question) {
  writer_.Confirm([this, term = term_, round = question.round](bool ours) {
    process_.After(Duration(0), [this, term, round, ours] {
      if (term == term_ && core_ != nullptr) Step(rm::StoreSaid{round, ours});
    });
  });
  if (!question.ask_others) return;
  size_t other = 0;
  for (SimResourceManager* rm : world_.resource_managers) {
    if (rm != this) AskOther(question.round, other++, *rm);
  }
}

void SimResourceManager::AskOther(uint64_t round, size_t other, SimResourceManager& rm) {
  const Network::Route route{
      .from = name_, .to = rm.name(), .what = "role?", .time_limit = kAskPatience};
  const auto said = [this, term = term_, round, other](const RoleDesk::Answer& answer) {
    std::optional<Epoch> active;
    if (const auto* epoch = std::get_if<Epoch>(&answer)) active = *epoch;
    // Nobody listens there.
    const auto* error = std::get_if<Error>(&answer);
    if (error != nullptr && error->code == ErrorCode::kUnavailable) active = Epoch{};
    process_.Run([this, term, round, other, active] {
      if (term == term_ && core_ != nullptr) Step(rm::OtherSaid{round, other, active});
    });
  };
  world_.network.Call<RoleDesk::Answer>(route, rm.role_desk(), Nothing{}, said);
}

uint64_t SimResourceManager::RoleDesk::Receive(const Nothing&,
                                               const std::function<void(const Answer&)>& reply) {
  rm.process_.Run([this, reply] { reply(rm.core_ == nullptr ? Epoch{} : rm.epoch()); });
  return 0;
}

void SimResourceManager::OnStored(const RecordWriter::Answer& answer) {
  if (core_ == nullptr) return;
  if (!answer.status.ok()) {
    held_.clear();
    Step(rm::StoreFailed{answer.status.error()});
    return;
  }
  committed_ = answer.sequence;
  // A shell may do these two in either order.
  const uint64_t term = term_;
  const bool release_first = world_.random.Chance(1, 2);
  if (release_first) ReleaseHeld();
  if (term == term_) Step(rm::RecordsCommitted{answer.sequence});
  if (term == term_) ReleaseHeld();
}

void SimResourceManager::ReleaseHeld() {
  const uint64_t term = term_;
  while (!held_.empty() && held_.begin()->first <= committed_) {
    const std::vector<rm::Action> actions = std::move(held_.begin()->second);
    held_.erase(held_.begin());
    for (const rm::Action& action : actions) {
      if (world_.faults.CrashResourceManager()) return Crash();
      Perform(action);
      if (term != term_) return;
    }
  }
}

void SimResourceManager::ArmDeadline() {
  const Instant next = clock_.Global(core_->NextDeadline());
  if (next == kNever || (armed_ > world_.queue.now() && armed_ <= next)) return;
  armed_ = std::max(next, world_.queue.now());
  process_.At(armed_, [this, term = term_] {
    if (term != term_ || core_ == nullptr) return;
    armed_ = kNever;
    if (clock_.Global(core_->NextDeadline()) > world_.queue.now()) return ArmDeadline();
    world_.trace.Line(name_, "a deadline");
    Step(rm::DeadlineReached{});
  });
}

void SimResourceManager::NoteIgnored() {
  if (core_ == nullptr) return;
  for (const rm::IgnoredPair& pair : core_->ignored()) {
    world_.coverage.Hit(pair.machine, pair.state, pair.event);
  }
}

SimResourceManager* World::Active() const {
  SimResourceManager* active = nullptr;
  for (SimResourceManager* one : resource_managers) {
    if (one->core() == nullptr) continue;
    if (active == nullptr || one->epoch() > active->epoch()) active = one;
  }
  return active;
}

ApplicationId World::GuessNextId() const {
  const SimResourceManager* active = Active();
  return (active != nullptr ? active : resource_managers.front())->GuessNextId();
}

void CallResourceManager(World& world,
                         const std::string& peer,
                         Network::Route route,
                         const rm::Event& event,
                         std::function<void(const SimResourceManager::Answer&)> done) {
  size_t& chosen = world.chosen[peer];
  SimResourceManager& rm = *world.resource_managers[chosen];
  route.to = rm.name();
  world.network.Call<SimResourceManager::Answer>(
      route,
      rm,
      event,
      [&world, &chosen, tried = chosen, done = std::move(done)](
          const SimResourceManager::Answer& answer) {
        const auto* error = std::get_if<Error>(&answer);
        const bool elsewhere = error != nullptr && (error->code == ErrorCode::kUnavailable ||
                                                    error->code == ErrorCode::kDeadlineExceeded ||
                                                    error->code == ErrorCode::kNotActive);
        if (elsewhere && chosen == tried) chosen = (tried + 1) % world.resource_managers.size();
        done(answer);
      });
}

}  // namespace weir::simulation
