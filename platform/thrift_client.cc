#include "platform/thrift_client.h"

#include <sys/eventfd.h>
#include <thrift/TApplicationException.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "common/check.h"
#include "gen/BaseService.h"
#include "platform/clock.h"
#include "platform/framed_socket.h"
#include "platform/thrift_protocol.h"

namespace weir::platform {
namespace {

using apache::thrift::protocol::TProtocolException;
using apache::thrift::transport::TTransportException;

idl::Credential MakeCredential(const HelloIdentity& identity,
                               const std::optional<SignedToken>& token) {
  idl::Credential credential;
  if (token) {
    idl::Token out;
    out.__set_kind(static_cast<int32_t>(token->kind));
    out.__set_key_id(token->key_id);
    out.__set_identifier(token->identifier);
    out.__set_mac(token->mac);
    credential.__set_token(out);
  } else if (!identity.secret.empty()) {
    const Proof proof = MakeProof(identity.secret, identity.role, identity.name);
    idl::SecretProof out;
    out.__set_role(proof.role);
    out.__set_name(proof.name);
    out.__set_nonce(proof.nonce);
    out.__set_mac(proof.mac);
    credential.__set_secret(out);
  }
  return credential;
}

Error TransportError(const TTransportException& e, const std::string& target) {
  switch (e.getType()) {
    case TTransportException::TIMED_OUT:
      return {ErrorCode::kDeadlineExceeded,
              target + " did not answer in time; whether it did what was asked is not known",
              "ask again"};
    case TTransportException::INTERRUPTED:
      return {ErrorCode::kUnavailable, "the call to " + target + " was interrupted", ""};
    case TTransportException::UNKNOWN:
    case TTransportException::NOT_OPEN:
    case TTransportException::END_OF_FILE:
    case TTransportException::BAD_ARGS:
    case TTransportException::CORRUPTED_DATA:
    case TTransportException::INTERNAL_ERROR:
    case TTransportException::CLIENT_DISCONNECT:
      break;
  }
  return {ErrorCode::kUnavailable,
          "the connection to " + target + " was lost: " + e.what(),
          "check that the daemon still runs, then ask again"};
}

}  // namespace

struct ThriftChannel::State {
  State(Endpoint to, const HelloIdentity& as)
      : endpoint(std::move(to)), identity(as), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    WEIR_CHECK(wake.valid(), "an eventfd can be made");
    if (as.token != nullptr) token = *as.token;
    identity.token = nullptr;
  }

  const Endpoint endpoint;
  HelloIdentity identity;
  std::optional<SignedToken> token;
  const FileDescriptor wake;  // readable for ever once interrupted
  std::atomic<bool> interrupted{false};
  std::shared_ptr<FramedSocket> socket;
  std::shared_ptr<apache::thrift::protocol::TProtocol> protocol;
};

ThriftChannel::ThriftChannel(Endpoint endpoint, const HelloIdentity& identity)
    : state_(std::make_unique<State>(std::move(endpoint), identity)) {
  SilenceThrift();
}

ThriftChannel::~ThriftChannel() = default;

Status ThriftChannel::Ensure(Duration timeout) {
  const std::string target = state_->endpoint.ToString();
  if (state_->interrupted) {
    Disconnect();
    return Error{ErrorCode::kUnavailable, "the call to " + target + " was interrupted", ""};
  }
  const Instant deadline = MonotonicNow() + timeout;
  if (state_->socket != nullptr) {
    state_->socket->SetDeadline(deadline);
    if (!state_->socket->IsStale()) return {};
    Disconnect();
  }
  auto fd = state_->endpoint.unix_path.empty()
                ? ConnectTcp(state_->endpoint.address, deadline, state_->wake.get())
                : ConnectUnix(state_->endpoint.unix_path, deadline, state_->wake.get());
  if (!fd.ok()) return std::move(fd).error();
  state_->socket = std::make_shared<FramedSocket>(std::move(fd).value(), state_->wake.get());
  state_->socket->SetDeadline(deadline);
  state_->protocol = std::make_shared<BoundedProtocol<FramedSocket>>(state_->socket);

  idl::Hello hello;
  hello.__set_protocol_version(kProtocolVersion);
  hello.__set_software_version(WEIR_VERSION);
  hello.__set_cluster_id(state_->identity.cluster_id);
  hello.__set_credential(MakeCredential(state_->identity, state_->token));
  const Status said = Guard([&] {
    idl::HelloAnswer answer;
    idl::BaseServiceClient(state_->protocol).hello(answer, hello);
  });
  // The server closes after refusing a hello.
  if (!said.ok()) Disconnect();
  return said;
}

void ThriftChannel::Disconnect() {
  state_->protocol.reset();
  state_->socket.reset();
}

std::shared_ptr<apache::thrift::protocol::TProtocol> ThriftChannel::protocol() const {
  return state_->protocol;
}

const Endpoint& ThriftChannel::endpoint() const {
  return state_->endpoint;
}

void ThriftChannel::Interrupt() {
  state_->interrupted = true;
  const uint64_t one = 1;
  // Fails only when the counter is full, which is as good as set.
  const ssize_t written = ::write(state_->wake.get(), &one, sizeof(one));
  static_cast<void>(written);
}

Status ThriftChannel::Guard(const std::function<void()>& call) {
  const std::string target = state_->endpoint.ToString();
  try {
    call();
    return {};
  } catch (const idl::ServiceError& e) {
    return FromServiceError(e);
  } catch (const TTransportException& e) {
    Disconnect();
    return TransportError(e, target);
  } catch (const TProtocolException& e) {
    Disconnect();
    if (e.getType() == TProtocolException::SIZE_LIMIT) {
      return Error{ErrorCode::kResourceExhausted,
                   "a message to or from " + target + " is beyond the limits",
                   "send or ask for less at a time"};
    }
    return Error{ErrorCode::kUnavailable,
                 target + " answered what is not Weir's protocol",
                 "check the address"};
  } catch (const std::exception& e) {
    Disconnect();
    return Error{ErrorCode::kUnavailable,
                 "the call to " + target + " failed: " + e.what(),
                 "use the same version of Weir on both sides"};
  }
}

}  // namespace weir::platform
