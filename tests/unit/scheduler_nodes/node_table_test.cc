// NodeTable by example.
#include "scheduler/nodes/node_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace weir::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NodeTableTest : public ::testing::Test {
 protected:
  NodeSlot Add(const std::string& name,
               const std::string& rack,
               const Amounts& capacity,
               PartitionSlot partition = kDefaultPartition) {
    return table_.Add({"id-" + name}, name, rack, partition, capacity);
  }
  // Every node found, one after another.
  std::vector<NodeSlot> FindAll(const Amounts& needed, PartitionSlot p = kDefaultPartition) const {
    std::vector<NodeSlot> all;
    SearchPosition from;
    while (const auto found = table_.Find(p, needed, from)) {
      all.push_back(found->node);
      from = found->next;
    }
    return all;
  }

  NodeTable table_{3};
};

TEST_F(NodeTableTest, AnEmptyTableHasTheDefaultPartitionAndNothingInIt) {
  EXPECT_EQ(table_.partitions(), 1U);
  EXPECT_EQ(table_.label(kDefaultPartition), "");
  EXPECT_EQ(table_.FindPartition(""), kDefaultPartition);
  EXPECT_EQ(table_.FindPartition("gpu"), std::nullopt);
  EXPECT_FALSE(table_.Find(kDefaultPartition, {}).has_value());
  EXPECT_EQ(table_.Room(kDefaultPartition, {1, 1}, 5), 0);
  EXPECT_TRUE(table_.LargestFree(kDefaultPartition).IsZero());
  EXPECT_FALSE(table_.SomeCapacityFits(kDefaultPartition, {}));
  EXPECT_THAT(table_.Named("a"), IsEmpty());
}

TEST_F(NodeTableTest, APartitionIsAddedOnce) {
  const PartitionSlot gpu = table_.AddPartition("gpu");
  EXPECT_NE(gpu, kDefaultPartition);
  EXPECT_EQ(table_.AddPartition("gpu"), gpu);
  EXPECT_EQ(table_.AddPartition(""), kDefaultPartition);
  EXPECT_EQ(table_.FindPartition("gpu"), gpu);
  EXPECT_EQ(table_.label(gpu), "gpu");
}

TEST_F(NodeTableTest, SearchesGoRackByRackInTheOrderOfAppearance) {
  const NodeSlot a = Add("a", "/r1", {4096, 4});
  const NodeSlot b = Add("b", "/r2", {4096, 4});
  const NodeSlot c = Add("c", "/r1", {8192, 8});
  EXPECT_THAT(FindAll({1024, 1}), ElementsAre(a, c, b));
  EXPECT_THAT(FindAll({5000, 1}), ElementsAre(c));
  EXPECT_THAT(FindAll({9000, 1}), IsEmpty());
  const auto in_second = table_.FindInRack(kDefaultPartition, "/r2", {1, 1});
  ASSERT_TRUE(in_second.has_value());
  EXPECT_EQ(in_second->node, b);
  EXPECT_FALSE(table_.FindInRack(kDefaultPartition, "/r2", {1, 1}, in_second->next).has_value());
  EXPECT_FALSE(table_.FindInRack(kDefaultPartition, "/r3", {1, 1}).has_value());
  // From a place after the whole rack.
  EXPECT_FALSE(table_.FindInRack(kDefaultPartition, "/r1", {1, 1}, {1, 0}).has_value());
  // From a place before it.
  EXPECT_TRUE(table_.FindInRack(kDefaultPartition, "/r2", {1, 1}, {0, 1}).has_value());
}

TEST_F(NodeTableTest, TheLowestFreeSlotRackAndPlaceAreUsedAgain) {
  const NodeSlot a = Add("a", "/r1", {1024, 1});
  const NodeSlot b = Add("b", "/r1", {1024, 1});
  const NodeSlot c = Add("c", "/r2", {1024, 1});
  table_.Remove(b);
  table_.Remove(a);
  EXPECT_FALSE(table_.KnowsRack("/r1"));
  EXPECT_EQ(table_.NextRack(kDefaultPartition, {0, 0}), (SearchPosition{1, 0}));
  EXPECT_EQ(table_.NextRack(kDefaultPartition, {1, 0}), std::nullopt);
  const NodeSlot d = Add("d", "/r3", {1024, 1});
  EXPECT_EQ(d, a);
  EXPECT_THAT(FindAll({1, 1}), ElementsAre(d, c));
  EXPECT_EQ(table_.at(d).id.uuid, "id-d");
  EXPECT_FALSE(table_.IsLive(b));
  EXPECT_EQ(table_.CheckInvariants(), "");
}

TEST_F(NodeTableTest, ANeedOfNothingFitsAnOpenFullNodeAndNoClosedOne) {
  const NodeSlot full = Add("full", "/r", {1024, 1});
  const NodeSlot closed = Add("closed", "/r", {1024, 1});
  table_.Charge(full, {1024, 1}, 1);
  table_.SetSchedulable(closed, false);
  EXPECT_THAT(FindAll({}), ElementsAre(full));
  EXPECT_EQ(table_.Room(kDefaultPartition, {}, 7), 7);
  table_.SetReserved(full, true);
  EXPECT_THAT(FindAll({}), IsEmpty());
}

TEST_F(NodeTableTest, ANodeWithLessThanItsUseIsOvercommittedUntilEnoughEnds) {
  const NodeSlot a = Add("a", "/r", {4096, 4});
  const NodeSlot b = Add("b", "/r", {1024, 1});
  table_.Charge(a, {1024, 1}, 3);
  table_.SetCapacity(a, {2048, 4});
  EXPECT_TRUE(table_.at(a).overcommitted);
  // What a lacks is not taken off what b has.
  EXPECT_EQ(table_.open_free(kDefaultPartition), (Amounts{1024, 2}));
  EXPECT_EQ(table_.LargestFree(kDefaultPartition), (Amounts{1024, 1}));
  EXPECT_THAT(FindAll({0, 1}), ElementsAre(b));
  table_.Discharge(a, {1024, 1}, 1);
  EXPECT_FALSE(table_.at(a).overcommitted);
  EXPECT_EQ(table_.at(a).containers, 2);
  EXPECT_THAT(FindAll({0, 1}), ElementsAre(a, b));
  EXPECT_EQ(table_.CheckInvariants(), "");
}

TEST_F(NodeTableTest, ANodeTakesWhatRunsOnItAlongToItsNewPartition) {
  const PartitionSlot gpu = table_.AddPartition("gpu");
  const NodeSlot a = Add("a", "/r", {4096, 4, 2});
  table_.Charge(a, {1024, 1, 1}, 2);
  const int64_t version = table_.capacity_version();
  table_.SetPartition(a, gpu);
  EXPECT_NE(table_.capacity_version(), version);
  EXPECT_TRUE(table_.used(kDefaultPartition).IsZero());
  EXPECT_TRUE(table_.capacity(kDefaultPartition).IsZero());
  EXPECT_EQ(table_.used(gpu), (Amounts{2048, 2, 2}));
  EXPECT_EQ(table_.open_free(gpu), (Amounts{2048, 2, 0}));
  EXPECT_THAT(FindAll({1, 1}), IsEmpty());
  EXPECT_THAT(FindAll({1, 1}, gpu), ElementsAre(a));
  EXPECT_TRUE(table_.KnowsRack("/r"));
}

TEST_F(NodeTableTest, RoomCountsUpToEnoughAndToTheBoundOfANode) {
  Add("a", "/r1", {4096, 4});
  Add("b", "/r1", {1024, 8});
  Add("c", "/r2", {8192, 3});
  // 4 + 1 + 3.
  EXPECT_EQ(table_.Room(kDefaultPartition, {1024, 1}, 100), 8);
  EXPECT_EQ(table_.Room(kDefaultPartition, {1024, 1}, 6), 6);
  EXPECT_EQ(table_.Room(kDefaultPartition, {1024, 1}, 100, 2), 5);
  EXPECT_EQ(table_.Room(kDefaultPartition, {1024, 1}, 0), 0);
  EXPECT_EQ(table_.Room(kDefaultPartition, {1024, 0, 1}, 100), 0);
  const int64_t all = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(table_.Room(kDefaultPartition, {}, all), all);
}

TEST_F(NodeTableTest, SumsLeaveOutWhatIsClosed) {
  const NodeSlot a = Add("a", "/r", {4096, 4});
  const NodeSlot b = Add("b", "/r", {2048, 8});
  table_.Charge(a, {1024, 1}, 1);
  table_.SetReserved(a, true);
  EXPECT_EQ(table_.capacity(kDefaultPartition), (Amounts{6144, 12}));
  EXPECT_EQ(table_.open_free(kDefaultPartition), (Amounts{2048, 8}));
  EXPECT_EQ(table_.LargestCapacity(kDefaultPartition), (Amounts{4096, 8}));
  EXPECT_TRUE(table_.SomeCapacityFits(kDefaultPartition, {4096, 4}));
  EXPECT_FALSE(table_.SomeCapacityFits(kDefaultPartition, {4096, 8}));
  table_.SetSchedulable(a, false);
  EXPECT_EQ(table_.capacity(kDefaultPartition), (Amounts{2048, 8}));
  EXPECT_EQ(table_.used(kDefaultPartition), (Amounts{1024, 1}));
  EXPECT_EQ(table_.LargestCapacity(kDefaultPartition), (Amounts{2048, 8}));
  EXPECT_EQ(table_.nodes(kDefaultPartition), 2);
  EXPECT_EQ(table_.schedulable_nodes(kDefaultPartition), 1);
  EXPECT_THAT(FindAll({}), ElementsAre(b));
}

TEST_F(NodeTableTest, NodesOfOneHostAreNamedInSlotOrder) {
  const NodeSlot first = table_.Add({"u1"}, "host", "/r", kDefaultPartition, {1, 1});
  const NodeSlot second = table_.Add({"u2"}, "host", "/r", kDefaultPartition, {1, 1});
  EXPECT_THAT(table_.Named("host"), ElementsAre(first, second));
  table_.Remove(first);
  EXPECT_THAT(table_.Named("host"), ElementsAre(second));
  EXPECT_EQ(table_.Add({"u3"}, "host", "/r", kDefaultPartition, {1, 1}), first);
  EXPECT_THAT(table_.Named("host"), ElementsAre(first, second));
}

TEST_F(NodeTableTest, EveryRefusalHasOneCause) {
  const Amounts needed{2048, 2, 1};
  const NodeSlot draining = Add("draining", "/r", {1, 1});
  table_.SetSchedulable(draining, false);
  table_.SetReserved(draining, true);  // counts as unschedulable
  const NodeSlot reserved = Add("reserved", "/r", {1, 1});
  table_.SetReserved(reserved, true);  // counts as reserved, although too small
  Add("small", "/r", {8192, 8, 0});
  const NodeSlot no_memory = Add("no-memory", "/r", {4096, 8, 4});
  table_.Charge(no_memory, {4096, 1, 0}, 1);
  const NodeSlot no_memory_no_gpu = Add("no-memory-no-gpu", "/r", {4096, 8, 1});
  table_.Charge(no_memory_no_gpu, {4096, 1, 1}, 1);
  Add("fits", "/r", needed);
  const NodeTable::Refusals refusals = table_.CountRefusals(kDefaultPartition, needed);
  EXPECT_EQ(refusals.unschedulable, 1);
  EXPECT_EQ(refusals.reserved, 1);
  EXPECT_EQ(refusals.too_small, 1);
  EXPECT_EQ(refusals.no_room, 2);
  EXPECT_EQ(refusals.fits, 1);
  EXPECT_THAT(refusals.short_of, ElementsAre(2, 0, 1));
}

// What the balances are for; they may prune, but never hide a node that fits.
TEST_F(NodeTableTest, AmongNodesThatLackTheOneOrTheOtherTheOnlyOneWithBothIsFound) {
  std::vector<NodeSlot> nodes;
  for (int i = 0; i < 200; ++i) {
    nodes.push_back(Add("n" + std::to_string(i), "/r" + std::to_string(i % 3), {65536, 16}));
    table_.Charge(nodes.back(), i % 2 == 0 ? Amounts{65536, 1} : Amounts{1024, 16}, 1);
  }
  const std::vector<Amounts> needs = {{1024, 1}, {4096, 1}, {60000, 1}, {512, 15}, {8192, 2}};
  for (const Amounts& needed : needs) EXPECT_THAT(FindAll(needed), IsEmpty());
  table_.Discharge(nodes[137], {1024, 16}, 1);
  for (const Amounts& needed : needs) EXPECT_THAT(FindAll(needed), ElementsAre(nodes[137]));
}

TEST_F(NodeTableTest, HugeAmountsDoNotMislead) {
  const int64_t huge = std::numeric_limits<int64_t>::max() / 4;
  const NodeSlot a = Add("a", "/r", {huge, 1});
  const NodeSlot b = Add("b", "/r", {1, huge});
  const NodeSlot c = Add("c", "/r", {huge, huge});
  EXPECT_THAT(FindAll({huge, 1}), ElementsAre(a, c));
  EXPECT_THAT(FindAll({1, huge}), ElementsAre(b, c));
  EXPECT_THAT(FindAll({huge, huge}), ElementsAre(c));
  EXPECT_THAT(FindAll({huge, huge, 1}), IsEmpty());
}

}  // namespace
}  // namespace weir::scheduler
