// The HTTP routes of containers' logs:
//
//   /ws/v1/node/logs                              limits, and how the aggregation goes
//   /ws/v1/node/logs/{application}                which of its containers have logs here
//   /ws/v1/node/containers/{id}/logs              which files there are
//   /ws/v1/node/containers/{id}/logs/{name}       one of them, whole or a part
//   /ws/v1/node/containerlogs/{id}/{name}         the same
//
// Parameters of a file: container_logs.h; `follow=MILLISECONDS` with `offset`: log_followers.h.
#ifndef WEIR_NODEMANAGER_SERVER_LOG_ROUTES_H_
#define WEIR_NODEMANAGER_SERVER_LOG_ROUTES_H_

#include "nodemanager/server/web_routes.h"

namespace weir::nm {

// Requires: before HttpServer::Listen.
void AddLogRoutes(platform::HttpServer& http, const WebEnvironment& environment);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_LOG_ROUTES_H_
