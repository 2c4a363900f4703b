#include <string>
#include <utility>

#include "common/limits.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "resourcemanager/server/http_routes.h"
#include "security/authorise.h"

namespace weir::rm {
namespace {

using platform::ErrorResponse;
using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;
using platform::JsonResponse;

constexpr char kTokenHeader[] = "x-weir-token";
constexpr char kPath[] = "/staging/{}";

// Who holds the token. A container's counts beyond its expiry, which only bounds the start of the
// container: what may be fetched ends with the application.
Result<Caller> HolderOf(const HttpRequest& request, const platform::TokenKeys& keys) {
  Caller caller;
  const auto header = request.headers.find(kTokenHeader);
  if (header == request.headers.end()) return caller;
  const auto token = platform::DecodeTokenFile(header->second);
  if (!token.ok()) {
    return Error{ErrorCode::kUnauthenticated, "X-Weir-Token does not decode as a token", ""};
  }
  if (token->kind == TokenKind::kApplicationMaster) {
    WEIR_ASSIGN_OR_RETURN(const AmTokenIdentifier identifier, keys.VerifyAm(*token));
    caller.kind = CallerKind::kApplicationMaster;
    caller.attempt = identifier.attempt;
    return caller;
  }
  WEIR_ASSIGN_OR_RETURN(const ContainerTokenIdentifier identifier, keys.VerifyContainer(*token));
  caller.kind = CallerKind::kContainer;
  caller.attempt = identifier.id.attempt;
  return caller;
}

Result<std::string> FileFor(const HttpRequest& request, const ServiceEnvironment& services) {
  static const security::Operation& fetch =
      security::OperationNamed(security::Service::kRmWeb, "GET /staging/{}");
  const std::string& sha256 = request.captures.at(0);
  const ApplicationId& application = request.caller.attempt.application;
  security::Object file;
  file.name = "staging:" + sha256 + ", which " + application.ToString() + " does not refer to";
  file.remedy = "name the file among the local resources of the submission";
  if (services.staging.RefersTo(application, sha256)) file.gives = security::Role::kOwnFile;
  WEIR_RETURN_IF_ERROR(security::Authorise(fetch, {.caller = request.caller}, &file));
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

platform::HttpAuthenticator MakeStagingAuthenticator(std::function<platform::TokenKeys()> keys) {
  return [keys = std::move(keys)](const HttpRequest& request) { return HolderOf(request, keys()); };
}

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
