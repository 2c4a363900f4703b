#include "common/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace weir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(Split("a,b,,c", ','), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
  EXPECT_THAT(Split(",", ','), ElementsAre("", ""));
}

RC_GTEST_PROP(Split, IsUndoneByJoin, (const std::string& text)) {
  std::vector<std::string> parts;
  for (const std::string_view part : Split(text, 'a')) parts.emplace_back(part);
  RC_ASSERT(Join(parts, "a") == text);
}

TEST(Join, PutsSeparatorsBetween) {
  EXPECT_EQ(Join({}, ", "), "");
  EXPECT_EQ(Join({"a"}, ", "), "a");
  EXPECT_EQ(Join({"a", "", "b"}, ", "), "a, , b");
}

TEST(Trim, CutsBlanksAtBothEnds) {
  EXPECT_EQ(Trim(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(Trim("   "), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\xc3\xa4"), "\xc3\xa4");
}

TEST(ToLower, ChangesLettersOnly) {
  EXPECT_EQ(ToLower("AbC-1_\xc3\x84"), "abc-1_\xc3\x84");
}

TEST(ParseInt64, TakesWholeDecimalNumbersOnly) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("-7"), -7);
  EXPECT_EQ(ParseInt64("007"), 7);
  EXPECT_EQ(ParseInt64("9223372036854775807"), std::numeric_limits<int64_t>::max());
  for (const char* text : {"",
                           "-",
                           "+1",
                           " 1",
                           "1 ",
                           "1x",
                           "0x10",
                           "1.0",
                           "9223372036854775808",
                           "-9223372036854775809"}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(ParseInt64, ReadsEveryNumberBack, (int64_t number)) {
  RC_ASSERT(ParseInt64(std::to_string(number)) == number);
}

TEST(Hex, WritesLowerCaseAndReadsBoth) {
  EXPECT_EQ(HexEncode(std::string("\x00\xff\x1a", 3)), "00ff1a");
  EXPECT_EQ(HexDecode("00FF1a"), std::string("\x00\xff\x1a", 3));
  EXPECT_EQ(HexDecode(""), "");
  for (const char* text : {"0", "0g", "0x00", " 00"})
    EXPECT_EQ(HexDecode(text), std::nullopt) << text;
}

RC_GTEST_PROP(Hex, ReadsEveryTextBack, (const std::string& bytes)) {
  RC_ASSERT(HexDecode(HexEncode(bytes)) == bytes);
}

TEST(NearestName, FindsTheLikelyMeaningOnly) {
  const std::vector<std::string> names = {"status", "list", "submit", "kill"};
  const std::pair<const char*, std::optional<std::string>> cases[] = {
      {"staus", "status"},
      {"lst", "list"},
      {"sumbit", "submit"},
      {"status", "status"},
      {"kil", "kill"},
      {"x", std::nullopt},
      {"", std::nullopt},
      {"frobnicate", std::nullopt},
      {"statistics", std::nullopt},
  };
  for (const auto& [word, nearest] : cases) EXPECT_EQ(NearestName(word, names), nearest) << word;
  EXPECT_EQ(NearestName("word", {}), std::nullopt);
}

RC_GTEST_PROP(NearestName, FindsAnExactNameAmongAny, (const std::vector<std::string>& others)) {
  std::vector<std::string> names = others;
  names.push_back("the-name");
  RC_ASSERT(NearestName("the-name", names) == "the-name");
}

TEST(CutMiddle, KeepsHeadAndTailAndSaysHowMuchIsGone) {
  EXPECT_EQ(CutMiddle("short", 5), "short");
  const std::string cut = CutMiddle("head" + std::string(1000, '.') + "tail", 100);
  EXPECT_TRUE(cut.starts_with("head"));
  EXPECT_TRUE(cut.ends_with("tail"));
  EXPECT_THAT(cut, HasSubstr("bytes cut"));
}

RC_GTEST_PROP(CutMiddle, NeverExceedsItsLimit, (const std::string& piece)) {
  const auto limit = *rc::gen::inRange<size_t>(0, 200);
  std::string text;
  for (int i = 0; i < 10; ++i) text += piece;
  const std::string cut = CutMiddle(text, limit);
  RC_ASSERT(cut.size() <= limit);
  if (text.size() <= limit) RC_ASSERT(cut == text);
}

}  // namespace
}  // namespace weir
