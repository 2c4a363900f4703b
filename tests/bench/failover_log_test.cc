// What the bench 'failover' reads in the logs of ResourceManagers.
#include "tests/bench/failover_log.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::bench {
namespace {

const std::string kFirst =
    "2026-11-30T18:48:53.442Z INFO rm.election rm1 http=127.0.9.1:8088 elected lock=/weir/lock\n"
    "2026-11-30T18:48:53.474Z INFO rm.server - serving cluster=weir epoch=2\n"
    "2026-11-30T18:48:53.474Z INFO rm.role rm1 active ms=32\n";
const std::string kOverMidnight =
    "2026-11-30T23:59:59.990Z INFO rm.election rm1 http=127.0.9.1:8088 elected lock=/weir/lock\n"
    "2026-12-01T00:00:00.011Z INFO rm.role rm1 active ms=20\n";

TEST(FailoverLog, ATakeoverIsFromTheLockToServing) {
  EXPECT_EQ(ReadTakeover(kFirst)->ms, 32);
  EXPECT_EQ(ReadTakeover(kOverMidnight)->ms, 21);
  EXPECT_EQ(ReadTakeover(kFirst + kOverMidnight)->ms, 21);
}

TEST(FailoverLog, NoTakeoverIsMadeOfHalfOfOne) {
  EXPECT_EQ(ReadTakeover("").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(ReadTakeover(kFirst.substr(0, kFirst.find('\n') + 1)).ok());
  EXPECT_FALSE(ReadTakeover("2026-11-30T18:48:53.474Z INFO rm.role rm1 active ms=32\n").ok());
  EXPECT_FALSE(ReadTakeover("elected\n rm.election elected\n rm.role active \n").ok());
  EXPECT_FALSE(
      ReadTakeover("2026-11-30T18:48:53.442Z INFO rm.election rm1 elected lock=/weir/lock\n"
                   "2026-11-30T18:48:53.474Z WARN rm.role rm1 no-longer-active error=x\n")
          .ok());
}

TEST(FailoverLog, AStandbyIsWarmWhenItFollows) {
  EXPECT_TRUE(FollowsTheStore(
      "2026-11-30T18:48:53.442Z INFO rm.store - following store=zookeeper 127.0.0.1:1\n"));
  EXPECT_FALSE(FollowsTheStore(
      "2026-11-30T18:48:53.442Z WARN rm.store - \"cannot follow\" error=\"not following yet\"\n"));
  EXPECT_FALSE(FollowsTheStore(""));
}

}  // namespace
}  // namespace weir::bench
