#include "platform/option_reader.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "platform/config_keys.h"
#include "platform/stream_options.h"

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

TEST(OptionReader, TakesOnlyAPollParkThatNeitherSpinsNorOutlivesItsPeer) {
  const auto park = [](const std::string& text) -> Result<Duration> {
    const auto config = Configuration::FromMap({{keys::kPollPark, text}});
    OptionReader read(config);
    const Duration value = read.PollPark();
    WEIR_RETURN_IF_ERROR(read.Finish());
    return value;
  };
  EXPECT_EQ(park("100").value(), milliseconds(100));
  EXPECT_EQ(park("60000").value(), seconds(60));
  for (const char* bad : {"0", "-1", "99", "60001", "999999999", "10s", "soon"}) {
    const auto refused = park(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr(keys::kPollPark), HasSubstr(bad), HasSubstr("from 100 to 60000")));
  }
}

TEST(StreamOptions, TellEveryFaultWithItsKey) {
  const auto good =
      ReadStreamOptions(Configuration::FromMap({{keys::kDataPorts, "40000 - 40100"}}));
  ASSERT_TRUE(good.ok()) << good.error().ToString();
  EXPECT_EQ(good->data_ports, (PortRange{40000, 40100}));
  EXPECT_EQ(good->master_ports, (PortRange{0, 0}));
  EXPECT_EQ(good->idle_timeout, seconds(30));
  EXPECT_EQ(good->gang, "auto");
  EXPECT_EQ(good->spread, "none");
  const auto scattered = ReadStreamOptions(Configuration::FromMap({{keys::kSpread, "wide"}}));
  ASSERT_FALSE(scattered.ok());
  EXPECT_THAT(scattered.error().message,
              AllOf(HasSubstr(keys::kSpread), HasSubstr("wide"), HasSubstr("nodes, racks")));
  for (const char* bad : {"", "-1", "65536", "0-5", "9-8", "1-2-3", "http", "1-", "-"}) {
    const auto refused = ReadStreamOptions(
        Configuration::FromMap({{keys::kDataPorts, bad}, {keys::kMasterPorts, bad}}));
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr(keys::kDataPorts),
                      HasSubstr(keys::kMasterPorts),
                      HasSubstr("'" + std::string(bad) + "' is not a range of ports"),
                      HasSubstr("from 1 to 65535")));
  }
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
