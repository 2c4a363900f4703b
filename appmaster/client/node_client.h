// NodeClient: starts and stops containers at NodeManagers and asks for their status, through a
// fixed number of threads with cached connections.
//
// A node's calls all go through one thread, in order; nodes are spread over the threads by name. A
// call that cannot reach its node is tried again after a back-off until its deadline, without
// holding up the thread's other nodes meanwhile.
//
// Threads: every method and callback on the owner's loop, but Close() and the destructor, which any
// thread may call once the owner's loop has stopped. Owner: the ApplicationMaster.
#ifndef WEIR_APPMASTER_CLIENT_NODE_CLIENT_H_
#define WEIR_APPMASTER_CLIENT_NODE_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/event_loop.h"
#include "wire/codec.h"

namespace weir::am {

struct NodeClientOptions {
  int threads = 4;
  Duration call_timeout = seconds(5);
  Duration deadline = seconds(30);  // of one start, stop or status with its repetitions
  size_t pending_max = 10'000;      // calls not yet answered; more get kResourceExhausted
};

class NodeClient {
 public:
  NodeClient(platform::EventLoop& owner, std::string cluster_id, NodeClientOptions options);
  ~NodeClient();
  NodeClient(const NodeClient&) = delete;
  NodeClient& operator=(const NodeClient&) = delete;

  // The NM has taken the container on; how it goes comes with OnAllocation's completed.
  void Start(const wire::ReceivedGrant& grant,
             LaunchContext launch,
             std::function<void(Status)> done);
  void Stop(const wire::ReceivedGrant& grant, std::function<void(Status)> done);
  void GetStatus(const wire::ReceivedGrant& grant,
                 std::function<void(Result<ContainerStatus>)> done);
  // Newer tokens than those of grants of these nodes: for the connections that are made from now
  // on.
  void Renew(const std::vector<wire::ReceivedNmToken>& tokens);
  void Close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CLIENT_NODE_CLIENT_H_
