#include "nodemanager/server/log_routes.h"

#include <optional>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/log_directory.h"
#include "nodemanager/executor/log_owner.h"
#include "nodemanager/server/container_logs.h"
#include "nodemanager/server/route_parts.h"
#include "platform/clock.h"

namespace weir::nm {
namespace {

using platform::ErrorResponse;
using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;

// On the disk thread; a full queue is an answered refusal. `work` outlives the environment.
void OnDisk(const WebEnvironment& environment,
            const HttpReply& reply,
            std::function<HttpResponse()> work) {
  if (environment.disk.Submit([reply, work = std::move(work)] { reply(work()); })) return;
  reply(ErrorResponse(
      {ErrorCode::kUnavailable, "too many requests wait for the disk", "try again soon"}));
}

void ServeLogList(const WebEnvironment& environment, const HttpRequest& request, HttpReply reply) {
  const auto id = ContainerOf(request, reply);
  if (!id) return;
  OnDisk(
      environment, reply, [where = &environment.directories, facts = environment.facts, id = *id] {
        const auto directory = LogDirectory::Open(*where, id);
        if (!directory.ok()) return ErrorResponse(directory.error());
        const auto logs = directory->List();
        if (!logs.ok()) return ErrorResponse(logs.error());
        const auto owner = ReadLogOwner(*where, id);
        return platform::JsonResponse(
            200, ContainerLogsJson(facts, id, owner ? owner->role : "", *logs));
      });
}

// Which containers of an application have logs here, known to the core or not.
void ServeContainerList(const WebEnvironment& environment,
                        const HttpRequest& request,
                        HttpReply reply) {
  const auto application = ApplicationId::Parse(request.captures.front());
  if (!application.ok()) return reply(ErrorResponse(application.error()));
  OnDisk(environment,
         reply,
         [where = &environment.directories, facts = environment.facts, id = *application] {
           return platform::JsonResponse(
               200, LoggedContainersJson(facts, ContainersWithLogs(*where, id)));
         });
}

Result<HttpResponse> LogAnswer(const ContainerDirectories& directories,
                               const ContainerId& id,
                               const HttpRequest& request) {
  WEIR_ASSIGN_OR_RETURN(const auto directory, LogDirectory::Open(directories, id));
  WEIR_ASSIGN_OR_RETURN(const OpenLog log, directory.OpenFile(request.captures[1]));
  WEIR_ASSIGN_OR_RETURN(const LogRange range, SelectRange(request, log.file));
  return LogResponse(log, range);
}

Result<LogFollower> ReadFollower(const ContainerId& id, const HttpRequest& request) {
  LogFollower follower;
  follower.id = id;
  follower.name = request.captures[1];
  const auto wait = ParseInt64(request.query.at("follow"));
  const auto offset = request.query.find("offset");
  const auto position =
      offset == request.query.end() ? std::optional<int64_t>(0) : ParseInt64(offset->second);
  if (!wait || *wait < 0 || !position || *position < 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "follow is a time in milliseconds, offset a position; neither is negative",
                 "for example ?offset=0&follow=10000"};
  }
  const auto park =
      std::min<Duration>(milliseconds(std::min<int64_t>(*wait, 3'600'000)), kFollowParkMax);
  follower.deadline = platform::MonotonicNow() + park;
  follower.position = *position;
  return follower;
}

void ServeLog(const WebEnvironment& environment, const HttpRequest& request, HttpReply reply) {
  const auto id = ContainerOf(request, reply);
  if (!id) return;
  if (request.query.contains("follow")) {
    auto follower = ReadFollower(*id, request);
    if (!follower.ok()) return reply(ErrorResponse(follower.error()));
    follower->reply = std::move(reply);
    environment.followers.Add(*std::move(follower));
    return;
  }
  OnDisk(environment, reply, [where = &environment.directories, id = *id, request] {
    auto answer = LogAnswer(*where, id, request);
    return answer.ok() ? *std::move(answer) : ErrorResponse(answer.error());
  });
}

}  // namespace

void AddLogRoutes(platform::HttpServer& http, const WebEnvironment& environment) {
  http.Route("GET", "/ws/v1/node/logs", [&environment](const HttpRequest&, const HttpReply& reply) {
    reply(platform::JsonResponse(200, environment.logs->Json()));
  });
  http.Route(
      "GET", "/ws/v1/node/logs/{}", [&environment](const HttpRequest& request, HttpReply reply) {
        ServeContainerList(environment, request, std::move(reply));
      });
  http.Route("GET",
             "/ws/v1/node/containers/{}/logs",
             [&environment](const HttpRequest& request, HttpReply reply) {
               ServeLogList(environment, request, std::move(reply));
             });
  for (const char* path :
       {"/ws/v1/node/containers/{}/logs/{}", "/ws/v1/node/containerlogs/{}/{}"}) {
    http.Route("GET", path, [&environment](const HttpRequest& request, HttpReply reply) {
      ServeLog(environment, request, std::move(reply));
    });
  }
}

}  // namespace weir::nm
