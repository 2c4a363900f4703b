#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/check.h"
#include "tests/bench/bench.h"

namespace weir::bench {
namespace {

double Percentile(const std::vector<double>& sorted, double fraction) {
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

}  // namespace

double Compute(Statistic statistic, std::vector<double> values) {
  WEIR_CHECK(!values.empty(), "a statistic of no samples");
  std::sort(values.begin(), values.end());
  switch (statistic) {
    case Statistic::kP50:
      return Percentile(values, 0.50);
    case Statistic::kP99:
      return Percentile(values, 0.99);
    case Statistic::kMax:
      return values.back();
    case Statistic::kMean:
      return std::accumulate(values.begin(), values.end(), 0.0) /
             static_cast<double>(values.size());
    case Statistic::kCount:
      return static_cast<double>(values.size());
  }
  WEIR_CHECK(false, "an unknown statistic");
}

std::string StatisticName(Statistic statistic) {
  switch (statistic) {
    case Statistic::kP50:
      return "p50";
    case Statistic::kP99:
      return "p99";
    case Statistic::kMax:
      return "max";
    case Statistic::kMean:
      return "mean";
    case Statistic::kCount:
      return "count";
  }
  WEIR_CHECK(false, "an unknown statistic");
}

}  // namespace weir::bench
