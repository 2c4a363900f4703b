// ContainerManagementService of idl/container_management.thrift: what an ApplicationMaster may do
// with its containers on this node. The caller is known by its NM token (hello); a start carries
// the container's own token, which is verified here.
#ifndef WEIR_NODEMANAGER_SERVER_CONTAINER_SERVICE_H_
#define WEIR_NODEMANAGER_SERVER_CONTAINER_SERVICE_H_

#include <memory>

#include "nodemanager/server/node_manager_server.h"
#include "nodemanager/server/rm_credentials.h"
#include "platform/thrift_server.h"

namespace weir::nm {

// For one connection. `server` and `credentials` must outlive it.
std::shared_ptr<apache::thrift::async::TAsyncProcessor> MakeContainerService(
    platform::ConnectionContext& context,
    NodeManagerServer& server,
    const RmCredentials& credentials);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_CONTAINER_SERVICE_H_
