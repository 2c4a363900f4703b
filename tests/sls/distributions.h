// Distributions of our own over common/random.h: the standard library's differ between
// implementations, and so may its functions in the last bit. Only + - * / and square roots, which
// are exact everywhere, are used: the same seed draws the same numbers.
//
// Normal variates: the polar method of Marsaglia and Bray (1964). Single-threaded.
#ifndef WEIR_TESTS_SLS_DISTRIBUTIONS_H_
#define WEIR_TESTS_SLS_DISTRIBUTIONS_H_

#include <cstddef>
#include <vector>

#include "common/random.h"

namespace weir::sls {

// Natural logarithm of x > 0; relative error below 1e-14.
double Log(double x);
// e to the x; 0 below -700, and the value at 700 above it.
double Exp(double x);

// From 0 (included) to 1 (not).
double DrawUnit(Random& random);
double DrawNormal(Random& random, double mean, double deviation);
// With this mean and deviation of the variate itself, not of its logarithm. Requires: mean > 0.
double DrawLogNormal(Random& random, double mean, double deviation);
// An index, each as likely as its weight. Requires: weights >= 0, their sum > 0.
size_t DrawWeighted(Random& random, const std::vector<double>& weights);

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_DISTRIBUTIONS_H_
