#include "appmaster/core/held_nodes.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::am {
namespace {

using Nodes = std::vector<NodeId>;

TEST(HeldNodes, KnowsWhereATokenIsOldAsLongAsItHoldsAContainerThere) {
  HeldNodes nodes;
  EXPECT_EQ(nodes.WithTokensBefore(9, 9), Nodes());
  nodes.Add({"a"}, 1);
  nodes.Add({"a"}, 1);
  nodes.Add({"b"}, 1);
  nodes.Add({"c"}, 2);
  EXPECT_EQ(nodes.WithTokensBefore(1, 9), Nodes());
  EXPECT_EQ(nodes.WithTokensBefore(2, 9), (Nodes{{"a"}, {"b"}}));
  EXPECT_EQ(nodes.WithTokensBefore(2, 1), (Nodes{{"a"}})) << "the others another time";
  nodes.Remove({"a"});
  EXPECT_EQ(nodes.WithTokensBefore(2, 1), (Nodes{{"a"}})) << "there is one more there";
  nodes.Remove({"a"});
  EXPECT_EQ(nodes.WithTokensBefore(2, 9), (Nodes{{"b"}}));
  nodes.Renewed({"b"}, 2);
  EXPECT_EQ(nodes.WithTokensBefore(2, 9), Nodes());
  EXPECT_EQ(nodes.WithTokensBefore(3, 9), (Nodes{{"b"}, {"c"}}));
}

TEST(HeldNodes, ANewContainerBringsANewTokenAndAnOldOneNoOlder) {
  HeldNodes nodes;
  nodes.Add({"a"}, 1);
  nodes.Add({"a"}, 3);
  nodes.Renewed({"a"}, 2);
  EXPECT_EQ(nodes.WithTokensBefore(3, 9), Nodes());
  nodes.Renewed({"b"}, 1);
  nodes.Remove({"b"});
  EXPECT_EQ(nodes.WithTokensBefore(4, 9), (Nodes{{"a"}})) << "nothing is held elsewhere";
}

}  // namespace
}  // namespace weir::am
