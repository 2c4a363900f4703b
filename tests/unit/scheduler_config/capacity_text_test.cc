#include "scheduler/config/capacity_text.h"

#include <gtest/gtest.h>

#include "tests/unit/scheduler_config/config_text.h"

namespace weir::scheduler {
namespace {

constexpr int64_t kPercentUnit = kWholePercent / 100;
const std::vector<std::string> kNames = {"memory-mb", "vcores", "yarn.io/gpu"};

TEST(CapacityText, ReadsDecimalNumbersDigitByDigit) {
  struct Row {
    std::string_view text;
    std::optional<int64_t> value;
  };
  const Row rows[] = {
      {"0", 0},
      {"12.5", 12'500'000},
      {" 33.333333 ", 33'333'333},
      {"33.3333339", 33'333'333},  // cut off, not rounded
      {"0.000001", 1},
      {".5", 500'000},
      {"5.", 5'000'000},
      {"-1", -1'000'000},
      {"+7", 7'000'000},
      {"9223372036844", 9'223'372'036'844'000'000},
      {"99999999999999999999", std::nullopt},
      {"9223372036855", std::nullopt},
      {"", std::nullopt},
      {".", std::nullopt},
      {"-", std::nullopt},
      {"1e2", std::nullopt},
      {"1,5", std::nullopt},
      {"0x10", std::nullopt},
      {"NaN", std::nullopt},
      {"1.2.3", std::nullopt},
      {"1 2", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(ParseDecimal(row.text, 1'000'000), row.value) << row.text;
}

TEST(CapacityText, WritesDecimalsWithoutZerosAtTheEnd) {
  EXPECT_EQ(FormatDecimal(12'500'000, 1'000'000), "12.5");
  EXPECT_EQ(FormatDecimal(1, 1'000'000), "0.000001");
  EXPECT_EQ(FormatDecimal(-500'000, 1'000'000), "-0.5");
  EXPECT_EQ(FormatDecimal(0, 1'000'000), "0");
}

TEST(CapacityText, ReadsAmountsWithUnits) {
  struct Row {
    int type;
    std::string_view text;
    std::optional<int64_t> value;
  };
  const Row rows[] = {
      {0, "10240", 10240},
      {0, "10Gi", 10240},
      {0, "2048Mi", 2048},
      {0, "1048576Ki", 1024},
      {0, "1G", 953},  // 10^9 bytes, rounded down to whole MiB
      {0, "1 Ti", 1 << 20},
      {0, "1Pi", 1 << 30},
      {0, "1023Ki", 0},
      {1, "12", 12},
      {1, "2k", 2000},
      {2, "3", 3},
      {0, "99999999999Pi", std::nullopt},
      {0, "99999999999999999999", std::nullopt},
      {1, "3000000000", std::nullopt},  // more than 2^31 vcores
      {0, "1.5Gi", std::nullopt},
      {0, "-5", std::nullopt},
      {0, "Gi", std::nullopt},
      {0, "5XB", std::nullopt},
      {0, "", std::nullopt},
  };
  for (const Row& row : rows) {
    const Result<int64_t> amount = ParseAmount(row.text, row.type, TestTypes());
    EXPECT_EQ(amount.ok() ? std::optional(*amount) : std::nullopt, row.value) << row.text;
    EXPECT_TRUE(amount.ok() || !amount.error().remedy.empty()) << row.text;
  }
}

TEST(CapacityText, WritesACapacityAsItWasRead) {
  struct Row {
    std::string_view text;
    bool legacy;
    std::string_view written;
  };
  const Row rows[] = {
      {"12.5", true, "12.5"},
      {"12.5%", true, "12.5"},
      {"3w", true, "3w"},
      {"0.25w", true, "0.25w"},
      {"[memory=10240,vcores=12]", true, "[memory-mb=10240,vcores=12,yarn.io/gpu=0]"},
      {" [memory-mb=10Gi, vcores = 12, yarn.io/gpu=2] ",
       true,
       "[memory-mb=10240,vcores=12,yarn.io/gpu=2]"},
      {"[memory=50%,vcores=2w,yarn.io/gpu=1]", false, "[memory-mb=50%,vcores=2w,yarn.io/gpu=1]"},
      {"[memory=50%]", false, "[memory-mb=50%,vcores=0,yarn.io/gpu=0]"},
  };
  for (const Row& row : rows) {
    const Result<CapacityVector> capacity = ParseCapacity(row.text, TestTypes(), row.legacy);
    ASSERT_TRUE(capacity.ok()) << row.text << ": " << capacity.error().ToString();
    EXPECT_EQ(FormatCapacity(*capacity, kNames), row.written);
    EXPECT_EQ(*ParseCapacity(row.written, TestTypes(), row.legacy), *capacity) << row.written;
  }
}

TEST(CapacityText, GivesAPlainFormToEveryType) {
  EXPECT_EQ(*ParseCapacity("40", TestTypes(), true),
            PlainCapacity(CapacityKind::kPercent, 40 * kPercentUnit));
  EXPECT_EQ(*ParseCapacity("2w", TestTypes(), true),
            PlainCapacity(CapacityKind::kWeight, 2 * kWholeWeight));
  EXPECT_TRUE(ParseCapacity("[memory=1]", TestTypes(), true)->IsAll(CapacityKind::kAbsolute));
}

TEST(CapacityText, RefusesWhatIsNoCapacityAndNamesTheRule) {
  struct Row {
    std::string_view text;
    bool legacy;
    std::string_view rule;
  };
  const Row rows[] = {
      {"", true, "a capacity is"},
      {"lots", true, "a capacity is"},
      {"-1", true, "from 0 to 100"},
      {"100.000001", true, "from 0 to 100"},
      {"1e1", true, "a capacity is"},
      {"-1w", true, "a weight is"},
      {"w", true, "a weight is"},
      {"1000001w", true, "a weight is"},
      {"[memory=1", true, "a vector has the form"},
      {"[]", true, "a list has the form"},
      {"[memory]", true, "a list has the form"},
      {"[memory=1,memory-mb=2]", true, "names each type once"},
      {"[disks=1]", true, "the known types are"},
      {"[memory=x]", true, "an amount is a whole number"},
      {"[memory=50%]", true, "legacy-queue-mode"},
      {"[memory=5w]", true, "legacy-queue-mode"},
      {"[memory=101%]", false, "from 0 to 100"},
  };
  for (const Row& row : rows) {
    const Result<CapacityVector> capacity = ParseCapacity(row.text, TestTypes(), row.legacy);
    ASSERT_FALSE(capacity.ok()) << row.text;
    EXPECT_NE(capacity.error().remedy.find(row.rule), std::string::npos)
        << row.text << ": " << capacity.error().ToString();
  }
}

TEST(CapacityText, ReadsMaximaThatBoundOnlyWhatTheyName) {
  EXPECT_EQ(FormatCapacity(*ParseMaximum("-1", TestTypes(), true), kNames), "100");
  EXPECT_EQ(FormatCapacity(*ParseMaximum("80", TestTypes(), true), kNames), "80");
  EXPECT_EQ(FormatCapacity(*ParseMaximum("[memory=2048]", TestTypes(), true), kNames),
            "[memory-mb=2048,vcores=100%,yarn.io/gpu=100%]");
  EXPECT_FALSE(ParseMaximum("3w", TestTypes(), true).ok());
  EXPECT_FALSE(ParseMaximum("[memory=3w]", TestTypes(), false).ok());
  EXPECT_FALSE(ParseMaximum("-2", TestTypes(), true).ok());
}

}  // namespace
}  // namespace weir::scheduler
