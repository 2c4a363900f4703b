#include "common/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "common/check.h"

namespace weir {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) {
    return Error{ErrorCode::kInvalidArgument, std::to_string(number) + " is odd", "double it"};
  }
  return number / 2;
}

Result<std::string> Quarter(int number) {
  WEIR_ASSIGN_OR_RETURN(const int half, Half(number));
  WEIR_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return std::to_string(quarter);
}

Status IsEven(int number) {
  WEIR_RETURN_IF_ERROR(Half(number));
  return {};
}

TEST(Result, HandsTheErrorOfAStepToTheCaller) {
  EXPECT_EQ(Quarter(8).value(), "2");
  EXPECT_EQ(Quarter(6).error().message, "3 is odd");
  EXPECT_EQ(Quarter(7).error().message, "7 is odd");
  EXPECT_TRUE(IsEven(2).ok());
  EXPECT_EQ(IsEven(3).error(), (Error{ErrorCode::kInvalidArgument, "3 is odd", "double it"}));
}

TEST(Result, MovesValuesThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(Error, PrintsItsRemedyIfItHasOne) {
  EXPECT_EQ((Error{ErrorCode::kNotFound, "no such thing", "look elsewhere"}).ToString(),
            "no such thing (look elsewhere)");
  EXPECT_EQ((Error{ErrorCode::kNotFound, "no such thing", ""}).ToString(), "no such thing");
}

TEST(Error, HasANameForEveryCode) {
  std::set<std::string_view> names;
  for (int code = 1; code <= 15; ++code) names.insert(ErrorCodeName(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), 15u);
  EXPECT_FALSE(names.contains(""));
}

TEST(CheckDeathTest, StopsTheProcessWithWhatWasExpected) {
  EXPECT_DEATH(WEIR_CHECK(1 + 1 == 3, "one and one are three"),
               "result_test.cc:[0-9]+: CHECK failed: 1 \\+ 1 == 3: one and one are three");
}

}  // namespace
}  // namespace weir
