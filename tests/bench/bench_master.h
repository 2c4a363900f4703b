// The roles in which containers of a benchmark run weir-bench itself: an ApplicationMaster that
// asks and measures, and a child that tells when it began to run.
#ifndef WEIR_TESTS_BENCH_BENCH_MASTER_H_
#define WEIR_TESTS_BENCH_BENCH_MASTER_H_

#include <string>
#include <vector>

namespace weir::bench {

// --as-master allocate|launch COUNT FILE: writes one sample (microseconds) a line to FILE, by
// rename when all are there. Exit code 0 then.
int RunAsMaster(const std::vector<std::string>& words);

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_BENCH_MASTER_H_
