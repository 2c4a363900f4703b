// What many runs must not lack: the counting itself, and that each lack is told.
#include "tests/simulation/hits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::simulation {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

bool IsUnreachable(const Coverage::Pair& pair) {
  for (const UnreachablePair& one : UnreachablePairs()) {
    if (one.machine == pair.machine && one.state == pair.state && one.event == pair.event) {
      return true;
    }
  }
  return false;
}

Hits Enough() {
  Hits hits;
  hits.runs = 7;
  hits.faults.messages = 12;
  for (const FaultKind& kind : FaultKinds()) hits.faults[kind.fault] = Hits::kOfEachFault;
  for (const Coverage::Pair& pair : Coverage().Pairs()) {
    if (!IsUnreachable(pair)) hits.coverage.Hit(pair.machine, pair.state, pair.event);
  }
  return hits;
}

TEST(Hits, OfEverythingLackNothing) {
  EXPECT_THAT(Enough().Complaints(), IsEmpty());
}

TEST(Hits, NameEachFaultThatIsTooRare) {
  for (const FaultKind& kind : FaultKinds()) {
    Hits hits = Enough();
    --hits.faults[kind.fault];
    EXPECT_THAT(hits.Complaints(), ElementsAre(HasSubstr("99 " + std::string(kind.name) + " (")));
  }
}

TEST(Hits, NameEachPairThatNeverOccurred) {
  const std::vector<std::string> complaints = Hits{}.Complaints();
  for (const Coverage::Pair& pair : Coverage().Pairs()) {
    const std::string named = "never occurred: " + pair.ToString();
    if (IsUnreachable(pair)) {
      EXPECT_THAT(complaints, Not(Contains(named)));
    } else {
      EXPECT_THAT(complaints, Contains(named));
    }
  }
}

TEST(Hits, NameAPairThatOccurredAlthoughItCannot) {
  for (const UnreachablePair& one : UnreachablePairs()) {
    EXPECT_NE(one.why, "");
    Hits hits = Enough();
    hits.coverage.Hit(one.machine, one.state, one.event);
    EXPECT_THAT(hits.Complaints(), ElementsAre(HasSubstr(std::string(one.why))));
  }
}

TEST(Hits, GoThroughTheirTextAndAddUp) {
  const Hits hits = Enough();
  const Result<Hits> read = Hits::FromText("f", hits.ToText());
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->ToText(), hits.ToText());
  Hits both = hits;
  both.Merge(*read);
  EXPECT_EQ(both.runs, 14);
  EXPECT_EQ(both.faults[Fault::kLeaseEnd], 2 * Hits::kOfEachFault);
}

TEST(Hits, RefuseTextThatIsNotTheirs) {
  for (const char* text : {"x", "5", "5\tfault\tweather", "-5\truns", "5\tpair\ta\tb", "5\tcows"}) {
    const Result<Hits> read = Hits::FromText("f", text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.error().ToString(), HasSubstr("f: \"" + std::string(text) + "\" is no line"));
  }
}

}  // namespace
}  // namespace weir::simulation
