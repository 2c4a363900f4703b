#include "stream/graph/part_files.h"

#include <charconv>
#include <cstdio>

namespace weir::stream {
namespace {

constexpr std::string_view kHiddenSuffix = ".inprogress";

std::string HiddenPrefix(const std::string& job) {
  return "." + std::string(kPartPrefix) + job + "-";
}

}  // namespace

std::string PartName(int32_t subtask) {
  char number[16];
  std::snprintf(number, sizeof(number), "%05d", subtask);
  return std::string(kPartPrefix) + number;
}

std::string HiddenPartName(const std::string& job, int32_t subtask, const std::string& execution) {
  return HiddenPrefix(job) + std::to_string(subtask) + "-" + execution + std::string(kHiddenSuffix);
}

std::optional<int32_t> SubtaskOfHiddenPart(std::string_view name, const std::string& job) {
  const std::string prefix = HiddenPrefix(job);
  if (!name.starts_with(prefix) || !name.ends_with(kHiddenSuffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  int32_t subtask = -1;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), subtask);
  if (parsed.ec != std::errc() || subtask < 0 || *parsed.ptr != '-') return std::nullopt;
  return subtask;
}

}  // namespace weir::stream
