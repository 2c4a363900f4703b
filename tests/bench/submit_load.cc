#include "tests/bench/submit_load.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <utility>

#include "gen/BaseService.h"
#include "gen/ClientService.h"
#include "platform/clock.h"
#include "platform/framed_socket.h"
#include "platform/sockets.h"
#include "platform/thrift_protocol.h"
#include "tests/bench/store_place.h"
#include "wire/codec.h"

namespace weir::bench {
namespace {

constexpr Duration kPatience = seconds(60);
constexpr int kNoWake = -1;

// The generated code says everything by exceptions.
Status Guarded(const std::function<void()>& call) {
  try {
    call();
    return {};
  } catch (const idl::ServiceError& refusal) {
    return platform::FromServiceError(refusal);
  } catch (const std::exception& failure) {
    return Error{ErrorCode::kUnavailable, std::string("a conversation: ") + failure.what(), ""};
  }
}

Error Failed(const char* what) {
  return {ErrorCode::kUnavailable, std::string(what) + ": " + platform::ErrnoText(errno), ""};
}

}  // namespace

struct SubmitLoad::Client {
  explicit Client(platform::FileDescriptor socket)
      : fd(socket.get()),
        transport(std::make_shared<platform::FramedSocket>(std::move(socket), kNoWake)),
        protocol(std::make_shared<platform::BoundedProtocol<platform::FramedSocket>>(transport)),
        rm(protocol) {
    transport->SetDeadline(platform::MonotonicNow() + kPatience);
  }

  const int fd;  // the transport's
  const std::shared_ptr<platform::FramedSocket> transport;
  const std::shared_ptr<apache::thrift::protocol::TProtocol> protocol;
  idl::ClientServiceClient rm;
  idl::SubmitRequest request;
  Instant began;
};

SubmitLoad::SubmitLoad() : poll_(::epoll_create1(EPOLL_CLOEXEC)) {}
SubmitLoad::~SubmitLoad() = default;

Result<std::unique_ptr<SubmitLoad>> SubmitLoad::Connect(const std::string& socket,
                                                        int64_t clients) {
  platform::SilenceThrift();
  std::unique_ptr<SubmitLoad> load(new SubmitLoad);
  if (!load->poll_.valid()) return Failed("epoll");
  for (int64_t i = 0; i < clients; ++i) {
    WEIR_RETURN_IF_ERROR(load->Add(socket, static_cast<size_t>(i)));
  }
  return load;
}

Status SubmitLoad::Add(const std::string& socket, size_t number) {
  WEIR_ASSIGN_OR_RETURN(
      platform::FileDescriptor fd,
      platform::ConnectUnix(socket, platform::MonotonicNow() + kPatience, kNoWake));
  auto client = std::make_unique<Client>(std::move(fd));
  client->request.__set_context(wire::ToWire(SubmissionOf(static_cast<int64_t>(number))));
  idl::Hello hello;
  hello.__set_protocol_version(platform::kProtocolVersion);
  hello.__set_software_version("bench");
  hello.__set_cluster_id("");
  hello.__set_credential({});
  WEIR_RETURN_IF_ERROR(Guarded([&] {
    idl::HelloAnswer answer;
    idl::BaseServiceClient(client->protocol).hello(answer, hello);
  }));
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = number;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, client->fd, &wanted) != 0) return Failed("epoll");
  clients_.push_back(std::move(client));
  return {};
}

Status SubmitLoad::Submit(Client& client) {
  client.request.__set_idempotency_key("bench-" + std::to_string(++submitted_));
  client.began = platform::MonotonicNow();
  client.transport->SetDeadline(client.began + kPatience);
  ++under_way_;
  return Guarded([&] { client.rm.send_submitApplication(client.request); });
}

Status SubmitLoad::TakeAnswers(Instant end, int64_t most) {
  std::array<epoll_event, 64> ready{};
  const auto patience = static_cast<int>(ToMillis(kPatience));
  const int count =
      ::epoll_wait(poll_.get(), ready.data(), static_cast<int>(ready.size()), patience);
  if (count < 0 && errno == EINTR) return {};
  if (count < 0) return Failed("epoll");
  if (count == 0) return Error{ErrorCode::kDeadlineExceeded, "no answer comes", ""};
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    Client& client = *clients_[ready[i].data.u64];
    WEIR_RETURN_IF_ERROR(Guarded([&] {
      idl::SubmitAnswer answer;
      client.rm.recv_submitApplication(answer);
    }));
    const Instant now = platform::MonotonicNow();
    latencies_ms_.push_back(std::chrono::duration<double, std::milli>(now - client.began).count());
    --under_way_;
    if (now < end && submitted_ < most) WEIR_RETURN_IF_ERROR(Submit(client));
  }
  return {};
}

Result<Measured> SubmitLoad::Run(Duration length, int64_t most) {
  const Instant began = platform::MonotonicNow();
  for (const auto& client : clients_) WEIR_RETURN_IF_ERROR(Submit(*client));
  while (under_way_ > 0) WEIR_RETURN_IF_ERROR(TakeAnswers(began + length, most));
  const Duration took = platform::MonotonicNow() - began;
  Measured measured;
  measured.latencies_ms = std::exchange(latencies_ms_, {});
  measured.per_second = static_cast<double>(measured.latencies_ms.size()) /
                        std::chrono::duration<double>(took).count();
  return measured;
}

}  // namespace weir::bench
