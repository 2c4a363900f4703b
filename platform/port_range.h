// PortRange: the ports a service may bind, as the configuration says it. Immutable.
#ifndef WEIR_PLATFORM_PORT_RANGE_H_
#define WEIR_PLATFORM_PORT_RANGE_H_

#include <cstdint>
#include <string_view>

#include "common/result.h"

namespace weir::platform {

struct PortRange {
  uint16_t first = 0;  // 0 = any
  uint16_t last = 0;

  // "0", "40000" or "40000-40100". kInvalidArgument, naming the text and the remedy.
  static Result<PortRange> Parse(std::string_view text);
  bool operator==(const PortRange&) const = default;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_PORT_RANGE_H_
