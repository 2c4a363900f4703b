#include "platform/resource_types_config.h"

#include <gmock/gmock.h>

#include "platform/config_keys.h"

namespace weir::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ResourceAmounts, AreConvertedToTheUnitOfTheirType) {
  struct Case {
    const char* text;
    const char* unit;
    int64_t amount;
  };
  const Case cases[] = {{"4", "", 4},
                        {" 4 ", "Gi", 4},
                        {"2k", "", 2000},
                        {"2Ki", "", 2048},
                        {"1 Gi", "Mi", 1024},
                        {"3G", "M", 3000},
                        {"1", "m", 1},
                        {"1Ki", "m", 1'024'000},
                        {"5000m", "", 5},
                        {"0Pi", "Pi", 0},
                        {"1024", "Pi", 1024},
                        {"1099511627776", "", Resource::kNamedMax}};
  for (const Case& c : cases) {
    const auto amount = ParseResourceAmount(c.text, c.unit);
    ASSERT_TRUE(amount.ok()) << c.text << " in '" << c.unit << "': " << amount.error().ToString();
    EXPECT_EQ(*amount, c.amount) << c.text << " in '" << c.unit << "'";
  }
}

TEST(ResourceAmounts, ThatAreNoneAreRefused) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"Gi", ""},
                                                       {"-1", ""},
                                                       {"1.5", ""},
                                                       {"1 apple", ""},
                                                       {"1gi", ""},
                                                       {"500m", ""},     // half a unit
                                                       {"1000", "Zi"},   // no such unit
                                                       {"1500M", "Gi"},  // no whole number
                                                       {"1099511627777", ""},
                                                       {"9223372036854775807Pi", ""},
                                                       {"9223372036854775807Pi", "p"},
                                                       {"9223372036854775808", ""}};
  for (const auto& [text, unit] : cases) {
    const auto amount = ParseResourceAmount(text, unit);
    ASSERT_FALSE(amount.ok()) << text << " in '" << unit << "' is " << *amount;
    EXPECT_EQ(amount.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(ResourceTypesConfig, AreReadWithTheirBoundsInOrder) {
  const auto config =
      Configuration::FromMap({{"yarn.resource-types", " yarn.io/gpu, disk ,"},
                              {"yarn.resource-types.yarn.io/gpu.maximum-allocation", "8"},
                              {"yarn.resource-types.disk.units", "Mi"},
                              {"yarn.resource-types.disk.minimum-allocation", "1Gi"},
                              {"yarn.resource-types.disk.increment-allocation", "512"},
                              {"yarn.nodemanager.resource-type.yarn.io/gpu", "4"},
                              {"yarn.nodemanager.resource-type.disk", "2Ti"}});
  OptionReader read(config);
  const auto types = ReadResourceTypes(config, read);
  ASSERT_TRUE(read.Finish().ok()) << read.Finish().error().ToString();
  ASSERT_EQ(types.size(), 2u);
  EXPECT_EQ(types[0].name, "yarn.io/gpu");
  EXPECT_EQ(types[0].minimum, 0);
  EXPECT_EQ(types[0].increment, 1);
  EXPECT_EQ(types[0].maximum, 8);
  EXPECT_EQ(types[1].name, "disk");
  EXPECT_EQ(types[1].unit, "Mi");
  EXPECT_EQ(types[1].minimum, 1024);
  EXPECT_EQ(types[1].increment, 512);
  EXPECT_EQ(types[1].maximum, Resource::kNamedMax);
  const std::vector<NamedAmount> expected = {{"disk", 2 << 20}, {"yarn.io/gpu", 4}};
  EXPECT_EQ(ReadNodeResources(config, types, read), expected);
  EXPECT_TRUE(UnknownKeyWarnings(config).empty());
}

TEST(ResourceTypesConfig, EveryFaultIsToldWithItsKey) {
  std::string many;
  for (size_t i = 0; i <= Resource::kNamedTypesMax; ++i) many += "t" + std::to_string(i) + ",";
  struct Case {
    std::map<std::string, std::string> values;
    const char* fault;
  };
  const Case cases[] = {
      {{{"yarn.resource-types", "gpu,gpu"}}, "'gpu' stands twice"},
      {{{"yarn.resource-types", "memory-mb"}}, "'memory-mb' is always there"},
      {{{"yarn.resource-types", "a b"}}, "'a b' is not the name of a resource type"},
      {{{"yarn.resource-types", "a/b/c"}}, "'a/b/c' is not the name"},
      {{{"yarn.resource-types", many}}, "15 types"},
      {{{"yarn.resource-types", "gpu"}, {"yarn.resource-types.gpu.units", "dozen"}}, "'dozen'"},
      {{{"yarn.resource-types", "gpu"}, {"yarn.resource-types.gpu.minimum-allocation", "x"}},
       "yarn.resource-types.gpu.minimum-allocation (-D): 'x' is not an amount"},
      {{{"yarn.resource-types", "gpu"},
        {"yarn.resource-types.gpu.minimum-allocation", "3"},
        {"yarn.resource-types.gpu.maximum-allocation", "2"}},
       "minimum-allocation 3 of gpu is above its maximum-allocation 2"},
      {{{"yarn.resource-types", "gpu"}, {"yarn.resource-types.gpu.increment-allocation", "0"}},
       "increment-allocation of gpu is 0"},
      {{{"yarn.nodemanager.resource-type.gpu", "1"}}, "'gpu' is not in yarn.resource-types"},
      {{{"yarn.resource-types", "gpu"}, {"yarn.nodemanager.resource-type.gpu", "-1"}},
       "yarn.nodemanager.resource-type.gpu (-D): '-1' is not an amount"}};
  for (const Case& c : cases) {
    const auto config = Configuration::FromMap(c.values);
    OptionReader read(config);
    ReadNodeResources(config, ReadResourceTypes(config, read), read);
    const Status status = read.Finish();
    ASSERT_FALSE(status.ok()) << c.fault;
    EXPECT_THAT(status.error().message, HasSubstr(c.fault));
  }
}

}  // namespace
}  // namespace weir::platform
