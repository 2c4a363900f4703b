// MaxTree: tables, and a property against a plain vector.
#include "scheduler/nodes/max_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <tuple>
#include <vector>

namespace weir::scheduler {
namespace {

TEST(MaxTree, FindsNothingWhileAllPlacesAreClosed) {
  MaxTree tree(2);
  EXPECT_EQ(tree.places(), 1);
  EXPECT_EQ(tree.Find({0, 0}, 0), MaxTree::kNone);
  EXPECT_EQ(tree.Find({-5, -5}, 0), MaxTree::kNone);
  tree.GrowTo(5);
  EXPECT_EQ(tree.places(), 8);
  EXPECT_EQ(tree.Find({0, 0}, 0), MaxTree::kNone);
  EXPECT_EQ(tree.largest(0), MaxTree::kClosed);
}

TEST(MaxTree, FindsTheFirstPlaceWhereEveryPartSuffices) {
  MaxTree tree(2);
  tree.GrowTo(5);
  tree.Set(0, {4, 0});
  tree.Set(1, {0, 4});
  tree.Set(3, {3, 3});
  tree.Set(4, {4, 4});
  const std::vector<std::tuple<int64_t, int64_t, int32_t, int32_t>> rows = {
      // needed, from, found
      {0, 0, 0, 0},
      {4, 0, 0, 0},
      {4, 0, 1, 4},
      {0, 4, 0, 1},
      {0, 0, 2, 3},  // place 2 is closed
      {1, 1, 0, 3},  // the maxima of places 0 and 1 mislead
      {3, 3, 3, 3},
      {3, 3, 4, 4},
      {4, 4, 0, 4},
      {5, 0, 0, MaxTree::kNone},
      {0, 0, 5, MaxTree::kNone},
      {0, 0, 8, MaxTree::kNone},
      {-9, -9, 2, 3},
  };
  for (const auto& [first, second, from, found] : rows) {
    EXPECT_EQ(tree.Find({first, second}, from), found)
        << "<" << first << ", " << second << "> from " << from;
  }
}

TEST(MaxTree, SaysWhetherAMaximumOverAllChanged) {
  MaxTree tree(1);
  tree.GrowTo(4);
  EXPECT_TRUE(tree.Set(2, {5}));
  EXPECT_FALSE(tree.Set(0, {4}));
  EXPECT_FALSE(tree.Set(0, {5}));
  EXPECT_FALSE(tree.Set(2, {1}));
  EXPECT_TRUE(tree.Set(0, {3}));
  EXPECT_EQ(tree.largest(0), 3);
  EXPECT_TRUE(tree.Close(0));
  EXPECT_TRUE(tree.Close(2));
  EXPECT_FALSE(tree.Close(2));
}

TEST(MaxTree, KeepsItsPlacesWhenItGrows) {
  MaxTree tree(3);
  for (int32_t place = 0; place < 100; ++place) {
    tree.GrowTo(place + 1);
    tree.Set(place, {place, 100 - place, 7});
  }
  ASSERT_EQ(tree.CheckInvariants(), "");
  for (int32_t place = 0; place < 100; ++place) {
    EXPECT_EQ(tree.Find({place, 100 - place, 7}, 0), place);
  }
  EXPECT_EQ(tree.Find({50, 51, 7}, 0), MaxTree::kNone);
}

RC_GTEST_PROP(MaxTreeProperty, FindsWhatLookingAtEveryPlaceFinds, ()) {
  const int parts = *rc::gen::inRange(1, 6);
  const auto number = rc::gen::inRange<int64_t>(-2, 6);
  const auto list = *rc::gen::container<std::vector<std::vector<int64_t>>>(
      rc::gen::container<std::vector<int64_t>>(static_cast<size_t>(parts), number));
  MaxTree tree(parts);
  std::vector<MaxTree::Parts> places;
  for (const std::vector<int64_t>& given : list) {
    MaxTree::Parts at{};
    std::copy(given.begin(), given.end(), at.begin());
    const auto place = static_cast<int32_t>(places.size());
    tree.GrowTo(place + 1);
    if (given[0] == -2) at.fill(MaxTree::kClosed);
    tree.Set(place, at);
    places.push_back(at);
  }
  RC_ASSERT(tree.CheckInvariants() == "");
  MaxTree::Parts needed{};
  for (int part = 0; part < parts; ++part) needed[static_cast<size_t>(part)] = *number;
  for (int32_t from = 0; from <= tree.places(); ++from) {
    int32_t expected = MaxTree::kNone;
    for (auto i = static_cast<size_t>(from); i < places.size(); ++i) {
      bool fits = true;
      for (size_t part = 0; part < static_cast<size_t>(parts); ++part) {
        fits = fits && places[i][part] >= needed[part];
      }
      if (!fits) continue;
      expected = static_cast<int32_t>(i);
      break;
    }
    RC_ASSERT(tree.Find(needed, from) == expected);
  }
}

}  // namespace
}  // namespace weir::scheduler
