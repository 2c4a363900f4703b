// The port a daemon listens on when any will do: that of its run before, so that those who know the
// address find it again after a restart. Thread-safe.
#ifndef WEIR_PLATFORM_PORT_AGAIN_H_
#define WEIR_PLATFORM_PORT_AGAIN_H_

#include <cstdint>
#include <string_view>

#include "common/hostport.h"

namespace weir::platform {

// `before`: 0 = not known. bind.port unless that is 0; then `before` if it is free now, else 0 and
// a warning in the log of `component`.
uint16_t PortAgain(std::string_view component, const HostPort& bind, uint16_t before);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_PORT_AGAIN_H_
