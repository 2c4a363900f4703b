// Translation of idl/job.thrift and idl/task.thrift to the JobManager's values and back.
// Everything from the wire is hostile: kInvalidArgument names what does not decode or is over a
// limit. Pure functions; thread-safe.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_JOB_CODEC_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_JOB_CODEC_H_

#include "gen/job_types.h"
#include "gen/task_types.h"
#include "stream/jobmanager/core/job_messages.h"

namespace weir::stream {

// The graph's hash is taken of its canonical text; library_size is the caller's to fill in.
Result<JobSpec> SpecFromWire(const idl::JobSpec& wire);
// Without `details`: no vertices and no outputs, for lists.
enum class ReportDetails { kNone, kAll };
idl::JobReport ReportToWire(const JobReport& report, ReportDetails details);

Result<RegisterTaskManager> RegistrationFromWire(const idl::RegisterTaskManagerRequest& wire);
idl::RegisterTaskManagerAnswer SessionToWire(const TaskManagerSession& session);
Result<PollTaskManager> PollFromWire(const idl::TaskPollRequest& wire);
idl::TaskPollAnswer PollToWire(const PollAnswer& answer);

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_JOB_CODEC_H_
