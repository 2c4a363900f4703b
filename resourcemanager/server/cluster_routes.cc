#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "resourcemanager/server/http_reads.h"
#include "resourcemanager/server/http_routes.h"
#include "resourcemanager/server/rest_filters.h"
#include "resourcemanager/server/rest_json.h"

namespace weir::rm {
namespace {

using platform::ErrorResponse;
using platform::HttpReply;
using platform::HttpRequest;
using platform::JsonResponse;

constexpr size_t kPage = 500;  // applications copied out in one step of the core loop

using NodeNames = std::map<NodeId, std::string>;

NodeNames NamesOf(const std::vector<NodeReport>& nodes) {
  NodeNames names;
  for (const NodeReport& node : nodes) names.emplace(node.id, node.name);
  return names;
}

RestApplication WithNodeName(ApplicationReport report, const NodeNames& names) {
  const auto name = names.find(report.am_node);
  return {std::move(report), name == names.end() ? "" : name->second};
}

// One listing in the making: pages are read one after the other, so that the core loop is never
// held for long.
struct Listing {
  const HttpEnvironment& environment;
  ApplicationsQuery query;
  HttpReply reply;
  NodeNames node_names;
  std::vector<RestApplication> found;
};

void ReadPage(const std::shared_ptr<Listing>& listing);

void TakePage(const std::shared_ptr<Listing>& listing,
              ResourceManagerCore::ApplicationPage page,
              Now now) {
  for (ApplicationReport& report : page.applications) {
    listing->query.core.after = report.id;
    if (!Matches(listing->query, report)) continue;
    listing->found.push_back(WithNodeName(std::move(report), listing->node_names));
    if (listing->found.size() == listing->query.limit) break;
  }
  const bool full = listing->found.size() == listing->query.limit;
  if (page.more && !full && !page.applications.empty()) return ReadPage(listing);
  listing->reply(JsonResponse(200, ApplicationsJson(listing->found, now)));
}

void ReadPage(const std::shared_ptr<Listing>& listing) {
  ReadThen(
      listing->environment,
      listing->reply,
      [filter = listing->query.core](const ResourceManagerCore& core, Now now)
          -> Result<ResourceManagerCore::ApplicationPage> { return core.List(filter, now); },
      [listing](ResourceManagerCore::ApplicationPage page, Now now) {
        TakePage(listing, std::move(page), now);
      });
}

Result<std::vector<NodeReport>> ReadNodes(const ResourceManagerCore& core, Now) {
  return core.Nodes();
}

Result<ClusterSummary> ReadSummary(const ResourceManagerCore& core, Now) {
  return core.Summary();
}

void ServeApplications(const HttpEnvironment& environment,
                       const HttpRequest& request,
                       const HttpReply& reply) {
  auto query = ParseApplicationsQuery(request.query);
  if (!query.ok()) return reply(ErrorResponse(query.error()));
  if (query->matches_nothing) return reply(JsonResponse(200, ApplicationsJson({}, {})));
  query->core.limit = kPage;
  const auto listing =
      std::make_shared<Listing>(Listing{environment, *std::move(query), reply, NodeNames{}, {}});
  ReadThen(environment, reply, ReadNodes, [listing](const std::vector<NodeReport>& nodes, Now) {
    listing->node_names = NamesOf(nodes);
    ReadPage(listing);
  });
}

void ServeApplication(const HttpEnvironment& environment,
                      const HttpRequest& request,
                      const HttpReply& reply) {
  const auto id = ApplicationId::Parse(request.captures.at(0));
  if (!id.ok()) return reply(ErrorResponse(id.error()));
  const auto query = [id = *id](const ResourceManagerCore& core,
                                Now now) -> Result<RestApplication> {
    std::optional<ApplicationReport> report = core.Report(id, now);
    if (!report) {
      return Error{ErrorCode::kNotFound, "application " + id.ToString() + " is not known", ""};
    }
    return WithNodeName(*std::move(report), NamesOf(core.Nodes()));
  };
  ReadThen(environment, reply, query, [reply](const RestApplication& application, Now now) {
    reply(JsonResponse(200, ApplicationJson(application, now)));
  });
}

void ServeNodes(const HttpEnvironment& environment,
                const HttpRequest& request,
                const HttpReply& reply) {
  const auto states = ParseNodeStates(request.query);
  if (!states.ok()) return reply(ErrorResponse(states.error()));
  ReadThen(
      environment, reply, ReadNodes, [reply, states = *states](std::vector<NodeReport> nodes, Now) {
        std::erase_if(nodes, [&](const NodeReport& node) {
          return !states.empty() &&
                 std::find(states.begin(), states.end(), node.state) == states.end();
        });
        reply(JsonResponse(200, NodesJson(nodes)));
      });
}

// By YARN's id, host:port, or by the node's uuid.
void ServeNode(const HttpEnvironment& environment,
               const HttpRequest& request,
               const HttpReply& reply) {
  const std::string id = request.captures.at(0);
  ReadThen(environment, reply, ReadNodes, [reply, id](const std::vector<NodeReport>& nodes, Now) {
    // A node that came back under a new uuid has the same name: the last one registered counts.
    const auto found = std::find_if(nodes.rbegin(), nodes.rend(), [&](const NodeReport& node) {
      return node.name == id || node.id.uuid == id;
    });
    if (found == nodes.rend()) {
      return reply(ErrorResponse({ErrorCode::kNotFound,
                                  "node " + id + " is not known",
                                  "/ws/v1/cluster/nodes lists all"}));
    }
    reply(JsonResponse(200, NodeJson(*found)));
  });
}

}  // namespace

void AddClusterRoutes(platform::HttpServer& http, const HttpEnvironment& environment) {
  const auto info = [&environment](const HttpRequest&, const HttpReply& reply) {
    ReadThen(
        environment, reply, ReadSummary, [reply, &environment](const ClusterSummary& summary, Now) {
          reply(JsonResponse(
              200,
              ClusterInfoJson(
                  environment.identity, ZookeeperStateOf(environment.services.ha.roles), summary)));
        });
  };
  http.Route("GET", "/ws/v1/cluster", info);
  http.Route("GET", "/ws/v1/cluster/info", info);
  http.Route(
      "GET", "/ws/v1/cluster/metrics", [&environment](const HttpRequest&, const HttpReply& reply) {
        ReadThen(environment, reply, ReadSummary, [reply](const ClusterSummary& summary, Now) {
          reply(JsonResponse(200, ClusterMetricsJson(summary)));
        });
      });
  const auto add = [&](const char* path, auto serve) {
    http.Route(
        "GET", path, [&environment, serve](const HttpRequest& request, const HttpReply& reply) {
          serve(environment, request, reply);
        });
  };
  add("/ws/v1/cluster/apps", ServeApplications);
  add("/ws/v1/cluster/apps/{}", ServeApplication);
  add("/ws/v1/cluster/nodes", ServeNodes);
  add("/ws/v1/cluster/nodes/{}", ServeNode);
}

}  // namespace weir::rm
