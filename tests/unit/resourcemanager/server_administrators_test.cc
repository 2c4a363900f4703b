#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "platform/rpc_security.h"
#include "resourcemanager/server/administrators.h"
#include "resourcemanager/server/user_groups.h"

namespace weir::rm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Administrators, AreThoseOfTheAccessList) {
  struct Case {
    const char* acl;
    const char* user;
    std::vector<std::string> groups;
    bool has;
  };
  const Case cases[] = {{"", "ada", {"ops"}, false},
                        {" ", "ada", {"ops"}, false},
                        {"*", "ada", {}, true},
                        {" * ", "ada", {}, true},
                        {"ada", "ada", {}, true},
                        {"bob, ada", "ada", {}, false},  // what follows the space are groups
                        {"bob,ada", "ada", {}, true},
                        {"bob ops", "ada", {"dev", "ops"}, true},
                        {" ops,dev", "ada", {"dev"}, true},
                        {" ops", "ops", {"dev"}, false},
                        {"bob ops", "ada", {"dev"}, false}};
  for (const Case& c : cases) {
    EXPECT_EQ(ParseAdministrators(c.acl).Has(c.user, c.groups), c.has) << c.acl << " " << c.user;
  }
}

class UserGroupsTest : public ::testing::Test {
 protected:
  UserGroupsTest() { loop_.Start(); }

  UserGroups::Groups Lookup(UserGroups& groups, const std::string& user) {
    std::promise<UserGroups::Groups> answered;
    groups.Lookup(user, [&](const auto& found) { answered.set_value(found); });
    return answered.get_future().get();
  }

  platform::EventLoop loop_{"groups"};
};

TEST_F(UserGroupsTest, AreAskedForOnceAndThenKnown) {
  std::atomic<int> asked = 0;
  UserGroups groups(loop_, [&](const std::string& user) -> UserGroups::Groups {
    EXPECT_TRUE(loop_.IsOnLoopThread());
    ++asked;
    return {user, "staff"};
  });
  EXPECT_THAT(groups.Known("ada"), IsEmpty());
  EXPECT_THAT(Lookup(groups, "ada"), ElementsAre("ada", "staff"));
  EXPECT_THAT(Lookup(groups, "ada"), ElementsAre("ada", "staff"));
  EXPECT_THAT(groups.Known("ada"), ElementsAre("ada", "staff"));
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(Lookup(groups, "bob"), ElementsAre("bob", "staff"));
  EXPECT_EQ(asked, 2);
  loop_.Stop();
}

TEST_F(UserGroupsTest, AreForgottenRatherThanKeptWithoutBound) {
  UserGroups groups(loop_, [](const std::string&) -> UserGroups::Groups { return {"g"}; });
  for (size_t i = 0; i <= UserGroups::kUsers; ++i) Lookup(groups, "u" + std::to_string(i));
  EXPECT_THAT(groups.Known("u0"), IsEmpty());
  EXPECT_THAT(groups.Known("u" + std::to_string(UserGroups::kUsers)), ElementsAre("g"));
  loop_.Stop();
}

TEST(SystemGroups, OfOurselvesBeginWithThePrimaryOne) {
  const auto groups = SystemGroupsOf(platform::UserName(static_cast<int64_t>(geteuid())));
  ASSERT_FALSE(groups.empty());
  EXPECT_FALSE(groups[0].empty());
  for (size_t i = 1; i < groups.size(); ++i) EXPECT_NE(groups[i], groups[0]);
  EXPECT_THAT(SystemGroupsOf("no such user here"), IsEmpty());
}

}  // namespace
}  // namespace weir::rm
