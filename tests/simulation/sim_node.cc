#include "tests/simulation/sim_node.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/simulation/sim_resource_manager.h"

namespace weir::simulation {
namespace {

constexpr int kSigterm = 15;
constexpr int kSigkill = 9;

void SetCall(nm::Event& event, nm::CallId call) {
  std::visit(
      [call](auto& e) {
        if constexpr (requires { e.call; }) e.call = call;
      },
      event);
}

}  // namespace

SimNode::SimNode(World& world, size_t index)
    : world_(world),
      index_(index),
      name_("node-" + std::to_string(index)),
      clock_(world),
      process_(world.queue) {}

SimNode::~SimNode() = default;

nm::CoreOptions SimNode::Options() const {
  nm::CoreOptions options;
  options.id = {"uuid-" + name_};
  options.address = {.host = name_, .port = 45454};
  options.http_address = name_ + ":8042";
  options.capacity = world_.workload.nodes[index_].capacity;
  options.park = seconds(2);
  // Over within a run: a cluster of one node would wait for it to the end.
  options.health.suspicion = seconds(30);
  options.process = ToMillis(clock_.At(world_.queue.now()).wall);
  options.seed = world_.seed * 100 + index_ + process_.incarnation() * 10'000;
  return options;
}

void SimNode::Boot() {
  world_.trace.Line(name_, "starts");
  process_.BeginNext();
  armed_ = kNever;
  const Now now = clock_.At(world_.queue.now());
  core_ = std::make_unique<nm::NodeManagerCore>(Options(), Recover(), now);
  Execute(core_->Start(now));
}

void SimNode::Crash(Death death) {
  if (!up()) return;
  world_.trace.Line(name_, death == Death::kMachine ? "dies with its machine" : "dies");
  NoteIgnored();
  // Written and not yet told, or not yet written, or the first of them.
  if (world_.random.Chance(1, 2)) WriteNow();
  const size_t torn = world_.faults.TearRecords(unwritten_.size());
  for (size_t i = 0; i < torn; ++i) Write(unwritten_[i]);
  unwritten_.clear();
  writing_ = false;
  if (death == Death::kMachine) LoseMachine();
  process_.BeginNext();
  core_.reset();
  localizing_.clear();
  for (const auto& [number, reply] : std::exchange(calls_, {})) {
    if (world_.random.Chance(1, 2)) {
      reply(Error{ErrorCode::kUnavailable, "the connection to " + name_ + " broke", ""});
    }
  }
  world_.queue.After(world_.faults.RestartDelay(), [this] { Boot(); });
}

uint64_t SimNode::Receive(const nm::Event& request, const ReplyTo& reply) {
  const uint64_t number = next_call_++;
  calls_[number] = reply;
  nm::Event event = request;
  SetCall(event, {number});
  process_.Run([this, event = std::move(event)] { Step(event); });
  return number;
}

void SimNode::Abandon(uint64_t number) {
  process_.Run([this, number] {
    if (!up() || calls_.erase(number) == 0) return;
    Step(nm::CallAbandoned{.call = {number}});
  });
}

void SimNode::StopFor(Duration time) {
  if (!up()) return;
  world_.trace.Line(name_, "is stopped for " + std::to_string(ToMillis(time)) + " ms");
  process_.StopUntil(world_.queue.now() + time);
}

void SimNode::ShutDown() {
  if (!up()) return;
  process_.Run([this] {
    if (up()) Step(nm::ShutDown{.keep_containers = world_.random.Chance(1, 2)});
  });
}

void SimNode::SetHealthy(bool healthy) {
  if (!up()) return;
  using End = nm::ScriptResult::End;
  process_.Run([this, healthy] {
    const End end = healthy ? End::kGood : End::kError;
    if (up()) Step(nm::HealthScriptRan{{"plan", end, "ERROR as planned"}});
  });
}

std::string SimNode::Holds() const {
  if (!up()) return "nobody knows what: it is down";
  if (!processes_.empty()) return "the process of " + processes_.begin()->first.ToString();
  if (!notes_.empty()) return "the notes of " + notes_.begin()->first.ToString();
  for (const auto& one : core_->Containers()) {
    return one.status.id.ToString() + " in state " + std::string(nm::StateName(one.state));
  }
  return "";
}

void SimNode::Step(const nm::Event& event) {
  Execute(core_->Step(event, clock_.At(world_.queue.now())));
}

void SimNode::Execute(const nm::Actions& actions) {
  const uint64_t incarnation = process_.incarnation();
  for (const nm::Action& action : actions) {
    if (world_.faults.CrashNodeManager()) {
      if (!world_.random.Chance(1, 6)) return Crash();
      world_.faults.Count(Fault::kMachineDeath);
      return Crash(Death::kMachine);
    }
    Perform(action);
    if (incarnation != process_.incarnation()) return;
    if (world_.faults.CrashAfterwards(Fault::kNmCrash)) return Crash();
  }
  if (const std::string fault = core_->CheckInvariants(); !fault.empty()) {
    world_.checker.Fail(name_ + ": " + fault);
  }
  ArmDeadline();
}

void SimNode::Perform(const nm::Action& action) {
  if (const auto* reply = std::get_if<nm::Reply>(&action)) {
    Reply(*reply);
  } else if (const auto* transition = std::get_if<nm::Transitioned>(&action)) {
    world_.coverage.Hit("nm container", transition->from, transition->event);
    world_.trace.Line(name_,
                      transition->id.ToString() + " " + std::string(transition->from) + " -" +
                          std::string(transition->event) + "-> " + std::string(transition->to));
  } else if (const auto* invalid = std::get_if<nm::InvalidEvent>(&action)) {
    world_.checker.Fail(name_ + ": invalid event " + std::string(invalid->event) + " in state " +
                        std::string(invalid->state) + " of " + invalid->id.ToString());
  } else if (const auto* changed = std::get_if<nm::ConversationChanged>(&action)) {
    world_.trace.Line(name_, changed->what);
    if (changed->what.starts_with("the lease ends")) world_.faults.Count(Fault::kLeaseEnd);
  } else if (std::holds_alternative<nm::Stopped>(action)) {
    world_.trace.Line(name_, "has shut down");
    NoteIgnored();
    WriteNow();
    writing_ = false;
    process_.BeginNext();
    core_.reset();
    calls_.clear();
    world_.queue.After(world_.faults.RestartDelay(), [this] { Boot(); });
  } else {
    SendToResourceManager(action);
    PerformExecutor(action);
  }
}

void SimNode::Reply(const nm::Reply& reply) {
  auto found = calls_.extract(reply.call.value);
  if (!found.empty()) found.mapped()(reply.answer);
}

void SimNode::SendToResourceManager(const nm::Action& action) {
  using RmAnswer = SimResourceManager::Answer;
  const uint64_t incarnation = process_.incarnation();
  Network::Route route{.from = name_, .to = "", .what = ""};
  const auto call = [&](const rm::Event& event,
                        const std::function<nm::Event(const RmAnswer&)>& translate) {
    CallResourceManager(
        world_, name_, route, event, [this, incarnation, translate](const RmAnswer& answer) {
          if (incarnation != process_.incarnation()) return;
          process_.Run([this, translate, answer] {
            if (up()) Step(translate(answer));
          });
        });
  };
  if (const auto* registration = std::get_if<nm::SendRegister>(&action)) {
    route.what = "register";
    route.time_limit = seconds(3);
    call(rm::RegisterNode{.call = {}, .request = registration->request},
         [](const RmAnswer& answer) -> nm::Event {
           if (const auto* ok = std::get_if<RegisterNodeAnswer>(&answer)) {
             return nm::Registered{*ok};
           }
           return nm::RegistrationFailed{std::get<Error>(answer)};
         });
  } else if (const auto* heartbeat = std::get_if<nm::SendHeartbeat>(&action)) {
    const NodeHeartbeatRequest& request = heartbeat->request;
    const int64_t session = request.session;
    const int64_t sequence = request.sequence;
    route.what = "heartbeat " + std::to_string(sequence);
    route.time_limit = request.park + seconds(2);
    call(rm::NodeHeartbeat{.call = {}, .node = {"uuid-" + name_}, .request = request},
         [session, sequence](const RmAnswer& answer) -> nm::Event {
           if (const auto* ok = std::get_if<NodeHeartbeatAnswer>(&answer)) {
             return nm::HeartbeatAnswered{.session = session, .sequence = sequence, .answer = *ok};
           }
           return nm::HeartbeatFailed{
               .session = session, .sequence = sequence, .error = std::get<Error>(answer)};
         });
  } else if (const auto* leave = std::get_if<nm::SendUnregister>(&action)) {
    route.what = "unregister";
    route.time_limit = seconds(3);
    call(rm::UnregisterNode{.call = {}, .node = {"uuid-" + name_}, .session = leave->session},
         [](const RmAnswer&) -> nm::Event { return nm::Unregistered{}; });
  }
}

void SimNode::PerformExecutor(const nm::Action& action) {
  if (const auto* keep = std::get_if<nm::KeepRecord>(&action)) {
    Keep(keep->sequence, nm::KeyOf(keep->record), keep->record);
  } else if (const auto* drop = std::get_if<nm::DropRecord>(&action)) {
    Keep(drop->sequence, drop->key, std::nullopt);
  } else if (const auto* localize = std::get_if<nm::Localize>(&action)) {
    Localize(*localize);
  } else if (const auto* call_off = std::get_if<nm::CallOffLocalization>(&action)) {
    if (localizing_.erase(call_off->id) == 0) return;
    if (world_.random.Chance(1, 3)) {  // it was ready just then
      StepLater(milliseconds(20), nm::LocalizationDone{call_off->id});
    } else {
      StepLater(milliseconds(20),
                nm::LocalizationFailed{call_off->id, {ErrorCode::kAborted, "called off", ""}});
    }
  } else if (const auto* launch = std::get_if<nm::Launch>(&action)) {
    Launch(*launch);
  } else if (const auto* signal = std::get_if<nm::Signal>(&action)) {
    Signal(*signal);
  } else if (const auto* resize = std::get_if<nm::Resize>(&action)) {
    Resize(*resize);
  } else if (const auto* clean_up = std::get_if<nm::CleanUp>(&action)) {
    StepLater(milliseconds(100) + world_.faults.ExecutorDelay(), nm::CleanedUp{clean_up->id});
  } else if (const auto* forget = std::get_if<nm::Forget>(&action)) {
    world_.trace.Line(name_, "forgets " + forget->id.ToString());
    notes_.erase(forget->id);
  } else if (const auto* over = std::get_if<nm::CleanUpApplication>(&action)) {
    directories_.erase(over->id);
  }
}

void SimNode::Later(Duration most, std::function<void()> action) {
  process_.After(world_.Between(Duration(0), most), [this, action = std::move(action)] {
    if (up()) action();
  });
}

void SimNode::StepLater(Duration most, nm::Event event) {
  Later(most, [this, event = std::move(event)] { Step(event); });
}

void SimNode::Localize(const nm::Localize& action) {
  const ContainerId id = action.token.id;
  notes_[id] = {.token = action.token, .launch = action.launch, .outcome = {}, .failure = {}};
  directories_.insert(id.attempt.application);
  localizing_.insert(id);
  const bool fails = world_.faults.FailExecutor(Fault::kLocalizationFailure);
  Later(world_.random.Chance(1, 5) ? seconds(2) : milliseconds(30), [this, id, fails] {
    if (localizing_.erase(id) == 0) return;  // called off
    if (fails) {
      Step(nm::LocalizationFailed{id, {ErrorCode::kNotFound, "no such file", ""}});
    } else {
      Step(nm::LocalizationDone{id});
    }
  });
}

void SimNode::Launch(const nm::Launch& launch) {
  if (launch.retry > 0) world_.faults.Count(Fault::kRetry);
  const bool fails = world_.faults.FailExecutor(Fault::kLaunchFailure);
  const Duration most = milliseconds(20) + world_.faults.ExecutorDelay();
  Later(most, [this, id = launch.id, retry = launch.retry, fails] {
    if (fails) {
      const Error failure{ErrorCode::kNotFound, "no such program", ""};
      Note& note = notes_[id];
      note.retry = retry;
      note.outcome.reset();
      note.failure = failure;
      Step(nm::LaunchFailed{id, failure});
      return;
    }
    StartProcess(id, retry);
    Step(nm::Launched{id});
  });
}

void SimNode::StartProcess(const ContainerId& id, int64_t retry) {
  world_.trace.Line(name_, id.ToString() + " is launched");
  world_.checker.Launched(id, retry);
  Note& note = notes_.at(id);
  note.retry = retry;
  note.outcome.reset();
  const bool keeps = id.is_application_master() &&
                     world_.workload.applications.at(std::stoul(note.launch.command.at(1)))
                         .context.keep_containers;
  for (const SimNode* node : world_.nodes) {
    if (const std::string overlap = node->FindOverlap(id, keeps); !overlap.empty()) {
      world_.checker.Fail(id.ToString() + " is launched while " + overlap);
    }
  }
  Process& process = processes_[id];
  process.resource = note.token.resource;
  process.ignores_sigterm = world_.random.Chance(1, 6);
  CheckRoom();
  if (id.is_application_master()) {
    const size_t plan = std::stoul(note.launch.command.at(1));
    process.master = std::make_unique<SimMaster>(
        world_, id, name_, world_.workload.applications.at(plan), [this, id](int code) {
          EndMain(id, {.kind = nm::ExitKind::kExited, .value = code});
        });
    return;
  }
  const int64_t milliseconds_of_work = std::stoll(note.launch.command.at(1));
  const uint64_t failures = std::stoul(note.launch.command.at(2));
  const int code = world_.random.Chance(failures, 100) || world_.faults.FailContainer() ? 1 : 0;
  world_.queue.After(
      world_.Between(Duration(0), milliseconds(milliseconds_of_work)),
      [this, id, code] { EndMain(id, {.kind = nm::ExitKind::kExited, .value = code}); });
}

// What ends a second time has been killed in the meantime.
void SimNode::EndMain(const ContainerId& id, nm::ExitOutcome outcome) {
  const auto found = processes_.find(id);
  if (found == processes_.end() || std::exchange(found->second.main_ended, true)) return;
  if (found->second.master) found->second.master->Stop();
  notes_.at(id).outcome = outcome;
  world_.trace.Line(name_, id.ToString() + " ends with " + std::to_string(outcome.value));
  const Duration rest = world_.random.Chance(1, 4) ? milliseconds(400) : milliseconds(1);
  if (up()) {
    found->second.end_told = true;
    process_.Run([this, id, outcome] { Step(nm::Exited{id, outcome}); });
  }
  // Whoever runs then: what the process started is gone a little later.
  world_.queue.After(world_.Between(Duration(0), rest), [this, id] { EndProcess(id); });
}

void SimNode::EndProcess(const ContainerId& id) {
  const auto found = processes_.find(id);
  if (found == processes_.end()) return;  // it went with the machine
  const bool end_told = found->second.end_told;
  processes_.erase(found);
  if (!up()) return;
  const uint64_t incarnation = process_.incarnation();
  // An incarnation that came later learns of the end from the notes.
  if (!end_told) {
    process_.Run([this, id, outcome = *notes_.at(id).outcome] { Step(nm::Exited{id, outcome}); });
  }
  if (incarnation != process_.incarnation()) return;
  process_.Run([this, id] { Step(nm::Drained{id}); });
}

void SimNode::Signal(const nm::Signal& signal) {
  const ContainerId id = signal.id;
  const auto found = processes_.find(id);
  if (found == processes_.end()) return;
  if (signal.kind == nm::SignalKind::kDumpThreads) return;
  const bool kill = signal.kind == nm::SignalKind::kKill;
  if (!kill && found->second.ignores_sigterm) return;
  const int number = kill ? kSigkill : kSigterm;
  Later(milliseconds(30),
        [this, id, number] { EndMain(id, {.kind = nm::ExitKind::kSignaled, .value = number}); });
}

// The limits change at once or after a moment; a NodeManager that dies in between may leave either.
void SimNode::Resize(const nm::Resize& wanted) {
  // Limits that are in force already, by an earlier NodeManager, can always be set again.
  const auto process = processes_.find(wanted.id);
  const bool in_force = process != processes_.end() && process->second.resource == wanted.resource;
  if (!in_force && world_.random.Chance(1, 6)) {
    world_.faults.Count(Fault::kResizeFailure);
    return StepLater(
        milliseconds(20),
        nm::Resized{
            wanted.id, wanted.number, Error{ErrorCode::kFailedPrecondition, "it uses more", ""}});
  }
  const bool at_once = world_.random.Chance(1, 2);
  const bool there = at_once && ChangeSize(wanted);
  Later(milliseconds(20), [this, wanted, at_once, there] {
    std::optional<Error> failure;
    if (!(at_once ? there : ChangeSize(wanted))) {
      failure = Error{ErrorCode::kNotFound, "it has ended", ""};
    }
    Step(nm::Resized{wanted.id, wanted.number, std::move(failure)});
  });
}

bool SimNode::ChangeSize(const nm::Resize& wanted) {
  const auto process = processes_.find(wanted.id);
  if (wanted.runs && process == processes_.end()) return false;
  if (process != processes_.end()) process->second.resource = wanted.resource;
  if (const auto note = notes_.find(wanted.id); note != notes_.end()) {
    note->second.token.resource = wanted.resource;
  }
  CheckRoom();
  return true;
}

void SimNode::CheckRoom() {
  Resource running;
  for (const auto& [id, process] : processes_) running += process.resource;
  if (!running.FitsIn(world_.workload.nodes[index_].most)) {
    world_.checker.Fail(name_ + " runs " + running.ToString());
  }
}

void SimNode::ArmDeadline() {
  const Instant next = clock_.Global(core_->NextDeadline());
  if (next == kNever || (armed_ > world_.queue.now() && armed_ <= next)) return;
  armed_ = std::max(next, world_.queue.now());
  process_.At(armed_, [this] {
    if (!up()) return;
    armed_ = kNever;
    if (clock_.Global(core_->NextDeadline()) > world_.queue.now()) return ArmDeadline();
    world_.trace.Line(name_, "a deadline");
    Step(nm::DeadlineReached{});
  });
}

void SimNode::NoteIgnored() {
  if (!up()) return;
  for (const nm::IgnoredPair& pair : core_->ignored()) {
    world_.coverage.Hit("nm container", pair.state, pair.event);
  }
}

}  // namespace weir::simulation
