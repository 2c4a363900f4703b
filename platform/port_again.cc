#include "platform/port_again.h"

#include "platform/log.h"
#include "platform/sockets.h"

namespace weir::platform {

uint16_t PortAgain(std::string_view component, const HostPort& bind, uint16_t before) {
  if (bind.port != 0 || before == 0) return bind.port;
  const auto tried = ListenTcp({bind.host, before});
  if (tried.ok()) return before;
  LogWarn(component,
          "-",
          "the port of the run before cannot be had again; taking another",
          {{"cause", tried.error().ToString()}});
  return 0;
}

}  // namespace weir::platform
