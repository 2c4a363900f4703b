#include "nodemanager/core/memory_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kMib = int64_t{1} << 20;

struct Use {
  int64_t number = 2;
  int64_t limit_mib = 100;
  int64_t resident_mib = 0;
  int64_t older_mib = 0;  // of these
  int64_t virtual_mib = 0;
  int64_t older_virtual_mib = 0;
};

// "2p" for container 2 over its physical limit, "3v" for 3 over its virtual one.
std::vector<std::string> Judge(const MemoryMonitorOptions& options,
                               int64_t capacity_mib,
                               const std::vector<Use>& table) {
  std::vector<ContainerSample> samples;
  for (const Use& use : table) {
    samples.push_back({.id = IdOf(use.number),
                       .resident_bytes = use.resident_mib * kMib,
                       .virtual_bytes = use.virtual_mib * kMib,
                       .older_resident_bytes = use.older_mib * kMib,
                       .older_virtual_bytes = use.older_virtual_mib * kMib});
  }
  std::vector<MemoryUse> uses;
  for (size_t i = 0; i < table.size(); ++i) {
    uses.push_back({.sample = &samples[i],
                    .limit_mib = table[i].limit_mib,
                    .is_master = samples[i].id.is_application_master()});
  }
  std::vector<std::string> judged;
  for (const MemoryExcess& excess : JudgeMemory(options, capacity_mib, uses)) {
    judged.push_back(std::to_string(excess.id.sequence()) +
                     (excess.kind == MemoryKind::kPhysical ? "p" : "v"));
  }
  return judged;
}

TEST(MemoryMonitor, AContainerIsOverAtTwiceItsLimitOrWithWhatIsOlder) {
  struct Case {
    const char* what;
    Use use;
    std::vector<std::string> judged;
  };
  const Case cases[] = {
      {"at its limit", {.resident_mib = 100, .older_mib = 100}, {}},
      {"older above it", {.resident_mib = 101, .older_mib = 101}, {"2p"}},
      {"only with what was just forked", {.resident_mib = 200, .older_mib = 100}, {}},
      {"twice its limit at once", {.resident_mib = 201, .older_mib = 0}, {"2p"}},
      {"virtual memory is not asked for", {.virtual_mib = 9999, .older_virtual_mib = 9999}, {}},
  };
  for (const Case& c : cases) EXPECT_EQ(Judge({}, 4096, {c.use}), c.judged) << c.what;
}

TEST(MemoryMonitor, TheVirtualLimitIsTheSizeTimesTheRatio) {
  const MemoryMonitorOptions options{.physical_check = false, .virtual_check = true};
  const auto judge = [&](int64_t all, int64_t older) {
    return Judge(
        options,
        4096,
        {{.resident_mib = 900, .older_mib = 900, .virtual_mib = all, .older_virtual_mib = older}});
  };
  EXPECT_THAT(judge(210, 210), IsEmpty());  // 2.1 x 100
  EXPECT_THAT(judge(211, 211), ElementsAre("2v"));
  EXPECT_THAT(judge(420, 0), IsEmpty());
  EXPECT_THAT(judge(421, 0), ElementsAre("2v"));
}

TEST(MemoryMonitor, NothingIsCheckedThatIsOff) {
  EXPECT_THAT(Judge({.physical_check = false},
                    4096,
                    {{.resident_mib = 9999, .older_mib = 9999, .virtual_mib = 9999}}),
              IsEmpty());
}

// 1000 MiB times 1.0: somebody has to go from 950 MiB on.
TEST(MemoryMonitor, InDynamicModeWhoIsOverLivesUntilTheNodeIsNearItsLimit) {
  const MemoryMonitorOptions options{.dynamic_permille = 1000};
  EXPECT_THAT(Judge(options,
                    1000,
                    {{.number = 2, .resident_mib = 849, .older_mib = 849},
                     {.number = 3, .resident_mib = 100, .older_mib = 100}}),
              IsEmpty());
  EXPECT_THAT(Judge(options,
                    1000,
                    {{.number = 2, .resident_mib = 850, .older_mib = 850},
                     {.number = 3, .resident_mib = 100, .older_mib = 100}}),
              ElementsAre("2p"));
}

TEST(MemoryMonitor, InDynamicModeTheWorstGoFirstAndMastersLast) {
  const MemoryMonitorOptions options{.dynamic_permille = 1000};
  // 1 is an ApplicationMaster and the worst; 3 is above by 200, 2 by 150, 4 not at all. 1000 are
  // used: without 3 there are 700.
  std::vector<Use> table = {{.number = 1, .resident_mib = 400},
                            {.number = 2, .resident_mib = 250},
                            {.number = 3, .resident_mib = 300},
                            {.number = 4, .resident_mib = 50}};
  EXPECT_THAT(Judge(options, 1000, table), ElementsAre("3p"));
  // 2000 are used: without 3, 2 and then the master 600 are left; 4 is within its own limit.
  for (Use& use : table) use.resident_mib *= 2;
  table[3].limit_mib = 600;
  table[3].resident_mib = 600;
  table[0].resident_mib = 300;
  EXPECT_THAT(Judge(options, 1000, table), ElementsAre("3p", "2p"));
  table[0].resident_mib = 400;
  EXPECT_THAT(Judge(options, 1000, table), ElementsAre("3p", "2p", "1p"));
}

// 1000 MiB times 0.5: the sizes of the containers may well be more together.
TEST(MemoryMonitor, InDynamicModeWithNobodyOverTheOneNearestToItsLimitGoes) {
  EXPECT_THAT(Judge({.dynamic_permille = 500},
                    1000,
                    {{.number = 2, .limit_mib = 300, .resident_mib = 200},
                     {.number = 3, .limit_mib = 400, .resident_mib = 390}}),
              ElementsAre("3p"));
}

ContainerSample Hog(int64_t number, int64_t resident) {
  return {.id = IdOf(number),
          .resident_bytes = resident,
          .virtual_bytes = 3 * resident,
          .older_resident_bytes = resident,
          .older_virtual_bytes = 3 * resident,
          .processes = {{.pid = 4711,
                         .parent = 4710,
                         .group = 4711,
                         .session = 4710,
                         .name = "hog",
                         .user_ms = 120,
                         .system_ms = 30,
                         .virtual_bytes = 3 * resident,
                         .resident_bytes = resident,
                         .older = true,
                         .command_line = "hog --grow"}}};
}

TEST(NodeManager, StopsAContainerThatUsesMoreMemoryThanItMayAndSaysSoInYarnsWords) {
  CoreDriver node;
  node.Register();
  node.Run(2);
  node.Step(UsageSampled{{Hog(2, 1024 * kMib)}, {}});
  EXPECT_EQ(node.StateOf(2), State::kRunning) << "it is at its limit, not above";
  node.Step(UsageSampled{{Hog(2, 1536 * kMib)}, {}});
  ASSERT_EQ(node.StateOf(2), State::kKilling);
  ASSERT_TRUE(node.Take<Signal>());
  // A look that was under way meanwhile says it again.
  node.Step(UsageSampled{{Hog(2, 1536 * kMib)}, {}});
  EXPECT_FALSE(node.Take<Signal>());
  node.End(2, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node.StatusOf(2).exit_code, exit_code::kPhysicalMemoryExceeded);
  const std::string id = IdOf(2).ToString();
  EXPECT_THAT(node.StatusOf(2).diagnostics,
              HasSubstr("Container [pid=4711,containerID=" + id +
                        "] is running beyond physical memory limits. Current usage: 1.5 GB of 1.0 "
                        "GB physical memory used; 4.5 GB of 2.1 GB virtual memory used. Killing "
                        "container.\nDump of the process-tree for " +
                        id +
                        " :\n\t|- PID PPID PGRPID SESSID CMD_NAME USER_MODE_TIME(MILLIS) "
                        "SYSTEM_TIME(MILLIS) VMEM_USAGE(BYTES) RSSMEM_USAGE(PAGES) FULL_CMD_LINE"
                        "\n\t|- 4711 4710 4711 4710 (hog) 120 30 4831838208 393216 hog "
                        "--grow\ndied of SIGTERM 0 ms after the request"));
}

TEST(NodeManager, StopsAContainerBeyondItsVirtualMemoryWhenAsked) {
  CoreOptions options = SmallNode();
  options.memory = {.physical_check = false, .virtual_check = true};
  CoreDriver node(options);
  node.Register();
  node.Run(2);
  node.Step(UsageSampled{{Hog(2, 1024 * kMib)}, {}});
  node.End(2, {.kind = ExitKind::kSignaled, .value = 9});
  EXPECT_EQ(node.StatusOf(2).exit_code, exit_code::kVirtualMemoryExceeded);
  EXPECT_THAT(node.StatusOf(2).diagnostics, HasSubstr("beyond virtual memory limits"));
}

TEST(NodeManager, ASampleOfAContainerThatIsNotHereIsIgnored) {
  CoreDriver node;
  node.Register();
  node.Step(UsageSampled{{Hog(7, 9999 * kMib)}, {}});
  EXPECT_FALSE(node.Take<Signal>());
}

TEST(NodeManager, WhatTheNodeUsesGoesAlongWithTheNextHeartbeat) {
  CoreDriver node;
  node.Register();
  const NodeUtilization utilization{.node_memory_mib = 5000, .containers_memory_mib = 700};
  node.Step(UsageSampled{{}, utilization});
  EXPECT_FALSE(node.Take<SendHeartbeat>()) << "that is no news";
  node.Answer();
  const auto next = node.Take<SendHeartbeat>();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->request.utilization, utilization);
}

}  // namespace
}  // namespace weir::nm
