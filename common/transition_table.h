// State machines as constexpr tables: every (state, event) pair is answered.
//
// A machine lists its rows {from, event, answer, to, why}. A pair is
//   allowed  the machine goes to `to`;
//   ignored  nothing happens, `why` says why that is right;
//   invalid  not in the table: the event cannot happen there; the caller reports it as a fault.
// tests/unit walks the full product of each table, and docs/state-machines.md is generated from it.
// Immutable values.
#ifndef WEIR_COMMON_TRANSITION_TABLE_H_
#define WEIR_COMMON_TRANSITION_TABLE_H_

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace weir {

enum class TransitionKind { kAllowed, kIgnored, kInvalid };

template <typename State, typename Event>
struct TransitionRow {
  State from;
  Event event;
  TransitionKind kind;
  State to;              // equal to `from` when ignored
  std::string_view why;  // for allowed rows: what happens; for ignored rows: why nothing does
};

template <typename State, typename Event>
constexpr TransitionRow<State, Event> Allow(State from,
                                            Event event,
                                            State to,
                                            std::string_view what) {
  return {from, event, TransitionKind::kAllowed, to, what};
}
template <typename State, typename Event>
constexpr TransitionRow<State, Event> Ignore(State from, Event event, std::string_view why) {
  return {from, event, TransitionKind::kIgnored, from, why};
}

// The answer to one pair.
template <typename State>
struct Transition {
  TransitionKind kind = TransitionKind::kInvalid;
  State to;
};

template <typename State, typename Event>
constexpr Transition<State> FindTransition(std::span<const TransitionRow<State, Event>> table,
                                           State from,
                                           Event event) {
  for (const auto& row : table) {
    if (row.from == from && row.event == event) return {row.kind, row.to};
  }
  return {TransitionKind::kInvalid, from};
}

// What a function of names answers to a value that is no enumerator.
inline constexpr std::string_view kNoName = "UNKNOWN";

template <typename Enum, std::string_view (*kNameOf)(Enum)>
constexpr size_t CountEnumerators() {
  size_t count = 0;
  while (kNameOf(static_cast<Enum>(count)) != kNoName) ++count;
  return count;
}

// All states or events of a machine, in order. They are listed once, in the switch of their names,
// where the compiler misses one that is left out. Requires: their values are 0, 1, 2, ...
template <typename Enum, std::string_view (*kNameOf)(Enum)>
constexpr auto Enumerators() {
  std::array<Enum, CountEnumerators<Enum, kNameOf>()> all{};
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Enum>(i);
  return all;
}

// For static_assert: no pair is listed twice.
template <typename State, typename Event>
constexpr bool HasUniquePairs(std::span<const TransitionRow<State, Event>> table) {
  for (size_t i = 0; i < table.size(); ++i) {
    for (size_t j = i + 1; j < table.size(); ++j) {
      if (table[i].from == table[j].from && table[i].event == table[j].event) return false;
    }
  }
  return true;
}

}  // namespace weir

#endif  // WEIR_COMMON_TRANSITION_TABLE_H_
