// The store of a run: what a write that was torn leaves behind.
#include "tests/simulation/sim_store.h"

#include <gtest/gtest.h>

#include <variant>

#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

Setting EveryWriteIsTorn() {
  Setting setting;
  for (const Fault fault : {Fault::kFailedWrite, Fault::kSlowWrite}) {
    setting.faults[static_cast<size_t>(fault)] = 0;
  }
  setting.faults[static_cast<size_t>(Fault::kTornWrite)] = 1'000'000;
  return setting;
}

store::ApplicationRecord Application(int32_t sequence) {
  store::ApplicationRecord record;
  record.id = {.cluster_timestamp = 1, .sequence = sequence};
  record.idempotency_key = "key " + std::to_string(sequence);
  record.state = ApplicationState::kSubmitted;
  return record;
}

size_t Applications(const std::vector<store::Record>& records) {
  size_t count = 0;
  for (const store::Record& record : records) {
    count += std::holds_alternative<store::ApplicationRecord>(record) ? 1U : 0U;
  }
  return count;
}

// Writer after writer dies with a write under way, and each next one finds what was durable.
TEST(SimStore, ATornWriteIsAsIfItWereAbsent) {
  int64_t torn = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    World world(seed, Faultiness::kDrawn, Trace::Output::kNone, 1, EveryWriteIsTorn());
    size_t told = 0;
    size_t there = 0;
    for (int32_t life = 0; life < 10; ++life) {
      world.store.Open(
          life + 1,
          {.opened = [&](const auto& opened) { there = Applications(opened->records); },
           .done = [&](const auto& answer) { told += answer.status.ok() ? 1U : 0U; }});
      ASSERT_EQ(world.store.fault(), "");
      ASSERT_GE(there, told);
      told = there;
      world.store.Append(1, {store::Put{Application(2 * life)}});
      while (world.queue.RunNext()) {
      }
      world.store.Append(2, {store::Put{Application(2 * life + 1)}});
      world.store.Crash();
    }
    torn += world.faults.counts[Fault::kTornWrite];
  }
  EXPECT_GT(torn, 100);
}

}  // namespace
}  // namespace weir::simulation
