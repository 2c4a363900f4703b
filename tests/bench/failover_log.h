// What a ResourceManager's log says of its roles, for the bench 'failover'. Pure.
#ifndef WEIR_TESTS_BENCH_FAILOVER_LOG_H_
#define WEIR_TESTS_BENCH_FAILOVER_LOG_H_

#include <cstdint>
#include <string_view>

#include "common/result.h"

namespace weir::bench {

struct Takeover {
  int64_t ms = 0;  // from the line that says "elected" to the one that says "active"
};

// Of the last time that the ResourceManager became active in this part of its log. kNotFound: it
// did not.
Result<Takeover> ReadTakeover(std::string_view log);
// It has read the whole store once, as a standby.
bool FollowsTheStore(std::string_view log);

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_FAILOVER_LOG_H_
