// ThriftConnection: the server's end of one connection: frames, hello, dispatch. Private to the
// server.
//
// Reads are taken when the socket is readable, through one buffer that all connections share, so an
// idle connection holds no buffer and a declared frame length allocates nothing. Replies go out in
// the order of completion. States: before hello -> serving -> draining (only flushing a last
// error) -> closed.
//
// Lifetime: shared by the server (while open) and its pending waits. Runs on the I/O loop alone.
#ifndef WEIR_PLATFORM_THRIFT_CONNECTION_H_
#define WEIR_PLATFORM_THRIFT_CONNECTION_H_

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "platform/event_loop.h"
#include "platform/thrift_call.h"
#include "platform/thrift_server.h"

namespace weir::idl {
class Hello;
}

namespace weir::platform {

// What all connections of one server share. I/O loop only.
struct ThriftShared {
  explicit ThriftShared(EventLoop& io_loop) : loop(io_loop), scratch(64u << 10) {}

  EventLoop& loop;
  std::vector<char> scratch;                // every read lands here first
  size_t bytes_before_hello = 0;            // buffered by connections that have not said hello
  std::function<void(uint64_t)> on_closed;  // a connection's number
};

struct ThriftPeer {
  std::string address;  // "unix:<pid>" or "host:port"
  int64_t uid = -1;     // of a unix socket's peer
};

class ThriftConnection : public std::enable_shared_from_this<ThriftConnection> {
 public:
  // Takes the non-blocking socket.
  ThriftConnection(uint64_t number,
                   int fd,
                   ThriftPeer peer,
                   std::shared_ptr<ThriftShared> shared,
                   std::shared_ptr<const ThriftListenerOptions> options);
  ~ThriftConnection();

  void Start();
  void Close();
  // The reply of a pending call.
  void CallEnded(uint64_t call, std::string reply);
  // Closes at once for what the peer sent.
  void Refuse(const Error& why);

 private:
  enum class Phase { kBeforeHello, kServing, kDraining, kClosed };
  // A call whose caller is still being judged.
  struct AtTheDoor {
    const security::Operation& operation;
    MessageHead head;
    std::string message;
  };

  void WaitReadable();
  void OnReadable();
  void ConsumeFrames();
  size_t FrameLimit() const;
  void CountInput();
  void OnMessage(std::string_view message);
  void OnFirstMessage(const MessageHead& head, std::string_view message);
  Status SayHello(const MessageHead& head, std::string_view message);
  Result<Caller> Judge(const idl::Hello& hello) const;
  void TakeCall(MessageHead head, std::string_view message);
  void AskDoor(const security::Operation& operation, MessageHead head, std::string_view message);
  void OnVerdict(uint64_t number, Status verdict);
  void Enter(uint64_t number,
             const security::Operation& operation,
             MessageHead head,
             std::string_view message,
             const Status& verdict);
  void Send(std::string message);
  void Flush();
  void WaitWritable();
  // Sends `reply`, takes nothing more, and closes when it is out.
  void SendLast(std::string reply);
  void Drain();
  void SetTimer(Duration delay);
  void TellRefused(const Error& why) const;

  const uint64_t number_;
  const ThriftPeer peer_;
  const std::shared_ptr<ThriftShared> shared_;
  const std::shared_ptr<const ThriftListenerOptions> options_;
  boost::asio::posix::stream_descriptor descriptor_;
  int fd_;
  Phase phase_ = Phase::kBeforeHello;
  EventLoop::TimerId timer_ = 0;
  std::string input_;         // received, not yet a whole frame
  size_t counted_input_ = 0;  // of it, in shared_->bytes_before_hello
  size_t drained_bytes_ = 0;
  std::deque<std::string> output_;  // framed; the first one is partly sent
  size_t output_offset_ = 0;        // of the first
  size_t output_bytes_ = 0;
  bool waiting_writable_ = false;
  std::shared_ptr<ThriftSession> session_;
  uint64_t next_call_ = 1;
  std::map<uint64_t, std::weak_ptr<CallState>> pending_;
  std::map<uint64_t, AtTheDoor> at_the_door_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_THRIFT_CONNECTION_H_
