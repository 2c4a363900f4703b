#include "tests/bench/failover_log.h"

#include <optional>
#include <string>

#include "common/strings.h"

namespace weir::bench {
namespace {

constexpr int64_t kDayMs = 24 * 3600 * 1000;
constexpr std::string_view kTimeForm = "2026-11-21T02:09:26.123Z";

// Milliseconds of the day in the time that a line begins with.
std::optional<int64_t> TimeOf(std::string_view line) {
  if (line.size() < kTimeForm.size()) return std::nullopt;
  const auto hours = ParseInt64(line.substr(11, 2));
  const auto minutes = ParseInt64(line.substr(14, 2));
  const auto whole_seconds = ParseInt64(line.substr(17, 2));
  const auto millis = ParseInt64(line.substr(20, 3));
  if (!hours || !minutes || !whole_seconds || !millis) return std::nullopt;
  return ((*hours * 60 + *minutes) * 60 + *whole_seconds) * 1000 + *millis;
}

// A message is known by what stands before or after it too: values may have the same words.
bool Says(std::string_view line, std::string_view component, std::string_view words) {
  return line.find(component) != std::string_view::npos &&
         line.find(words) != std::string_view::npos;
}

}  // namespace

Result<Takeover> ReadTakeover(std::string_view log) {
  std::optional<int64_t> elected;
  std::optional<Takeover> last;
  for (const std::string_view line : Split(log, '\n')) {
    if (Says(line, " rm.election ", " elected lock=")) elected = TimeOf(line);
    if (!elected || !Says(line, " rm.role ", " active ms=")) continue;
    const std::optional<int64_t> active = TimeOf(line);
    if (active) last = Takeover{(*active - *elected + kDayMs) % kDayMs};
  }
  if (last) return *last;
  return Error{ErrorCode::kNotFound, "the log does not say when it was elected and active", ""};
}

bool FollowsTheStore(std::string_view log) {
  for (const std::string_view line : Split(log, '\n')) {
    if (Says(line, " rm.store ", " - following store=")) return true;
  }
  return false;
}

}  // namespace weir::bench
