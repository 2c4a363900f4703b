// What is called for every decision takes no memory. Counts every allocation of the program.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "tests/unit/scheduler_queues/tree_builder.h"

namespace {
int64_t allocations = 0;
}  // namespace

// The pair below belongs together; a sanitizer build does not see that through its own.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace weir::scheduler {
namespace {

TEST(HotPaths, TakeNoMemory) {
  TreeBuilder builder;
  builder.Add("root.a", Percent(60));
  builder.Add("root.a.x", Percent(50)).minimum_user_limit = kWholePercent / 4;
  builder["root.a.x"].user_weights["mia"] = 2 * kWholeWeight;
  QueueTree tree = builder.Build({100 * 1024, 100});
  const QueueSlot leaf = At(tree, "root.a.x");
  const UserSlot user = tree.AddApplication(leaf, "mia");
  const Amounts each{1024, 1};
  const int64_t before = allocations;
  int64_t sum = 0;
  for (const LimitMode mode : {LimitMode::kRespectExclusivity, LimitMode::kIgnoreExclusivity}) {
    tree.SetAsking(user, true);
    sum += std::min<int64_t>(1, tree.QueueAllowance(leaf, kDefaultPartition, each, mode).count);
    sum += std::min<int64_t>(1, tree.UserAllowance(user, kDefaultPartition, each, mode).count);
    tree.Charge(user, kDefaultPartition, each, 1);
    tree.Reserve(user, kDefaultPartition, each);
    tree.ChangePending(leaf, kDefaultPartition, each, 1);
    sum += tree.Order(leaf, kDefaultPartition).used;
    sum += tree.Headroom(user, kDefaultPartition, each)[0];
    tree.Unreserve(user, kDefaultPartition, each);
    tree.Discharge(user, kDefaultPartition, each, 1);
    tree.SetAsking(user, false);
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(sum, 0);
  EXPECT_NE(tree.All().size(), 0U);
  EXPECT_GT(allocations, before);  // the counter counts
}

}  // namespace
}  // namespace weir::scheduler
