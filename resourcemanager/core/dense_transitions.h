// DenseTransitions: a transition table as an array over (state, event), for machines that move
// often; it also keeps which ignored pairs have occurred. Built once. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_DENSE_TRANSITIONS_H_
#define WEIR_RESOURCEMANAGER_CORE_DENSE_TRANSITIONS_H_

#include <array>
#include <cstddef>
#include <span>

#include "common/transition_table.h"

namespace weir::rm {

template <typename State, typename Event>
class DenseTransitions {
 public:
  struct Cell {
    Transition<State> transition{TransitionKind::kInvalid, State{}};
    bool occurred = false;  // of ignored ones
  };

  explicit DenseTransitions(std::span<const TransitionRow<State, Event>> rows) {
    for (const auto& row : rows) at(row.from, row.event).transition = {row.kind, row.to};
  }
  Cell& at(State from, Event event) {
    return cells_[static_cast<size_t>(from)][static_cast<size_t>(event)];
  }

 private:
  static constexpr size_t kMost = 16;  // states, and events, of any machine
  std::array<std::array<Cell, kMost>, kMost> cells_{};
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_DENSE_TRANSITIONS_H_
