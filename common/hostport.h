// HostPort: a network address as written by people, "host:port" or "[v6]:port". Immutable value.
#ifndef WEIR_COMMON_HOSTPORT_H_
#define WEIR_COMMON_HOSTPORT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace weir {

struct HostPort {
  std::string host;
  uint16_t port = 0;  // 0 = any, for a listener

  auto operator<=>(const HostPort&) const = default;
  bool empty() const { return host.empty(); }
  std::string ToString() const;
  // kInvalidArgument when host or port is missing or the port is not from 0 to 65535.
  static Result<HostPort> Parse(std::string_view text);
};

}  // namespace weir

#endif  // WEIR_COMMON_HOSTPORT_H_
