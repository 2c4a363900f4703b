#include <string>
#include <utility>

#include "common/limits.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "resourcemanager/server/http_routes.h"

namespace weir::rm {
namespace {

using platform::ErrorResponse;
using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;
using platform::JsonResponse;

constexpr char kTokenHeader[] = "x-weir-token";
constexpr char kPath[] = "/staging/{}";

// Whose application a fetch is for. A container token counts beyond its expiry, which only bounds
// the start of the container: what may be fetched ends with the application.
Result<ApplicationId> ApplicationOf(const HttpRequest& request, const platform::TokenKeys& keys) {
  const auto header = request.headers.find(kTokenHeader);
  if (header == request.headers.end()) {
    return Error{ErrorCode::kUnauthenticated,
                 "a staged file is given only to containers of its application",
                 "send the container's token in the header X-Weir-Token"};
  }
  const auto token = platform::DecodeTokenFile(header->second);
  if (!token.ok()) {
    return Error{ErrorCode::kUnauthenticated, "X-Weir-Token does not decode as a token", ""};
  }
  if (token->kind == TokenKind::kApplicationMaster) {
    WEIR_ASSIGN_OR_RETURN(const AmTokenIdentifier identifier, keys.VerifyAm(*token));
    return identifier.attempt.application;
  }
  WEIR_ASSIGN_OR_RETURN(const ContainerTokenIdentifier identifier, keys.VerifyContainer(*token));
  return identifier.id.attempt.application;
}

Result<std::string> FileFor(const HttpRequest& request, const ServiceEnvironment& services) {
  const std::string& sha256 = request.captures.at(0);
  WEIR_ASSIGN_OR_RETURN(const ApplicationId application,
                        ApplicationOf(request, *services.keys.Current()));
  if (!services.staging.RefersTo(application, sha256)) {
    return Error{ErrorCode::kPermissionDenied,
                 application.ToString() + " does not refer to staging:" + sha256,
                 "name the file among the local resources of the submission"};
  }
  return services.staging.PathOf(sha256);
}

void ServeFile(const HttpEnvironment& environment,
               const HttpRequest& request,
               const HttpReply& reply) {
  auto path = FileFor(request, environment.services);
  if (!path.ok()) return reply(ErrorResponse(path.error()));
  HttpResponse response;
  response.content_type = "application/octet-stream";
  response.file = *std::move(path);
  reply(std::move(response));
}

void TakeUpload(const HttpEnvironment& environment,
                const HttpRequest& request,
                const HttpReply& reply) {
  const StagingStore::Upload upload{
      request.captures.at(0), request.body_sha256, request.body_file, request.body_size};
  environment.files_loop.Post([&staging = environment.services.staging, upload, reply] {
    const Status landed = staging.Land(upload, platform::WallNow());
    if (!landed.ok()) {
      platform::LogWarn("rm.staging",
                        upload.announced_sha256.substr(0, 64),
                        "upload refused",
                        {{"why", landed.error().message}});
      return reply(ErrorResponse(landed.error()));
    }
    reply(JsonResponse(201,
                       R"({"sha256":")" + upload.announced_sha256 + R"(","size":)" +
                           std::to_string(upload.size) + "}"));
  });
}

}  // namespace

void AddStagingRoutes(platform::HttpServer& http, const HttpEnvironment& environment) {
  http.Route("GET", kPath, [&environment](const HttpRequest& request, const HttpReply& reply) {
    ServeFile(environment, request, reply);
  });
  http.UploadRoute("PUT",
                   kPath,
                   limits::kStagedFileBytes,
                   [&environment](const HttpRequest& request, const HttpReply& reply) {
                     TakeUpload(environment, request, reply);
                   });
}

}  // namespace weir::rm
