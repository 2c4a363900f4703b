// Names of the files that a text-file sink writes into its directory.
//
// Terms: a *part* is the result of one subtask, `part-<subtask>`; while its job is published, and
// before that where a file cannot be without a name, the same bytes are *hidden* as
// `.part-<job>-<subtask>-<execution>.inprogress`, which nobody else reads. Both names may belong to
// one file. Pure.
#ifndef WEIR_STREAM_GRAPH_PART_FILES_H_
#define WEIR_STREAM_GRAPH_PART_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::stream {

inline constexpr std::string_view kPartPrefix = "part-";

std::string PartName(int32_t subtask);
std::string HiddenPartName(const std::string& job, int32_t subtask, const std::string& execution);
// Of a hidden part of exactly that job; nothing for every other name.
std::optional<int32_t> SubtaskOfHiddenPart(std::string_view name, const std::string& job);

}  // namespace weir::stream

#endif  // WEIR_STREAM_GRAPH_PART_FILES_H_
