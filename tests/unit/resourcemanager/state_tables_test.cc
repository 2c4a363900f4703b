// The full product of every transition table of the ResourceManager.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>

#include "resourcemanager/core/application_states.h"
#include "resourcemanager/core/attempt_states.h"
#include "resourcemanager/core/container_states.h"
#include "resourcemanager/core/node_states.h"

namespace weir::rm {
namespace {

template <typename S, typename E>
struct Machine {
  std::span<const TransitionRow<S, E>> table;
  std::span<const S> states;
  std::span<const E> events;
  std::set<S> final_states;
};

// Walks every pair, and checks what must hold in any machine.
template <typename S, typename E>
void CheckMachine(const Machine<S, E>& machine) {
  size_t answered = 0;
  std::set<S> reached = {machine.states.front()};
  for (const S state : machine.states) {
    for (const E event : machine.events) {
      const auto found = FindTransition(machine.table, state, event);
      if (found.kind == TransitionKind::kInvalid) continue;
      ++answered;
      if (found.kind == TransitionKind::kIgnored) {
        EXPECT_EQ(found.to, state);
        continue;
      }
      EXPECT_FALSE(machine.final_states.contains(state))
          << Name(state) << " is final, but " << Name(event) << " leaves it";
      reached.insert(found.to);
    }
  }
  EXPECT_EQ(answered, machine.table.size()) << "a row names a state or event that is not listed";
  EXPECT_EQ(reached.size(), machine.states.size()) << "a state cannot be reached";
  std::set<std::string_view> names;
  for (const S state : machine.states) names.insert(Name(state));
  EXPECT_EQ(names.size(), machine.states.size());
  names.clear();
  for (const E event : machine.events) names.insert(Name(event));
  EXPECT_EQ(names.size(), machine.events.size());
  for (const auto& row : machine.table) EXPECT_FALSE(row.why.empty());
}

TEST(StateTables, ApplicationAnswersEveryPair) {
  using S = RmApplicationState;
  CheckMachine<S, ApplicationEvent>({.table = ApplicationTransitions(),
                                     .states = kApplicationStates,
                                     .events = kApplicationEvents,
                                     .final_states = {S::kFinished, S::kFailed, S::kKilled}});
}

TEST(StateTables, AttemptAnswersEveryPair) {
  using S = RmAttemptState;
  CheckMachine<S, AttemptEvent>({.table = AttemptTransitions(),
                                 .states = kAttemptStates,
                                 .events = kAttemptEvents,
                                 .final_states = {S::kFinished, S::kFailed, S::kKilled}});
}

TEST(StateTables, ContainerAnswersEveryPair) {
  using S = RmContainerState;
  CheckMachine<S, ContainerEvent>(
      {.table = ContainerTransitions(),
       .states = kContainerStates,
       .events = kContainerEvents,
       .final_states = {S::kCompleted, S::kExpired, S::kReleased, S::kKilled}});
}

TEST(StateTables, NodeAnswersEveryPair) {
  CheckMachine<NodeState, NodeEvent>({.table = NodeTransitions(),
                                      .states = kNodeStates,
                                      .events = kNodeEvents,
                                      .final_states = {}});
}

TEST(StateTables, KillIsAnsweredInEveryStateOfAnApplication) {
  for (const auto state : kApplicationStates) {
    if (state == RmApplicationState::kSubmitted) continue;  // lasts no longer than a step
    const auto found = FindTransition(ApplicationTransitions(), state, ApplicationEvent::kKill);
    EXPECT_NE(found.kind, TransitionKind::kInvalid) << Name(state);
  }
}

TEST(StateTables, NodeGoneIsAnsweredForEveryHeldContainer) {
  for (const auto state : kContainerStates) {
    if (state == RmContainerState::kNew || state == RmContainerState::kCompleted) continue;
    const auto found = FindTransition(ContainerTransitions(), state, ContainerEvent::kNodeGone);
    EXPECT_NE(found.kind, TransitionKind::kInvalid) << Name(state);
  }
}

}  // namespace
}  // namespace weir::rm
