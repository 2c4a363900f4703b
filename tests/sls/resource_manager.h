// ResourceManager: the RM's core in virtual time: calls travel for kLatency each way, records are
// durable kStoreLatency after they were appended, and what depends on one waits for it.
//
// Owner: Cluster. Single-threaded.
#ifndef WEIR_TESTS_SLS_RESOURCE_MANAGER_H_
#define WEIR_TESTS_SLS_RESOURCE_MANAGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "resourcemanager/core/resource_manager_core.h"
#include "tests/simulation/event_queue.h"
#include "tests/sls/recorder.h"

namespace weir::sls {

using simulation::EventQueue;

inline constexpr Duration kLatency = milliseconds(1);
inline constexpr Duration kStoreLatency = milliseconds(1);

class ResourceManager {
 public:
  using Answer = decltype(rm::Reply::answer);
  using ReplyTo = std::function<void(const Answer&)>;
  using OnTransition = std::function<void(const rm::Transitioned&)>;

  // `labels` are known from the start (label -> exclusive). `on_transition` hears of every state
  // change, in order.
  ResourceManager(EventQueue& queue,
                  Recorder& recorder,
                  const rm::CoreOptions& options,
                  const std::map<std::string, bool>& labels,
                  OnTransition on_transition);

  // `reply` runs when the answer has arrived at the caller.
  void Call(rm::Event request, ReplyTo reply);
  const rm::ResourceManagerCore& core() const { return core_; }
  Now now() const;
  // The first thing that must not happen and did; "" when there is none.
  const std::string& fault() const { return fault_; }

 private:
  void Step(const rm::Event& event);
  void Execute(rm::Actions actions);
  void Perform(rm::Action& action);
  void Commit(uint64_t sequence);
  void ArmDeadline();

  EventQueue& queue_;
  Recorder& recorder_;
  const OnTransition on_transition_;
  std::map<uint64_t, ReplyTo> calls_;
  std::map<uint64_t, std::vector<rm::Action>> held_;  // by the record they wait for
  uint64_t appended_ = 0;
  uint64_t committed_ = 0;
  uint64_t next_call_ = 1;
  bool committing_ = false;
  Instant armed_ = kNever;
  std::string fault_;
  rm::ResourceManagerCore core_;
};

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_RESOURCE_MANAGER_H_
