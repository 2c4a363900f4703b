#include "stream/jobmanager/core/source_splits.h"

#include <algorithm>

#include "common/check.h"

namespace weir::stream {

std::vector<std::vector<FileSplit>> CutSplits(const std::vector<SourceFile>& files,
                                              int32_t parallelism) {
  WEIR_CHECK(parallelism > 0, "a source has at least one subtask");
  int64_t total = 0;
  for (const SourceFile& file : files) total += file.size;
  const int64_t share = total / parallelism;
  const int64_t longer = total % parallelism;  // so many subtasks get one byte more

  std::vector<std::vector<FileSplit>> splits(static_cast<size_t>(parallelism));
  size_t file = 0;
  int64_t offset = 0;  // in that file
  for (int32_t subtask = 0; subtask < parallelism; ++subtask) {
    int64_t left = share + (subtask < longer ? 1 : 0);
    while (left > 0) {
      if (offset == files[file].size) {
        ++file;
        offset = 0;
        continue;
      }
      const int64_t taken = std::min(left, files[file].size - offset);
      splits[static_cast<size_t>(subtask)].push_back({files[file].path, offset, offset + taken});
      offset += taken;
      left -= taken;
    }
  }
  return splits;
}

}  // namespace weir::stream
