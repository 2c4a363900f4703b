// NodeManagerServer: the thin shell that owns the NodeManager core and feeds it.
//
// Events come from the executor, the conversation with the RM and the callers; the core loop steps
// the core and carries its actions out. Calls of ApplicationMasters pass a bounded mailbox: when it
// is full they are refused; the rest is bounded by what the core itself asked for.
//
// Invariants: only the core loop touches the core; `done` of every call is called exactly once (but
// for abandoned calls, and those still waiting when the loop stops). Owner: the daemon; the core
// loop must be stopped before it goes, and it must outlive all that posts to it. Public methods are
// thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_NODE_MANAGER_SERVER_H_
#define WEIR_NODEMANAGER_SERVER_NODE_MANAGER_SERVER_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>

#include "nodemanager/core/node_manager_core.h"
#include "nodemanager/executor/container_executor.h"
#include "nodemanager/server/nm_metrics.h"
#include "nodemanager/server/record_store.h"
#include "nodemanager/server/rm_client.h"
#include "nodemanager/server/rm_credentials.h"
#include "platform/event_loop.h"
#include "platform/mailbox.h"

namespace weir::nm {

using CoreAnswer = decltype(Reply::answer);

class NodeManagerServer {
 public:
  using MakeEvent = std::function<Event(CallId)>;
  using Completion = std::function<void(CoreAnswer)>;
  using Query = std::function<void(const NodeManagerCore&)>;

  struct Parts {
    platform::EventLoop& core_loop;
    ContainerExecutor& executor;
    RmClient& rm;
    RmCredentials& credentials;
    NmMetrics& metrics;
    RecordStore* records;           // null: nothing is to survive, so all is kept at once
    std::function<void()> stopped;  // ShutDown was carried out; on the core loop
    // Nothing of it is left here; on the core loop.
    std::function<void(const ApplicationId&)> application_ended;
  };
  NodeManagerServer(Parts parts, std::unique_ptr<NodeManagerCore> core);
  NodeManagerServer(const NodeManagerServer&) = delete;
  NodeManagerServer& operator=(const NodeManagerServer&) = delete;

  // Registers with the RM. Call once, first; the loop is started.
  void Start();
  void Post(Event event);
  // `done` gets the answer on the core loop; or kResourceExhausted on the caller's thread, before
  // this returns, when too many calls wait.
  CallId Call(const MakeEvent& make, Completion done);
  // The peer left: `done` is not called any more.
  void Abandon(CallId call);
  // Runs `query` on the core loop; it must be short.
  void Read(Query query);

 private:
  struct Request {
    Event event;
    CallId call;
    Completion done;
  };

  void Step(const Event& event);
  void CarryOut(Actions actions, Now now);
  void Carry(const Action& action, Now now);
  void Deliver(const Reply& reply);
  void LogTransition(const Transitioned& transition) const;
  static void LogHealth(const HealthNoted& note);
  void SetTimer();

  const Parts parts_;
  const std::unique_ptr<NodeManagerCore> core_;  // of the core loop, as are the next three
  std::map<CallId, Completion> waiting_;
  platform::EventLoop::TimerId timer_ = 0;
  Instant timer_at_ = kNever;
  std::atomic<uint64_t> last_call_ = 0;
  platform::Mailbox<Request> calls_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NODE_MANAGER_SERVER_H_
