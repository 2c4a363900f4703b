// The load files that schedulers are compared with, as SLS traces. Pure functions; thread-safe.
#ifndef WEIR_TESTS_SLS_LOAD_FILE_H_
#define WEIR_TESTS_SLS_LOAD_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace weir::sls {

// The text of the load called `name`:
//   sls-5k        5,000 nodes; 2,000 stream jobs, a quarter each in sls_queue_1 and sls_queue_2 and
//                 half in sls_queue_3, that start within one second; 50 tasks of 1 GiB and 1 vcore
//                 each, which run for 120 s: 100,000 containers.
//   sls-5k-churn  the same with tasks of 5 s.
// Nodes are meant to have 100,240 MiB and 100 vcores. kNotFound names what there is.
Result<std::string> MakeLoadFile(std::string_view name);

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_LOAD_FILE_H_
