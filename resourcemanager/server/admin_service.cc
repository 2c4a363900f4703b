#include <utility>

#include "gen/AdminService.h"
#include "resourcemanager/server/services.h"

namespace weir::rm {
namespace {

using apache::thrift::TDelayedException;
using ExceptionCob = std::function<void(TDelayedException*)>;

class AdminHandler : public idl::AdminServiceCobSvIf {
 public:
  AdminHandler(platform::ConnectionContext& context, const ServiceEnvironment& environment)
      : context_(context), environment_(environment) {}

  void hello(std::function<void(const idl::HelloAnswer&)> cob,
             ExceptionCob,
             const idl::Hello&) override {
    context_.Respond<idl::HelloAnswer>(std::move(cob)).Fail(SecondHello());
  }

  void getServiceState(std::function<void(const idl::ServiceState&)> cob, ExceptionCob) override {
    const auto responder = context_.Respond<ClusterSummary>(
        [cob = std::move(cob), &environment = environment_](const ClusterSummary& summary) {
          idl::ServiceState state;
          state.__set_state("ACTIVE");
          state.__set_epoch(summary.epoch.value);
          state.__set_store(environment.store_name);
          state.__set_started_ms(ToMillis(summary.started));
          cob(state);
        });
    environment_.server.Read(
        [responder](const ResourceManagerCore& core, Now) { responder.Reply(core.Summary()); },
        [responder](Error error) { responder.Fail(std::move(error)); });
  }

  // The answer has been through the core loop: it proves that the core still steps.
  void checkHealth(std::function<void()> cob, ExceptionCob) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    environment_.server.Read([responder](const ResourceManagerCore&, Now) { responder.Reply(); },
                             [responder](Error error) { responder.Fail(std::move(error)); });
  }

 private:
  platform::ConnectionContext& context_;
  const ServiceEnvironment& environment_;
};

}  // namespace

Processor MakeAdminService(platform::ConnectionContext& context,
                           const ServiceEnvironment& environment) {
  return std::make_shared<idl::AdminServiceAsyncProcessor>(
      std::make_shared<AdminHandler>(context, environment));
}

}  // namespace weir::rm
