#include "scheduler/node_index.h"

#include <gtest/gtest.h>

namespace weir::scheduler {
namespace {

TEST(NodeIndex, FindsTheFullestThatFits) {
  NodeIndex index;
  index.Insert({0}, {.free = {3072, 2}, .order = 0});
  index.Insert({1}, {.free = {2048, 8}, .order = 1});
  index.Insert({2}, {.free = {2048, 1}, .order = 2});
  EXPECT_EQ(index.Find({1024, 2}), NodeSlot{1});
  EXPECT_EQ(index.Find({1024, 1}), NodeSlot{2});
  EXPECT_EQ(index.Find({2049, 1}), NodeSlot{0});
  EXPECT_EQ(index.Find({3072, 3}), std::nullopt);
  EXPECT_EQ(index.Find({1, 9}), std::nullopt);
  EXPECT_EQ(index.LargestFree(), (Resource{3072, 8}));
}

TEST(NodeIndex, FollowsANodeThatMoves) {
  NodeIndex index;
  index.Insert({0}, {.free = {4096, 4}, .order = 0});
  index.Insert({1}, {.free = {4096, 4}, .order = 1});
  EXPECT_EQ(index.Find({1024, 1}), NodeSlot{0});
  index.Move({1}, {.free = {4096, 4}, .order = 1}, {1024, 3});
  EXPECT_EQ(index.Find({1024, 1}), NodeSlot{1});
  EXPECT_EQ(index.Find({1024, 4}), NodeSlot{0});
  EXPECT_TRUE(index.Contains({1}, {.free = {1024, 3}, .order = 1}));
  index.Remove({0}, {.free = {4096, 4}, .order = 0});
  EXPECT_EQ(index.Find({1025, 1}), std::nullopt);
  EXPECT_EQ(index.size(), 1U);
}

TEST(NodeIndex, NeverOffersANodeWithLessThanNothing) {
  NodeIndex index;
  index.Insert({0}, {.free = {-1024, -1}, .order = 0});
  EXPECT_EQ(index.Find({1, 1}), std::nullopt);
  EXPECT_EQ(index.LargestFree(), Resource{});
}

}  // namespace
}  // namespace weir::scheduler
