#include "platform/endpoint_set.h"

#include <utility>

#include "common/check.h"

namespace weir::platform {

EndpointSet::EndpointSet(std::vector<Endpoint> endpoints)
    : find_([endpoints = std::move(endpoints)]() -> Result<std::vector<Endpoint>> {
        return endpoints;
      }) {
  WEIR_CHECK(!find_().value().empty(), "a service has a place");
}

EndpointSet::EndpointSet(Find find) : find_(std::move(find)) {}

}  // namespace weir::platform
