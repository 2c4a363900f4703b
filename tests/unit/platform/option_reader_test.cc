#include "platform/option_reader.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "platform/config_keys.h"

namespace weir::platform {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(OptionReader, TakesWhatIsConfiguredAndElseTheDefault) {
  const auto config = Configuration::FromMap({{keys::kClusterId, "blue"}});
  OptionReader read(config);
  EXPECT_EQ(read.ClusterId(), "blue");
  EXPECT_EQ(std::to_string(read.Int(keys::kMinimumMb, 1, 1 << 20)), DefaultOf(keys::kMinimumMb));
  EXPECT_EQ(read.Absolute(keys::kWorkDir, "/work"), "/work");
  EXPECT_TRUE(read.Finish().ok());
}

TEST(OptionReader, TellsEveryFaultOnALineOfItsOwnAndTheSameOnce) {
  const auto config = Configuration::FromMap(
      {{keys::kClusterId, std::string(10'000, 'x')}, {keys::kMinimumMb, "many"}});
  OptionReader read(config);
  read.ClusterId();
  read.Int(keys::kMinimumMb, 1, 10);
  read.Absolute(keys::kWorkDir, "work");
  read.Absolute(keys::kWorkDir, "work");
  const Status status = read.Finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  const std::string& text = status.error().message;
  EXPECT_THAT(text,
              AllOf(HasSubstr(keys::kClusterId), HasSubstr("many"), HasSubstr("path 'work'")));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST(OptionReader, BindsTheBindHostAndAdvertisesTheConfiguredOneButOnlyOnTheLoopback) {
  const auto config = Configuration::FromMap({{keys::kRmBindHost, "127.0.0.1"}});
  OptionReader read(config);
  const auto address =
      read.Address(keys::kRmClientAddress, HostPort{"node1", 8032}, keys::kRmBindHost);
  EXPECT_EQ(address.bind, (HostPort{"127.0.0.1", 8032}));
  EXPECT_EQ(address.Advertised(9), (HostPort{"node1", 9}));
  EXPECT_TRUE(read.Finish().ok());

  const auto open = Configuration::FromMap({{keys::kRmBindHost, "0.0.0.0"}});
  OptionReader refused(open);
  refused.Address(keys::kRmClientAddress, HostPort{"node1", 8032}, keys::kRmBindHost);
  EXPECT_THAT(refused.Finish().error().message,
              AllOf(HasSubstr(keys::kRmBindHost), HasSubstr("not a loopback address")));
}

}  // namespace
}  // namespace weir::platform
