// The four Thrift services of the ResourceManager: translation between idl/*.thrift and the core's
// events, nothing more. The caller is the connection's, proven at hello; no message says who sends
// it. Tokens are signed here, on their way out.
//
// Owner: the Thrift server makes one processor per connection. Called on the I/O loop; must not
// block. `environment` outlives all of them.
#ifndef WEIR_RESOURCEMANAGER_SERVER_SERVICES_H_
#define WEIR_RESOURCEMANAGER_SERVER_SERVICES_H_

#include <memory>

#include "platform/thrift_server.h"
#include "resourcemanager/server/service_environment.h"

namespace weir::rm {

using Processor = std::shared_ptr<apache::thrift::async::TAsyncProcessor>;

Processor MakeClientService(platform::ConnectionContext& context,
                            const ServiceEnvironment& environment);
Processor MakeResourceTrackerService(platform::ConnectionContext& context,
                                     const ServiceEnvironment& environment);
Processor MakeApplicationMasterService(platform::ConnectionContext& context,
                                       const ServiceEnvironment& environment);
Processor MakeAdminService(platform::ConnectionContext& context,
                           const ServiceEnvironment& environment);

// What every service says to a hello after the first, which the Thrift server has answered.
inline Error SecondHello() {
  return {ErrorCode::kFailedPrecondition, "hello was said on this connection already", ""};
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_SERVICES_H_
