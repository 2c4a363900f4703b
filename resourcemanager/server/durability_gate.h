// DurabilityGate: holds an action back until the record that justifies it is durable.
//
// Terms: an action *depends* on record n (Action::after_record; 0 = on none) and is *due* once
// record n is committed. Invariants: no action leaves before it is due; actions leave in the order
// of the records they depend on, and those that depend on the same record in the order they came; a
// due action leaves at once. Bounded: at `capacity` held actions the gate is full, and its owner
// must step down, since an action may neither wait unbounded nor be lost.
//
// Owner: ResourceManagerServer. Single-threaded: owned by the core loop. Pure.
#ifndef WEIR_RESOURCEMANAGER_SERVER_DURABILITY_GATE_H_
#define WEIR_RESOURCEMANAGER_SERVER_DURABILITY_GATE_H_

#include <cstddef>
#include <cstdint>
#include <map>

#include "resourcemanager/core/actions.h"

namespace weir::rm {

class DurabilityGate {
 public:
  explicit DurabilityGate(size_t capacity) : capacity_(capacity) {}

  // It may leave now.
  bool IsDue(const Action& action) const { return action.after_record <= committed_; }
  // Keeps an action that is not due. False when the gate is full: the action is then dropped.
  [[nodiscard]] bool Hold(Action action);
  // Every record up to and with `sequence` is durable: what became due, in order. A sequence below
  // an earlier one changes nothing.
  Actions Commit(uint64_t sequence);
  // Drops everything held, for stepping down.
  void Clear();

  size_t held() const { return held_; }
  uint64_t committed() const { return committed_; }

 private:
  const size_t capacity_;
  std::map<uint64_t, Actions> waiting_;  // by the record waited for
  size_t held_ = 0;
  uint64_t committed_ = 0;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_DURABILITY_GATE_H_
