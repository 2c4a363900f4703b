#include "scheduler/config/configuration_change.h"

#include <gtest/gtest.h>

#include <set>

#include "scheduler/config/dynamic_queues.h"
#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

std::vector<ConfigFault> Change(const QueueConfiguration& from,
                                const QueueConfiguration& to,
                                const std::set<std::string>& busy) {
  return CheckChange(from, to, [&](const std::string& path) { return busy.contains(path); });
}

constexpr std::string_view kTwo = "root.queues a,b\nroot.a.capacity 1w\nroot.b.capacity 1w\n";

struct Row {
  std::string from;  // added to kTwo
  std::string to;    // the whole
  std::set<std::string> busy;
  std::string queue;  // "" = the change can be applied
  std::string_view message;
};

TEST(ConfigurationChange, KeepsTheRulesOfAChangeAtRunTime) {
  const std::string one = "root.queues a\nroot.a.capacity 1w\n";
  const std::string two(kTwo);
  const Row rows[] = {
      {"", two, {"root.a", "root.b"}, "", ""},
      {"", two + "root.b.state STOPPED", {"root.b"}, "", ""},
      // Removed.
      {"", one, {}, "root.b", "it would be removed, but it is RUNNING"},
      {"root.b.state STOPPED", one, {}, "", ""},
      {"root.b.state STOPPED", one, {"root.b"}, "root.b", "it still has applications"},
      // Moved.
      {"",
       one + "root.a.queues b\nroot.a.b.capacity 1w\nroot.a.state STOPPED",
       {},
       "root.b",
       "it would move to root.a.b"},
      // A leaf becomes a parent.
      {"", two + "root.b.queues x\nroot.b.x.capacity 1w", {}, "root.b", "it would become a parent"},
      {"root.b.state STOPPED", two + "root.b.queues x\nroot.b.x.capacity 1w", {}, "", ""},
      {"root.b.state STOPPED",
       two + "root.b.queues x\nroot.b.x.capacity 1w",
       {"root.b"},
       "root.b",
       "it still has applications"},
      {"", two + "root.b.auto-queue-creation-v2.enabled true", {}, "root.b", "become a parent"},
      // A parent becomes a leaf when its children go.
      {"root.b.queues x\nroot.b.x.capacity 1w\nroot.b.x.state STOPPED", two, {}, "", ""},
      // Managed and normal.
      {"root.b.queues x\nroot.b.x.capacity 1w\nroot.b.x.state STOPPED",
       two + "root.b.auto-create-child-queue.enabled true\nroot.b.leaf-queue-template.capacity 5",
       {},
       "root.b",
       "become a managed parent"},
      {"root.b.auto-create-child-queue.enabled true\nroot.b.leaf-queue-template.capacity 5",
       two,
       {},
       "root.b",
       "not be a managed parent any more"},
  };
  for (const Row& row : rows) {
    const std::vector<ConfigFault> faults =
        Change(Parsed(two + row.from), Parsed(row.to), row.busy);
    if (row.queue.empty()) {
      EXPECT_TRUE(faults.empty()) << faults.front().ToString();
      continue;
    }
    ASSERT_FALSE(faults.empty()) << row.message;
    bool found = false;
    for (const ConfigFault& fault : faults) {
      EXPECT_FALSE(fault.rule.empty());
      EXPECT_EQ(fault.file, "q.xml") << fault.ToString();
      EXPECT_GT(fault.line, 0) << fault.ToString();
      found = found ||
              (fault.queue == row.queue && fault.message.find(row.message) != std::string::npos);
    }
    EXPECT_TRUE(found) << faults.front().ToString();
  }
}

TEST(ConfigurationChange, LetsEmptyDynamicQueuesGoWithoutStoppingThem) {
  const std::string flexible = std::string(kTwo) +
                               "root.a.auto-queue-creation-v2.enabled true\nroot.a.queues s\n"
                               "root.a.s.capacity 1w";
  const std::string closed = std::string(kTwo) + "root.a.queues s\nroot.a.s.capacity 1w";
  const auto running = WithDynamicQueue(Parsed(flexible), "root.a.dev.x", TestTypes());
  ASSERT_TRUE(running.ok());
  EXPECT_TRUE(Change(**running, Parsed(closed), {}).empty());
  const std::vector<ConfigFault> faults = Change(**running, Parsed(closed), {"root.a.dev.x"});
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].queue, "root.a.dev.x");
  EXPECT_EQ(faults[0].line, 2);  // of root.a, which stays
}

TEST(ConfigurationChange, ListsEveryPropertyThatDiffers) {
  const QueueConfiguration from = Parsed(std::string(kTwo) + "root.b.user-limit-factor 2");
  const QueueConfiguration to = Parsed(R"(maximum-applications 7

      root.queues a,b,c
      root.a.capacity 3w
      root.b.queues x
      root.b.capacity 1w
      root.b.x.capacity 1w
      root.c.capacity 2w)");
  std::vector<std::string> found;
  for (const QueueChange& change : DiffConfigurations(from, to)) {
    found.push_back(change.path + " " + change.what + ": " + change.before + " -> " + change.after);
  }
  const std::set<std::string> all(found.begin(), found.end());
  for (const std::string expected : {" maximum-applications: 10000 -> 7",
                                     "root.a capacity: 1w -> 3w",
                                     "root.b ordering-policy: fifo -> utilization",
                                     "root.b user-limit-factor: 2 -> ",
                                     "root.b.x added:  -> 1w",
                                     "root.c added:  -> 2w"}) {
    EXPECT_TRUE(all.contains(expected)) << expected;
  }
  // Lines that move change nothing.
  EXPECT_TRUE(
      DiffConfigurations(from, Parsed("\n\n" + std::string(kTwo) + "root.b.user-limit-factor 2.0"))
          .empty());
  const std::vector<QueueChange> removed =
      DiffConfigurations(from, Parsed("root.queues a\nroot.a.capacity 1w"));
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].what, "removed");
}

}  // namespace
}  // namespace weir::scheduler
