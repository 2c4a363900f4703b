// Enumerations as the i32 they are on the wire, checked on the way in. Internal to wire/.
#ifndef WEIR_WIRE_ENUM_CODEC_H_
#define WEIR_WIRE_ENUM_CODEC_H_

#include <cstdint>
#include <string>

#include "common/result.h"

namespace weir::wire {

template <typename Enum>
int32_t EnumToWire(Enum value) {
  return static_cast<int32_t>(value);
}

// kInvalidArgument when the number is not from `first` to `last`.
template <typename Enum>
Result<Enum> EnumFromWire(int32_t value, Enum first, Enum last, const char* field) {
  if (value < static_cast<int32_t>(first) || value > static_cast<int32_t>(last)) {
    return Error{ErrorCode::kInvalidArgument,
                 std::string(field) + " has the unknown value " + std::to_string(value),
                 "client and server may be of different versions"};
  }
  return static_cast<Enum>(value);
}

}  // namespace weir::wire

#endif  // WEIR_WIRE_ENUM_CODEC_H_
