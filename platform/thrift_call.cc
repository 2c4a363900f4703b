#include "platform/thrift_call.h"

#include <thrift/async/TAsyncProcessor.h>

#include <utility>

#include "platform/thrift_connection.h"

namespace weir::platform {
namespace {

// Most answers are shorter: an application's id, what a heartbeat brings. A longer one grows it.
constexpr uint32_t kAnswerBytes = 256;

Error DroppedError(const std::string& method) {
  return {ErrorCode::kInternal, method + " ended without an answer", "see the daemon's log"};
}

}  // namespace

CallState::CallState(EventLoop& io_loop,
                     std::weak_ptr<ThriftConnection> of,
                     std::shared_ptr<ThriftSession> session_of,
                     uint64_t number_in_connection,
                     const security::Operation& what,
                     MessageHead call_head)
    : loop_(io_loop),
      connection_(std::move(of)),
      session_(std::move(session_of)),
      number_(number_in_connection),
      operation_(what),
      head_(std::move(call_head)),
      output_(std::make_shared<MemoryBuffer>(kAnswerBytes)),
      writer_(std::make_shared<BoundedProtocol<MemoryBuffer>>(output_)) {}

CallState::~CallState() {
  if (detached_) return;  // the loop may be gone by now
  if (loop_.IsOnLoopThread()) {
    TellDoor(DroppedError(head_.method));
    if (auto connection = connection_.lock()) {
      connection->CallEnded(number_, ErrorReply(head_, DroppedError(head_.method)));
    }
    return;
  }
  // The session may hold the handler's last reference, and handlers live on the loop.
  TellDoor(DroppedError(head_.method));
  loop_.Post([connection = std::move(connection_),
              session = std::move(session_),
              abandoned = std::move(on_abandoned_),
              number = number_,
              head = std::move(head_)] {
    if (const auto open = connection.lock()) {
      open->CallEnded(number, ErrorReply(head, DroppedError(head.method)));
    }
  });
}

void CallState::Dispatch(std::string_view message) {
  const auto self = shared_from_this();
  try {
    session_->processor->process(
        [self](bool ok) { self->Returned(ok); }, ReaderOf(message), writer_);
  } catch (const std::exception& e) {
    // Before a handler was reached it is the message that cannot be read; its text is not sent.
    if (taken_) {
      Fail({ErrorCode::kInternal, head_.method + " failed", "see the daemon's log"});
    } else {
      answered_ = true;
      RefuseArguments(std::string(": ") + e.what());
    }
  }
}

void CallState::Returned(bool ok) {
  returned_ = true;
  if (!ok) {
    if (answered_.exchange(true) && !writing_) return;
    return RefuseArguments("");
  }
  if (writing_) return;  // WriteAnswer sends it
  // Generated code, or a handler without a slot, answered straight away.
  if (!answered_.exchange(true)) SendWritten();
}

void CallState::RefuseArguments(const std::string& why) {
  const Error error{
      ErrorCode::kCorruption, "the arguments of " + head_.method + " do not decode" + why, ""};
  TellDoor(error);
  if (const auto connection = connection_.lock()) connection->Refuse(error);
}

void CallState::RunOnLoop(std::function<void()> function) {
  if (loop_.IsOnLoopThread()) {
    function();
  } else {
    loop_.Post(std::move(function));
  }
}

void CallState::Answer(std::function<void()> write) {
  if (answered_.exchange(true)) return;
  RunOnLoop([self = shared_from_this(), write = std::move(write)] { self->WriteAnswer(write); });
}

void CallState::Fail(Error error) {
  if (answered_.exchange(true)) return;
  RunOnLoop([self = shared_from_this(), error = std::move(error)] { self->SendError(error); });
}

void CallState::OnAbandoned(std::function<void()> callback) {
  RunOnLoop([self = shared_from_this(), callback = std::move(callback)] {
    if (self->abandoned_) {
      callback();
    } else if (!self->answered_) {
      self->on_abandoned_ = callback;
    }
  });
}

void CallState::Abandon() {
  const bool unanswered = !answered_.exchange(true);
  auto callback = std::exchange(on_abandoned_, nullptr);
  abandoned_ = unanswered;
  TellDoor(std::nullopt, true);
  Detach();
  if (unanswered && callback) callback();
}

void CallState::Detach() {
  on_abandoned_ = nullptr;
  session_.reset();
  detached_ = true;
}

void CallState::WriteAnswer(const std::function<void()>& write) {
  if (detached_) return;
  const auto session = session_;  // sending may close the connection under generated code
  writing_ = true;
  Error failure{ErrorCode::kInternal, head_.method + " failed", "see the daemon's log"};
  bool failed = false;
  try {
    write();
  } catch (const apache::thrift::protocol::TProtocolException& e) {
    failed = true;
    if (e.getType() == apache::thrift::protocol::TProtocolException::SIZE_LIMIT) {
      failure = {ErrorCode::kResourceExhausted,
                 "the answer of " + head_.method + " has a text or list beyond the limits",
                 "ask for less at a time"};
    }
  } catch (const std::exception&) {
    failed = true;
  }
  writing_ = false;
  if (failed) {
    SendError(failure);
  } else if (returned_) {
    if (!detached_) SendWritten();
  } else {
    SendError(DroppedError(head_.method));
  }
}

void CallState::SendWritten() {
  std::string bytes = output_->getBufferAsString();
  if (IsApplicationException(bytes)) {
    if (taken_) return SendError({ErrorCode::kInternal, head_.method + " failed", ""});
    return SendError({ErrorCode::kInvalidArgument,
                      "there is no method '" + head_.method.substr(0, 64) + "' here",
                      "use the same version of Weir on both sides, and this service's port"});
  }
  if (bytes.size() > limits::kFrameBytes) {
    return SendError({ErrorCode::kResourceExhausted,
                      "the answer of " + head_.method + " is larger than a message may be",
                      "ask for less at a time"});
  }
  End(std::move(bytes), std::nullopt);
}

void CallState::SendError(const Error& error) {
  End(ErrorReply(head_, error), error);
}

void CallState::TellDoor(std::optional<Error> error, bool unheard) {
  if (session_ == nullptr || std::exchange(told_, true)) return;
  session_->door->OnEnded({.caller = session_->context->caller(),
                           .operation = &operation_,
                           .object = std::move(object_),
                           .error = std::move(error),
                           .unheard = unheard});
}

void CallState::End(std::string reply, std::optional<Error> error) {
  const auto session = session_;  // may be the last one, with this call's processor on the stack
  TellDoor(std::move(error));
  const auto connection = connection_.lock();
  Detach();
  if (connection) connection->CallEnded(number_, std::move(reply));
}

void CallSlot::Answer(std::function<void()> write) const {
  if (state_) state_->Answer(std::move(write));
}

void CallSlot::Fail(Error error) const {
  if (state_) state_->Fail(std::move(error));
}

void CallSlot::OnAbandoned(std::function<void()> callback) const {
  if (state_) state_->OnAbandoned(std::move(callback));
}

}  // namespace weir::platform
