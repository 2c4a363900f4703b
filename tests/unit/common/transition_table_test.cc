#include "common/transition_table.h"

#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string_view>

namespace weir {
namespace {

enum class Door { kOpen, kClosed, kLocked };
enum class Act { kOpen, kClose, kLock };

using Row = TransitionRow<Door, Act>;
constexpr Row kRows[] = {
    Allow(Door::kOpen, Act::kClose, Door::kClosed, "swings shut"),
    Allow(Door::kClosed, Act::kOpen, Door::kOpen, "swings open"),
    Allow(Door::kClosed, Act::kLock, Door::kLocked, "the key turns"),
    Ignore(Door::kClosed, Act::kClose, "it is closed"),
};
constexpr std::span<const Row> kTable(kRows);
static_assert(HasUniquePairs(kTable));

constexpr Row kTwice[] = {
    Allow(Door::kOpen, Act::kClose, Door::kClosed, "swings shut"),
    Ignore(Door::kOpen, Act::kClose, "stuck"),
};
static_assert(!HasUniquePairs(std::span<const Row>(kTwice)));
static_assert(FindTransition(kTable, Door::kClosed, Act::kLock).to == Door::kLocked);

constexpr std::string_view DoorName(Door door) {
  switch (door) {
    case Door::kLocked:
      return "LOCKED";
    case Door::kOpen:
      return "OPEN";
    case Door::kClosed:
      return "CLOSED";
  }
  return kNoName;
}
static_assert(Enumerators<Door, &DoorName>() ==
              std::array{Door::kOpen, Door::kClosed, Door::kLocked});

TEST(TransitionTable, AnswersEveryPair) {
  struct Case {
    Door from;
    Act event;
    TransitionKind kind;
    Door to;
  };
  const Case cases[] = {
      {Door::kOpen, Act::kOpen, TransitionKind::kInvalid, Door::kOpen},
      {Door::kOpen, Act::kClose, TransitionKind::kAllowed, Door::kClosed},
      {Door::kOpen, Act::kLock, TransitionKind::kInvalid, Door::kOpen},
      {Door::kClosed, Act::kOpen, TransitionKind::kAllowed, Door::kOpen},
      {Door::kClosed, Act::kClose, TransitionKind::kIgnored, Door::kClosed},
      {Door::kClosed, Act::kLock, TransitionKind::kAllowed, Door::kLocked},
      {Door::kLocked, Act::kOpen, TransitionKind::kInvalid, Door::kLocked},
      {Door::kLocked, Act::kClose, TransitionKind::kInvalid, Door::kLocked},
      {Door::kLocked, Act::kLock, TransitionKind::kInvalid, Door::kLocked},
  };
  for (const Case& expected : cases) {
    const auto transition = FindTransition(kTable, expected.from, expected.event);
    EXPECT_EQ(transition.kind, expected.kind);
    EXPECT_EQ(transition.to, expected.to);
  }
}

TEST(TransitionTable, KeepsTheReasonOfEveryRow) {
  for (const Row& row : kRows) EXPECT_FALSE(row.why.empty());
}

}  // namespace
}  // namespace weir
