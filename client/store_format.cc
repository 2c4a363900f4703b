#include "client/store_format.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/strings.h"
#include "platform/file_system.h"
#include "platform/http_client.h"
#include "platform/rm_places.h"

namespace weir::cli {
namespace {

constexpr Duration kPatience = seconds(2);
constexpr int64_t kAnswerBytesMax = 1 << 20;
constexpr char kRemedy[] = "stop all ResourceManagers of the cluster first";

// "active" or "standby"; "" when none answers there. One that hangs does not: on this machine its
// lock tells of it, elsewhere the election's.
std::string RoleAt(const HostPort& http) {
  platform::HttpCall call;
  call.server = http;
  call.target = "/ws/v1/cluster/info";
  call.timeout = kPatience;
  call.body_limit = kAnswerBytesMax;
  const auto answer = platform::CallHttp(call);
  if (!answer.ok() || answer->status != 200) return "";
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  const nlohmann::json::json_pointer state("/clusterInfo/haState");
  if (json.is_discarded() || !json.contains(state) || !json.at(state).is_string()) return "";
  return ToLower(json.at(state).get<std::string>());
}

// Takes the lock of its directory, if it has one here.
Status Lock(const platform::RmPlace& place, StoppedManagers& stopped) {
  const auto there = platform::FileSystem::Real().Stat(place.directory);
  if (!there.ok() && there.error().code == ErrorCode::kNotFound) return {};
  if (!there.ok()) return there.error();
  auto lock = store::DirectoryLock::Take(place.directory);
  if (!lock.ok()) {
    Error error = std::move(lock).error();
    if (error.code == ErrorCode::kFailedPrecondition) {
      error.message = "the ResourceManager " + place.id + " runs: " + error.message;
      error.remedy = kRemedy;
    }
    return error;
  }
  stopped.directories.push_back(place.directory);
  stopped.locks.push_back(*std::move(lock));
  return {};
}

}  // namespace

Result<StoppedManagers> RequireStopped(const platform::Configuration& config) {
  WEIR_ASSIGN_OR_RETURN(const platform::RmPlaces places, platform::ReadRmPlaces(config));
  StoppedManagers stopped;
  if (!places.high_availability) return stopped;
  for (const platform::RmPlace& place : places.all) {
    const std::string role = RoleAt(place.http);
    if (!role.empty()) {
      return Error{ErrorCode::kFailedPrecondition,
                   "the ResourceManager " + place.id + " at " + place.http.ToString() + " runs (" +
                       role + ")",
                   kRemedy};
    }
    WEIR_RETURN_IF_ERROR(Lock(place, stopped));
  }
  return stopped;
}

}  // namespace weir::cli
