#include "nodemanager/server/container_service.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "gen/ContainerManagementService.h"
#include "wire/codec.h"

namespace weir::nm {
namespace {

using platform::Responder;
using ExceptionCob = std::function<void(apache::thrift::TDelayedException*)>;

void Finish(const Responder<void>& responder, CoreAnswer answer) {
  if (auto* error = std::get_if<Error>(&answer)) {
    responder.Fail(std::move(*error));
  } else {
    responder.Reply();
  }
}

class ContainerHandler : public virtual idl::ContainerManagementServiceCobSvIf,
                         public virtual idl::BaseServiceCobSvNull {
 public:
  ContainerHandler(platform::ConnectionContext& context,
                   NodeManagerServer& server,
                   const RmCredentials& credentials)
      : context_(context), server_(server), credentials_(credentials) {}

  void startContainer(std::function<void()> cob,
                      ExceptionCob,
                      const idl::StartContainerRequest& request) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    const platform::SignedToken presented = wire::FromWire(request.container_token);
    if (Status known = credentials_.CheckKnown(presented); !known.ok()) {
      return responder.Fail(std::move(known).error());
    }
    auto token = credentials_.keys().VerifyContainer(presented);
    if (!token.ok()) return responder.Fail(token.error());
    context_.NameObject(token->id.ToString());
    auto launch = wire::FromWire(request.launch);
    if (!launch.ok()) return responder.Fail(launch.error());
    server_.Call(
        [&](CallId call) {
          return StartContainer{
              call, context_.caller().attempt, *std::move(token), *std::move(launch)};
        },
        [responder](CoreAnswer answer) { Finish(responder, std::move(answer)); });
  }

  void stopContainer(std::function<void()> cob,
                     ExceptionCob,
                     const std::string& container_id) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    context_.NameObject(container_id);
    const auto id = ContainerId::Parse(container_id);
    if (!id.ok()) return responder.Fail(id.error());
    server_.Call(
        [&](CallId call) {
          return StopContainer{call, context_.caller().attempt, *id};
        },
        [responder](CoreAnswer answer) { Finish(responder, std::move(answer)); });
  }

  void containerStatus(std::function<void(const idl::ContainerStatus&)> cob,
                       ExceptionCob,
                       const std::string& container_id,
                       const int32_t known_state,
                       const int32_t park_ms) override {
    const auto responder = context_.Respond<idl::ContainerStatus>(std::move(cob));
    const auto id = ContainerId::Parse(container_id);
    if (!id.ok()) return responder.Fail(id.error());
    // A state that is none is another than the container's: answered at once.
    const Duration park =
        known_state < 1 || known_state > 3
            ? Duration{0}
            : Duration(milliseconds(std::clamp(park_ms, 0, limits::kParkMillisMax)));
    const auto known =
        park == Duration{0} ? ContainerState::kNew : static_cast<ContainerState>(known_state);
    const CallId call = server_.Call(
        [&](CallId made) {
          return WatchContainer{made, context_.caller().attempt, *id, known, park};
        },
        [responder](CoreAnswer answer) {
          if (auto* error = std::get_if<Error>(&answer)) {
            responder.Fail(std::move(*error));
          } else if (const auto* status = std::get_if<ContainerStatus>(&answer)) {
            responder.Reply(wire::ToWire(*status));
          }
        });
    responder.OnAbandoned([&server = server_, call] { server.Abandon(call); });
  }

 private:
  platform::ConnectionContext& context_;
  NodeManagerServer& server_;
  const RmCredentials& credentials_;
};

}  // namespace

std::shared_ptr<apache::thrift::async::TAsyncProcessor> MakeContainerService(
    platform::ConnectionContext& context,
    NodeManagerServer& server,
    const RmCredentials& credentials) {
  return std::make_shared<idl::ContainerManagementServiceAsyncProcessor>(
      std::make_shared<ContainerHandler>(context, server, credentials));
}

}  // namespace weir::nm
