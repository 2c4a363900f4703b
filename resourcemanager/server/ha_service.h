// HaHandler: the calls of idl/ha.thrift, which an active ResourceManager and a standby answer
// alike; the active one's admin service is built on it.
//
// Owner: the Thrift server, one per connection. Called on the I/O loop; must not block.
#ifndef WEIR_RESOURCEMANAGER_SERVER_HA_SERVICE_H_
#define WEIR_RESOURCEMANAGER_SERVER_HA_SERVICE_H_

#include <functional>
#include <memory>

#include "gen/HaService.h"
#include "platform/thrift_server.h"
#include "resourcemanager/server/role_control.h"

namespace weir::rm {

class HaHandler : public virtual idl::HaServiceCobSvIf {
 public:
  using ExceptionCob = std::function<void(apache::thrift::TDelayedException*)>;

  HaHandler(platform::ConnectionContext& context, const HaEnvironment& environment)
      : context_(context), environment_(environment) {}

  void hello(std::function<void(const idl::HelloAnswer&)> cob,
             ExceptionCob,
             const idl::Hello& hello) override;
  void getServiceState(std::function<void(const idl::ServiceState&)> cob, ExceptionCob) override;
  void checkHealth(std::function<void()> cob, ExceptionCob) override;
  void transitionToActive(std::function<void()> cob,
                          ExceptionCob,
                          const idl::TransitionRequest& request) override;
  void transitionToStandby(std::function<void()> cob,
                           ExceptionCob,
                           const idl::TransitionRequest& request) override;
  void cede(std::function<void()> cob, ExceptionCob, const idl::CedeRequest& request) override;

 private:
  void Change(std::function<void()> cob, const RoleChange& change);

  platform::ConnectionContext& context_;
  const HaEnvironment& environment_;
};

// The service of a standby.
std::shared_ptr<apache::thrift::async::TAsyncProcessor> MakeHaService(
    platform::ConnectionContext& context, const HaEnvironment& environment);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_HA_SERVICE_H_
