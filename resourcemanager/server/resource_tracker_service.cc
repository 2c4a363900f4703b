#include <utility>

#include "gen/ResourceTrackerService.h"
#include "resourcemanager/server/launch_decoration.h"
#include "resourcemanager/server/services.h"
#include "wire/codec.h"

namespace weir::rm {
namespace {

using apache::thrift::TDelayedException;
using platform::Lane;
using ExceptionCob = std::function<void(TDelayedException*)>;

// All calls of a NodeManager share a lane, so that they keep their order.
constexpr Lane kLane = Lane::kHeartbeat;

class ResourceTrackerHandler : public idl::ResourceTrackerServiceCobSvIf {
 public:
  ResourceTrackerHandler(platform::ConnectionContext& context,
                         const ServiceEnvironment& environment)
      : context_(context), environment_(environment) {}

  void hello(std::function<void(const idl::HelloAnswer&)> cob,
             ExceptionCob,
             const idl::Hello&) override {
    context_.Respond<idl::HelloAnswer>(std::move(cob)).Fail(SecondHello());
  }

  void registerNode(std::function<void(const idl::RegisterNodeAnswer&)> cob,
                    ExceptionCob,
                    const idl::RegisterNodeRequest& request) override {
    const auto responder = context_.Respond<RegisterNodeAnswer>(
        [cob = std::move(cob), &environment = environment_](const RegisterNodeAnswer& answer) {
          cob(wire::ToWire(answer, *environment.keys.Current(), environment.http_address));
        });
    context_.NameObject(request.node_id);
    auto node = wire::FromWire(request);
    if (!node.ok()) return responder.Fail(node.error());
    CallCore(
        environment_,
        kLane,
        [&node](CallId call) {
          return RegisterNode{call, *std::move(node)};
        },
        responder);
  }

  void nodeHeartbeat(std::function<void(const idl::NodeHeartbeatAnswer&)> cob,
                     ExceptionCob,
                     const idl::NodeHeartbeatRequest& request) override {
    const auto responder = context_.Respond<NodeHeartbeatAnswer>(
        [cob = std::move(cob), known = wire::KnownOf(request), &environment = environment_](
            NodeHeartbeatAnswer answer) {
          for (StartContainerCommand& start : answer.start) DecorateStart(environment, start);
          const auto keys = environment.keys.Current();
          idl::NodeHeartbeatAnswer wire = wire::ToWire(answer, *keys);
          wire::AddKeys(known, *keys, wire);
          cob(wire);
        });
    auto heartbeat = wire::FromWire(request);
    if (!heartbeat.ok()) return responder.Fail(heartbeat.error());
    ParkInCore(
        environment_,
        kLane,
        [&heartbeat, &request](CallId call) {
          return NodeHeartbeat{call, NodeId{request.node_id}, *std::move(heartbeat)};
        },
        responder);
  }

  void unregisterNode(std::function<void()> cob,
                      ExceptionCob,
                      const std::string& node_id,
                      const int64_t session) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    context_.NameObject(node_id);
    environment_.server.Call(
        kLane,
        [&](CallId call) {
          return UnregisterNode{call, NodeId{node_id}, session};
        },
        [responder](CoreAnswer answer) { Deliver(responder, std::move(answer)); });
  }

 private:
  platform::ConnectionContext& context_;
  const ServiceEnvironment& environment_;
};

}  // namespace

Processor MakeResourceTrackerService(platform::ConnectionContext& context,
                                     const ServiceEnvironment& environment) {
  return std::make_shared<idl::ResourceTrackerServiceAsyncProcessor>(
      std::make_shared<ResourceTrackerHandler>(context, environment));
}

}  // namespace weir::rm
