#include "platform/port_range.h"

#include <string>

#include "common/strings.h"

namespace weir::platform {

Result<PortRange> PortRange::Parse(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = ParseInt64(Trim(text.substr(0, dash)));
  const auto last =
      dash == std::string_view::npos ? first : ParseInt64(Trim(text.substr(dash + 1)));
  if (!first || !last || *first < 0 || *last > 65535 || *first > *last ||
      (*first == 0 && *last != 0)) {
    return Error{ErrorCode::kInvalidArgument,
                 "'" + std::string(text) + "' is not a range of ports",
                 "give 0 for any, one port, or LOW-HIGH, from 1 to 65535"};
  }
  return PortRange{static_cast<uint16_t>(*first), static_cast<uint16_t>(*last)};
}

}  // namespace weir::platform
