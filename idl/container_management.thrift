// ApplicationMaster - NodeManager. Callers: holders of an NM token (hello); each start carries the
// container's own token.
namespace cpp weir.idl
include "base.thrift"

struct StartContainerRequest {
  1: optional base.Token container_token;
  2: optional base.LaunchContext launch;
}

service ContainerManagementService extends base.BaseService {
  // Repeating a start of the same container is harmless. Answers when the NM has taken it on; how
  // it goes is seen in its status.
  void startContainer(1: StartContainerRequest request) throws (1: base.ServiceError error);
  void stopContainer(1: string container_id) throws (1: base.ServiceError error);
  // With park_ms: answers when the state is another than `known_state` (ContainerState).
  base.ContainerStatus containerStatus(1: string container_id, 2: i32 known_state, 3: i32 park_ms)
      throws (1: base.ServiceError error);
}
