// Deleting what a job has left in its output directories.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_OUTPUT_CLEANING_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_OUTPUT_CLEANING_H_

#include "platform/file_system.h"
#include "stream/jobmanager/core/job_messages.h"

namespace weir::stream {

// Deletes the job's hidden parts, and unless `keep_published` the parts that are the same files
// under their public names; nothing else is touched. Goes on after an error and returns the first;
// an absent directory is none. Blocks. Errors: those of FileSystem.
Status DeleteOutputs(platform::FileSystem& files, const CleanOutputs& what);

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_OUTPUT_CLEANING_H_
