// ResourceManagerServer: the thin shell that owns the ResourceManager core and feeds it.
//
// Calls and reads come from I/O threads through a bounded mailbox with lanes; the core loop steps
// the core and carries out its actions: records go to the store at once, everything else passes the
// durability gate and leaves when its record is committed. A full lane, or a store that is too far
// behind, is an answered refusal.
//
// A store that does not answer holds up what waits for it, and nothing else. Whoever is to hear of
// that gives an `overdue` with his call: he is told after Hooks::store_patience, once. What he
// asked for has been decided all the same, becomes durable when the store answers again, and is
// answered then; asked for again with the same idempotency key it is not done twice.
//
// Invariants: only the core loop touches the core; `done` of every call is called exactly once (but
// for calls that were abandoned, and those still waiting when the loop stops), `overdue` at most
// once and before it; after StepDown no action leaves any more.
//
// Owner: the daemon. It must outlive the store's last callback (StateStore::Close) and everything
// that calls it; the core loop must be stopped before it goes. Public methods are thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_SERVER_H_
#define WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>

#include "common/ids.h"
#include "common/patience.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/event_loop.h"
#include "platform/mailbox.h"
#include "resourcemanager/core/resource_manager_core.h"
#include "resourcemanager/server/durability_gate.h"
#include "resourcemanager/server/rm_metrics.h"
#include "state-store/state_store.h"

namespace weir::rm {

using CoreAnswer = decltype(Reply::answer);

class ResourceManagerServer {
 public:
  // Above the first bound new submissions are refused; at the second the server steps down.
  static constexpr size_t kHeldBeforeRefusing = 65'536;
  static constexpr size_t kHeldAtMost = 4 * kHeldBeforeRefusing;
  // Of the state changes that recovery makes so many are told one by one: whoever takes over a
  // hundred thousand applications is waited for.
  static constexpr size_t kToldOfRecovery = 1000;

  using MakeEvent = std::function<Event(CallId)>;
  using Completion = std::function<void(CoreAnswer)>;
  using Query = std::function<void(const ResourceManagerCore&, Now)>;
  using Refusal = std::function<void(Error)>;

  // Called on the core loop; must not block.
  struct Hooks {
    std::function<void(const ApplicationId&)> forget_staged_files;
    std::function<void(const Error&)> step_down;  // once; the process must end
    // All other ResourceManagers are to be asked: OnOtherSaid. Empty: there are none.
    std::function<void(uint64_t round)> ask_others{};
    Duration store_patience = kStorePatience;
  };

  ResourceManagerServer(platform::EventLoop& core_loop,
                        store::StateStore& state_store,
                        std::unique_ptr<ResourceManagerCore> core,
                        RmMetrics& metrics,
                        Hooks hooks);
  ResourceManagerServer(const ResourceManagerServer&) = delete;
  ResourceManagerServer& operator=(const ResourceManagerServer&) = delete;

  // Carries out what recovery wants done. Call once, before any other; the loop is started.
  void Start();

  // Hands the core an event that waits for an answer. `done` gets it on the core loop, or, when the
  // lane is full, kResourceExhausted on the caller's thread before this returns. `overdue`, if
  // there is one, gets kUnavailable on the core loop, before `done`, when the store does not
  // answer.
  CallId Call(platform::Lane lane,
              const MakeEvent& make,
              Completion done,
              Refusal overdue = nullptr);
  // The peer of a parked call left: `done` is not called any more. `lane` as in Call.
  void Abandon(platform::Lane lane, CallId call);
  // Runs `query` on the core loop, in the read lane; it must be short (one page). `refused` is
  // called instead when the lane is full or the core is inert.
  void Read(Query query, Refusal refused);

  // On the core loop only, as from within `done`: the application has ended, or is unknown.
  bool IsOver(const ApplicationId& application) const;

  // On the core loop: somebody else is the store's writer now.
  void OnStoreLost(const Error& error);

  // Thread-safe: what one of the others has said (OtherSaid).
  void OnOtherSaid(uint64_t round, size_t other, std::optional<Epoch> active);

  // Actions waiting for their record, and work waiting for the core.
  size_t held_actions() const { return held_.load(std::memory_order_relaxed); }
  size_t lane_length(platform::Lane lane) const { return mailbox_.size(lane); }
  bool stepped_down() const { return stepped_down_.load(); }

 private:
  // One thing for the core to do.
  struct CallWork {
    CallId call;
    Event event;
    Completion done;
    Refusal overdue;
  };
  struct WaitingCall {
    Completion done;
    Refusal overdue;  // empty: there is none, or it was called
    Instant since;
  };
  struct QueryWork {
    Query query;
    Refusal refused;
  };
  struct AbandonWork {
    CallId call;
  };
  using Work = std::variant<CallWork, QueryWork, AbandonWork>;

  void Handle(Work work);
  void HandleCall(CallWork work);
  void HandleQuery(const QueryWork& work);
  void HandleAbandoned(CallId call);
  void StepCore(const Event& event);
  void Tell(const Transitioned& change);
  void Execute(Actions actions);
  void Release(Actions due);
  void AppendToStore(Append append);
  void Answer(Reply reply);
  void Confirm(const ConfirmLeadership& question);
  void StepDownNow(const Error& error);
  void ArmTimer();
  void OnTimer();
  void OnStored(uint64_t sequence, Instant began, const Status& status);  // the store's thread
  void OnCommitted();
  // The store has something to answer: looks from time to time for whom it keeps waiting too long.
  void ArmPatience();
  void OnPatience();
  Error StoreSilent() const;

  platform::EventLoop& loop_;
  store::StateStore& store_;
  const std::unique_ptr<ResourceManagerCore> core_;
  const Epoch epoch_;
  RmMetrics& metrics_;
  const Hooks hooks_;
  platform::Mailbox<Work> mailbox_;
  std::atomic<uint64_t> next_call_{1};

  // Of the core loop.
  DurabilityGate gate_{kHeldAtMost};
  std::map<uint64_t, WaitingCall> calls_;
  bool recovering_ = false;
  size_t recovered_changes_ = 0;
  platform::EventLoop::TimerId timer_ = 0;
  Instant armed_for_ = kNever;
  platform::EventLoop::TimerId patience_timer_ = 0;
  uint64_t appended_ = 0;   // the last sequence the store was given
  uint64_t confirmed_ = 0;  // and the last it has answered, as the core loop knows it
  WallTime silent_since_;   // the last answer, or when something was first to be answered after it

  std::atomic<size_t> held_{0};
  std::atomic<bool> stepped_down_{false};
  std::atomic<uint64_t> stored_{0};  // highest sequence the store has confirmed
  std::atomic<bool> commit_posted_{false};
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_SERVER_H_
