#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "scheduler/placement/placement.h"
#include "tests/unit/scheduler_placement/tree.h"

namespace weir::scheduler {
namespace {

const Submitter kMia{"mia", {"analysts", "science"}};

AccessList Users(std::vector<std::string> users) {
  AccessList list;
  list.users = std::move(users);
  return list;
}
AccessList Groups(std::vector<std::string> groups) {
  AccessList list;
  list.groups = std::move(groups);
  return list;
}
AccessList Everybody() {
  AccessList list;
  list.everybody = true;
  return list;
}

TEST(Rights, HoldOnTheQueueAndAllBelowIt) {
  struct Case {
    std::string title;
    std::string list_on;
    AccessList submit;
    AccessList administer;
    std::string path;
    bool may_submit;
    bool may_administer;
  };
  const std::vector<Case> cases = {
      {"nobody", "root.a.b", {}, {}, "root.a.b", false, false},
      {"by name", "root.a.b", Users({"adam", "mia"}), {}, "root.a.b", true, false},
      {"another name", "root.a.b", Users({"mi", "miaa"}), {}, "root.a.b", false, false},
      {"by a group", "root.a.b", Groups({"science"}), {}, "root.a.b", true, false},
      {"a group is no user", "root.a.b", Groups({"mia"}), {}, "root.a.b", false, false},
      {"everybody", "root.a.b", Everybody(), {}, "root.a.b", true, false},
      {"from the parent", "root.a", Users({"mia"}), {}, "root.a.b", true, false},
      {"from root", "root", Everybody(), Everybody(), "root.a.b", true, true},
      {"not from a sibling", "root.c", Everybody(), Everybody(), "root.a.b", false, false},
      {"not from below", "root.a.b", Everybody(), Everybody(), "root.a", false, false},
      {"who administers may submit", "root.a", {}, Users({"mia"}), "root.a.b", true, true},
      {"a queue to be made", "root.a", Users({"mia"}), {}, "root.a.new.queue", true, false},
      {"no queue at all", "root", Everybody(), Everybody(), "nowhere", false, false},
      {"no name", "root", Everybody(), Everybody(), "", false, false},
      {"endless", "root", Everybody(), {}, "root." + std::string(100'000, 'x'), false, false},
  };
  for (const Case& each : cases) {
    QueueConfiguration tree = Tree({"root.a.b", "root.c"});
    tree.queues[each.list_on].submit = each.submit;
    tree.queues[each.list_on].administer = each.administer;
    EXPECT_EQ(HasRight(tree, each.path, QueueRight::kSubmit, kMia), each.may_submit) << each.title;
    EXPECT_EQ(HasRight(tree, each.path, QueueRight::kAdminister, kMia), each.may_administer)
        << each.title;
  }
}

TEST(Rights, AWorkflowsPriorityComesFromTheNearestQueueThatMapsIt) {
  QueueConfiguration tree = Tree({"root.p.a", "root.p.b"});
  tree.cluster_maximum_priority = 10;
  tree.queues["root.p.a"].default_application_priority = 1;
  tree.workflow_priorities = {
      {"etl", "root.p", 5}, {"etl", "a", 7}, {"wide", "root", 99}, {"other", "root.p.b", 3}};
  const auto priority =
      [&](const std::string& path, std::optional<int32_t> asked, std::string tag) {
        return EffectivePriority(tree, path, kMia, asked, {"night", std::move(tag)});
      };
  EXPECT_EQ(priority("root.p.a", std::nullopt, "workflowid:etl"), 7);
  EXPECT_EQ(priority("root.p.b", std::nullopt, "workflowid:etl"), 5) << "its parent's";
  EXPECT_EQ(priority("root.p.a", std::nullopt, "workflowid:wide"), 10) << "bounded as any";
  EXPECT_EQ(priority("root.p.a", std::nullopt, "workflowid:other"), 1) << "not in this queue";
  EXPECT_EQ(priority("root.p.a", std::nullopt, "workflowid:"), 1);
  EXPECT_EQ(priority("root.p.a", 2, "workflowid:etl"), 2) << "what is asked for counts";
  tree.workflow_priorities_override = true;
  EXPECT_EQ(priority("root.p.a", 2, "workflowid:etl"), 7);
  EXPECT_EQ(priority("root.p.a", 2, "etl"), 2);
}

TEST(Rights, BoundThePriority) {
  const PriorityGrant analysts{Groups({"analysts"}), 5, 2};
  const PriorityGrant mia{Users({"mia"}), 8, 7};
  const PriorityGrant tom{Users({"tom"}), 9, 9};
  const PriorityGrant no_bound{Users({"mia"}), std::nullopt, std::nullopt};
  struct Case {
    std::string title;
    int32_t cluster;
    int32_t queue_default;
    std::vector<PriorityGrant> grants;
    std::optional<int32_t> asked;
    int32_t expected;
  };
  const std::vector<Case> cases = {
      {"no priorities in the cluster", 0, 3, {}, 4, 0},
      {"as asked", 10, 3, {}, 4, 4},
      {"at most the cluster's", 10, 3, {}, 11, 10},
      {"the queue's default", 10, 3, {}, std::nullopt, 3},
      {"the queue's default, bounded", 2, 3, {}, std::nullopt, 2},
      {"asked for 0", 10, 3, {}, 0, 0},
      {"never below 0", 10, 3, {}, -4, 0},
      {"at most the grant's", 10, 3, {analysts}, 9, 5},
      {"the grant's default", 10, 3, {analysts}, std::nullopt, 2},
      {"the first that matches", 10, 3, {tom, analysts, mia}, 9, 5},
      {"the grant bounded by the cluster", 4, 3, {mia}, 9, 4},
      {"a grant without numbers", 10, 3, {no_bound}, 9, 9},
      {"a grant without numbers, not asked", 10, 3, {no_bound}, std::nullopt, 3},
      {"grants for others alone", 10, 3, {tom}, 9, 3},
  };
  for (const Case& each : cases) {
    QueueConfiguration tree = Tree({"root.a"});
    tree.cluster_maximum_priority = each.cluster;
    tree.queues["root.a"].default_application_priority = each.queue_default;
    tree.queues["root.a"].priority_grants = each.grants;
    EXPECT_EQ(EffectivePriority(tree, "root.a", kMia, each.asked), each.expected) << each.title;
  }
  QueueConfiguration tree = Tree({"root.a"});
  tree.cluster_maximum_priority = 10;
  EXPECT_EQ(EffectivePriority(tree, "root.unknown", kMia, 12), 10);
  EXPECT_EQ(EffectivePriority(tree, "root.unknown", kMia, std::nullopt), 0);
}

TEST(Rights, BoundTheLifetime) {
  struct Case {
    std::string title;
    int64_t maximum_s;
    int64_t default_s;
    int64_t asked_s;
    int64_t expected_s;
  };
  const std::vector<Case> cases = {
      {"no end", 0, 0, 0, 0},
      {"as asked", 0, 0, 60, 60},
      {"the default", 0, 30, 0, 30},
      {"asked beyond the default", 0, 30, 60, 60},
      {"at most the maximum", 50, 30, 60, 50},
      {"asked less", 50, 30, 20, 20},
      {"a maximum without a default ends those that ask for nothing", 50, 0, 0, 50},
      {"a default above the maximum", 50, 80, 0, 50},
      {"a negative one is none", 50, 30, -5, 30},
  };
  for (const Case& each : cases) {
    QueueConfiguration tree = Tree({"root.a"});
    tree.queues["root.a"].maximum_lifetime = seconds(each.maximum_s);
    tree.queues["root.a"].default_lifetime = seconds(each.default_s);
    for (const char* path : {"root.a", "root.a.to_be_made"}) {
      EXPECT_EQ(EffectiveLifetime(tree, path, seconds(each.asked_s)), seconds(each.expected_s))
          << each.title << " " << path;
    }
  }
  EXPECT_EQ(EffectiveLifetime(Tree({"root.a"}), "nowhere", seconds(5)), seconds(5));
}

}  // namespace
}  // namespace weir::scheduler
