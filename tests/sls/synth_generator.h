// Draws the jobs of a SYNTH trace.
//
// Fields: num_nodes, nodes_per_rack, num_jobs, rand_seed, workloads[workload_name, workload_weight,
// queue_name, job_classes[class_name, user_name, class_weight, type, tasks[type, priority, count,
// time (ms), max_memory (MiB), max_vcores, execution_type]], time_distribution[time (s), weight]].
// count, time, max_memory and max_vcores are samples: {"val": x} always x; {"val": x, "std": y}
// log-normal with that mean and deviation, or with "dist": "NORM" normal; {"discrete": [...],
// "weights": [...]} one of several. A job starts between the time drawn and the next one of its
// workload. duration, deadline_factor and reservation have no effect: there are no reservations.
//
// Deterministic: the same seed draws the same jobs everywhere.
#ifndef WEIR_TESTS_SLS_SYNTH_GENERATOR_H_
#define WEIR_TESTS_SLS_SYNTH_GENERATOR_H_

#include <cstdint>
#include <optional>

#include "tests/sls/json_fields.h"
#include "tests/sls/trace.h"

namespace weir::sls {

// `seed` counts instead of rand_seed.
Status AddSynthJobs(const JsonObject& object,
                    std::optional<uint64_t> seed,
                    IgnoredFields& ignored,
                    Trace& trace);

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_SYNTH_GENERATOR_H_
