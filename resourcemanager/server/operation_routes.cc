#include <string>
#include <utility>
#include <vector>

#include "platform/clock.h"
#include "platform/html.h"
#include "platform/metrics.h"
#include "resourcemanager/server/html_page.h"
#include "resourcemanager/server/http_reads.h"
#include "resourcemanager/server/http_routes.h"
#include "resourcemanager/server/queue_metrics.h"

namespace weir::rm {
namespace {

using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;
using platform::JsonResponse;
using platform::Lane;

constexpr size_t kApplicationsOnPage = 200;
constexpr seconds kHung{10};  // the core's steps take milliseconds

HttpResponse Text(const char* content_type, std::string body) {
  HttpResponse response;
  response.content_type = content_type;
  response.body = std::move(body);
  return response;
}

void ServePage(const HttpEnvironment& environment, const HttpReply& reply) {
  const auto query = [](const ResourceManagerCore& core, Now now) -> Result<PageContent> {
    ResourceManagerCore::ApplicationFilter filter;
    filter.limit = kApplicationsOnPage;
    ResourceManagerCore::ApplicationPage page = core.List(filter, now);
    PageContent content;
    content.summary = core.Summary();
    content.applications = std::move(page.applications);
    content.more_applications = page.more;
    content.nodes = core.Nodes();
    content.queues = core.Queues(now);
    return content;
  };
  ReadThen(environment, reply, query, [reply, &environment](PageContent content, Now) {
    content.identity = environment.identity;
    reply(platform::HtmlResponse(OverviewPage(content)));
  });
}

void ServeMetrics(const HttpEnvironment& environment, const HttpReply& reply) {
  struct Scrape {
    ClusterSummary summary;
    std::vector<QueueReport> queues;
  };
  const auto query = [](const ResourceManagerCore& core, Now now) -> Result<Scrape> {
    return Scrape{core.Summary(), core.Queues(now)};
  };
  ReadThen(environment, reply, query, [reply, &environment](const Scrape& scrape, Now) {
    const ResourceManagerServer& server = environment.services.server;
    const StagingStore::Totals staged = environment.services.staging.totals();
    MetricsSnapshot snapshot;
    snapshot.cluster = scrape.summary;
    for (size_t lane = 0; lane < platform::kLanes; ++lane) {
      snapshot.lane_lengths[lane] = server.lane_length(static_cast<Lane>(lane));
    }
    snapshot.held_actions = server.held_actions();
    snapshot.connections = environment.connections();
    snapshot.staged_bytes = staged.bytes;
    snapshot.staged_files = staged.files;
    snapshot.token_key = environment.services.keys.Current()->signer();
    reply(Text(platform::Metrics::kContentType,
               environment.metrics.Render(snapshot) + QueueExposition(scrape.queues)));
  });
}

// Answered without the core: a core that hangs is what it must show.
HttpResponse Health(const HttpEnvironment& environment) {
  const Instant busy_since = environment.core_loop.busy_since();
  const bool hung = busy_since != kNever && platform::MonotonicNow() - busy_since > kHung;
  if (hung) return JsonResponse(503, R"({"status":"the core loop hangs"})");
  if (environment.services.server.stepped_down()) {
    return JsonResponse(503, R"({"status":"stepped down"})");
  }
  return JsonResponse(200, R"({"status":"ok"})");
}

void ServeReadiness(const HttpEnvironment& environment, const HttpReply& reply) {
  const auto query = [](const ResourceManagerCore& core, Now) -> Result<Epoch> {
    return core.epoch();
  };
  ReadThen(environment, reply, query, [reply](Epoch epoch, Now) {
    reply(JsonResponse(
        200, R"({"status":"ready","role":"active","epoch":)" + std::to_string(epoch.value) + "}"));
  });
}

}  // namespace

void AddOperationRoutes(platform::HttpServer& http, const HttpEnvironment& environment) {
  http.Route("GET", "/", [&environment](const HttpRequest&, const HttpReply& reply) {
    ServePage(environment, reply);
  });
  platform::AddStyleSheet(http);
  http.Route("GET", "/metrics", [&environment](const HttpRequest&, const HttpReply& reply) {
    ServeMetrics(environment, reply);
  });
  http.Route("GET", "/healthz", [&environment](const HttpRequest&, const HttpReply& reply) {
    reply(Health(environment));
  });
  http.Route("GET", "/readyz", [&environment](const HttpRequest&, const HttpReply& reply) {
    ServeReadiness(environment, reply);
  });
}

}  // namespace weir::rm
