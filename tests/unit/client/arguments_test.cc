#include "client/arguments.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

ParseRules Rules() {
  return {.options = {{"list", "", "", false},
                      {"memory", "MB", "", false},
                      {"wait", "TIME", "", false},
                      {"file", "FILE", "", true},
                      {"p", "N", "", false}}};
}

TEST(Arguments, TakesOneAndTwoDashesAndEqualsAlike) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"-memory", "512"}, {"--memory", "512"}, {"--memory=512"}}) {
    const auto arguments = Arguments::Parse(Rules(), words);
    ASSERT_TRUE(arguments.ok());
    EXPECT_EQ(arguments->Get("memory"), "512");
  }
}

TEST(Arguments, KeepsWordsDefinitionsRepeatedOptionsAndTheRest) {
  const auto arguments = Arguments::Parse(
      Rules(),
      {"start", "-Da=b", "-D", "c=d=e", "-file", "x", "-file", "y", "--", "-list", "word"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->words(), std::vector<std::string>{"start"});
  EXPECT_EQ(arguments->All("file"), (std::vector<std::string>{"x", "y"}));
  ASSERT_EQ(arguments->definitions().size(), 2u);
  EXPECT_EQ(arguments->definitions()[1], std::pair(std::string("c"), std::string("d=e")));
  EXPECT_FALSE(arguments->Has("list"));
  EXPECT_EQ(*arguments->rest(), (std::vector<std::string>{"-list", "word"}));
}

TEST(Arguments, LeavesWhatFollowsTheFirstWordToTheJob) {
  ParseRules rules = Rules();
  rules.stop_at_first_word = true;
  const auto arguments = Arguments::Parse(rules, {"-p", "2", "job.so", "-p", "3", "--unknown"});
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->Get("p"), "2");
  EXPECT_EQ(arguments->words(), (std::vector<std::string>{"job.so", "-p", "3", "--unknown"}));
}

struct BadCase {
  std::vector<std::string> words;
  std::string expected;  // part of the error
};

class BadArguments : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadArguments, AreRefusedByName) {
  const auto arguments = Arguments::Parse(Rules(), GetParam().words);
  ASSERT_FALSE(arguments.ok());
  EXPECT_EQ(arguments.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(arguments.error().ToString().find(GetParam().expected), std::string::npos)
      << arguments.error().ToString();
}

INSTANTIATE_TEST_SUITE_P(Table,
                         BadArguments,
                         ::testing::Values(BadCase{{"-memry", "1"}, "did you mean '-memory'"},
                                           BadCase{{"-zzzzzzzz"}, "unknown option '-zzzzzzzz'"},
                                           BadCase{{"-memory"}, "'-memory' needs MB"},
                                           BadCase{{"-memory", "1", "-memory", "2"}, "given twice"},
                                           BadCase{{"-list=yes"}, "takes no value"},
                                           BadCase{{"-D"}, "'-D' needs key=value"},
                                           BadCase{{"-Dkey"}, "has no value"},
                                           BadCase{{"-D=value"}, "has no value"}));

TEST(Arguments, ReadsMemoryAndTimesWithUnits) {
  struct Row {
    std::string memory;
    int64_t mib;
  };
  for (const Row& row : {Row{"512", 512}, Row{"512m", 512}, Row{"2g", 2048}, Row{"2GB", 2048}}) {
    const auto arguments = Arguments::Parse(Rules(), {"-memory", row.memory});
    EXPECT_EQ(*arguments->GetMemoryMib("memory", 1), row.mib) << row.memory;
  }
  for (const std::string bad : {"", "x", "0", "-1", "1.5g", "9999999999999999999g", "2t"}) {
    const auto arguments = Arguments::Parse(Rules(), {"-memory", bad});
    ASSERT_TRUE(arguments.ok());
    EXPECT_FALSE(arguments->GetMemoryMib("memory", 1).ok()) << bad;
  }
  const auto time = Arguments::Parse(Rules(), {"-wait", "1500ms"});
  EXPECT_EQ(*time->GetDuration("wait", Duration(0)), milliseconds(1500));
  const auto bare = Arguments::Parse(Rules(), {"-wait", "5"});
  EXPECT_EQ(*bare->GetDuration("wait", Duration(0)), seconds(5));
}

TEST(Arguments, RefusesNumbersOutOfRange) {
  const auto arguments = Arguments::Parse(Rules(), {"-p", "0"});
  const auto parallelism = arguments->GetInt("p", 1, 1, 32768);
  ASSERT_FALSE(parallelism.ok());
  EXPECT_NE(parallelism.error().remedy.find("from 1 to 32768"), std::string::npos);
}

}  // namespace
}  // namespace weir::cli
