// Everything the ResourceManager serves over HTTP: YARN's REST paths, the page, metrics, health,
// and staged files.
//
// Routes run on the I/O loop. What they need of the core is copied out in the read lane, page by
// page; JSON and HTML are built back on the I/O loop. Staged files are moved on the files loop.
//
// Owner: the daemon. Everything in HttpEnvironment outlives the HTTP server.
#ifndef WEIR_RESOURCEMANAGER_SERVER_HTTP_ROUTES_H_
#define WEIR_RESOURCEMANAGER_SERVER_HTTP_ROUTES_H_

#include <cstddef>
#include <functional>

#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "resourcemanager/server/rest_json.h"
#include "resourcemanager/server/rm_metrics.h"
#include "resourcemanager/server/service_environment.h"

namespace weir::rm {

struct HttpEnvironment {
  const ServiceEnvironment& services;
  RestIdentity identity;
  RmMetrics& metrics;
  platform::EventLoop& core_loop;  // looked at for /healthz
  platform::EventLoop& io_loop;
  platform::EventLoop& files_loop;
  std::function<size_t()> connections;  // open RPC connections
};

// By the token in the header X-Weir-Token.
platform::HttpAuthenticator MakeStagingAuthenticator(std::function<platform::TokenKeys()> keys);

// Requires: before HttpServer::Listen. `environment` outlives `http`.
void AddClusterRoutes(platform::HttpServer& http, const HttpEnvironment& environment);
void AddSchedulerRoutes(platform::HttpServer& http, const HttpEnvironment& environment);
void AddOperationRoutes(platform::HttpServer& http, const HttpEnvironment& environment);
void AddStagingRoutes(platform::HttpServer& http, const HttpEnvironment& environment);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_HTTP_ROUTES_H_
