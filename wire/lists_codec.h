// Lists of values and ids, and the park of a long poll. Internal to wire/.
#ifndef WEIR_WIRE_LISTS_CODEC_H_
#define WEIR_WIRE_LISTS_CODEC_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/limits.h"
#include "common/result.h"
#include "common/time.h"
#include "wire/values_codec.h"

namespace weir::wire {

template <typename Wire, typename Value>
std::vector<Wire> ListToWire(const std::vector<Value>& values) {
  std::vector<Wire> wire;
  wire.reserve(values.size());
  for (const Value& value : values) wire.push_back(ToWire(value));
  return wire;
}

template <typename Value, typename Wire>
Result<std::vector<Value>> ListFromWire(const std::vector<Wire>& wire) {
  std::vector<Value> values;
  values.reserve(wire.size());
  for (const Wire& one : wire) {
    WEIR_ASSIGN_OR_RETURN(Value value, FromWire(one));
    values.push_back(std::move(value));
  }
  return values;
}

template <typename Id>
std::vector<std::string> IdsToWire(const std::vector<Id>& ids) {
  std::vector<std::string> wire;
  wire.reserve(ids.size());
  for (const Id& id : ids) wire.push_back(id.ToString());
  return wire;
}

template <typename Id>
Result<std::vector<Id>> IdsFromWire(const std::vector<std::string>& wire) {
  std::vector<Id> ids;
  ids.reserve(wire.size());
  for (const std::string& text : wire) {
    WEIR_ASSIGN_OR_RETURN(const Id id, Id::Parse(text));
    ids.push_back(id);
  }
  return ids;
}

inline int32_t ParkToWire(Duration park) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(ToMillis(park), 0, int64_t{limits::kParkMillisMax}));
}
// Out of range is cut, not refused: a longer park is only a wish.
inline Duration ParkFromWire(int32_t park_ms) {
  return milliseconds(std::clamp(park_ms, 0, limits::kParkMillisMax));
}

// A name or the like. kInvalidArgument when it is over limits::kNameBytes; `what` names it.
inline Status CheckText(const std::string& text, const char* what) {
  if (text.size() <= limits::kNameBytes) return {};
  return Error{ErrorCode::kInvalidArgument,
               std::string(what) + " has " + std::to_string(text.size()) + " bytes",
               "it may have at most " + std::to_string(limits::kNameBytes)};
}

// At most `limit` texts, each as CheckText says and not empty.
inline Status CheckTexts(const std::vector<std::string>& texts, size_t limit, const char* what) {
  if (texts.size() > limit) {
    return Error{ErrorCode::kInvalidArgument,
                 std::to_string(texts.size()) + " times " + what,
                 "at most " + std::to_string(limit) + " are taken at a time"};
  }
  for (const std::string& text : texts) {
    WEIR_RETURN_IF_ERROR(CheckText(text, what));
    if (text.empty()) {
      return Error{ErrorCode::kInvalidArgument, std::string(what) + " is empty", ""};
    }
  }
  return {};
}

// From 0 (none) to one year.
inline Result<Duration> PeriodFromWire(int64_t ms, const char* what) {
  constexpr int64_t kYearMillis = int64_t{366} * 24 * 3600 * 1000;
  if (ms < 0 || ms > kYearMillis) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(what) + " is " + std::to_string(ms) + " ms",
                 "it must be from 0 (none) to one year"};
  }
  return Duration(milliseconds(ms));
}

}  // namespace weir::wire

#endif  // WEIR_WIRE_LISTS_CODEC_H_
