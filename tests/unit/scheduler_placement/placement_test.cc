#include "scheduler/placement/placement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scheduler/config/dynamic_queues.h"
#include "scheduler/config/recovery_queue.h"
#include "tests/unit/scheduler_placement/tree.h"

namespace weir::scheduler {
namespace {

using Matcher = PlacementRule::Matcher;
using Policy = PlacementRule::Policy;
using Fallback = PlacementRule::Fallback;

const Submitter kMia{"mia", {"analysts", "nobodies", "science"}};

// root.{default, etl, users.{mia, john_dot_doe}, groups.{analysts, science}, eu.night, us.night},
// root.auto makes queues two levels deep, root.managed makes leaves.
QueueConfiguration Company() {
  QueueConfiguration tree = Tree({"root.default",
                                  "root.etl",
                                  "root.users.mia",
                                  "root.users.john_dot_doe",
                                  "root.groups.analysts",
                                  "root.groups.science",
                                  "root.eu.night",
                                  "root.us.night",
                                  "root.auto",
                                  "root.managed",
                                  "root.wordcount"});
  tree.queues["root.auto"].leaf = false;
  tree.queues["root.auto"].auto_creation.enabled = true;
  tree.queues["root.managed"].leaf = false;
  tree.queues["root.managed"].auto_creation.managed = true;
  return tree;
}

PlacementRule Rule(Matcher matcher,
                   std::string matches,
                   Policy policy,
                   std::string queue = "",
                   std::string parent = "",
                   bool create = false,
                   Fallback fallback = Fallback::kSkip) {
  PlacementRule rule;
  rule.matcher = matcher;
  rule.matches = std::move(matches);
  rule.policy = policy;
  rule.queue = std::move(queue);
  rule.parent_queue = std::move(parent);
  rule.create = create;
  rule.fallback = fallback;
  return rule;
}

std::string Outcome(const Result<std::string>& placed) {
  return placed.ok() ? *placed : std::string(ErrorCodeName(placed.error().code));
}

struct NamedCase {
  std::string asked;
  std::string expected;  // path or error code
};

TEST(Placement, ReadsTheQueueThatAnApplicationNames) {
  const std::string not_found(ErrorCodeName(ErrorCode::kNotFound));
  const std::string invalid(ErrorCodeName(ErrorCode::kInvalidArgument));
  const std::vector<NamedCase> cases = {
      {"", "root.default"},
      {"default", "root.default"},
      {"root.default", "root.default"},
      {"etl", "root.etl"},
      {"mia", "root.users.mia"},
      {"users.mia", "root.users.mia"},
      {"eu.night", "root.eu.night"},
      {"night", invalid},  // root.eu.night or root.us.night
      {"root", invalid},
      {"users", invalid},
      {"root.users", invalid},
      {"nowhere", not_found},
      {"root.nowhere", not_found},
      {"nowhere.mia", not_found},
      {"root.etl.below", not_found},
      {"root.users.zoe", not_found},
      {"root.auto.zoe", "root.auto.zoe"},
      {"auto.zoe", "root.auto.zoe"},
      {"root.auto.a.zoe", "root.auto.a.zoe"},
      {"root.auto.a.b.zoe", not_found},  // three levels, two are allowed
      {"root.managed.zoe", "root.managed.zoe"},
      {"root.managed.a.zoe", not_found},
      {"root.auto", invalid},
      {".", invalid},
      {"root..etl", invalid},
      {".root.etl", invalid},
      {"root.etl.", invalid},
      {" etl", invalid},
      {"root.e tl", invalid},
      {"etl\n", invalid},
      {std::string("etl\0", 4), invalid},
      {std::string(257, 'q'), invalid},
      {std::string(1'000'000, 'q'), invalid},
      {"root" + std::string(2'000, '.'), invalid},
      {"ROOT.etl", not_found},
  };
  const QueueConfiguration company = Company();
  for (const NamedCase& each : cases) {
    EXPECT_EQ(Outcome(PlaceInQueue(company, each.asked, "job", kMia)), each.expected)
        << each.asked.substr(0, 100);
  }
}

TEST(Placement, NobodyGoesToTheRecoveryQueueWhateverHeCallsIt) {
  QueueConfiguration company = Company();
  company.queues["root"].auto_creation.enabled = true;
  for (const bool is_there : {false, true}) {
    if (is_there) AddRecoveryQueue(company);
    for (const std::string name : {"root.:recovered", ":recovered"}) {
      const auto placed = PlaceInQueue(company, name, "job", kMia);
      if (is_there || !placed.ok()) {
        EXPECT_FALSE(placed.ok()) << *placed;
      } else {
        EXPECT_FALSE(CheckDynamicQueue(company, *placed).ok()) << "nobody makes it";
      }
    }
  }
  const auto placed = PlaceInQueue(company, ":recovered", "job", kMia);
  EXPECT_EQ(placed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(placed.error().message.find("only holds"), std::string::npos);
  // Nor is it offered to who asks for one that is not there.
  const auto unknown = PlaceInQueue(company, "nowhere", "job", kMia);
  EXPECT_EQ(unknown.error().ToString().find(":recovered"), std::string::npos);
}

TEST(Placement, NamesTheCandidatesOfAnAmbiguousName) {
  const auto placed = PlaceInQueue(Company(), "night", "job", kMia);
  ASSERT_FALSE(placed.ok());
  EXPECT_NE(placed.error().message.find("root.eu.night, root.us.night"), std::string::npos)
      << placed.error().ToString();
}

TEST(Placement, NamesTheKnownLeavesAndTheNearestForAnUnknownQueue) {
  const auto placed = PlaceInQueue(Company(), "root.elt", "job", kMia);
  ASSERT_FALSE(placed.ok());
  EXPECT_NE(placed.error().remedy.find("did you mean root.etl"), std::string::npos)
      << placed.error().remedy;
  EXPECT_NE(placed.error().remedy.find("root.users.mia"), std::string::npos);
}

TEST(Placement, KeepsMessagesAboutHostileNamesShortAndPrintable) {
  for (const std::string& name : {std::string(1'000'000, 'x'), std::string(300, '\x01')}) {
    const auto placed = PlaceInQueue(Company(), name, "job", kMia);
    ASSERT_FALSE(placed.ok());
    EXPECT_LT(placed.error().message.size(), 1000u);
    EXPECT_EQ(placed.error().message.find('\x01'), std::string::npos);
  }
}

struct RuleCase {
  std::string title;
  std::vector<PlacementRule> rules;
  std::string expected;
  std::string asked{};
  std::string application = "wordcount";
  Submitter who = kMia;
  bool overrides = false;
};

void Check(const std::vector<RuleCase>& cases) {
  for (const RuleCase& each : cases) {
    QueueConfiguration company = Company();
    company.placement = each.rules;
    company.placement_overrides = each.overrides;
    EXPECT_EQ(Outcome(PlaceInQueue(company, each.asked, each.application, each.who)), each.expected)
        << each.title;
  }
}

TEST(Placement, FollowsMappingsOfUsersGroupsAndApplications) {
  const auto custom = [](Matcher matcher, std::string matches, std::string queue) {
    return Rule(matcher,
                std::move(matches),
                Policy::kCustom,
                std::move(queue),
                "",
                true,
                Fallback::kPlaceDefault);
  };
  Check({
      {"u:mia:etl", {custom(Matcher::kUser, "mia", "etl")}, "root.etl"},
      {"another user", {custom(Matcher::kUser, "tom", "etl")}, "root.default"},
      {"u:%user:%user", {custom(Matcher::kUser, "%user", "%user")}, "root.users.mia"},
      {"u:%user:users.%user", {custom(Matcher::kUser, "%user", "users.%user")}, "root.users.mia"},
      {"u:*:root.auto.%user", {custom(Matcher::kUser, "*", "root.auto.%user")}, "root.auto.mia"},
      {"u:%user:%primary_group",
       {custom(Matcher::kUser, "%user", "%primary_group")},
       "root.groups.analysts"},
      {"the first of the other groups that is a queue",
       {custom(Matcher::kUser, "%user", "%secondary_group")},
       "root.groups.science"},
      {"u:%user:auto.%primary_group.%user",
       {custom(Matcher::kUser, "%user", "auto.%primary_group.%user")},
       "root.auto.analysts.mia"},
      {"g:science:etl", {custom(Matcher::kGroup, "science", "etl")}, "root.etl"},
      {"g: not a member", {custom(Matcher::kGroup, "sales", "etl")}, "root.default"},
      {"g: * is no group", {custom(Matcher::kGroup, "*", "etl")}, "root.default"},
      {"application", {custom(Matcher::kApplication, "wordcount", "etl")}, "root.etl"},
      {"%application:%application",
       {custom(Matcher::kApplication, "%application", "%application")},
       "root.wordcount"},
      {"the first that matches wins",
       {custom(Matcher::kGroup, "science", "groups.science"), custom(Matcher::kUser, "mia", "etl")},
       "root.groups.science"},
      {"a queue that is named is left alone",
       {custom(Matcher::kUser, "mia", "etl")},
       "root.users.mia",
       "mia"},
      {"unless the rules override",
       {custom(Matcher::kUser, "mia", "etl")},
       "root.etl",
       "mia",
       "wordcount",
       kMia,
       true},
      {"a queue that does not exist falls back to the default",
       {custom(Matcher::kUser, "mia", "nowhere"), custom(Matcher::kUser, "mia", "etl")},
       "root.default"},
  });
}

TEST(Placement, FollowsEveryPolicy) {
  const std::string denied(ErrorCodeName(ErrorCode::kPermissionDenied));
  const auto all =
      [](Policy policy, std::string queue = "", std::string parent = "", bool create = false) {
        return Rule(Matcher::kUser, "*", policy, std::move(queue), std::move(parent), create);
      };
  Check({
      {"specified", {all(Policy::kSpecified)}, "root.etl", "etl", "wordcount", kMia, true},
      {"specified, but none is", {all(Policy::kSpecified), all(Policy::kUser)}, "root.users.mia"},
      {"reject", {all(Policy::kReject)}, denied},
      {"defaultQueue", {all(Policy::kDefaultQueue)}, "root.default"},
      {"user", {all(Policy::kUser, "", "root.users")}, "root.users.mia"},
      {"primaryGroup", {all(Policy::kPrimaryGroup, "", "root.groups")}, "root.groups.analysts"},
      {"secondaryGroup", {all(Policy::kSecondaryGroup)}, "root.groups.science"},
      {"primaryGroupUser",
       {all(Policy::kPrimaryGroupUser, "", "root.auto", true)},
       "root.auto.analysts.mia"},
      {"secondaryGroupUser",
       {all(Policy::kSecondaryGroupUser, "", "root.auto", true)},
       "root.auto.science.mia"},
      {"applicationName",
       {all(Policy::kApplicationName, "", "root.managed", true)},
       "root.managed.wordcount"},
      {"custom", {all(Policy::kCustom, "root.auto.%application", "", true)}, "root.auto.wordcount"},
      {"custom with %default", {all(Policy::kCustom, "%default")}, "root.default"},
      {"custom with %specified",
       {all(Policy::kCustom, "%specified")},
       "root.etl",
       "etl",
       "wordcount",
       kMia,
       true},
      {"setDefaultQueue changes what later rules mean",
       {all(Policy::kSetDefaultQueue, "root.etl"), all(Policy::kDefaultQueue)},
       "root.etl"},
      {"and where those go that name none",
       {all(Policy::kSetDefaultQueue, "root.etl"), all(Policy::kUser, "", "root.eu")},
       "root.etl"},
      {"an unknown variable is no queue", {all(Policy::kCustom, "root.%users")}, "root.default"},
      {"part of a name",
       {all(Policy::kCustom, "root.auto.of_%user", "", true)},
       "root.auto.of_mia"},
  });
}

TEST(Placement, FallsBackWhenARuleCannotPlace) {
  const std::string denied(ErrorCodeName(ErrorCode::kPermissionDenied));
  const auto lost = [](Fallback fallback, bool create = false) {
    return Rule(Matcher::kUser, "*", Policy::kUser, "", "root.eu", create, fallback);
  };
  const PlacementRule next = Rule(Matcher::kUser, "*", Policy::kCustom, "etl");
  const auto set_default = [](std::string queue) {
    return Rule(Matcher::kUser, "*", Policy::kSetDefaultQueue, std::move(queue));
  };
  const PlacementRule made =
      Rule(Matcher::kUser, "*", Policy::kUser, "", "root.auto", true, Fallback::kReject);
  PlacementRule not_made = made;
  not_made.create = false;
  Check({
      {"skip", {lost(Fallback::kSkip), next}, "root.etl"},
      {"skip, nothing follows", {lost(Fallback::kSkip)}, "root.default"},
      {"reject", {lost(Fallback::kReject), next}, denied},
      {"placeDefault", {lost(Fallback::kPlaceDefault), next}, "root.default"},
      {"placeDefault where a rule has set it",
       {set_default("root.eu.night"), lost(Fallback::kPlaceDefault), next},
       "root.eu.night"},
      {"placeDefault where it is no queue",
       {set_default("root.nowhere"), lost(Fallback::kPlaceDefault), next},
       denied},
      {"a parent that makes no queues", {lost(Fallback::kReject, true), next}, denied},
      {"create", {made}, "root.auto.mia"},
      {"no create", {not_made}, denied},
      {"a short name that means two",
       {Rule(Matcher::kUser, "*", Policy::kCustom, "night"), next},
       "root.etl"},
  });
}

TEST(Placement, LetsNobodyChooseAQueueByTheirName) {
  const auto all = [](std::string queue) {
    return Rule(Matcher::kUser, "*", Policy::kCustom, std::move(queue), "", true);
  };
  const Submitter dotted{"john.doe", {"an.alysts"}};
  const Submitter variable{"%application", {}};
  const Submitter spaced{"john doe", {}};
  const Submitter empty{"", {}};
  const Submitter endless{std::string(100'000, 'u'), {}};
  Check({
      {"dots in a user", {all("root.users.%user")}, "root.users.john_dot_doe", "", "x", dotted},
      {"a rule for a dotted user matches the name itself",
       {Rule(Matcher::kUser, "john.doe", Policy::kCustom, "etl")},
       "root.etl",
       "",
       "x",
       dotted},
      {"dots in a group",
       {all("root.auto.%primary_group")},
       "root.auto.an_dot_alysts",
       "",
       "x",
       dotted},
      {"dots in an application", {all("root.auto.%application")}, "root.auto.a_dot_b", "", "a.b"},
      {"a user called as a variable",
       {all("root.auto.%user")},
       "root.auto.%application",
       "",
       "etl",
       variable},
      {"spaces", {all("root.auto.%user")}, "root.default", "", "x", spaced},
      {"no name", {all("root.auto.%user")}, "root.default", "", "x", empty},
      {"no group", {all("root.auto.%primary_group")}, "root.default", "", "x", empty},
      {"a very long name", {all("root.auto.%user")}, "root.default", "", "x", endless},
  });
}

TEST(Placement, TellsWhichRuleRejects) {
  QueueConfiguration company = Company();
  company.placement = {Rule(Matcher::kUser, "tom", Policy::kReject),
                       Rule(Matcher::kGroup, "analysts", Policy::kReject)};
  company.placement[1].line = 41;
  const auto placed = PlaceInQueue(company, "", "job", kMia);
  ASSERT_FALSE(placed.ok());
  EXPECT_EQ(placed.error().message, "placement rule 2 (line 41) rejects the application");
}

TEST(Placement, CountsTheLevelsOfQueuesThatWereMadeBefore) {
  QueueConfiguration tree = Tree({"root.auto.a.x"});
  for (const char* path : {"root.auto", "root.auto.a"}) {
    tree.queues[path].auto_creation.enabled = true;
  }
  tree.queues["root.auto.a"].dynamic = true;
  EXPECT_TRUE(PlaceInQueue(tree, "root.auto.a.y", "job", kMia).ok());
  EXPECT_FALSE(PlaceInQueue(tree, "root.auto.a.b.y", "job", kMia).ok());
}

TEST(Placement, TakesTheOnlyLeafCalledDefaultWhenRootHasNone) {
  EXPECT_EQ(Outcome(PlaceInQueue(Tree({"root.a.default", "root.b"}), "", "job", kMia)),
            "root.a.default");
  EXPECT_EQ(Outcome(PlaceInQueue(Tree({"root.a.default", "root.b.default"}), "", "job", kMia)),
            ErrorCodeName(ErrorCode::kInvalidArgument));
  EXPECT_EQ(Outcome(PlaceInQueue(Tree({"root.a"}), "", "job", kMia)),
            ErrorCodeName(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace weir::scheduler
