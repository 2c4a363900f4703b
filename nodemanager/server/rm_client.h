// RmClient: carries the core's messages to the ResourceManager and brings back what became of each.
//
// Two lines, each a connection with a thread: consecutive heartbeats go over different ones, so
// that news can pass a parked poll. A registration cuts both lines first: what is still under way
// or waits there is of an older session. With several ResourceManagers both lines follow the one
// that serves. Every request gives exactly one event, but those that were cut off while they
// waited (the core has forgotten them) and those after Stop. Owner: the daemon; the sink and
// the credentials must outlive it. Thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_RM_CLIENT_H_
#define WEIR_NODEMANAGER_SERVER_RM_CLIENT_H_

#include <array>
#include <memory>
#include <string>

#include "common/node_messages.h"
#include "nodemanager/executor/container_executor.h"
#include "nodemanager/server/rm_credentials.h"
#include "platform/endpoint_set.h"

namespace weir::nm {

struct RmClientOptions {
  std::string cluster_id;
  std::string cluster_secret;
  NodeId node;
  platform::EndpointSet::Find find_rms;  // asked for every connection
  Duration call_timeout = seconds(10);   // on top of the park
  Duration leave_timeout = seconds(2);   // of unregistering
};

class RmClient {
 public:
  RmClient(RmClientOptions options, RmCredentials& credentials, EventSink sink);
  ~RmClient();  // as Stop
  RmClient(const RmClient&) = delete;
  RmClient& operator=(const RmClient&) = delete;

  void Register(RegisterNodeRequest request);
  void Heartbeat(NodeHeartbeatRequest request);
  void Unregister(int64_t session);
  // Ends calls under way; joins. Idempotent.
  void Stop();

 private:
  class Line;

  const RmClientOptions options_;
  const std::shared_ptr<platform::EndpointSet> rms_;
  RmCredentials& credentials_;
  const EventSink sink_;
  std::array<std::unique_ptr<Line>, 2> lines_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RM_CLIENT_H_
