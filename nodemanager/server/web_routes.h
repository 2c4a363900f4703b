// What the NodeManager serves over HTTP: its state and containers in YARN's REST shapes, the logs
// of containers, metrics and health.
//
// Routes run on the I/O loop; what they need of the core is copied out on the core loop, what they
// need of the disk is read on a thread of their own. Owner: the daemon; everything in
// WebEnvironment outlives the HTTP server.
#ifndef WEIR_NODEMANAGER_SERVER_WEB_ROUTES_H_
#define WEIR_NODEMANAGER_SERVER_WEB_ROUTES_H_

#include "nodemanager/executor/container_directories.h"
#include "nodemanager/executor/worker_pool.h"
#include "nodemanager/server/log_followers.h"
#include "nodemanager/server/nm_metrics.h"
#include "nodemanager/server/node_json.h"
#include "nodemanager/server/node_logs.h"
#include "nodemanager/server/node_manager_server.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"

namespace weir::nm {

struct WebEnvironment {
  NodeManagerServer* server;  // set before the I/O loop starts, as are the facts
  const NmMetrics& metrics;
  platform::EventLoop& core_loop;
  platform::EventLoop& io_loop;
  WorkerPool& disk;
  const ContainerDirectories& directories;
  LogFollowers& followers;
  NodeFacts facts;
  const NodeLogs* logs = nullptr;  // as the server
};

// Requires: before HttpServer::Listen.
void AddRoutes(platform::HttpServer& http, const WebEnvironment& environment);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_WEB_ROUTES_H_
