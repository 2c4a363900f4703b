#include "tests/sls/distributions.h"

#include <cmath>
#include <numeric>

#include "common/check.h"

namespace weir::sls {
namespace {

constexpr double kLn2 = 0.69314718055994530942;
constexpr double kSqrt2 = 1.41421356237309504880;

}  // namespace

double Log(double x) {
  WEIR_CHECK(x > 0, "a logarithm of nothing");
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // exact: takes the number apart
  if (mantissa < kSqrt2 / 2) {
    mantissa *= 2;
    --exponent;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)), with |argument| < 0.172.
  const double z = (mantissa - 1) / (mantissa + 1);
  const double square = z * z;
  double sum = 0;
  for (int k = 25; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
  return 2 * z * sum + exponent * kLn2;
}

double Exp(double x) {
  if (x < -700) return 0;
  if (x > 700) x = 700;
  const double parts = std::floor(x / kLn2 + 0.5);
  const double rest = x - parts * kLn2;  // at most ln 2 / 2
  double sum = 1;
  for (int k = 20; k >= 1; --k) sum = 1 + sum * rest / k;
  return std::ldexp(sum, static_cast<int>(parts));
}

double DrawUnit(Random& random) {
  return static_cast<double>(random.Next() >> 11) / 9007199254740992.0;  // 2^53
}

double DrawNormal(Random& random, double mean, double deviation) {
  while (true) {
    const double u = 2 * DrawUnit(random) - 1;
    const double v = 2 * DrawUnit(random) - 1;
    const double s = u * u + v * v;
    if (s >= 1 || s == 0) continue;
    return mean + deviation * u * std::sqrt(-2 * Log(s) / s);
  }
}

double DrawLogNormal(Random& random, double mean, double deviation) {
  const double ratio = deviation / mean;
  const double variance = Log(1 + ratio * ratio);
  return Exp(DrawNormal(random, Log(mean) - variance / 2, std::sqrt(variance)));
}

size_t DrawWeighted(Random& random, const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  WEIR_CHECK(sum > 0, "weights that add up to nothing");
  double left = DrawUnit(random) * sum;
  size_t last = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    if (left < weights[i]) return i;
    left -= weights[i];
  }
  return last;
}

}  // namespace weir::sls
