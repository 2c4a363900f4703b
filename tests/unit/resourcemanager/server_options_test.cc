// What the configuration makes of the ResourceManager's options, where one key depends on another.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "platform/config_keys.h"
#include "resourcemanager/server/rm_options.h"

namespace weir::rm {
namespace {

using namespace platform::keys;

struct WaitCase {
  const char* name;
  std::map<std::string, std::string> settings;
  Duration wait;
};
class RecoveryWait : public ::testing::TestWithParam<WaitCase> {};

TEST_P(RecoveryWait, IsReadAs) {
  auto settings = GetParam().settings;
  settings[kWorkDir] = "/tmp/weir";
  const auto options = ReadRmOptions(platform::Configuration::FromMap(settings));
  ASSERT_TRUE(options.ok()) << options.error().ToString();
  EXPECT_EQ(options->core.recovery_wait, GetParam().wait);
}

const WaitCase kWaitCases[] = {
    {"NoLimitIfItIsNotSet", {}, CoreOptions::kUntilAllAreSettled},
    {"WhatItIsSetTo", {{kNmExpiry, "45000"}, {kRmRecoveryWait, "7000"}}, seconds(7)},
    {"NothingIfItIsZero", {{kRmRecoveryWait, "0"}}, Duration(0)},
};
INSTANTIATE_TEST_SUITE_P(All, RecoveryWait, ::testing::ValuesIn(kWaitCases), [](const auto& each) {
  return std::string(each.param.name);
});

}  // namespace
}  // namespace weir::rm
