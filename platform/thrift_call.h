// CallState: one call of a connection from its frame to its answer. Private to the server.
//
// It keeps alive what generated code refers to by raw pointer (processor, output protocol and its
// buffer), so an answer may be written long after the peer left. Owned by the CallSlots of the
// handler and by the generated callbacks; the connection only knows it weakly, so that dropping the
// last handle is noticed. All but `Answer`, `Fail`, `OnAbandoned` and the destructor run on the I/O
// loop.
#ifndef WEIR_PLATFORM_THRIFT_CALL_H_
#define WEIR_PLATFORM_THRIFT_CALL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "platform/thrift_protocol.h"
#include "platform/thrift_server.h"

namespace weir::platform {

// The handler's side of a connection after hello. The processor goes first, then the context.
struct ThriftSession {
  std::shared_ptr<const Door> door;
  std::unique_ptr<ConnectionContext> context;
  std::shared_ptr<apache::thrift::async::TAsyncProcessor> processor;
};

struct CallState : public std::enable_shared_from_this<CallState> {
  CallState(EventLoop& io_loop,
            std::weak_ptr<ThriftConnection> of,
            std::shared_ptr<ThriftSession> session_of,
            uint64_t number_in_connection,
            const security::Operation& what,
            MessageHead call_head);
  ~CallState();

  // Gives the call's arguments to the processor.
  void Dispatch(std::string_view message);
  void Answer(std::function<void()> write);
  void Fail(Error error);
  void OnAbandoned(std::function<void()> callback);
  // The peer left.
  void Abandon();
  void MarkTaken() { taken_ = true; }
  void NameObject(std::string name) { object_ = std::move(name); }

 private:
  void Returned(bool ok);
  void WriteAnswer(const std::function<void()>& write);
  void SendWritten();
  void SendError(const Error& error);
  void End(std::string reply, std::optional<Error> error);
  // Once. `unheard`: the peer left first.
  void TellDoor(std::optional<Error> error, bool unheard = false);
  void RefuseArguments(const std::string& why);
  // Nothing of the connection or the loop is used from here on.
  void Detach();
  void RunOnLoop(std::function<void()> function);

  EventLoop& loop_;
  std::weak_ptr<ThriftConnection> connection_;
  std::shared_ptr<ThriftSession> session_;
  const uint64_t number_;
  const security::Operation& operation_;
  MessageHead head_;
  std::string object_;  // what it is about, if the handler has said
  std::atomic<bool> answered_{false};
  std::atomic<bool> detached_{false};
  bool taken_ = false;      // a handler was reached
  bool told_ = false;       // the door has been
  bool abandoned_ = false;  // the peer left first
  bool writing_ = false;    // inside an answer's write
  bool returned_ = false;   // generated code finished
  std::function<void()> on_abandoned_;
  std::shared_ptr<MemoryBuffer> output_;
  std::shared_ptr<apache::thrift::protocol::TProtocol> writer_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_THRIFT_CALL_H_
