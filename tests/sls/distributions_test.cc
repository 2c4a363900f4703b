#include "tests/sls/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace weir::sls {
namespace {

TEST(Distributions, ComputeLogarithmsAndPowersAsTheLibraryDoes) {
  for (const double x :
       {1e-300, 1e-9, 0.3, 0.7071, 0.99999, 1.0, 1.5, 2.0, 10.0, 12345.678, 1e300}) {
    EXPECT_NEAR(Log(x), std::log(x), 1e-12 * std::max(1.0, std::fabs(std::log(x)))) << x;
  }
  for (const double x : {-600.0, -20.0, -1.0, -1e-9, 0.0, 0.34, 0.35, 1.0, 20.5, 600.0}) {
    EXPECT_NEAR(Exp(x) / std::exp(x), 1.0, 1e-12) << x;
  }
  EXPECT_EQ(Exp(-1000), 0);
  EXPECT_GT(Exp(1e9), 0);
}

struct Moments {
  double mean = 0;
  double deviation = 0;
};

template <typename Draw>
Moments Measure(Draw draw) {
  constexpr int kDraws = 200'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kDraws;
  return {mean, std::sqrt(squares / kDraws - mean * mean)};
}

TEST(Distributions, HaveTheMeanAndDeviationAskedFor) {
  Random random(1);
  const Moments normal = Measure([&] { return DrawNormal(random, 10, 3); });
  EXPECT_NEAR(normal.mean, 10, 0.05);
  EXPECT_NEAR(normal.deviation, 3, 0.05);
  const Moments log_normal = Measure([&] { return DrawLogNormal(random, 20, 5); });
  EXPECT_NEAR(log_normal.mean, 20, 0.1);
  EXPECT_NEAR(log_normal.deviation, 5, 0.1);
  const Moments unit = Measure([&] { return DrawUnit(random); });
  EXPECT_NEAR(unit.mean, 0.5, 0.01);
  EXPECT_NEAR(unit.deviation, std::sqrt(1.0 / 12), 0.01);
}

TEST(Distributions, DrawTheSameNumbersFromTheSameSeed) {
  // These very numbers: a change of the algorithm changes every SYNTH trace.
  Random random(2);
  EXPECT_EQ(static_cast<int64_t>(DrawLogNormal(random, 60'000, 10'000)), 64'794);
  EXPECT_EQ(static_cast<int64_t>(DrawNormal(random, 60'000, 10'000)), 65'128);
}

TEST(Distributions, ChooseByWeight) {
  Random random(3);
  std::vector<int> counts(4);
  for (int i = 0; i < 100'000; ++i) ++counts[DrawWeighted(random, {1, 0, 3, 0})];
  EXPECT_NEAR(counts[0], 25'000, 500);
  EXPECT_EQ(counts[1], 0);
  EXPECT_EQ(counts[3], 0);
}

}  // namespace
}  // namespace weir::sls
