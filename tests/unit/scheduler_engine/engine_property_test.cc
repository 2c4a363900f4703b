// Generated histories of a small cluster against the model: see history.h for what happens in them
// and model.h for what is checked after every step.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <vector>

#include "tests/unit/scheduler_engine/history.h"

namespace weir::scheduler {
namespace {

// Builds without optimisation are for finding other faults than those of the rules.
#ifdef __OPTIMIZE__
constexpr int kHistories = 20'000;
#else
constexpr int kHistories = 2'000;
#endif

uint64_t Live(const std::vector<uint64_t>& words, size_t clone_at) {
  History history(words.empty() ? 0 : words.front() / 64);
  for (size_t i = 0; i < words.size(); ++i) {
    if (i == clone_at) history.Clone();
    history.Step(words[i]);
  }
  history.End();
  return history.digest();
}

TEST(EngineProperty, EveryHistoryIsLedByTheRules) {
  std::vector<size_t> lengths;
  const auto word = rc::gen::resize(64, rc::gen::arbitrary<uint64_t>());
  const auto histories = rc::gen::resize(124, rc::gen::container<std::vector<uint64_t>>(word));
  const auto lives = [&] {
    const std::vector<uint64_t> words = *histories;
    lengths.push_back(words.size());
    const bool cloned = words.size() % 4 == 1;
    const uint64_t digest = Live(words, cloned ? words.size() / 3 : words.size());
    // The same changes make the same decisions.
    if (words.size() % 16 == 2) RC_ASSERT(Live(words, words.size()) == digest);
  };
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = kHistories;
  const auto property = rc::detail::toProperty(lives);
  const auto metadata = rc::detail::TestMetadata{"engine_history", "every history is led by rules"};
  const rc::detail::TestResult result = rc::detail::checkProperty(property, metadata, params);
  std::ostringstream told;
  rc::detail::printResultMessage(result, told);
  ASSERT_TRUE(result.is<rc::detail::SuccessResult>()) << told.str();
  ASSERT_GE(lengths.size(), static_cast<size_t>(kHistories));
  std::nth_element(lengths.begin(),
                   lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2),
                   lengths.end());
  EXPECT_GE(lengths[lengths.size() / 2], 50u) << "the median of the steps";
}

}  // namespace
}  // namespace weir::scheduler
