#include <string>
#include <utility>
#include <vector>

#include "resourcemanager/server/http_reads.h"
#include "resourcemanager/server/http_routes.h"
#include "resourcemanager/server/scheduler_json.h"

namespace weir::rm {
namespace {

using platform::HttpReply;
using platform::HttpRequest;
using platform::JsonResponse;

void ServeScheduler(const HttpEnvironment& environment, const HttpReply& reply) {
  const auto query = [](const ResourceManagerCore& core,
                        Now now) -> Result<std::vector<QueueReport>> { return core.Queues(now); };
  ReadThen(environment, reply, query, [reply](const std::vector<QueueReport>& queues, Now) {
    reply(JsonResponse(200, SchedulerJson(queues)));
  });
}

void ServeConfiguration(const HttpEnvironment& environment, const HttpReply& reply) {
  const auto query = [](const ResourceManagerCore& core, Now) { return core.QueuePropertiesOf(0); };
  ReadThen(environment, reply, query, [reply](const QueueProperties& properties, Now) {
    reply(JsonResponse(200, SchedulerConfJson(properties)));
  });
}

void ServeVersion(const HttpEnvironment& environment, const HttpReply& reply) {
  const auto query = [](const ResourceManagerCore& core, Now) -> Result<int64_t> {
    const auto versions = core.QueueHistory();
    return versions.empty() ? 0 : versions.front().version;
  };
  ReadThen(environment, reply, query, [reply](int64_t version, Now) {
    reply(JsonResponse(200, SchedulerConfVersionJson(version)));
  });
}

void ServeLabels(const HttpEnvironment& environment, const HttpReply& reply) {
  const auto query = [](const ResourceManagerCore& core, Now) -> Result<std::vector<LabelReport>> {
    return core.Labels();
  };
  ReadThen(environment, reply, query, [reply](std::vector<LabelReport> labels, Now) {
    std::erase_if(labels, [](const LabelReport& label) { return label.name.empty(); });
    reply(JsonResponse(200, NodeLabelsJson(labels)));
  });
}

}  // namespace

void AddSchedulerRoutes(platform::HttpServer& http, const HttpEnvironment& environment) {
  const auto add = [&](const char* path, auto serve) {
    http.Route("GET", path, [&environment, serve](const HttpRequest&, const HttpReply& reply) {
      serve(environment, reply);
    });
  };
  add("/ws/v1/cluster/scheduler", ServeScheduler);
  add("/ws/v1/cluster/scheduler-conf", ServeConfiguration);
  add("/ws/v1/cluster/scheduler-conf/version", ServeVersion);
  add("/ws/v1/cluster/get-node-labels", ServeLabels);
}

}  // namespace weir::rm
