#include "resourcemanager/server/ha_service.h"

#include <utility>

#include "resourcemanager/server/services.h"

namespace weir::rm {

void HaHandler::hello(std::function<void(const idl::HelloAnswer&)> cob,
                      ExceptionCob,
                      const idl::Hello&) {
  context_.Respond<idl::HelloAnswer>(std::move(cob)).Fail(SecondHello());
}

void HaHandler::getServiceState(std::function<void(const idl::ServiceState&)> cob, ExceptionCob) {
  idl::ServiceState state;
  if (environment_.roles != nullptr) {
    const RoleReport role = environment_.roles->Describe();
    state.__set_id(role.id);
    state.__set_leader(role.leader);
    state.__set_automatic(role.automatic);
  }
  const auto responder = context_.Respond<idl::ServiceState>(std::move(cob));
  if (environment_.server == nullptr) {
    state.__set_state("STANDBY");
    return responder.Reply(std::move(state));
  }
  state.__set_state("ACTIVE");
  state.__set_store(environment_.store_name);
  environment_.server->Read(
      [responder, state](const ResourceManagerCore& core, Now) {
        const ClusterSummary summary = core.Summary();
        idl::ServiceState whole = state;
        whole.__set_epoch(summary.epoch.value);
        whole.__set_started_ms(ToMillis(summary.started));
        responder.Reply(std::move(whole));
      },
      [responder](Error error) { responder.Fail(std::move(error)); });
}

// Of an active one the answer has been through the core loop: it proves that the core still steps.
// It leads whether ZooKeeper is there or not; a standby is well when it could take over.
void HaHandler::checkHealth(std::function<void()> cob, ExceptionCob) {
  const auto responder = context_.RespondVoid(std::move(cob));
  if (environment_.server == nullptr) return responder.Finish(environment_.roles->Health());
  environment_.server->Read([responder](const ResourceManagerCore&, Now) { responder.Reply(); },
                            [responder](Error error) { responder.Fail(std::move(error)); });
}

void HaHandler::transitionToActive(std::function<void()> cob,
                                   ExceptionCob,
                                   const idl::TransitionRequest& request) {
  Change(std::move(cob), {.kind = RoleChange::Kind::kToActive, .forced = request.forced});
}

void HaHandler::transitionToStandby(std::function<void()> cob,
                                    ExceptionCob,
                                    const idl::TransitionRequest& request) {
  Change(std::move(cob), {.kind = RoleChange::Kind::kToStandby, .forced = request.forced});
}

void HaHandler::cede(std::function<void()> cob, ExceptionCob, const idl::CedeRequest& request) {
  Change(std::move(cob), {.kind = RoleChange::Kind::kCede, .time = milliseconds(request.time_ms)});
}

void HaHandler::Change(std::function<void()> cob, const RoleChange& change) {
  const auto responder = context_.RespondVoid(std::move(cob));
  if (environment_.roles == nullptr) {
    return responder.Fail({ErrorCode::kFailedPrecondition,
                           "high availability is not enabled: there is one ResourceManager",
                           "see yarn.resourcemanager.ha.enabled in docs/high-availability.md"});
  }
  context_.NameObject(environment_.roles->Describe().id);
  environment_.roles->Change(change,
                             [responder](Status status) { responder.Finish(std::move(status)); });
}

std::shared_ptr<apache::thrift::async::TAsyncProcessor> MakeHaService(
    platform::ConnectionContext& context, const HaEnvironment& environment) {
  return std::make_shared<idl::HaServiceAsyncProcessor>(
      std::make_shared<HaHandler>(context, environment));
}

}  // namespace weir::rm
