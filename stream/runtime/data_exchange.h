// DataExchange: the channels between this TaskManager and others, over TCP.
//
// There is one connection per pair of TaskManagers and direction; it is made when the first channel
// to that peer is opened, and carries all of them. A connection begins with the proof of the
// attempt's worker secret. When a connection is lost, the tasks at the open channels of it fail
// with a cause that names the peer.
//
// Owner: the TaskManager; the loop and the registry outlive it. OpenChannel and Close are
// thread-safe.
#ifndef WEIR_STREAM_RUNTIME_DATA_EXCHANGE_H_
#define WEIR_STREAM_RUNTIME_DATA_EXCHANGE_H_

#include <memory>
#include <string>

#include "common/hostport.h"
#include "common/result.h"
#include "platform/event_loop.h"
#include "platform/port_range.h"
#include "stream/runtime/channel.h"
#include "stream/runtime/data_frame.h"
#include "stream/runtime/gate_registry.h"

namespace weir::stream {

// The ports to try, in order; {0, 0} = any.
using platform::PortRange;

struct DataExchangeOptions {
  std::string secret;  // of the attempt's workers
  std::string name;    // ours, as peers see it in messages: the container id
  std::string bind_host = "127.0.0.1";
  PortRange ports;
};

class DataExchange {
 public:
  DataExchange(platform::EventLoop& loop, GateRegistry& gates, DataExchangeOptions options);
  ~DataExchange();
  DataExchange(const DataExchange&) = delete;
  DataExchange& operator=(const DataExchange&) = delete;

  // The address bound. kUnavailable when no port of the range can be bound. Call once.
  Result<HostPort> Listen();

  // A channel to a task of another TaskManager.
  std::shared_ptr<OutputChannel> OpenChannel(const HostPort& peer,
                                             const OpenRequest& request,
                                             const std::string& label);
  // Ends every connection; channels at them are failed. Requires: the loop runs, and this is not
  // its thread. Idempotent.
  void Close();
  // For tests: connections that are open, both ways.
  size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A channel to a task of this TaskManager.
std::shared_ptr<OutputChannel> OpenLocalChannel(GateRegistry& gates,
                                                const OpenRequest& request,
                                                const std::string& label);

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_DATA_EXCHANGE_H_
