#include "common/cut_to_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(CutToFit, CutsTheLongOnesWhenAllOfThemAreTooMuch) {
  std::vector<std::string> texts = {"short", std::string(1000, 'a'), std::string(2000, 'b')};
  std::vector<std::string*> all;
  for (std::string& text : texts) all.push_back(&text);
  CutToFit(all, 3005);
  EXPECT_EQ(texts[2].size(), 2000U) << "it fits";
  CutToFit(all, 900);
  EXPECT_EQ(texts[0], "short");
  EXPECT_EQ(texts[1].size(), 300U);
  EXPECT_EQ(texts[2].size(), 300U);
  EXPECT_THAT(texts[2], ::testing::HasSubstr("bytes cut"));
  CutToFit(all, 2);
  EXPECT_EQ(texts[0] + texts[1] + texts[2], "");
  CutToFit({}, 0);
}

}  // namespace
}  // namespace weir
