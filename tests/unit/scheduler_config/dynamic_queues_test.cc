#include "scheduler/config/dynamic_queues.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "scheduler/config/capacity_text.h"
#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

constexpr std::string_view kFlexible = R"(root.queues a,b
root.a.capacity 1w
root.b.capacity 1w
root.a.auto-queue-creation-v2.enabled true
)";
constexpr std::string_view kManaged = R"(root.queues m,b
root.m.capacity 60
root.b.capacity 40
root.m.auto-create-child-queue.enabled true
root.m.leaf-queue-template.capacity 40
root.m.leaf-queue-template.user-limit-factor 3
)";

QueueConfiguration With(const QueueConfiguration& from, const std::string& path) {
  const auto made = WithDynamicQueue(from, path, TestTypes());
  EXPECT_TRUE(made.ok()) << made.error().ToString();
  return made.ok() ? **made : from;
}

int64_t PercentOf(const QueueConfiguration& configuration, const std::string& path) {
  return configuration.Find(path)->partitions.at("").capacity.parts[0].value /
         (kWholePercent / 100);
}

TEST(DynamicQueues, AFlexibleLeafHasAWeightAndNoLimitOfItsUsers) {
  const QueueConfiguration made = With(Parsed(kFlexible), "root.a.mia");
  const QueueSettings* const leaf = made.Find("root.a.mia");
  ASSERT_NE(leaf, nullptr);
  EXPECT_TRUE(leaf->leaf);
  EXPECT_TRUE(leaf->dynamic);
  EXPECT_EQ(leaf->name, "mia");
  EXPECT_EQ(leaf->parent, "root.a");
  EXPECT_EQ(leaf->partitions.at("").capacity, PlainCapacity(CapacityKind::kWeight, kWholeWeight));
  EXPECT_EQ(leaf->user_limit_factor, std::nullopt);
  EXPECT_EQ(leaf->am_share, kWholeFactor);
  EXPECT_EQ(CheckUsable(made), "");
}

TEST(DynamicQueues, ParentsThatLackAreMadeToo) {
  const QueueConfiguration made = With(Parsed(kFlexible), "root.a.dev.mia");
  const QueueSettings* const parent = made.Find("root.a.dev");
  ASSERT_NE(parent, nullptr);
  EXPECT_FALSE(parent->leaf);
  EXPECT_TRUE(parent->dynamic);
  EXPECT_EQ(parent->children, (std::vector<std::string>{"root.a.dev.mia"}));
  const QueueConfiguration more = With(made, "root.a.dev.eva");
  EXPECT_EQ(more.Find("root.a.dev")->children.size(), 2u);
  EXPECT_EQ(CheckUsable(more), "");
}

TEST(DynamicQueues, TemplatesGoFromTheQueueItselfToTheWidestPattern) {
  const QueueConfiguration from = Parsed(std::string(kFlexible) + R"(
      root.a.auto-queue-creation-v2.template.capacity 2w
      root.a.auto-queue-creation-v2.template.max-parallel-apps 5
      root.a.auto-queue-creation-v2.leaf-template.capacity 3w
      root.a.auto-queue-creation-v2.leaf-template.user-limit-factor 4
      root.a.auto-queue-creation-v2.parent-template.priority 7
      root.a.*.auto-queue-creation-v2.leaf-template.priority 9
      root.*.*.auto-queue-creation-v2.leaf-template.priority 1
      root.*.auto-queue-creation-v2.template.maximum-am-resource-percent 0.5
      root.a.eva.priority 6)");
  const QueueConfiguration made =
      With(With(With(from, "root.a.mia"), "root.a.eva"), "root.a.dev.x");
  const auto weight = [&](const std::string& path) {
    return made.Find(path)->partitions.at("").capacity.parts[0].value / kWholeWeight;
  };
  EXPECT_EQ(weight("root.a.mia"), 3);  // for leaves before for both
  EXPECT_EQ(weight("root.a.dev"), 2);
  EXPECT_EQ(weight("root.a.dev.x"), 1);
  EXPECT_EQ(made.Find("root.a.mia")->user_limit_factor, 4 * kWholeFactor);
  EXPECT_EQ(made.Find("root.a.mia")->maximum_parallel_applications, 5);
  EXPECT_EQ(made.Find("root.a.mia")->am_share, kWholeFactor / 2);  // by root.*
  EXPECT_EQ(made.Find("root.a.dev")->priority, 7);
  EXPECT_EQ(made.Find("root.a.dev.x")->priority, 9);  // root.a.* before root.*.*
  EXPECT_EQ(made.Find("root.a.eva")->priority, 6);    // what stands for itself
  EXPECT_EQ(CheckUsable(made), "");
}

TEST(DynamicQueues, AreRefusedWithTheRuleWhereTheyHaveNoPlace) {
  const std::string bounded = std::string(kFlexible) + "root.a.auto-queue-creation-v2.max-queues 1";
  const std::string stopped = std::string(kFlexible) + "root.a.state STOPPED";
  const std::string percent =
      "root.queues a\nroot.a.capacity 100\nroot.a.queues x\nroot.a.x.capacity 100\n"
      "root.a.auto-queue-creation-v2.enabled true";
  struct Row {
    std::string text;
    std::string path;
    ErrorCode code;
    std::string_view words;
  };
  const Row rows[] = {
      {std::string(kFlexible), "root.b.mia", ErrorCode::kFailedPrecondition, "root.b is a leaf"},
      {std::string(kFlexible),
       "root.c.mia",
       ErrorCode::kFailedPrecondition,
       "root creates no queues"},
      {std::string(kFlexible),
       "root.a.x.y.z",
       ErrorCode::kFailedPrecondition,
       "maximum-queue-depth is 2"},
      {std::string(kFlexible), "root.b", ErrorCode::kAlreadyExists, "exists already"},
      {std::string(kFlexible), "a.mia", ErrorCode::kInvalidArgument, "root.PARENT.NAME"},
      {std::string(kFlexible), "root", ErrorCode::kInvalidArgument, "root.PARENT.NAME"},
      {std::string(kFlexible), "", ErrorCode::kInvalidArgument, "root.PARENT.NAME"},
      {std::string(kFlexible), "root.a.", ErrorCode::kInvalidArgument, "a queue's name"},
      {std::string(kFlexible), "root.a.m a", ErrorCode::kInvalidArgument, "a queue's name"},
      {stopped, "root.a.mia", ErrorCode::kFailedPrecondition, "STOPPED"},
      {percent, "root.a.mia", ErrorCode::kFailedPrecondition, "one kind of capacity"},
      {std::string(kManaged), "root.m.x.y", ErrorCode::kFailedPrecondition, "creates leaves only"},
  };
  for (const Row& row : rows) {
    const auto made = WithDynamicQueue(Parsed(row.text), row.path, TestTypes());
    ASSERT_FALSE(made.ok()) << row.path;
    EXPECT_EQ(made.error().code, row.code) << row.path;
    EXPECT_NE(made.error().ToString().find(row.words), std::string::npos)
        << made.error().ToString();
  }
  const auto second =
      WithDynamicQueue(With(Parsed(bounded), "root.a.mia"), "root.a.eva", TestTypes());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(second.error().ToString().find("max-queues is 1"), std::string::npos);
}

TEST(DynamicQueues, OneThatCannotBeMadeLeavesNothingBehind) {
  QueueConfiguration configuration = Parsed(std::string(kFlexible) + R"(
      root.a.*.auto-queue-creation-v2.leaf-template.capacity 60
      root.a.dev.queues x)");
  const QueueConfiguration before = configuration;
  EXPECT_TRUE(AddDynamicQueue(configuration, "root.a.dev.ok", TestTypes()).ok() == false);
  EXPECT_EQ(configuration, before);
}

TEST(DynamicQueues, OfAManagedParentHaveItsTemplateUntilItIsGivenAway) {
  QueueConfiguration made = With(Parsed(kManaged), "root.m.one");
  EXPECT_EQ(PercentOf(made, "root.m.one"), 40);
  EXPECT_EQ(made.Find("root.m.one")->user_limit_factor, 3 * kWholeFactor);
  made = With(With(made, "root.m.two"), "root.m.three");
  EXPECT_EQ(PercentOf(made, "root.m.two"), 40);
  EXPECT_EQ(PercentOf(made, "root.m.three"), 0);
  const auto without = WithoutDynamicQueue(made, "root.m.one");
  ASSERT_TRUE(without.ok());
  EXPECT_EQ((*without)->Find("root.m.one"), nullptr);
  EXPECT_EQ(PercentOf(**without, "root.m.three"), 40);
  EXPECT_EQ(CheckUsable(**without), "");
}

// 60 % come to 40 % for one leaf at a time. YARN's policy by activity: who has applications has the
// capacity, the oldest application first.
TEST(DynamicQueues, OfAManagedParentShareItOutByActivity) {
  const QueueConfiguration made =
      With(With(With(With(Parsed(kManaged), "root.m.one"), "root.m.two"), "root.m.x"), "root.m.y");
  EXPECT_EQ(PercentOf(made, "root.m.one") + PercentOf(made, "root.m.two"), 80);
  struct Row {
    std::map<std::string, int64_t> oldest;
    std::string have;  // who has capacity then; "" = nothing changes
  };
  const Row rows[] = {
      {{}, ""},
      {{{"one", 1}, {"two", 2}}, ""},
      {{{"one", 1}, {"two", 2}, {"x", 3}}, ""},  // nobody is idle who has it
      {{{"one", 1}, {"x", 3}}, "one x"},
      {{{"one", 1}, {"x", 3}, {"y", 2}}, "one y"},  // y waits longer
      {{{"x", 1}, {"y", 2}}, "x y"},
      {{{"y", 5}}, "two y"},
  };
  for (const Row& row : rows) {
    const auto balanced = BalanceManagedParent(
        made, "root.m", [&](const std::string& path) -> std::optional<int64_t> {
          const auto found = row.oldest.find(path.substr(std::string("root.m.").size()));
          return found == row.oldest.end() ? std::nullopt : std::optional(found->second);
        });
    std::string have;
    if (balanced != nullptr) {
      EXPECT_EQ(CheckUsable(*balanced), "");
      for (const std::string name : {"one", "two", "x", "y"}) {
        if (PercentOf(*balanced, "root.m." + name) == 40) have += (have.empty() ? "" : " ") + name;
      }
    }
    EXPECT_EQ(have, row.have);
  }
  const auto nobody = [](const std::string&) { return std::optional<int64_t>(); };
  EXPECT_EQ(BalanceManagedParent(made, "root.b", nobody), nullptr);
  EXPECT_EQ(BalanceManagedParent(made, "root.none", nobody), nullptr);
}

TEST(DynamicQueues, OfAManagedParentAreRefusedWhenItIsGivenAwayIfItSaysSo) {
  const QueueConfiguration made =
      With(With(Parsed(std::string(kManaged) +
                       "root.m.auto-create-child-queue.fail-on-exceeding-parent-capacity true"),
                "root.m.one"),
           "root.m.two");
  const auto third = WithDynamicQueue(made, "root.m.three", TestTypes());
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, ErrorCode::kResourceExhausted);
}

TEST(DynamicQueues, GoWithAllBelowThem) {
  const QueueConfiguration made = With(With(Parsed(kFlexible), "root.a.dev.x"), "root.a.dev.y");
  const auto without = WithoutDynamicQueue(made, "root.a.dev");
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(**without, Parsed(kFlexible));
  EXPECT_EQ(WithoutDynamicQueue(made, "root.a.none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(WithoutDynamicQueue(made, "root.b").error().code, ErrorCode::kFailedPrecondition);
}

TEST(DynamicQueues, AreCarriedToANewConfigurationWithItsTemplates) {
  const QueueConfiguration running = With(With(Parsed(kFlexible), "root.a.dev.x"), "root.a.mia");
  const QueueConfiguration to = Parsed(std::string(kFlexible) +
                                       "root.a.auto-queue-creation-v2.template.priority 5\n"
                                       "root.a.auto-queue-creation-v2.max-queues 0\n"
                                       "root.a.state STOPPED");
  const auto carried = CarryDynamicQueues(running, to, TestTypes());
  ASSERT_NE(carried->Find("root.a.dev.x"), nullptr);
  EXPECT_EQ(carried->Find("root.a.mia")->priority, 5);
  EXPECT_EQ(carried->Find("root.a.mia")->state, QueueState::kStopped);
  EXPECT_EQ(CheckUsable(*carried), "");
  const auto none =
      CarryDynamicQueues(running, Parsed("root.queues a\nroot.a.capacity 1w"), TestTypes());
  EXPECT_EQ(none->queues.size(), 2u);
}

TEST(DynamicQueues, ManyAreMadeInProportion) {
  QueueConfiguration configuration =
      Parsed(std::string(kFlexible) + "root.a.auto-queue-creation-v2.max-queues 5000");
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(AddDynamicQueue(configuration, "root.a.u" + std::to_string(i), TestTypes()).ok());
  }
  EXPECT_EQ(configuration.queues.size(), 5003u);
  EXPECT_FALSE(CheckDynamicQueue(configuration, "root.a.more").ok());
}

}  // namespace
}  // namespace weir::scheduler
