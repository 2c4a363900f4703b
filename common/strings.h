// Small text functions that the standard library lacks. Pure; thread-safe.
#ifndef WEIR_COMMON_STRINGS_H_
#define WEIR_COMMON_STRINGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// "a,b,,c" at ',' gives {"a", "b", "", "c"}; an empty text gives {""}.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);
std::string ToLower(std::string_view text);

// The whole text as a decimal number; nothing when it is not one or does not fit.
std::optional<int64_t> ParseInt64(std::string_view text);

std::string HexEncode(std::string_view bytes);
// Nothing when the text has an odd length or another character than [0-9a-fA-F].
std::optional<std::string> HexDecode(std::string_view text);

// The candidate with the smallest edit distance to `word`, if that is at most 3 and at most a third
// of its length, but always 1 (for "did you mean"); nothing when none is near.
std::optional<std::string> NearestName(std::string_view word,
                                       const std::vector<std::string>& candidates);

// At most `limit` bytes: the head, a line that says how much was cut, the tail.
std::string CutMiddle(std::string text, size_t limit);

}  // namespace weir

#endif  // WEIR_COMMON_STRINGS_H_
