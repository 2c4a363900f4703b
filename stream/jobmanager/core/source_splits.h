// Cutting a source's files into contiguous byte ranges, one list per subtask.
//
// Example: files of 100 and 20 bytes over 3 subtasks give 40 bytes each:
//   {a 0-40}, {a 40-80}, {a 80-100, b 0-20}.
// A line belongs to the range in which its first byte lies, so any cut is right. Pure.
#ifndef WEIR_STREAM_JOBMANAGER_CORE_SOURCE_SPLITS_H_
#define WEIR_STREAM_JOBMANAGER_CORE_SOURCE_SPLITS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace weir::stream {

struct SourceFile {
  std::string path;
  int64_t size = 0;
  bool operator==(const SourceFile&) const = default;
};

struct FileSplit {
  std::string path;
  int64_t begin_byte = 0;
  int64_t end_byte = 0;
  bool operator==(const FileSplit&) const = default;
};

// `parallelism` lists whose bytes differ by at most one; in the files' order; empty files are left
// out. Requires: parallelism > 0, sizes not negative.
std::vector<std::vector<FileSplit>> CutSplits(const std::vector<SourceFile>& files,
                                              int32_t parallelism);

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_SOURCE_SPLITS_H_
