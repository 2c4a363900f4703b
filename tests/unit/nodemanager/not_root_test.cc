// A NodeManager that was not started as root: it says what it cannot do, and does the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "node_manager_process.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

TEST_F(NodeManagerProcess, WithoutRootsRightsContainersRunAsItsOwnUserAndThatIsSaidAtTheStart) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give it up";
  constexpr uid_t kNobody = 65534;
  for (const std::string& path : {directory_.path(), directory_ / "secret"}) {
    ASSERT_EQ(::chown(path.c_str(), kNobody, kNobody), 0);
  }
  weir::testing::ProcessOptions options;
  options.argv = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  for (std::string& word : Arguments()) options.argv.push_back(std::move(word));
  // As it is without any setting.
  options.argv.insert(options.argv.end(), {"-D", "weir.nodemanager.run-as=auto"});
  options.log_file = directory_ / "log";
  node_ = std::make_unique<weir::testing::Process>(options);
  ASSERT_TRUE(
      weir::testing::WaitUntil([&] { return rm_->registrations() > 0; }, "the registration"));
  StartByRm(1, Shell("id -u > " + (directory_ / "uid") + "; exit 6"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, 6) << rm_->StatusOf(IdOf(1))->diagnostics;
  EXPECT_EQ(weir::testing::ReadWholeFile(directory_ / "uid"), "65534\n");
  const std::string log = weir::testing::ReadWholeFile(directory_ / "log");
  EXPECT_THAT(log, HasSubstr("the NodeManager's own user"));
  EXPECT_THAT(log, HasSubstr("not enforced"));
}

}  // namespace
}  // namespace weir::nm
