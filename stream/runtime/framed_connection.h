// FramedConnection: frames over one TCP connection, on an event loop.
//
// Frames may be queued before the connection stands; they go out in order. What waits to go out is
// bounded by the credits of the channels that use it.
// Owner: shared between its link and the handlers in flight. Send is thread-safe; the rest is for
// the loop's thread.
#ifndef WEIR_STREAM_RUNTIME_FRAMED_CONNECTION_H_
#define WEIR_STREAM_RUNTIME_FRAMED_CONNECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "common/hostport.h"
#include "common/result.h"
#include "platform/event_loop.h"
#include "stream/runtime/data_frame.h"

namespace weir::stream {

// The socket of an accepted connection, hidden from headers.
struct AcceptedSocket;

class FramedConnection {
 public:
  struct Handler {
    // An error closes the connection with its message.
    std::function<Status(Frame)> on_frame;
    // Once, when the connection is gone, with why.
    std::function<void(const std::string& cause)> on_closed;
  };

  // Takes part of an accepted connection, or none yet.
  explicit FramedConnection(platform::EventLoop& loop);
  FramedConnection(platform::EventLoop& loop, AcceptedSocket& accepted);
  ~FramedConnection();
  FramedConnection(const FramedConnection&) = delete;
  FramedConnection& operator=(const FramedConnection&) = delete;

  // Thread-safe. Dropped when the connection is closed.
  void Send(Frame frame);

  // Reads from now on.
  void Start(Handler handler);
  // Connects first; at most `timeout`.
  void Connect(const HostPort& peer, Duration timeout, Handler handler);
  // Calls on_closed, if that has not happened.
  void Close(const std::string& cause);
  // The peer's address, for logs.
  std::string peer() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_FRAMED_CONNECTION_H_
