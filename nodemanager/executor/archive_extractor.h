// ExtractArchive: unpacks tar (plain, gzip, xz, zstd) and zip (also as .jar) into a new directory.
//
// libarchive reads; only these formats and compressions are switched on, and none runs a program.
// What is written is decided by ArchiveRules and goes through the file seam, not through
// libarchive's writer: that one's checks hold only for paths below the working directory, which a
// process with threads cannot change. Files become 0444 or 0555, directories 0555: nobody writes
// into what others use too.
//
// Errors: kInvalidArgument (a rule, with the entry), kCorruption (damaged, encrypted, or of no
// format that is read), kAborted (called off), those of files. What was made is left to the caller.
// Thread-safe function.
#ifndef WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_EXTRACTOR_H_
#define WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_EXTRACTOR_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "common/result.h"
#include "nodemanager/executor/archive_rules.h"
#include "platform/file_system.h"

namespace weir::nm {

struct Extracted {
  int64_t entries = 0;
  int64_t bytes = 0;
};

struct ArchiveJob {
  std::string archive;    // path
  std::string directory;  // does not exist
  const std::atomic<bool>& called_off;
  ArchiveLimits limits;
  ArchiveProtections protections;
};

Result<Extracted> ExtractArchive(platform::FileSystem& files, const ArchiveJob& job);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_EXTRACTOR_H_
