// GET /ws/v1/node/resources and /ws/v1/node/resources/<type>: web_routes.h says how routes run.
#ifndef WEIR_NODEMANAGER_SERVER_RESOURCE_ROUTES_H_
#define WEIR_NODEMANAGER_SERVER_RESOURCE_ROUTES_H_

#include "nodemanager/server/web_routes.h"

namespace weir::nm {

// A type's slash may be written as such or as %2F.
void AddResourceRoutes(platform::HttpServer& http, const WebEnvironment& environment);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RESOURCE_ROUTES_H_
