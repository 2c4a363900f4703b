// Under which account containers run: the rules, as a table.
#include "nodemanager/core/run_as.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core_driver.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

// A machine's accounts. "Ann" is ann spelt in another way, as some directories allow it.
Result<std::optional<Account>> Find(const std::string& name) {
  static const std::map<std::string, Account> kAccounts = {
      {"ann", {"ann", 1000, 1000, {1000, 27}}},
      {"Ann", {"ann", 1000, 1000, {1000}}},
      {"root", {"root", 0, 0, {0}}},
      {"toor", {"toor", 0, 0, {0}}},
      {"games", {"games", 5, 60, {60}}},
      {"just-below", {"just-below", 999, 999, {999}}},
      {"nobody", {"nobody", 65534, 65534, {65534}}},
      {"wheel", {"wheel", 1001, 0, {0}}},
      {"operator", {"operator", 1002, 1002, {1002, 0}}},
  };
  const auto it = kAccounts.find(name);
  if (name == "broken") return Error{ErrorCode::kUnavailable, "the directory is down", ""};
  return it == kAccounts.end() ? std::nullopt : std::optional<Account>(it->second);
}

RunAsPolicy Submitter() {
  RunAsPolicy policy;
  policy.mode = RunAsMode::kSubmitter;
  policy.own_user = "root";
  policy.banned = {"daemon", "mallory"};
  return policy;
}

struct Row {
  const char* name;
  void (*change)(RunAsPolicy& policy);
  const char* user;
  const char* account;  // "" = the own one; nullptr = refused
  const char* rule = "";
  const char* remedy = "";
};

void AsItIs(RunAsPolicy&) {}
void LocalUser(RunAsPolicy& policy) {
  policy.mode = RunAsMode::kLocalUser;
}

const Row kRows[] = {
    {"Ordinary", AsItIs, "ann", "ann"},
    {"NobodyIsOrdinary", AsItIs, "nobody", "nobody"},
    {"Root", AsItIs, "root", nullptr, "is root", "run-as.allow-root"},
    {"RootByAnotherName", AsItIs, "toor", nullptr, "is root", "run-as.allow-root"},
    {"RootAllowed", [](RunAsPolicy& p) { p.allow_root = true; }, "root", "root"},
    {"RootIsNoSystemUser",
     [](RunAsPolicy& p) { p.allowed_system = {"root"}; },
     "root",
     nullptr,
     "is root",
     "run-as.allow-root"},
    {"RootBannedAlthoughAllowed",
     [](RunAsPolicy& p) {
       p.allow_root = true;
       p.banned = {"root"};
     },
     "root",
     nullptr,
     "is banned",
     "banned-users"},
    {"Banned", AsItIs, "mallory", nullptr, "'mallory' is banned", "run-as.banned-users"},
    {"BannedByItsOtherSpelling",
     [](RunAsPolicy& p) { p.banned = {"ann"}; },
     "Ann",
     nullptr,
     "'ann' is banned",
     "run-as.banned-users"},
    {"SystemAccount",
     AsItIs,
     "games",
     nullptr,
     "has uid 5, below the smallest allowed one, 1000",
     "run-as.allowed-system-users"},
    {"LastSystemAccount", AsItIs, "just-below", nullptr, "uid 999", "run-as.min-user-id"},
    {"SmallestUidLowered", [](RunAsPolicy& p) { p.min_uid = 999; }, "just-below", "just-below"},
    {"SystemAccountAllowed",
     [](RunAsPolicy& p) { p.allowed_system = {"games"}; },
     "games",
     "games"},
    {"AllowedButBanned",
     [](RunAsPolicy& p) {
       p.allowed_system = {"games"};
       p.banned = {"games"};
     },
     "games",
     nullptr,
     "is banned",
     "banned-users"},
    {"Unknown", AsItIs, "eve", nullptr, "has no account 'eve'", "make the account on every node"},
    {"NumberIsNoName", AsItIs, "1000", nullptr, "has no account '1000'", ""},
    {"RootsGroup", AsItIs, "wheel", nullptr, "in root's group", "take it out"},
    {"RootsGroupToo", AsItIs, "operator", nullptr, "in root's group", "take it out"},
    {"LocalUser", LocalUser, "ann", "nobody"},
    {"LocalUserForRoot", LocalUser, "root", "nobody"},
    {"LocalUserForTheUnknown", LocalUser, "eve", "nobody"},
    {"LocalUserNotForTheBanned", LocalUser, "mallory", nullptr, "'mallory' is banned", ""},
    {"LocalUserThatIsRoot",
     [](RunAsPolicy& p) {
       LocalUser(p);
       p.local_user = "root";
     },
     "ann",
     nullptr,
     "is root",
     "allow-root"},
    {"LocalUserThatIsNot",
     [](RunAsPolicy& p) {
       LocalUser(p);
       p.local_user = "weir-containers";
     },
     "ann",
     nullptr,
     "has no account 'weir-containers'",
     "nonsecure-mode.local-user"},
    {"LocalUserWithoutLimits",
     [](RunAsPolicy& p) {
       LocalUser(p);
       p.limit_users = false;
     },
     "ann",
     "ann"},
    {"LocalUserWithoutLimitsIsNotRoot",
     [](RunAsPolicy& p) {
       LocalUser(p);
       p.limit_users = false;
     },
     "root",
     nullptr,
     "is root",
     "allow-root"},
    {"Off", [](RunAsPolicy& p) { p.mode = RunAsMode::kOff; }, "root", ""},
    {"OffForTheUnknown", [](RunAsPolicy& p) { p.mode = RunAsMode::kOff; }, "../..", ""},
};

class RunAsRules : public ::testing::TestWithParam<Row> {};

TEST_P(RunAsRules, GiveTheAccountOrTheRuleThatRefuses) {
  const Row& row = GetParam();
  RunAsPolicy policy = Submitter();
  row.change(policy);
  const auto decided = DecideAccount(policy, row.user, Find);
  if (row.account != nullptr) {
    ASSERT_TRUE(decided.ok()) << decided.error().ToString();
    EXPECT_EQ(*decided ? (*decided)->name : "", row.account);
    return;
  }
  ASSERT_FALSE(decided.ok());
  EXPECT_THAT(decided.error().message, HasSubstr("user '" + std::string(row.user) + "'"));
  EXPECT_THAT(decided.error().message, HasSubstr(row.rule));
  EXPECT_THAT(decided.error().remedy, HasSubstr(row.remedy));
  EXPECT_FALSE(decided.error().remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(Rows, RunAsRules, ::testing::ValuesIn(kRows), [](const auto& row) {
  return std::string(row.param.name);
});

// A name becomes a directory, a line in files, and an argument of others' commands.
TEST(RunAs, WhatIsNoNameGetsNoContainerWhoeverSignedIt) {
  CoreDriver node;
  node.Register();
  const std::vector<std::string> names = {"",
                                          ".",
                                          "..",
                                          ".hidden",
                                          "-rf",
                                          "a/b",
                                          "../ann",
                                          "/etc",
                                          "ann\nuser root",
                                          "ann\r",
                                          "ann\t",
                                          "ann\x7f",
                                          "\x1b[2J",
                                          std::string("ann\0root", 8),
                                          std::string(256, 'n')};
  for (const std::string& name : names) {
    ContainerTokenIdentifier token = node.Token(1);
    token.user = name;
    const CallId call = node.NextCall();
    node.Step(StartContainer{call, kAttempt, token, SleepForEver()});
    const Reply reply = node.ReplyTo(call);
    ASSERT_TRUE(std::holds_alternative<Error>(reply.answer)) << "'" << name << "'";
    EXPECT_EQ(std::get<Error>(reply.answer).code, ErrorCode::kPermissionDenied);
    EXPECT_TRUE(node.core.Containers().empty());
  }
  for (const std::string& name : {std::string("ann"),
                                  std::string("DOM\\ann"),
                                  std::string("ann@example.org"),
                                  std::string("\xc3\xa4nn"),
                                  std::string(255, 'n')}) {
    CoreDriver fresh;
    fresh.Register();
    ContainerTokenIdentifier token = fresh.Token(1);
    token.user = name;
    const CallId call = fresh.NextCall();
    fresh.Step(StartContainer{call, kAttempt, token, SleepForEver()});
    EXPECT_TRUE(std::holds_alternative<NoContent>(fresh.ReplyTo(call).answer)) << name;
  }
}

TEST(RunAs, ADirectoryThatIsDownIsNoUnknownUser) {
  const auto decided = DecideAccount(Submitter(), "broken", Find);
  ASSERT_FALSE(decided.ok());
  EXPECT_EQ(decided.error().code, ErrorCode::kUnavailable);
}

TEST(RunAs, TheModeFollowsFromTheRightsUnlessItIsNamed) {
  EXPECT_EQ(*ParseRunAsMode("auto", true), RunAsMode::kSubmitter);
  EXPECT_EQ(*ParseRunAsMode("auto", false), RunAsMode::kOff);
  EXPECT_EQ(*ParseRunAsMode("off", true), RunAsMode::kOff);
  EXPECT_EQ(*ParseRunAsMode(" Local-User ", true), RunAsMode::kLocalUser);
  for (const char* word : {"submitter", "local-user"}) {
    const auto mode = ParseRunAsMode(word, false);
    ASSERT_FALSE(mode.ok());
    EXPECT_THAT(mode.error().message, HasSubstr("needs root's rights"));
    EXPECT_THAT(mode.error().remedy, HasSubstr("as root"));
  }
  EXPECT_FALSE(ParseRunAsMode("of", true).ok());
}

TEST(RunAs, WhatHoldsIsSaidInOneSentence) {
  RunAsPolicy policy = Submitter();
  EXPECT_EQ(DescribeRunAs(policy),
            "containers run as the user who submitted, from uid 1000 on; root's are refused "
            "(weir.nodemanager.run-as.allow-root)");
  policy.allow_root = true;
  EXPECT_THAT(DescribeRunAs(policy), HasSubstr("; root's run as root"));
  policy.mode = RunAsMode::kLocalUser;
  EXPECT_EQ(DescribeRunAs(policy), "all containers run as 'nobody'");
  policy.mode = RunAsMode::kOff;
  EXPECT_EQ(DescribeRunAs(policy), "containers run as 'root', the NodeManager's own user");
}

}  // namespace
}  // namespace weir::nm
