// The role in which weir-bench measures the memory of a ResourceManager's core: in a process of its
// own, where nothing else is.
#ifndef WEIR_TESTS_BENCH_MEMORY_ROLE_H_
#define WEIR_TESTS_BENCH_MEMORY_ROLE_H_

#include <string>
#include <vector>

namespace weir::bench {

inline constexpr char kMemoryRole[] = "--measure-memory";

// --measure-memory NODES APPLICATIONS CONTAINERS: prints resident bytes before the containers, with
// them and after all is over, and how many containers there were; one "name value" a line. Exit
// code 0 then.
int RunMemoryRole(const std::vector<std::string>& words);

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_MEMORY_ROLE_H_
