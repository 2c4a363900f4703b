#include "common/hostport.h"

#include "common/strings.h"

namespace weir {

std::string HostPort::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> HostPort::Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : ParseInt64(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535 || colon == 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "'" + std::string(text.substr(0, 200)) + "' is not an address",
                 "the form is host:port, with a port from 0 to 65535"};
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return HostPort{std::string(host), static_cast<uint16_t>(*port)};
}

}  // namespace weir
