#include "platform/thrift_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "gen/BaseService.h"
#include "platform/clock.h"

namespace weir::platform {
namespace {

namespace asio = boost::asio;

constexpr size_t kHeaderBytes = 4;
constexpr Duration kDrainTimeout = seconds(1);
constexpr size_t kDrainBytes = 8u << 20;
// A peer that does not take its answers is left when so much waits for it.
constexpr size_t kOutputBytes = 2 * limits::kFrameBytes;
// What all peers without a hello may have sent together.
constexpr size_t kBytesBeforeHello = 8u << 20;
// A larger read buffer is given back when it is empty.
constexpr size_t kKeptInputBytes = 64u << 10;

uint32_t DecodeLength(const char* bytes) {
  uint32_t length = 0;
  for (size_t i = 0; i < kHeaderBytes; ++i) {
    length = (length << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return length;
}

std::string WithHeader(const std::string& message) {
  const auto length = static_cast<uint32_t>(message.size());
  std::string framed;
  framed.reserve(kHeaderBytes + message.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed.push_back(static_cast<char>((length >> shift) & 0xff));
  }
  return framed + message;
}

bool WouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// A handler's view of its connection.
class SessionContext : public ConnectionContext {
 public:
  explicit SessionContext(Caller caller) : caller_(std::move(caller)) {}
  const Caller& caller() const override { return caller_; }
  CallSlot TakeCall() override {
    WEIR_CHECK(current_ != nullptr, "TakeCall is for the call being dispatched, once");
    current_->MarkTaken();
    return CallSlot(std::exchange(current_, nullptr));
  }
  void NameObject(std::string name) override {
    if (const auto call = dispatched_.lock()) call->NameObject(std::move(name));
  }
  std::function<void(std::string name)> ObjectNamer() override {
    return [weak = dispatched_](std::string name) {
      if (const auto call = weak.lock()) call->NameObject(std::move(name));
    };
  }
  void SetCurrent(std::shared_ptr<CallState> call) {
    dispatched_ = call;
    current_ = std::move(call);
  }

 private:
  const Caller caller_;
  std::shared_ptr<CallState> current_;  // until its slot is taken
  std::weak_ptr<CallState> dispatched_;
};

Error NoSuchMethod(const std::string& method) {
  return {ErrorCode::kInvalidArgument,
          "there is no method '" + method.substr(0, 64) + "' here",
          "use the same version of Weir on both sides, and this service's port"};
}

SignedToken FromWire(const idl::Token& token) {
  return {static_cast<TokenKind>(token.kind), token.key_id, token.identifier, token.mac};
}

Proof FromWire(const idl::SecretProof& proof) {
  return {proof.role, proof.name, proof.nonce, proof.mac};
}

}  // namespace

ThriftConnection::ThriftConnection(uint64_t number,
                                   int fd,
                                   ThriftPeer peer,
                                   std::shared_ptr<ThriftShared> shared,
                                   std::shared_ptr<const ThriftListenerOptions> options)
    : number_(number),
      peer_(std::move(peer)),
      shared_(std::move(shared)),
      options_(std::move(options)),
      descriptor_(shared_->loop.io_context()),
      fd_(fd) {}

ThriftConnection::~ThriftConnection() {
  Close();
}

void ThriftConnection::Start() {
  boost::system::error_code error;
  descriptor_.assign(fd_, error);
  if (error) {
    ::close(fd_);
    fd_ = -1;
    Close();
    return;
  }
  SetTimer(options_->hello_timeout);
  WaitReadable();
}

void ThriftConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  shared_->loop.Cancel(timer_);
  shared_->bytes_before_hello -= std::exchange(counted_input_, 0);
  boost::system::error_code ignored;  // the peer is gone either way
  descriptor_.close(ignored);
  fd_ = -1;
  output_.clear();
  at_the_door_.clear();
  const auto pending = std::exchange(pending_, {});
  for (const auto& entry : pending) {
    if (const auto call = entry.second.lock()) call->Abandon();
  }
  session_.reset();
  if (shared_->on_closed) shared_->on_closed(number_);
}

void ThriftConnection::SetTimer(Duration delay) {
  shared_->loop.Cancel(timer_);
  timer_ = shared_->loop.At(MonotonicNow() + delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->phase_ == Phase::kBeforeHello) {
      self->TellRefused({ErrorCode::kUnauthenticated, "no hello came in time", ""});
    }
    self->Close();
  });
}

void ThriftConnection::TellRefused(const Error& why) const {
  Caller caller;
  caller.address = peer_.address;
  options_->door->OnEnded({.caller = std::move(caller), .object = {}, .error = why});
  if (options_->on_refused) options_->on_refused(peer_.address, why);
}

void ThriftConnection::Refuse(const Error& why) {
  if (phase_ == Phase::kClosed) return;
  TellRefused(why);
  Close();
}

// --- reading

void ThriftConnection::WaitReadable() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           if (self->phase_ == Phase::kClosed) return;
                           if (error) return self->Close();
                           self->OnReadable();
                         });
}

void ThriftConnection::OnReadable() {
  auto& scratch = shared_->scratch;
  const ssize_t count = ::recv(fd_, scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (count == 0) return Close();
  if (count < 0) {
    if (!WouldBlock(errno)) return Close();
    return WaitReadable();
  }
  if (phase_ == Phase::kDraining) {
    drained_bytes_ += static_cast<size_t>(count);
    if (drained_bytes_ > kDrainBytes) return Close();
    return WaitReadable();
  }
  input_.append(scratch.data(), static_cast<size_t>(count));
  ConsumeFrames();
  if (phase_ == Phase::kClosed) return;
  CountInput();
  if (phase_ != Phase::kClosed) WaitReadable();
}

size_t ThriftConnection::FrameLimit() const {
  return phase_ == Phase::kBeforeHello ? limits::kFrameBytesBeforeHello : limits::kFrameBytes;
}

void ThriftConnection::ConsumeFrames() {
  size_t begin = 0;
  while (input_.size() - begin >= kHeaderBytes &&
         (phase_ == Phase::kBeforeHello || phase_ == Phase::kServing)) {
    const size_t length = DecodeLength(input_.data() + begin);
    if (length == 0 || length > FrameLimit()) {
      return Refuse({ErrorCode::kCorruption,
                     "a message of " + std::to_string(length) + " bytes was announced; at most " +
                         std::to_string(FrameLimit()) + " are taken",
                     "the port speaks Weir's own protocol only"});
    }
    if (input_.size() - begin - kHeaderBytes < length) break;
    OnMessage(std::string_view(input_).substr(begin + kHeaderBytes, length));
    begin += kHeaderBytes + length;
  }
  if (phase_ == Phase::kClosed) return;
  input_.erase(0, phase_ == Phase::kDraining ? input_.size() : begin);
  if (input_.empty() && input_.capacity() > kKeptInputBytes) std::string().swap(input_);
}

void ThriftConnection::CountInput() {
  const size_t now = phase_ == Phase::kBeforeHello ? input_.size() : 0;
  shared_->bytes_before_hello += now;
  shared_->bytes_before_hello -= std::exchange(counted_input_, now);
  if (now > 0 && shared_->bytes_before_hello > kBytesBeforeHello) {
    Refuse({ErrorCode::kResourceExhausted, "too much was sent before hello", ""});
  }
}

void ThriftConnection::OnMessage(std::string_view message) {
  auto head = PeekHead(message);
  if (!head.ok()) return Refuse(head.error());
  if (head->one_way) {
    return Refuse({ErrorCode::kInvalidArgument, "one-way calls are not taken", ""});
  }
  if (phase_ == Phase::kBeforeHello) {
    OnFirstMessage(*head, message);
  } else {
    TakeCall(std::move(head).value(), message);
  }
}

// --- hello

void ThriftConnection::OnFirstMessage(const MessageHead& head, std::string_view message) {
  if (head.method != "hello") {
    const Error error{ErrorCode::kUnauthenticated,
                      head.method + " came before hello",
                      "the first call of a connection is hello, with a credential"};
    TellRefused(error);
    return SendLast(ErrorReply(head, error));
  }
  const Status said = SayHello(head, message);
  if (!said.ok() && phase_ != Phase::kClosed) SendLast(ErrorReply(head, said.error()));
}

Status ThriftConnection::SayHello(const MessageHead& head, std::string_view message) {
  idl::BaseService_hello_args arguments;
  try {
    const auto reader = ReaderOf(message);
    MessageHead again;
    apache::thrift::protocol::TMessageType type{};
    reader->readMessageBegin(again.method, type, again.sequence);
    arguments.read(reader.get());
  } catch (const std::exception&) {
    Refuse({ErrorCode::kCorruption, "the arguments of hello do not decode", ""});
    return {};
  }
  Result<Caller> caller = Judge(arguments.hello);
  if (!caller.ok()) {
    if (caller.error().code != ErrorCode::kNotActive) TellRefused(caller.error());
    return std::move(caller).error();
  }
  if (options_->admit) WEIR_RETURN_IF_ERROR(options_->admit(*caller));
  auto session = std::make_shared<ThriftSession>();
  session->door = options_->door;
  session->context = std::make_unique<SessionContext>(std::move(caller).value());
  session->processor = options_->factory(*session->context);
  session_ = std::move(session);
  phase_ = Phase::kServing;
  shared_->loop.Cancel(std::exchange(timer_, 0));

  idl::HelloAnswer answer;
  answer.__set_protocol_version(kProtocolVersion);
  answer.__set_software_version(WEIR_VERSION);
  answer.__set_cluster_id(options_->cluster_id);
  answer.__set_epoch(options_->epoch ? options_->epoch() : 0);
  idl::BaseService_hello_result result;
  result.success = answer;
  result.__isset.success = true;
  auto buffer = std::make_shared<MemoryBuffer>();
  BoundedProtocol<MemoryBuffer> writer(buffer);
  writer.writeMessageBegin("hello", apache::thrift::protocol::T_REPLY, head.sequence);
  result.write(&writer);
  Send(buffer->getBufferAsString());
  return {};
}

Result<Caller> ThriftConnection::Judge(const idl::Hello& hello) const {
  if (hello.protocol_version != kProtocolVersion) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the caller speaks protocol " + std::to_string(hello.protocol_version) +
                     ", this daemon " + std::to_string(kProtocolVersion),
                 "use the same version of Weir on both sides"};
  }
  if (!hello.cluster_id.empty() && hello.cluster_id != options_->cluster_id) {
    return Error{ErrorCode::kFailedPrecondition,
                 "this is cluster '" + options_->cluster_id + "', not '" +
                     hello.cluster_id.substr(0, limits::kNameBytes) + "'",
                 "check the address and yarn.resourcemanager.cluster-id"};
  }
  const idl::Credential& credential = hello.credential;
  if (credential.__isset.secret && credential.__isset.token) {
    return Error{ErrorCode::kUnauthenticated, "hello carries two credentials", "send one"};
  }
  Credentials credentials;
  credentials.address = peer_.address;
  credentials.peer_uid = peer_.uid;
  credentials.any_role = hello.__isset.any_role && hello.any_role;
  Proof proof;
  SignedToken token;
  if (credential.__isset.secret) {
    proof = FromWire(credential.secret);
    credentials.proof = &proof;
  }
  if (credential.__isset.token) {
    token = FromWire(credential.token);
    credentials.token = &token;
  }
  return options_->authenticator->Authenticate(credentials);
}

// --- calls

void ThriftConnection::TakeCall(MessageHead head, std::string_view message) {
  if (head.method == "hello") {
    return Send(ErrorReply(
        head, {ErrorCode::kFailedPrecondition, "hello was said on this connection already", ""}));
  }
  const size_t waiting = pending_.size() + at_the_door_.size();
  if (waiting >= limits::kPendingCallsPerConnection) {
    return Send(
        ErrorReply(head,
                   {ErrorCode::kResourceExhausted,
                    std::to_string(waiting) + " calls of this connection wait for their answers",
                    "wait for answers before calling again, or use another connection"}));
  }
  const security::Operation* operation = options_->door->Find(head.method);
  if (operation == nullptr) return Send(ErrorReply(head, NoSuchMethod(head.method)));
  const auto decided = options_->door->Decide(session_->context->caller(), *operation);
  if (!decided) return AskDoor(*operation, std::move(head), message);
  Enter(next_call_++, *operation, std::move(head), message, *decided);
}

void ThriftConnection::AskDoor(const security::Operation& operation,
                               MessageHead head,
                               std::string_view message) {
  size_t bytes = message.size();
  for (const auto& [other, waiting] : at_the_door_) bytes += waiting.message.size();
  if (bytes > limits::kFrameBytes && !at_the_door_.empty()) {
    return Send(ErrorReply(head,
                           {ErrorCode::kResourceExhausted,
                            "too many calls wait until it is known whether you may",
                            "wait for answers before calling again"}));
  }
  const uint64_t number = next_call_++;
  at_the_door_.emplace(number, AtTheDoor{operation, std::move(head), std::string(message)});
  options_->door->Ask(session_->context->caller(),
                      operation,
                      [weak = weak_from_this(), loop = &shared_->loop, number](Status verdict) {
                        loop->Post([weak, number, verdict = std::move(verdict)] {
                          if (const auto self = weak.lock()) self->OnVerdict(number, verdict);
                        });
                      });
}

void ThriftConnection::OnVerdict(uint64_t number, Status verdict) {
  auto call = at_the_door_.extract(number);
  if (call.empty() || phase_ != Phase::kServing) return;
  AtTheDoor& waited = call.mapped();
  Enter(number, waited.operation, std::move(waited.head), waited.message, verdict);
}

// Nothing of a handler is touched before the verdict is looked at.
void ThriftConnection::Enter(uint64_t number,
                             const security::Operation& operation,
                             MessageHead head,
                             std::string_view message,
                             const Status& verdict) {
  const auto session = session_;  // lives until the dispatch is over, whatever the handler does
  if (!verdict.ok()) {
    options_->door->OnEnded({.caller = session->context->caller(),
                             .operation = &operation,
                             .object = {},
                             .error = verdict.error()});
    return Send(ErrorReply(head, verdict.error()));
  }
  auto call = std::make_shared<CallState>(
      shared_->loop, weak_from_this(), session, number, operation, std::move(head));
  pending_.emplace(number, call);
  auto& context = static_cast<SessionContext&>(*session->context);
  context.SetCurrent(call);
  call->Dispatch(message);
  context.SetCurrent(nullptr);
}

void ThriftConnection::CallEnded(uint64_t call, std::string reply) {
  if (pending_.erase(call) == 0 || phase_ != Phase::kServing) return;
  Send(std::move(reply));
}

// --- writing

void ThriftConnection::Send(std::string message) {
  if (phase_ == Phase::kClosed) return;
  output_bytes_ += kHeaderBytes + message.size();
  output_.push_back(WithHeader(message));
  Flush();
  if (output_bytes_ > kOutputBytes) {
    Refuse({ErrorCode::kResourceExhausted,
            "the peer does not take its answers; " + std::to_string(output_bytes_) + " bytes wait",
            ""});
  }
}

void ThriftConnection::Flush() {
  while (!output_.empty() && !waiting_writable_) {
    const std::string& first = output_.front();
    const ssize_t count = ::send(fd_,
                                 first.data() + output_offset_,
                                 first.size() - output_offset_,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (!WouldBlock(errno)) return Close();
      return WaitWritable();
    }
    output_bytes_ -= static_cast<size_t>(count);
    output_offset_ += static_cast<size_t>(count);
    if (output_offset_ < first.size()) continue;
    output_.pop_front();
    output_offset_ = 0;
  }
  if (output_.empty() && phase_ == Phase::kDraining) Drain();
}

void ThriftConnection::WaitWritable() {
  waiting_writable_ = true;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           self->waiting_writable_ = false;
                           if (self->phase_ == Phase::kClosed) return;
                           if (error) return self->Close();
                           self->Flush();
                         });
}

void ThriftConnection::SendLast(std::string reply) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kDraining;
  SetTimer(kDrainTimeout);
  Send(std::move(reply));
}

void ThriftConnection::Drain() {
  // Closing with unread input would reset the connection and could lose the answer: the peer gets
  // the end of our side first, and what it still sends is read away until it leaves.
  ::shutdown(fd_, SHUT_WR);
}

}  // namespace weir::platform
