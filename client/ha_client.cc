#include "client/ha_client.h"

#include <utility>

#include "gen/HaService.h"
#include "platform/config_keys.h"
#include "platform/rm_places.h"
#include "platform/thrift_client.h"

namespace weir::cli {
namespace {

constexpr Duration kCallTimeout = seconds(10);

platform::HelloIdentity AnyRole() {
  platform::HelloIdentity identity;
  identity.any_role = true;
  return identity;
}

}  // namespace

struct HaClient::Link {
  Link(const platform::Configuration& config, std::string given)
      : id(std::move(given)),
        thrift({.unix_path = platform::RmAdminSocket(platform::ConfigurationOf(config, id)),
                .address = {}},
               AnyRole()) {}

  template <typename Function>
  auto Call(const Function& function) {
    auto answer = thrift.Call(kCallTimeout, function);
    // Over a connection that is still there it has said it itself.
    if (!answer.ok() && answer.error().code == ErrorCode::kUnavailable && !thrift.connected()) {
      Error error = std::move(answer).error();
      error.message = "the ResourceManager " + (id.empty() ? "" : id + " ") +
                      "cannot be reached: " + error.message;
      error.remedy = "run this where it runs, and see that it does";
      return decltype(answer)(std::move(error));
    }
    return answer;
  }

  const std::string id;
  platform::ThriftClient<idl::HaServiceClient> thrift;
};

HaClient::HaClient(const platform::Configuration& config, const std::string& id)
    : link_(std::make_unique<Link>(config, id)) {}
HaClient::~HaClient() = default;

Result<RmServiceState> HaClient::State() {
  WEIR_ASSIGN_OR_RETURN(const idl::ServiceState wire, link_->Call([](idl::HaServiceClient& rm) {
    idl::ServiceState state;
    rm.getServiceState(state);
    return state;
  }));
  return RmServiceState{wire.state, wire.leader, wire.automatic};
}

Status HaClient::CheckHealth() {
  return link_->Call([](idl::HaServiceClient& rm) { rm.checkHealth(); });
}

Status HaClient::ToActive(bool forced) {
  idl::TransitionRequest request;
  request.__set_forced(forced);
  return link_->Call([&](idl::HaServiceClient& rm) { rm.transitionToActive(request); });
}

Status HaClient::ToStandby(bool forced) {
  idl::TransitionRequest request;
  request.__set_forced(forced);
  return link_->Call([&](idl::HaServiceClient& rm) { rm.transitionToStandby(request); });
}

Status HaClient::Cede(Duration time) {
  idl::CedeRequest request;
  request.__set_time_ms(ToMillis(time));
  return link_->Call([&](idl::HaServiceClient& rm) { rm.cede(request); });
}

}  // namespace weir::cli
