#include "platform/peer_watch.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <utility>

#include "platform/clock.h"

namespace weir::platform {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using SystemErrorCode = boost::system::error_code;

}  // namespace

struct PeerWatch::State : std::enable_shared_from_this<PeerWatch::State> {
  State(EventLoop& event_loop, HostPort where, std::function<void()> told)
      : loop(event_loop),
        address(std::move(where)),
        gone(std::move(told)),
        resolver(loop.io_context()),
        socket(loop.io_context()) {}

  void Connect();
  void Connected();
  void Failed(const SystemErrorCode& error);
  void Read();
  void TryAgainAfter(Duration pause);
  void Close();

  EventLoop& loop;
  const HostPort address;
  const std::function<void()> gone;
  tcp::resolver resolver;
  tcp::socket socket;
  std::array<char, 256> ignored{};  // nothing is asked, so nothing is answered
  EventLoop::TimerId timer = 0;
  Instant connected_at;
  bool reached = false;  // once at least
  int refusals = 0;      // in a row
  bool closed = false;
};

void PeerWatch::State::Connect() {
  resolver.async_resolve(
      address.host,
      std::to_string(address.port),
      tcp::resolver::numeric_service,
      [self = shared_from_this()](const SystemErrorCode& error, const auto& endpoints) {
        if (self->closed) return;
        if (error) return self->Failed(error);
        asio::async_connect(
            self->socket, endpoints, [self](const SystemErrorCode& failure, const tcp::endpoint&) {
              if (self->closed) return;
              failure ? self->Failed(failure) : self->Connected();
            });
      });
}

void PeerWatch::State::Connected() {
  reached = true;
  refusals = 0;
  connected_at = MonotonicNow();
  Read();
}

void PeerWatch::State::Read() {
  socket.async_read_some(asio::buffer(ignored),
                         [self = shared_from_this()](const SystemErrorCode& error, size_t) {
                           if (self->closed) return;
                           if (!error) return self->Read();
                           // Servers close what is idle. One that closes at once is not to be asked
                           // again at once.
                           const bool short_lived = MonotonicNow() - self->connected_at < kPause;
                           self->TryAgainAfter(short_lived ? kBetweenRefusals : Duration{0});
                         });
}

void PeerWatch::State::Failed(const SystemErrorCode& error) {
  const bool refused = error == asio::error::connection_refused;
  refusals = refused && reached ? refusals + 1 : 0;
  if (refusals == 0) return TryAgainAfter(kPause);
  if (refusals < kRefusals) return TryAgainAfter(kBetweenRefusals);
  refusals = 0;
  TryAgainAfter(kPause);
  gone();  // which may end this watch
}

void PeerWatch::State::TryAgainAfter(Duration pause) {
  SystemErrorCode ignored_error;
  socket.close(ignored_error);
  timer = loop.At(MonotonicNow() + pause, [self = shared_from_this()] {
    self->timer = 0;
    if (!self->closed) self->Connect();
  });
}

void PeerWatch::State::Close() {
  closed = true;
  SystemErrorCode ignored_error;
  resolver.cancel();
  socket.close(ignored_error);
}

PeerWatch::PeerWatch(EventLoop& loop, HostPort address, std::function<void()> gone)
    : state_(std::make_shared<State>(loop, std::move(address), std::move(gone))) {
  state_->Connect();
}

PeerWatch::~PeerWatch() {
  if (state_->timer != 0 && state_->loop.IsOnLoopThread()) state_->loop.Cancel(state_->timer);
  state_->Close();
}

}  // namespace weir::platform
