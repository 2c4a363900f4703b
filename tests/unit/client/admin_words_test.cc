#include "client/admin_words.h"

#include <gmock/gmock.h>

namespace weir::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

const std::vector<platform::NamedResourceType> kTypes = {{.name = "yarn.io/gpu", .unit = ""},
                                                         {.name = "disk", .unit = "Mi"}};

TEST(AdminWords, LabelsAreExclusiveUnlessSaidOtherwise) {
  const auto labels = ParseLabelsToAdd("gpu, fast(exclusive=false) ,big(Exclusive=true)");
  ASSERT_TRUE(labels.ok());
  ASSERT_EQ(labels->size(), 3u);
  EXPECT_EQ((*labels)[0].name, "gpu");
  EXPECT_TRUE((*labels)[0].exclusive);
  EXPECT_EQ((*labels)[1].name, "fast");
  EXPECT_FALSE((*labels)[1].exclusive);
  EXPECT_TRUE((*labels)[2].exclusive);
  for (const char* bad : {"", "gpu,", "(exclusive=true)", "gpu(shared)", "gpu(exclusive=true"}) {
    EXPECT_EQ(ParseLabelsToAdd(bad).error().code, ErrorCode::kInvalidArgument) << bad;
  }
  EXPECT_THAT(*ParseLabelNames("a, b"), ElementsAre("a", "b"));
  EXPECT_FALSE(ParseLabelNames("a,,b").ok());
}

TEST(AdminWords, NodesGetLabelsInOneWordOrInMany) {
  EXPECT_THAT(*ParseNodeLabels({"n1=gpu n2:45454=fast", "n3="}),
              ElementsAre(Pair("n1", "gpu"), Pair("n2:45454", "fast"), Pair("n3", "")));
  EXPECT_THAT(*ParseNodeLabels({"n1,gpu"}), ElementsAre(Pair("n1", "gpu")));
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{}, {""}, {"n1"}, {"=gpu"}, {"n1=a n1=b"}}) {
    EXPECT_EQ(ParseNodeLabels(bad).error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(AdminWords, ResourcesOfANodeHaveTwoForms) {
  const auto bare = ParseNodeResource({"n1", "4096", "8"}, kTypes);
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->node, "n1");
  EXPECT_EQ(*bare->capacity, (Resource{4096, 8}));
  EXPECT_LT(bare->overcommit_timeout, Duration(0));

  const auto timed = ParseNodeResource({"n1", "4096", "8", "30000"}, kTypes);
  ASSERT_TRUE(timed.ok());
  EXPECT_EQ(timed->overcommit_timeout, seconds(30));
  EXPECT_LT(ParseNodeResource({"n1", "1", "1", "-1"}, kTypes)->overcommit_timeout, Duration(0));

  const auto named =
      ParseNodeResource({"n1", "memory-mb=2Gi,vcores=2,yarn.io/gpu=1,disk=1Gi", "5s"}, kTypes);
  ASSERT_TRUE(named.ok()) << named.error().ToString();
  EXPECT_EQ(*named->capacity, (Resource{2048, 2, {{"disk", 1024}, {"yarn.io/gpu", 1}}}));
  EXPECT_EQ(named->overcommit_timeout, seconds(5));

  const auto back = ParseNodeResource({"n1", "default"}, kTypes);
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->capacity.has_value());

  for (const std::vector<std::string>& bad : {std::vector<std::string>{},
                                              {"n1"},
                                              {"n1", "4096"},
                                              {"n1", "4096", "x"},
                                              {"n1", "x", "8"},
                                              {"n1", "4096", "8", "soon"},
                                              {"n1", "4096", "8", "1s", "more"},
                                              {"n1", "vcores="},
                                              {"n1", "=4"},
                                              {"n1", "vcores=1.5"},
                                              {"n1", "vcores=1,memory-mb"}}) {
    EXPECT_EQ(ParseNodeResource(bad, kTypes).error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace weir::cli
