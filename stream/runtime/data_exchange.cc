#include "stream/runtime/data_exchange.h"

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "platform/log_limit.h"
#include "stream/runtime/accepted_socket.h"
#include "stream/runtime/data_links.h"

namespace weir::stream {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Duration kHelloTimeout = seconds(5);
constexpr Duration kExpireInterval = seconds(1);
// Of refused connections that are logged one by one.
constexpr int64_t kRefusedLogged = 10;
constexpr Duration kRefusedWindow = seconds(10);

// Where a task's records go to a task of this process.
class LocalReceiver final : public ChannelReceiver {
 public:
  LocalReceiver(std::shared_ptr<InputGate> gate, size_t channel)
      : gate_(std::move(gate)), channel_(channel) {}
  void Deliver(DataBuffer buffer) override {
    WEIR_CHECK(gate_->Deliver(channel_, std::move(buffer)), "a sender keeps to its credits");
  }
  void End() override { gate_->End(channel_); }
  void Fail(const std::string& cause) override { gate_->Fail(channel_, cause); }

 private:
  const std::shared_ptr<InputGate> gate_;
  const size_t channel_;
};

}  // namespace

struct DataExchange::State : std::enable_shared_from_this<DataExchange::State> {
  State(platform::EventLoop& event_loop, GateRegistry& registry, DataExchangeOptions given)
      : loop(event_loop),
        gates(registry),
        options(std::move(given)),
        acceptor(event_loop.io_context()) {}

  Result<HostPort> Bind();
  void Accept();
  void OnAccepted(AcceptedSocket accepted);
  void LogRefused(const std::string& who, const std::string& cause);
  void TellSuppressed();
  void Open(const HostPort& peer,
            const OpenRequest& request,
            const std::shared_ptr<OutputChannel>& channel);
  void ExpireLater();
  void Close();

  platform::EventLoop& loop;
  GateRegistry& gates;
  const DataExchangeOptions options;
  // The loop's thread only.
  tcp::acceptor acceptor;
  std::map<HostPort, std::shared_ptr<OutgoingLink>> outgoing;
  std::set<std::shared_ptr<IncomingLink>> incoming;
  platform::LogLimit refused{kRefusedLogged, kRefusedWindow};
  platform::EventLoop::TimerId timer = 0;
  bool closed = false;
  std::atomic<size_t> connections{0};
};

Result<HostPort> DataExchange::State::Bind() {
  error_code error;
  const auto address = asio::ip::make_address(options.bind_host, error);
  if (error) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot listen for data on " + options.bind_host + ": " + error.message(),
                 "give an address of this machine"};
  }
  for (uint32_t port = options.ports.first; port <= options.ports.last; ++port) {
    const tcp::endpoint endpoint(address, static_cast<uint16_t>(port));
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return HostPort{options.bind_host, acceptor.local_endpoint().port()};
    error_code ignored;  // the next port gets a new socket
    acceptor.close(ignored);
  }
  return Error{ErrorCode::kUnavailable,
               "cannot listen for data on " + options.bind_host + ", ports " +
                   std::to_string(options.ports.first) + "-" + std::to_string(options.ports.last) +
                   ": " + error.message(),
               "give a larger range in weir.taskmanager.data.port"};
}

void DataExchange::State::Accept() {
  acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
    if (self->closed) return;
    if (!error) self->OnAccepted({std::move(socket)});
    self->Accept();
  });
}

void DataExchange::State::OnAccepted(AcceptedSocket accepted) {
  if (incoming.size() >= limits::kConnections) return;  // closes the socket
  auto link =
      std::make_shared<IncomingLink>(std::make_shared<FramedConnection>(loop, accepted), gates);
  incoming.insert(link);
  connections.fetch_add(1);
  const std::weak_ptr<IncomingLink> weak = link;
  link->Start(options.secret,
              [self = shared_from_this(), weak](const std::string& who, const std::string& cause) {
                const auto lost = weak.lock();
                if (lost != nullptr && !lost->authenticated()) self->LogRefused(who, cause);
                self->incoming.erase(lost);
                self->connections.fetch_sub(1);
              });
  loop.At(platform::MonotonicNow() + kHelloTimeout, [weak] {
    const auto late = weak.lock();
    if (late != nullptr && !late->authenticated()) late->Close("no hello in time");
  });
}

// Whoever reaches the port can be refused as often as he likes.
void DataExchange::State::LogRefused(const std::string& who, const std::string& cause) {
  if (!refused.Admit(platform::MonotonicNow())) return;
  platform::LogWarn("tm.data", who, "connection refused", {{"cause", cause}});
}

void DataExchange::State::TellSuppressed() {
  const int64_t suppressed = refused.TakeSuppressed(platform::MonotonicNow());
  if (suppressed == 0) return;
  platform::LogWarn("tm.data",
                    "-",
                    "more connections were refused than are told one by one",
                    {{"suppressed", std::to_string(suppressed)}});
}

void DataExchange::State::Open(const HostPort& peer,
                               const OpenRequest& request,
                               const std::shared_ptr<OutputChannel>& channel) {
  if (closed) {
    channel->Close("this TaskManager is shutting down");
    return;
  }
  std::shared_ptr<OutgoingLink>& link = outgoing[peer];
  if (link == nullptr) {
    link = std::make_shared<OutgoingLink>(loop, peer);
    connections.fetch_add(1);
    link->Start(options.secret, options.name, [self = shared_from_this(), peer] {
      self->outgoing.erase(peer);
      self->connections.fetch_sub(1);
    });
  }
  link->Open(request, channel);
}

void DataExchange::State::ExpireLater() {
  timer = loop.At(platform::MonotonicNow() + kExpireInterval, [self = shared_from_this()] {
    if (self->closed) return;
    self->gates.Expire(platform::MonotonicNow());
    self->TellSuppressed();
    self->ExpireLater();
  });
}

void DataExchange::State::Close() {
  if (closed) return;
  closed = true;
  loop.Cancel(timer);
  error_code ignored;  // the listener is given up, whatever it says
  acceptor.close(ignored);
  const auto links_in = incoming;
  const auto links_out = outgoing;
  for (const auto& link : links_in) link->Close("this TaskManager is shutting down");
  for (const auto& [peer, link] : links_out) link->Close("this TaskManager is shutting down");
}

DataExchange::DataExchange(platform::EventLoop& loop,
                           GateRegistry& gates,
                           DataExchangeOptions options)
    : state_(std::make_shared<State>(loop, gates, std::move(options))) {}

DataExchange::~DataExchange() {
  Close();
}

Result<HostPort> DataExchange::Listen() {
  Result<HostPort> bound = HostPort{};
  state_->loop.PostAndWait([&] {
    bound = state_->Bind();
    if (!bound.ok()) return;
    state_->Accept();
    state_->ExpireLater();
  });
  return bound;
}

std::shared_ptr<OutputChannel> DataExchange::OpenChannel(const HostPort& peer,
                                                         const OpenRequest& request,
                                                         const std::string& label) {
  auto channel = std::make_shared<OutputChannel>(label);
  state_->loop.Post(
      [state = state_, peer, request, channel] { state->Open(peer, request, channel); });
  return channel;
}

void DataExchange::Close() {
  // Twice: the second round lets the handlers of closed sockets run.
  state_->loop.PostAndWait([&] { state_->Close(); });
  state_->loop.PostAndWait([] {});
}

size_t DataExchange::connections() const {
  return state_->connections.load();
}

std::shared_ptr<OutputChannel> OpenLocalChannel(GateRegistry& gates,
                                                const OpenRequest& request,
                                                const std::string& label) {
  auto channel = std::make_shared<OutputChannel>(label);
  gates.Attach({request.execution,
                request.vertex,
                request.subtask,
                channel,
                [channel](std::shared_ptr<InputGate> gate, size_t index) {
                  channel->Connect(std::make_shared<LocalReceiver>(std::move(gate), index));
                }},
               platform::MonotonicNow());
  return channel;
}

}  // namespace weir::stream
