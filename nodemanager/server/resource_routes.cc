#include "nodemanager/server/resource_routes.h"

#include <string>
#include <utility>

#include "common/strings.h"
#include "nodemanager/server/resource_json.h"
#include "nodemanager/server/route_parts.h"

namespace weir::nm {
namespace {

using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;

constexpr int kOk = 200;
constexpr size_t kShownName = 100;

HttpResponse One(const NamedResources& resources, const std::string& type) {
  auto json = NamedResourceJson(resources, type);
  if (json) return platform::JsonResponse(kOk, *std::move(json));
  return platform::ErrorResponse(
      {ErrorCode::kNotFound,
       "this node has no resource '" + CutMiddle(type, kShownName) + "'",
       "see /ws/v1/node/resources, and yarn.nodemanager.resource-plugins"});
}

}  // namespace

void AddResourceRoutes(platform::HttpServer& http, const WebEnvironment& environment) {
  http.Route("GET", "/ws/v1/node/resources", [&environment](const HttpRequest&, HttpReply reply) {
    ReadThen(environment, std::move(reply), NamedResourcesOf, [](const NamedResources& resources) {
      return platform::JsonResponse(kOk, NamedResourcesJson(resources));
    });
  });
  for (const char* pattern : {"/ws/v1/node/resources/{%}", "/ws/v1/node/resources/{}/{}"}) {
    http.Route("GET", pattern, [&environment](const HttpRequest& request, HttpReply reply) {
      ReadThen(environment,
               std::move(reply),
               NamedResourcesOf,
               [type = Join(request.captures, "/")](const NamedResources& resources) {
                 return One(resources, type);
               });
    });
  }
}

}  // namespace weir::nm
