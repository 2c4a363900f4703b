// Finding the files of a source: a file is itself, a directory is the files directly in it.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_SOURCE_LISTING_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_SOURCE_LISTING_H_

#include <string>
#include <vector>

#include "platform/file_system.h"
#include "stream/jobmanager/core/source_splits.h"

namespace weir::stream {

// In the order of `paths`, a directory's files by name. Names that begin with '.' or '_' (hidden,
// or another job's unfinished output) and directories in directories are left out. Blocks.
// kNotFound, kPermissionDenied, kUnavailable naming the path; kInvalidArgument: not an absolute
// path, a directory without files.
Result<std::vector<SourceFile>> ListSourceFiles(platform::FileSystem& files,
                                                const std::vector<std::string>& paths);

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_SOURCE_LISTING_H_
