// The two ends of a data connection: OutgoingLink at the TaskManager whose tasks write,
// IncomingLink at the one whose tasks read.
//
// Owner: shared between the DataExchange and the connection's handlers. For the loop's thread, but
// what channels and gates call, which is thread-safe.
#ifndef WEIR_STREAM_RUNTIME_DATA_LINKS_H_
#define WEIR_STREAM_RUNTIME_DATA_LINKS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/hostport.h"
#include "platform/event_loop.h"
#include "stream/runtime/channel.h"
#include "stream/runtime/framed_connection.h"
#include "stream/runtime/gate_registry.h"

namespace weir::stream {

class OutgoingLink : public std::enable_shared_from_this<OutgoingLink> {
 public:
  OutgoingLink(platform::EventLoop& loop, HostPort peer);

  // Sends hello; `on_lost` is called once, when the connection is gone.
  void Start(const std::string& secret, const std::string& name, std::function<void()> on_lost);
  void Open(const OpenRequest& request, std::shared_ptr<OutputChannel> channel);
  void Close(const std::string& cause);

 private:
  Status OnFrame(const Frame& frame);
  void OnClosed(const std::string& cause);

  const HostPort peer_;
  const std::shared_ptr<FramedConnection> connection_;
  std::function<void()> on_lost_;
  std::vector<std::shared_ptr<OutputChannel>> channels_;
};

class IncomingChannel;

class IncomingLink : public std::enable_shared_from_this<IncomingLink> {
 public:
  IncomingLink(std::shared_ptr<FramedConnection> connection, GateRegistry& gates);

  // `on_lost` is called once, with the cause, when the connection is gone.
  void Start(const std::string& secret,
             std::function<void(const std::string& peer, const std::string& cause)> on_lost);
  void Close(const std::string& cause);
  bool authenticated() const { return authenticated_; }

 private:
  Status OnFrame(Frame frame);
  Status OnHello(const Frame& frame);
  Status OnOpen(const Frame& frame);
  void OnClosed(const std::string& cause);

  const std::shared_ptr<FramedConnection> connection_;
  GateRegistry& gates_;
  std::string secret_;
  std::string name_;  // the peer's, from hello
  bool authenticated_ = false;
  std::function<void(const std::string& peer, const std::string& cause)> on_lost_;
  std::vector<std::shared_ptr<IncomingChannel>> channels_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_DATA_LINKS_H_
