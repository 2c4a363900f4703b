// ServiceEnvironment: what every service of the ResourceManager works with. Made by the daemon,
// complete before the first listener accepts; outlives all handlers. Immutable but for the parts
// it refers to, which are thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_SERVICE_ENVIRONMENT_H_
#define WEIR_RESOURCEMANAGER_SERVER_SERVICE_ENVIRONMENT_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/resource.h"
#include "common/result.h"
#include "platform/event_loop.h"
#include "platform/thrift_server.h"
#include "resourcemanager/server/access.h"
#include "resourcemanager/server/key_roller.h"
#include "resourcemanager/server/node_files.h"
#include "resourcemanager/server/resource_manager_server.h"
#include "resourcemanager/server/role_control.h"
#include "resourcemanager/server/staging_store.h"

namespace weir::rm {

struct ServiceEnvironment {
  ResourceManagerServer& server;
  StagingStore& staging;
  const AccessRules& access;
  platform::EventLoop& admin_loop;  // for what administrators ask for and may take its time
  KeyRoller& keys;
  std::string cluster_id;
  std::string store_name;
  HaEnvironment ha;
  std::string queue_file;  // capacity-scheduler.xml as refreshQueues reads it; "" = none
  NodeFiles node_files;    // as refreshNodes reads them
  Resource minimum_allocation;
  Resource maximum_allocation;
  std::string http_address;    // advertised, host:port
  std::string master_address;  // advertised, host:port; of several RMs all, ours first
};

// Answers a call with the alternative of the core's answer that fits it.
template <typename Answer>
void Deliver(const platform::Responder<Answer>& responder, CoreAnswer answer) {
  if (auto* error = std::get_if<Error>(&answer)) {
    responder.Fail(std::move(*error));
  } else if (auto* value = std::get_if<Answer>(&answer)) {
    responder.Reply(std::move(*value));
  } else {
    responder.Fail({ErrorCode::kInternal, "the core answered with another type", ""});
  }
}
inline void Deliver(const platform::Responder<void>& responder, CoreAnswer answer) {
  if (auto* error = std::get_if<Error>(&answer)) {
    responder.Fail(std::move(*error));
  } else {
    responder.Reply();
  }
}

// Hands the core an event and answers `responder` with what comes back.
template <typename Answer>
CallId CallCore(const ServiceEnvironment& environment,
                platform::Lane lane,
                const ResourceManagerServer::MakeEvent& make,
                const platform::Responder<Answer>& responder) {
  return environment.server.Call(
      lane, make, [responder](CoreAnswer answer) { Deliver(responder, std::move(answer)); });
}

// As CallCore, for what clients and administrators want stored: when the store does not answer they
// are told so. The answer that comes when it does is then heard by nobody.
template <typename Answer>
CallId StoreInCore(const ServiceEnvironment& environment,
                   platform::Lane lane,
                   const ResourceManagerServer::MakeEvent& make,
                   const platform::Responder<Answer>& responder) {
  return environment.server.Call(
      lane,
      make,
      [responder](CoreAnswer answer) { Deliver(responder, std::move(answer)); },
      [responder](Error error) { responder.Fail(std::move(error)); });
}

// As CallCore, for long polls: the core is told when the peer leaves.
template <typename Answer>
void ParkInCore(const ServiceEnvironment& environment,
                platform::Lane lane,
                const ResourceManagerServer::MakeEvent& make,
                const platform::Responder<Answer>& responder) {
  const CallId call = CallCore(environment, lane, make, responder);
  responder.OnAbandoned([&server = environment.server, lane, call] { server.Abandon(lane, call); });
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_SERVICE_ENVIRONMENT_H_
