// Reads the trace files of Hadoop's scheduler load simulator: SLS (jobs one by one) and SYNTH
// (distributions from which jobs are drawn). Which one it is shows in the first object.
//
// Fields of SLS: num.nodes, num.racks (in an object of their own); of a job am.type, job.id,
// job.start.ms, job.end.ms, job.queue.name, job.user, job.count, job.priority,
// job.label.expression, am.<resource>, job.tasks; of a task count, container.host,
// container.start.ms, container.end.ms, duration.ms or container.duration.ms, container.delay.ms,
// container.priority, container.type, container.<resource>. A resource is memory-mb (or memory),
// vcores, or the name of a type. Pure functions; thread-safe.
#ifndef WEIR_TESTS_SLS_TRACE_READER_H_
#define WEIR_TESTS_SLS_TRACE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "tests/sls/json_fields.h"
#include "tests/sls/trace.h"

namespace weir::sls {

// `seed` counts instead of the trace's own. kInvalidArgument: the first fault, with file, line,
// byte, field and remedy.
Result<Trace> ReadTrace(const std::string& file,
                        std::string_view text,
                        std::optional<uint64_t> seed);

// `base` with the parts that fields with that prefix give.
Result<Resource> ReadResource(JsonFields& fields, std::string_view prefix, Resource base);

// One more job, and so many tasks, may be taken.
Status CheckSize(const JsonFields& fields, const Trace& trace, int64_t tasks);
int64_t TasksOf(const JobPlan& job);

}  // namespace weir::sls

#endif  // WEIR_TESTS_SLS_TRACE_READER_H_
