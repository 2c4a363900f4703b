#include <utility>

#include "gen/ApplicationMasterService.h"
#include "resourcemanager/server/services.h"
#include "wire/codec.h"

namespace weir::rm {
namespace {

using apache::thrift::TDelayedException;
using platform::Lane;
using ExceptionCob = std::function<void(TDelayedException*)>;

class ApplicationMasterHandler : public idl::ApplicationMasterServiceCobSvIf {
 public:
  ApplicationMasterHandler(platform::ConnectionContext& context,
                           const ServiceEnvironment& environment)
      : context_(context), environment_(environment), attempt_(context.caller().attempt) {}

  void hello(std::function<void(const idl::HelloAnswer&)> cob,
             ExceptionCob,
             const idl::Hello&) override {
    context_.Respond<idl::HelloAnswer>(std::move(cob)).Fail(SecondHello());
  }

  void registerMaster(std::function<void(const idl::RegisterMasterAnswer&)> cob,
                      ExceptionCob,
                      const idl::RegisterMasterRequest& request) override {
    const auto responder = context_.Respond<RegisterMasterAnswer>(
        [cob = std::move(cob), attempt = attempt_, &environment = environment_](
            const RegisterMasterAnswer& answer) {
          cob(wire::ToWire(answer, attempt, *environment.keys.Current()));
        });
    context_.NameObject(attempt_.ToString());
    auto registration = wire::FromWire(request);
    if (!registration.ok()) return responder.Fail(registration.error());
    CallCore(
        environment_,
        Lane::kMaster,
        [this, &registration](CallId call) {
          return RegisterMaster{call, attempt_, *std::move(registration)};
        },
        responder);
  }

  void allocate(std::function<void(const idl::AllocateAnswer&)> cob,
                ExceptionCob,
                const idl::AllocateRequest& request) override {
    const auto responder = context_.Respond<AllocateAnswer>(
        [cob = std::move(cob),
         attempt = attempt_,
         known = wire::KnownOf(request),
         &environment = environment_](const AllocateAnswer& answer) {
          const auto keys = environment.keys.Current();
          idl::AllocateAnswer wire = wire::ToWire(answer, *keys);
          wire::AddCredentials(known, attempt, *keys, wire);
          cob(wire);
        });
    auto allocate = wire::FromWire(request);
    if (!allocate.ok()) return responder.Fail(allocate.error());
    ParkInCore(
        environment_,
        Lane::kMaster,
        [this, &allocate](CallId call) {
          return Allocate{call, attempt_, *std::move(allocate)};
        },
        responder);
  }

  void finishMaster(std::function<void()> cob,
                    ExceptionCob,
                    const idl::FinishMasterRequest& request) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    context_.NameObject(attempt_.ToString());
    auto finish = wire::FromWire(request);
    if (!finish.ok()) return responder.Fail(finish.error());
    environment_.server.Call(
        Lane::kMaster,
        [this, &finish](CallId call) {
          return FinishMaster{call, attempt_, *std::move(finish)};
        },
        [responder](CoreAnswer answer) { Deliver(responder, std::move(answer)); });
  }

 private:
  platform::ConnectionContext& context_;
  const ServiceEnvironment& environment_;
  const AttemptId attempt_;  // proven by the AM token
};

}  // namespace

Processor MakeApplicationMasterService(platform::ConnectionContext& context,
                                       const ServiceEnvironment& environment) {
  return std::make_shared<idl::ApplicationMasterServiceAsyncProcessor>(
      std::make_shared<ApplicationMasterHandler>(context, environment));
}

}  // namespace weir::rm
