#include "platform/thrift_client.h"

#include <sys/eventfd.h>
#include <thrift/TApplicationException.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
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

// Of several places none gets more: one that answers needs milliseconds.
constexpr Duration kPlaceTimeout = seconds(3);

// Until when one of `places` that are left may be tried, so that each has its turn and the call
// itself has time as well.
Instant PartOf(Instant deadline, size_t places) {
  const Instant now = MonotonicNow();
  const Duration left = std::max(deadline - now, Duration::zero());
  return now + std::min(kPlaceTimeout, left / static_cast<int64_t>(places + 1));
}

struct Refusal {
  std::string target;
  Error error;
};

Error NoneServes(const std::vector<Refusal>& refusals) {
  const auto said = [&](ErrorCode code) {
    return std::any_of(refusals.begin(), refusals.end(), [code](const Refusal& refusal) {
      return refusal.error.code == code;
    });
  };
  ErrorCode code = refusals.front().error.code;
  if (said(ErrorCode::kNotActive)) {
    code = ErrorCode::kNotActive;
  } else if (said(ErrorCode::kUnavailable) || said(ErrorCode::kDeadlineExceeded)) {
    code = ErrorCode::kUnavailable;
  }
  std::string text;
  for (const Refusal& refusal : refusals) {
    if (!text.empty()) text += "; ";
    const bool named = refusal.error.message.find(refusal.target) != std::string::npos;
    text += (named ? "" : refusal.target + ": ") + refusal.error.message;
  }
  return {code,
          "none of " + std::to_string(refusals.size()) + " places serves: " + text,
          "one of them has to run and be active"};
}

}  // namespace

struct ThriftChannel::State {
  State(std::shared_ptr<EndpointSet> set, const HelloIdentity& as)
      : endpoints(std::move(set)), identity(as), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    WEIR_CHECK(wake.valid(), "an eventfd can be made");
    if (as.token != nullptr) token = *as.token;
    identity.token = nullptr;
  }

  Status Ensure(Instant deadline);
  Status ConnectTo(const Endpoint& endpoint, Instant deadline);
  Status Guard(const std::function<void()>& call);
  Status Guarded(const std::function<void()>& call);
  Error Interrupted() const {
    return {ErrorCode::kUnavailable, "the call to " + target + " was interrupted", ""};
  }
  void Disconnect() {
    protocol.reset();
    socket.reset();
  }

  const std::shared_ptr<EndpointSet> endpoints;
  HelloIdentity identity;
  std::optional<SignedToken> token;
  const FileDescriptor wake;  // readable for ever once interrupted
  std::atomic<bool> interrupted{false};
  size_t places = 1;  // as listed when the connection was made
  size_t place = 0;   // of these, the one connected to
  uint64_t connections = 0;
  std::string target = "the service";
  std::shared_ptr<FramedSocket> socket;
  Protocol protocol;
};

// Looks for a place that serves.
Status ThriftChannel::State::Ensure(Instant deadline) {
  if (interrupted) {
    Disconnect();
    return Interrupted();
  }
  if (socket != nullptr) {
    socket->SetDeadline(deadline);
    if (!socket->IsStale()) return {};
    Disconnect();
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<Endpoint> list, endpoints->List());
  WEIR_CHECK(!list.empty(), "a service has a place");
  places = list.size();
  const size_t first = endpoints->first();
  std::vector<Refusal> refusals;
  for (size_t tried = 0; tried < places; ++tried) {
    place = (first + tried) % places;
    const Instant until = places == 1 ? deadline : PartOf(deadline, places - tried);
    Status connected = ConnectTo(list[place], until);
    if (connected.ok()) {
      endpoints->Prefer(place);
      socket->SetDeadline(deadline);
      return {};
    }
    if (places == 1 || interrupted) return connected;
    refusals.push_back({target, std::move(connected).error()});
  }
  return NoneServes(refusals);
}

Status ThriftChannel::State::ConnectTo(const Endpoint& endpoint, Instant deadline) {
  target = endpoint.ToString();
  auto fd = endpoint.unix_path.empty() ? ConnectTcp(endpoint.address, deadline, wake.get())
                                       : ConnectUnix(endpoint.unix_path, deadline, wake.get());
  if (!fd.ok()) return std::move(fd).error();
  socket = std::make_shared<FramedSocket>(std::move(fd).value(), wake.get());
  socket->SetDeadline(deadline);
  protocol = std::make_shared<BoundedProtocol<FramedSocket>>(socket);

  idl::Hello hello;
  hello.__set_protocol_version(kProtocolVersion);
  hello.__set_software_version(WEIR_VERSION);
  hello.__set_cluster_id(identity.cluster_id);
  hello.__set_credential(MakeCredential(identity, token));
  if (identity.any_role) hello.__set_any_role(true);
  Status said = Guarded([&] {
    idl::HelloAnswer answer;
    idl::BaseServiceClient(protocol).hello(answer, hello);
  });
  if (said.ok()) {
    ++connections;
    return said;
  }
  // The server closes after refusing a hello.
  Disconnect();
  if (said.error().code != ErrorCode::kDeadlineExceeded) return said;
  return Error{ErrorCode::kDeadlineExceeded,
               target + " took the connection and said nothing in time",
               "see whether the daemon hangs"};
}

// As Guarded; a place that let the time of a call pass is not the first to be asked next time.
Status ThriftChannel::State::Guard(const std::function<void()>& call) {
  Status done = Guarded(call);
  const bool hangs = !done.ok() && done.error().code == ErrorCode::kDeadlineExceeded;
  if (hangs && socket == nullptr) endpoints->Leave(place);
  return done;
}

// Runs `call`, translating exceptions; drops the connection after a transport error.
Status ThriftChannel::State::Guarded(const std::function<void()>& call) {
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

ThriftChannel::ThriftChannel(std::shared_ptr<EndpointSet> endpoints, const HelloIdentity& identity)
    : state_(std::make_unique<State>(std::move(endpoints), identity)) {
  SilenceThrift();
}

ThriftChannel::~ThriftChannel() = default;

Status ThriftChannel::Ensure(Duration timeout) {
  return state_->Ensure(MonotonicNow() + timeout);
}

Status ThriftChannel::Perform(Duration timeout, const std::function<void(const Protocol&)>& call) {
  const Instant deadline = MonotonicNow() + timeout;
  for (size_t tries = 1;; ++tries) {
    WEIR_RETURN_IF_ERROR(state_->Ensure(deadline));
    Status done = state_->Guard([&] { call(state_->protocol); });
    const bool elsewhere =
        !done.ok() && done.error().code == ErrorCode::kNotActive && state_->places > 1;
    if (!elsewhere) return done;
    state_->Disconnect();
    state_->endpoints->Leave(state_->place);
    if (tries >= state_->places) return done;
  }
}

void ThriftChannel::Disconnect() {
  state_->Disconnect();
}

bool ThriftChannel::connected() const {
  return state_->socket != nullptr;
}

void ThriftChannel::SetToken(const SignedToken& token) {
  state_->token = token;
}

uint64_t ThriftChannel::connections() const {
  return state_->connections;
}

void ThriftChannel::Interrupt() {
  state_->interrupted = true;
  const uint64_t one = 1;
  // Fails only when the counter is full, which is as good as set.
  const ssize_t written = ::write(state_->wake.get(), &one, sizeof(one));
  static_cast<void>(written);
}

}  // namespace weir::platform
