#include "nodemanager/core/container_states.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir::nm {
namespace {

Transition<State> Ask(State from, Trigger trigger) {
  return FindTransition(kContainerTable, from, trigger);
}

TEST(ContainerStates, EveryStateButNewIsReached) {
  for (const State state : kStates) {
    bool reached = state == State::kNew;
    for (const Row& row : kContainerTable)
      reached = reached || (row.to == state && row.from != state);
    EXPECT_TRUE(reached) << StateName(state);
  }
}

TEST(ContainerStates, EveryStateButDoneIsLeft) {
  for (const State state : kStates) {
    bool left = false;
    for (const Row& row : kContainerTable) left = left || (row.from == state && row.to != state);
    EXPECT_EQ(left, state != State::kDone) << StateName(state);
  }
}

TEST(ContainerStates, TheFullProductIsAnsweredAsTheContractsOfStartStopAndExecutorSay) {
  const std::set<Trigger> from_outside = {
      Trigger::kStart, Trigger::kStop, Trigger::kSignal, Trigger::kResize};
  int allowed = 0;
  for (const State state : kStates) {
    for (const Trigger trigger : kTriggers) {
      const auto answer = Ask(state, trigger);
      const std::string pair =
          std::string(StateName(state)) + " x " + std::string(TriggerName(trigger));
      const bool is_allowed = answer.kind == TransitionKind::kAllowed;
      allowed += is_allowed ? 1 : 0;
      EXPECT_TRUE(is_allowed || answer.to == state) << pair;
      // What people and peers may say at any time is never a fault.
      EXPECT_FALSE(from_outside.contains(trigger) && answer.kind == TransitionKind::kInvalid)
          << pair;
      EXPECT_FALSE(state == State::kDone && is_allowed) << pair << ": the end is the end";
    }
  }
  EXPECT_EQ(allowed, 33);
}

TEST(ContainerStates, EveryRowSaysWhatHappensOrWhyNothingDoes) {
  for (const Row& row : kContainerTable) {
    EXPECT_FALSE(row.why.empty()) << StateName(row.from) << " x " << TriggerName(row.event);
    EXPECT_NE(row.kind, TransitionKind::kInvalid);
  }
}

TEST(ContainerStates, NamesAreYarns) {
  EXPECT_EQ(StateName(State::kCleanedUpAfterKill), "CONTAINER_CLEANEDUP_AFTER_KILL");
  std::set<std::string_view> names;
  for (const State state : kStates) names.insert(StateName(state));
  EXPECT_EQ(names.size(), kStates.size());
}

}  // namespace
}  // namespace weir::nm
