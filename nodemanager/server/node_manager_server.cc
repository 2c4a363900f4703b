#include "nodemanager/server/node_manager_server.h"

#include <utility>

#include "common/limits.h"
#include "common/overloaded.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {

using platform::Lane;

NodeManagerServer::NodeManagerServer(Parts parts, std::unique_ptr<NodeManagerCore> core)
    : parts_(std::move(parts)),
      core_(std::move(core)),
      calls_(parts_.core_loop, limits::kMailbox, [this](Request request) {
        waiting_[request.call] = std::move(request.done);
        Step(request.event);
      }) {}

void NodeManagerServer::Start() {
  parts_.core_loop.Post([this] {
    const Now now = platform::ReadClock();
    CarryOut(core_->Start(now), now);
  });
}

void NodeManagerServer::Post(Event event) {
  parts_.core_loop.Post([this, event = std::move(event)] { Step(event); });
}

CallId NodeManagerServer::Call(const MakeEvent& make, Completion done) {
  const CallId call{++last_call_};
  // The mailbox takes its own copy of `done` only when it takes the request.
  if (!calls_.Push(Lane::kMaster, {make(call), call, done})) {
    done(Error{ErrorCode::kResourceExhausted,
               "too many calls wait at this NodeManager",
               "try again soon"});
  }
  return call;
}

void NodeManagerServer::Abandon(CallId call) {
  // Through the same lane, so that it comes after its call.
  if (calls_.Push(Lane::kMaster, {CallAbandoned{call}, call, [](const CoreAnswer&) {}})) return;
  parts_.core_loop.Post([this, call] {
    waiting_.erase(call);
    Step(CallAbandoned{call});
  });
}

void NodeManagerServer::Read(Query query) {
  parts_.core_loop.Post([this, query = std::move(query)] { query(*core_); });
}

void NodeManagerServer::Step(const Event& event) {
  const Now now = platform::ReadClock();
  CarryOut(core_->Step(event, now), now);
  if (const auto* abandoned = std::get_if<CallAbandoned>(&event)) waiting_.erase(abandoned->call);
}

void NodeManagerServer::CarryOut(Actions actions, Now now) {
  for (const Action& action : actions) Carry(action, now);
  parts_.metrics.Show(*core_);
  SetTimer();
}

void NodeManagerServer::Carry(const Action& action, Now now) {
  std::visit(
      Overloaded{
          [&](const SendRegister& a) { parts_.rm.Register(a.request); },
          [&](const SendHeartbeat& a) { parts_.rm.Heartbeat(a.request); },
          [&](const SendUnregister& a) { parts_.rm.Unregister(a.session); },
          [&](const KeepRecord& a) {
            if (parts_.records != nullptr) return parts_.records->Keep(a.sequence, a.record);
            Post(RecordsKept{a.sequence});
          },
          [&](const DropRecord& a) {
            if (parts_.records != nullptr) return parts_.records->Drop(a.sequence, a.key);
            Post(RecordsKept{a.sequence});
          },
          [&](const Reacquire& a) { parts_.executor.Reacquire(a.token, a.launch, a.runs); },
          [&](const Localize& a) {
            // The node holds the keys that verify tokens, and they sign as well.
            const auto keys = parts_.credentials.keys();
            parts_.executor.Localize(
                a.token,
                a.launch,
                {parts_.credentials.rm_http(), platform::EncodeTokenFile(keys.Sign(a.token))});
          },
          [&](const CallOffLocalization& a) { parts_.executor.CallOffLocalization(a.id); },
          [&](const Launch& a) { parts_.executor.Launch(a); },
          [&](const Signal& a) { parts_.executor.SignalContainer(a.id, a.kind); },
          [&](const Resize& a) { parts_.executor.Resize(a); },
          [&](const CleanUp& a) { parts_.executor.CleanUp(a.id); },
          [&](const Forget& a) { parts_.executor.Forget(a.id); },
          [&](const CleanUpApplication& a) {
            parts_.executor.CleanUpApplication(a.id);
            parts_.application_ended(a.id);
          },
          [&](const UseDirectories& a) { parts_.executor.UseDirectories(a); },
          [&](const Reply& a) { Deliver(a); },
          [&](const Transitioned& a) {
            parts_.metrics.Count(a, now.monotonic);
            LogTransition(a);
          },
          [&](const InvalidEvent& a) {
            platform::LogError("nm.container",
                               a.id.ToString(),
                               "an event that cannot be here",
                               {{"state", std::string(a.state)}, {"event", std::string(a.event)}});
          },
          [&](const ConversationChanged& a) { platform::LogInfo("nm.rm", "-", a.what); },
          [&](const HealthNoted& a) { LogHealth(a); },
          [&](const Stopped&) { parts_.stopped(); },
      },
      action);
}

void NodeManagerServer::Deliver(const Reply& reply) {
  parts_.metrics.CountReply(std::holds_alternative<Error>(reply.answer));
  const auto it = waiting_.find(reply.call);
  if (it == waiting_.end()) return;
  const Completion done = std::move(it->second);
  waiting_.erase(it);
  done(reply.answer);
}

void NodeManagerServer::LogTransition(const Transitioned& transition) const {
  if (transition.from == transition.to) return;
  platform::LogInfo("nm.container",
                    transition.id.ToString(),
                    transition.to,
                    {{"from", std::string(transition.from)},
                     {"event", std::string(transition.event)},
                     {"detail", transition.detail}});
}

void NodeManagerServer::LogHealth(const HealthNoted& note) {
  if (note.healthy && note.report.empty()) {
    platform::LogInfo("nm.health", "-", "healthy");
  } else {
    platform::LogWarn("nm.health",
                      "-",
                      note.healthy ? "degraded" : "gets no new containers",
                      {{"report", note.report}});
  }
}

void NodeManagerServer::SetTimer() {
  const Instant next = core_->NextDeadline();
  if (next == timer_at_) return;
  if (timer_ != 0) parts_.core_loop.Cancel(timer_);
  timer_ = 0;
  timer_at_ = next;
  if (next == kNever) return;
  timer_ = parts_.core_loop.At(next, [this] {
    timer_ = 0;
    timer_at_ = kNever;
    Step(DeadlineReached{});
  });
}

}  // namespace weir::nm
