// ThriftServer: listeners whose framed compact-protocol calls are answered asynchronously.
//
// One listener = one service. Each connection gets its own processor and handler, made at hello
// with the Caller; before hello nothing else is accepted (frames <= 64 KiB, 5 s). hello itself is
// answered here, for every service. Of every call after it the listener's door is asked before the
// handler is entered, and told what came of it. A call may be answered later from any thread
// through its Responder; a parked call holds no thread, and a peer that leaves while parked is
// safe.
//
// Errors: any handler answers any call with an Error; the server writes it as the method's declared
// ServiceError (field 1 of its result), so a generated struct for it is not needed. Text of foreign
// exceptions is never sent. Limits: common/limits.h; over a limit the connection is closed and the
// process stays up.
//
// Threads: everything runs on the given I/O loop; handlers are called there and must not block.
// Owner: the daemon; destroy after stopping the loop or call Close() on any thread first.
#ifndef WEIR_PLATFORM_THRIFT_SERVER_H_
#define WEIR_PLATFORM_THRIFT_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/caller.h"
#include "common/hostport.h"
#include "common/limits.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/door.h"
#include "platform/event_loop.h"
#include "platform/rpc_security.h"

namespace apache::thrift {
class TDelayedException;
namespace async {
class TAsyncProcessor;
}
}  // namespace apache::thrift

namespace weir::platform {

class ThriftConnection;

// One call waiting for its answer. Copyable handle; the first answer counts, later ones are
// ignored. If every copy is gone without an answer, the peer gets kInternal. Thread-safe.
class CallSlot {
 public:
  CallSlot() = default;
  explicit CallSlot(std::shared_ptr<struct CallState> state) : state_(std::move(state)) {}
  // Runs `write` on the I/O loop if the peer is still there and nothing was answered.
  void Answer(std::function<void()> write) const;
  void Fail(Error error) const;
  // Called on the I/O loop, at most once, when the peer leaves before an answer.
  void OnAbandoned(std::function<void()> callback) const;

 private:
  std::shared_ptr<CallState> state_;
};

template <typename Answer>
class Responder {
 public:
  Responder() = default;
  Responder(CallSlot slot, std::function<void(const Answer&)> cob)
      : slot_(std::move(slot)),
        cob_(std::make_shared<const std::function<void(const Answer&)>>(std::move(cob))) {}
  void Reply(Answer answer) const {
    slot_.Answer([cob = cob_, answer = std::move(answer)] { (*cob)(answer); });
  }
  void Fail(Error error) const { slot_.Fail(std::move(error)); }
  // Reply or Fail.
  void Finish(Result<Answer> result) const {
    if (result.ok()) {
      Reply(std::move(result).value());
    } else {
      Fail(std::move(result).error());
    }
  }
  void OnAbandoned(std::function<void()> callback) const { slot_.OnAbandoned(std::move(callback)); }

 private:
  CallSlot slot_;
  // Shared: copies of a responder are made on the way of every call.
  std::shared_ptr<const std::function<void(const Answer&)>> cob_;
};

template <>
class Responder<void> {
 public:
  Responder() = default;
  Responder(CallSlot slot, std::function<void()> cob)
      : slot_(std::move(slot)), cob_(std::move(cob)) {}
  void Reply() const { slot_.Answer(cob_); }
  void Fail(Error error) const { slot_.Fail(std::move(error)); }
  void Finish(Status status) const { status.ok() ? Reply() : Fail(std::move(status).error()); }
  void OnAbandoned(std::function<void()> callback) const { slot_.OnAbandoned(std::move(callback)); }

 private:
  CallSlot slot_;
  std::function<void()> cob_;
};

// What a handler knows of its connection. Outlives the handler.
class ConnectionContext {
 public:
  virtual ~ConnectionContext() = default;
  virtual const Caller& caller() const = 0;
  // What the call being dispatched is about, by name, for the door: "application_1_0001".
  virtual void NameObject(std::string name) = 0;
  // To name it when it is known: on the I/O loop, before the answer is written.
  virtual std::function<void(std::string name)> ObjectNamer() = 0;
  // The slot of the call being dispatched now: call it first thing in a handler method, once.
  virtual CallSlot TakeCall() = 0;

  template <typename Answer>
  Responder<Answer> Respond(std::function<void(const Answer&)> cob) {
    return Responder<Answer>(TakeCall(), std::move(cob));
  }
  Responder<void> RespondVoid(std::function<void()> cob) {
    return Responder<void>(TakeCall(), std::move(cob));
  }
};

struct ThriftListenerOptions {
  HostPort address;                // bind address; port 0 = any. Used when unix_path is empty.
  std::string unix_path;           // a socket file (mode 0666: callers are told apart by their uid)
  std::string cluster_id;          // told in hello; a caller that names another is refused
  std::function<int64_t()> epoch;  // told in hello; may be empty
  std::shared_ptr<Authenticator> authenticator;
  std::shared_ptr<const Door> door;
  Duration hello_timeout = seconds(5);            // from accepting to a hello
  size_t max_connections = limits::kConnections;  // more are closed at once
  // Asked, on the I/O loop, whether a caller that has proven who it is may come in now; must not
  // block. An error answers its hello and closes the connection; a standby says kNotActive (and so
  // does its authenticator while it has no keys). on_refused is not told. Empty: everybody may.
  std::function<Status(const Caller& caller)> admit;
  // Told, on the I/O loop, of every connection that is refused or broken off for what it sent
  // (peer, why): for the log. May be empty.
  std::function<void(const std::string& peer, const Error& error)> on_refused;
  // Makes the processor of a connection whose hello was accepted. A generated
  // std::make_shared<XAsyncProcessor>(std::make_shared<XHandler>(context, ...)). A handler that
  // also derives virtually from idl::BaseServiceCobSvNull need not write hello, which never reaches
  // it.
  std::function<std::shared_ptr<apache::thrift::async::TAsyncProcessor>(ConnectionContext&)>
      factory;
};

class ThriftServer {
 public:
  explicit ThriftServer(EventLoop& io_loop);
  ~ThriftServer();
  ThriftServer(const ThriftServer&) = delete;
  ThriftServer& operator=(const ThriftServer&) = delete;

  // The address really bound (for a socket file: its path as host). Serves as soon as the loop
  // runs. kUnavailable: in use ("port 8032 of 127.0.0.1 is in use", with the remedy);
  // kInvalidArgument: no address of this machine; kPermissionDenied; kResourceExhausted.
  Result<HostPort> Listen(ThriftListenerOptions options);
  // Closes all listeners and connections; idempotent.
  void Close();
  size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_THRIFT_SERVER_H_
