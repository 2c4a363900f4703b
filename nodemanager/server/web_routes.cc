#include "nodemanager/server/web_routes.h"

#include <optional>
#include <utility>

#include "nodemanager/server/log_routes.h"
#include "nodemanager/server/node_page.h"
#include "nodemanager/server/resource_routes.h"
#include "nodemanager/server/route_parts.h"
#include "platform/clock.h"
#include "platform/html.h"

namespace weir::nm {
namespace {

using platform::ErrorResponse;
using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;
using platform::JsonResponse;

constexpr int kOk = 200;
constexpr int kNotReady = 503;
constexpr seconds kHung{2};

NodeNumbers Numbers(const NodeManagerCore& core) {
  return {core.used(),
          core.options().capacity,
          static_cast<int64_t>(core.size()),
          core.registered(),
          core.last_answer(),
          core.health().healthy(),
          core.health().report(),
          core.health().directories(),
          core.options().memory,
          core.utilization()};
}

void ServePage(const WebEnvironment& environment, HttpReply reply) {
  ReadThen(
      environment,
      std::move(reply),
      [](const NodeManagerCore& core) {
        return NodePageContent{Numbers(core), core.Containers(), NamedResourcesOf(core)};
      },
      [&environment](const NodePageContent& content) {
        return platform::HtmlResponse(NodePage(environment.facts, content));
      });
}

void ServeInfo(const WebEnvironment& environment, HttpReply reply) {
  ReadThen(environment, std::move(reply), Numbers, [&environment](const NodeNumbers& numbers) {
    return JsonResponse(kOk, NodeInfoJson(environment.facts, numbers));
  });
}

void ServeContainer(const WebEnvironment& environment,
                    const HttpRequest& request,
                    HttpReply reply) {
  const auto id = ContainerOf(request, reply);
  if (!id) return;
  ReadThen(
      environment,
      std::move(reply),
      [id = *id](const NodeManagerCore& core) { return core.Find(id); },
      [&environment, id = *id](const std::optional<NodeManagerCore::ContainerView>& container) {
        if (container) return JsonResponse(kOk, ContainerJson(environment.facts, *container));
        return ErrorResponse({ErrorCode::kNotFound,
                              "this node holds no container " + id.ToString(),
                              "its logs may still be there: see .../logs"});
      });
}

void ServeHealth(const WebEnvironment& environment, const HttpReply& reply) {
  const Instant busy_since = environment.core_loop.busy_since();
  const bool hung = busy_since != kNever && platform::MonotonicNow() - busy_since > kHung;
  reply(JsonResponse(hung ? kNotReady : kOk, hung ? R"({"status":"hung"})" : R"({"status":"ok"})"));
}

void AddOperationRoutes(platform::HttpServer& http, const WebEnvironment& environment) {
  http.Route("GET", "/", [&environment](const HttpRequest&, HttpReply reply) {
    ServePage(environment, std::move(reply));
  });
  platform::AddStyleSheet(http);
  http.Route("GET", "/metrics", [&environment](const HttpRequest&, const HttpReply& reply) {
    HttpResponse response;
    response.content_type = platform::Metrics::kContentType;
    response.body = environment.metrics.Exposition();
    reply(std::move(response));
  });
  http.Route("GET", "/healthz", [&environment](const HttpRequest&, const HttpReply& reply) {
    ServeHealth(environment, reply);
  });
}

}  // namespace

void AddRoutes(platform::HttpServer& http, const WebEnvironment& environment) {
  AddOperationRoutes(http, environment);
  for (const char* path : {"/ws/v1/node", "/ws/v1/node/info"}) {
    http.Route("GET", path, [&environment](const HttpRequest&, HttpReply reply) {
      ServeInfo(environment, std::move(reply));
    });
  }
  http.Route("GET", "/ws/v1/node/containers", [&environment](const HttpRequest&, HttpReply reply) {
    ReadThen(
        environment,
        std::move(reply),
        [](const NodeManagerCore& core) { return core.Containers(); },
        [&environment](const std::vector<NodeManagerCore::ContainerView>& containers) {
          return JsonResponse(kOk, ContainersJson(environment.facts, containers));
        });
  });
  http.Route("GET",
             "/ws/v1/node/containers/{}",
             [&environment](const HttpRequest& request, HttpReply reply) {
               ServeContainer(environment, request, std::move(reply));
             });
  AddResourceRoutes(http, environment);
  AddLogRoutes(http, environment);
}

}  // namespace weir::nm
