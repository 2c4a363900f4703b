#include "nodemanager/server/resource_routes.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/strings.h"
#include "nodemanager/server/resource_json.h"

namespace weir::nm {
namespace {

using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;

constexpr int kOk = 200;
constexpr size_t kShownName = 100;

using Answer = std::function<HttpResponse(const NamedResources&)>;

void Serve(const WebEnvironment& environment, HttpReply reply, Answer answer) {
  environment.server->Read([&io_loop = environment.io_loop,
                            reply = std::move(reply),
                            answer = std::move(answer)](const NodeManagerCore& core) {
    auto resources = std::make_shared<NamedResources>(NamedResourcesOf(core));
    io_loop.Post([reply, answer, resources] { reply(answer(*resources)); });
  });
}

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
    Serve(environment, std::move(reply), [](const NamedResources& resources) {
      return platform::JsonResponse(kOk, NamedResourcesJson(resources));
    });
  });
  for (const char* pattern : {"/ws/v1/node/resources/{%}", "/ws/v1/node/resources/{}/{}"}) {
    http.Route("GET", pattern, [&environment](const HttpRequest& request, HttpReply reply) {
      Serve(environment,
            std::move(reply),
            [type = Join(request.captures, "/")](const NamedResources& resources) {
              return One(resources, type);
            });
    });
  }
}

}  // namespace weir::nm
